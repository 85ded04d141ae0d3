"""An interaction goes on where its line broke: a client against a server in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import tenacity

from streamkit import Resume, Retry
from streamkit.errors import StreamkitError
from streamkit.messages import ChatRequest, ChatResponse, Message
from streamkit.sync import Client
from streamkit.testing import MemoryTransport, Tape, decode
from streamkit_gemini import GeminiInteractions

FOLDER = Path(__file__).parent / "interactions_recordings"
NAMES = ["text", "thoughts", "tools", "search", "mcp"]
SSE = {"content-type": "text/event-stream"}


def events(name: str) -> list[bytes]:
    """The events of a recording, each with an id."""
    body = (FOLDER / f"{name}.sse").read_bytes()
    return [block + b"\n\n" for block in body.split(b"\n\n") if b"event_id" in block]


def id_of(event: bytes) -> str:
    return str(json.loads(event.split(b"data: ", 1)[1])["event_id"])


class Asked:
    """One question to a server that answers with these tapes."""

    def __init__(self, *tapes: Tape | Callable[[httpx.Request], Tape]) -> None:
        transport = MemoryTransport(*tapes)
        adapter = GeminiInteractions(base_url="https://api.example/v1beta", api_key="k")
        at_once = Retry(wait=tenacity.wait_none())
        going_on = Resume(hold_back=False)
        self.error: StreamkitError | None = None
        with (
            httpx.Client(transport=transport) as http,
            Client(adapters=[adapter], http=http, resume=going_on, retry=at_once) as client,
        ):
            try:
                self.answer = client.complete("gemini-interactions:m", "Hi")
            except StreamkitError as error:
                self.error, self.answer = error, error.partial or ChatResponse()
        self.requests = transport.requests

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


def rest_of(name: str, extra: int = 0) -> Callable[[httpx.Request], Tape]:
    """The server, which sends what comes after the event asked for, or from ``extra`` before."""

    def answer(request: httpx.Request) -> Tape:
        assert request.method == "GET"
        query = parse_qs(request.url.query.decode())
        assert query["stream"] == ["true"]
        ids = [id_of(event) for event in events(name)]
        after = ids.index(query["last_event_id"][0])
        return Tape(b"".join(events(name)[max(0, after + 1 - extra) :]))

    return answer


@pytest.mark.parametrize("repeated", [0, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_line_that_breaks_after_any_event_loses_and_doubles_nothing(
    name: str, repeated: int
) -> None:
    told = events(name)
    want = decode(GeminiInteractions(), b"".join(told), headers=SSE).response
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    for cut in range(begun + 1, len(told)):
        asked = Asked(Tape(b"".join(told[:cut]), end="reset"), rest_of(name, repeated))
        assert asked.requests[1].url.path == "/v1beta/interactions/v1_ChdVbXNIYXVEUkVa"
        got = asked.answer
        assert (got.outcome, got.text, got.reasoning) == ("complete", want.text, want.reasoning)
        assert (got.parts, got.finish_reason) == (want.parts, want.finish_reason)


GONE = Tape(
    b'{"error": {"code": "not_found", "message": "No such interaction."}}',
    404,
    {"content-type": "application/json"},
)


def cut_behind(name: str, words: bytes) -> Tape:
    """A recording whose line breaks behind the event with these words."""
    before, mark, _ = (FOLDER / f"{name}.sse").read_bytes().partition(words)
    return Tape(before + mark + b'"},"event_type":"step.delta","event_id":"e1"}\n\n', end="reset")


def test_where_the_interaction_is_gone_the_model_is_asked_to_go_on() -> None:
    rest = (FOLDER / "text.sse").read_bytes().replace(b'"text":"The sky is"', b'"text":" is"')
    asked = Asked(cut_behind("text", b'"text":"The sky is'), GONE, GONE, Tape(rest))
    assert asked.methods == ["POST", "GET", "GET", "POST"]
    assert asked.answer.outcome == "complete"
    assert asked.answer.text == "The sky is blue — é🌈."


def kept(status: str, *steps: dict[str, Any]) -> Tape:
    """The interaction itself (google-genai 3.4, `Interaction`)."""
    usage = {"total_input_tokens": 11, "total_output_tokens": 8, "total_tokens": 23}
    asked = {"type": "user_input", "content": [{"type": "text", "text": "Hi"}]}
    body = {"id": "v1_ChdVbXNIYXVEUkVa", "object": "interaction", "status": status, "usage": usage}
    body["steps"] = [asked, *steps]
    return Tape(json.dumps(body).encode(), headers={"content-type": "application/json"})


THOUGHT = {"type": "thought", "signature": "CiQBDDnWx+Xp0gYVp4DF=="}
SAID = {"type": "model_output", "content": [{"type": "text", "text": "The sky is blue — é🌈."}]}


def test_an_interaction_whose_stream_is_gone_is_read_whole() -> None:
    told = events("text")
    want = decode(GeminiInteractions(), b"".join(told), headers=SSE).response
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    for cut in range(begun + 1, len(told)):
        asked = Asked(
            Tape(b"".join(told[:cut]), end="reset"), GONE, kept("completed", THOUGHT, SAID)
        )
        assert asked.methods == ["POST", "GET", "GET"]
        assert asked.requests[2].url.query == b""
        assert (asked.answer.outcome, asked.answer.parts) == ("complete", want.parts)


def test_an_interaction_that_failed_is_its_own_error() -> None:
    asked = Asked(Tape(b"".join(events("text")[:7]), end="reset"), GONE, kept("failed", THOUGHT))
    assert asked.error is not None
    assert asked.answer.text == "The sky is"


def test_where_nothing_helps_the_error_holds_what_came() -> None:
    asked = Asked(cut_behind("text", b'"text":"The sky is'), GONE, GONE, GONE)
    assert asked.error is not None
    assert asked.answer.text == "The sky is"


def test_an_interaction_that_is_not_stored_is_not_replayed() -> None:
    asked = Asked(cut_behind("not_stored", b'"text":"Blue.'), GONE)
    assert asked.methods == ["POST", "POST"]


@pytest.mark.parametrize(
    ("extra_body", "ways"),
    [
        ({}, ["replay", "instruct"]),
        ({"background": True}, ["replay", "instruct"]),
        ({"store": False}, ["instruct"]),
    ],
)
def test_replay_is_claimed_for_interactions_that_are_stored(
    extra_body: dict[str, Any], ways: list[str]
) -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),), extra_body=extra_body)
    assert [r.how for r in GeminiInteractions().resume_by(request)] == ways


def test_a_replay_asks_for_what_comes_after_the_cursor() -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),))
    wire = GeminiInteractions().replay_request(request, "v1_a/../b:x+/=:7")
    assert (wire.method, dict(wire.body)) == ("GET", {})
    assert wire.path == ("/interactions/v1_a%2F..%2Fb?stream=true&last_event_id=x%2B%2F%3D%3A7")
