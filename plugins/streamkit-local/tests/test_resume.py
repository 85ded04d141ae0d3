"""The server goes on from an assistant's turn that stands last, which is what resuming needs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import streamkit
from streamkit.events import Interrupted, Resumed, TextDelta
from streamkit.messages import ChatRequest, Message
from streamkit_local import LocalChat

SKY = "Why is the sky blue?"
USER = {"role": "user", "content": SKY}
PATHS = ("/v1/chat/completions", "/v1/messages")


def answer(http: httpx.Client, path: str, *turns: dict[str, str], **fields: object) -> str:
    asked = {"model": "smollm2", "messages": turns, "temperature": 0, "max_tokens": 60, **fields}
    got = http.post(path, json=asked).raise_for_status().json()
    if path == PATHS[0]:
        return str(got["choices"][0]["message"]["content"])
    return str(got["content"][0]["text"])


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_gone_on_with_from_its_first_words_without_repeating_them(
    http: httpx.Client, path: str
) -> None:
    answer(http, path, USER)  # a cold cache rounds otherwise than a warm one
    whole = answer(http, path, USER)
    begun = whole[: whole.index(" ", 40)]
    rest = answer(http, path, USER, {"role": "assistant", "content": begun})
    assert (begun + rest).startswith(whole)


def test_json_held_by_a_grammar_begins_anew_so_that_no_prefix_is_claimed(
    http: httpx.Client,
) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    }
    asked = {"type": "json_schema", "json_schema": {"name": "dog", "schema": schema}}
    begun = {"role": "assistant", "content": '{"name":'}
    assert answer(http, PATHS[0], USER, begun, response_format=asked).lstrip().startswith("{")

    messages = (Message.user(SKY),)
    ways = [
        [way.how for way in LocalChat().resume_by(request)]
        for request in (
            ChatRequest(model="smollm2", messages=messages),
            ChatRequest(model="smollm2", messages=messages, response_format="json"),
        )
    ]
    assert ways == [["prefix", "instruct"], ["instruct"]]


class _BreakingOnce(httpx.HTTPTransport):
    """The line of the first answer breaks after so many bytes."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left: int | None = after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self.left is not None and request.method == "POST":
            response.stream = _Cut(response.stream, self.left)
            self.left = None
        return response


class _Cut(httpx.SyncByteStream):
    def __init__(self, stream: object, left: int) -> None:
        assert isinstance(stream, httpx.SyncByteStream)
        self._stream, self._left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            yield data[: self._left]
            self._left -= len(data)
            if self._left <= 0:
                raise httpx.ReadError("the line broke")

    def close(self) -> None:
        self._stream.close()


def test_a_broken_answer_goes_on_as_if_nothing_had_been() -> None:
    with streamkit.sync.Client() as client:
        asked = {"temperature": 0, "max_tokens": 300}
        client.complete("local:smollm2", SKY, **asked)
        whole = client.complete("local:smollm2", SKY, **asked)
    http = httpx.Client(transport=_BreakingOnce(6000), timeout=60)
    with http, streamkit.sync.Client(http=http) as client:
        stream = client.stream("local:smollm2", SKY, **asked)
        with stream:
            events = list(stream)
    seam = [e for e in events if isinstance(e, Interrupted | Resumed)]
    assert [type(e) for e in seam] == [Interrupted, Resumed]
    assert (seam[1].strategy, seam[1].fidelity) == ("prefix", "seamless")
    text, at = stream.snapshot.text, seam[1].offset
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == text
    assert 20 < at < len(text)
    # Further on, a server that had not yet let go of the broken answer rounds otherwise (a cold
    # cache), and may choose another word.
    assert text[: at + 12] == whole.text[: at + 12]
    assert stream.snapshot.outcome == "complete"
