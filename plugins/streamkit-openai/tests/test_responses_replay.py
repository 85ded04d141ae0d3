"""A background response goes on where its line broke: a client against a server in memory."""

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
from streamkit.errors import ServerError, StreamInterrupted, StreamkitError
from streamkit.messages import ChatRequest, ChatResponse, Message
from streamkit.sync import Client
from streamkit.testing import MemoryTransport, Tape, decode
from streamkit_openai import OpenAIResponses

FOLDER = Path(__file__).parent / "responses_recordings"
KEPT = {"extra_body": {"background": True}}
NAMES = ["background", "reasoning_and_tools", "web_search"]


def blocks(name: str) -> list[bytes]:
    """The events of a recording of a response that ran in the background."""
    body = (FOLDER / f"{name}.sse").read_bytes()
    return [block + b"\n\n" for block in body.split(b"\n\n") if block]


ADAPTER = OpenAIResponses(base_url="https://api.example/v1", api_key="k")
EVENTS = {"content-type": "text/event-stream"}
ALL = Resume(hold_back=False)


def ask(
    *tapes: Tape | Callable[[httpx.Request], Tape], resume: Resume = ALL
) -> tuple[ChatResponse, list[httpx.Request]]:
    transport = MemoryTransport(*tapes)
    http = httpx.Client(transport=transport)
    at_once = Retry(wait=tenacity.wait_none())
    with http, Client(adapters=[ADAPTER], http=http, resume=resume, retry=at_once) as client:
        return client.complete("openai-responses:m", "Hi", **KEPT), transport.requests  # type: ignore[arg-type]


def rest_of(name: str, extra: int = 0) -> Callable[[httpx.Request], Tape]:
    """The server, which sends what comes after the event asked for, or from ``extra`` before."""

    def answer(request: httpx.Request) -> Tape:
        assert request.method == "GET"
        query = parse_qs(request.url.query.decode())
        assert query["stream"] == ["true"]
        after = int(query["starting_after"][0])
        return Tape(b"".join(blocks(name)[max(0, after + 1 - extra) :]))

    return answer


@pytest.mark.parametrize("repeated", [0, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_line_that_breaks_after_any_event_loses_and_doubles_nothing(
    name: str, repeated: int
) -> None:
    told = blocks(name)
    want = decode(OpenAIResponses(), b"".join(told), headers=EVENTS).response
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    for cut in range(begun + 1, len(told)):
        got, requests = ask(Tape(b"".join(told[:cut]), end="reset"), rest_of(name, repeated))
        assert requests[1].url.path == "/v1/responses/resp_1"
        assert (got.outcome, got.text, got.reasoning) == ("complete", want.text, want.reasoning)
        assert (got.parts, got.finish_reason) == (want.parts, want.finish_reason)


def kept(name: str, **fields: Any) -> Tape:
    """The response itself, as it was recorded at its end."""
    last = json.loads(blocks(name)[-1].partition(b"data: ")[2])["response"]
    body = {"object": "response", **last, **fields}
    return Tape(json.dumps(body).encode(), headers={"content-type": "application/json"})


def polled(request: httpx.Request) -> bool:
    return request.method == "GET" and not request.url.query


OLD = Tape(  # openai/openai-python#2828
    b'{"error": {"message": "This response can no longer be streamed because it is more than 5 '
    b'minutes old.", "type": "invalid_request_error", "param": null, "code": null}}',
    400,
    {"content-type": "application/json"},
)


@pytest.mark.parametrize("name", NAMES)
def test_a_response_too_old_to_be_streamed_is_asked_for_whole(name: str) -> None:
    told = blocks(name)
    want = decode(OpenAIResponses(), b"".join(told), headers=EVENTS).response
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    for cut in range(begun + 1, len(told)):
        got, requests = ask(Tape(b"".join(told[:cut]), end="reset"), OLD, kept(name))
        assert requests[2].url.path == "/v1/responses/resp_1"
        assert polled(requests[2])
        assert (got.outcome, got.parts) == ("complete", want.parts)
        assert (got.finish_reason, got.usage) == (want.finish_reason, want.usage)


@pytest.mark.parametrize("name", NAMES)
def test_another_process_asks_for_the_whole_response(name: str) -> None:
    """A fresh decoder could not tell which item the rest of the events is of."""
    told = blocks(name)
    want = decode(OpenAIResponses(), b"".join(told), headers=EVENTS).response
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    for cut in range(begun + 1, len(told)):
        with pytest.raises(StreamInterrupted) as broken:
            ask(Tape(b"".join(told[:cut]), end="reset"), resume=Resume(attempts=1))
        transport = MemoryTransport(kept(name))
        with (
            httpx.Client(transport=transport) as http,
            Client(adapters=[ADAPTER], http=http) as client,
            client.resume(broken.value.token) as stream,
        ):
            assert "".join(stream.text) == want.text[len(broken.value.partial.text) :]
        assert polled(transport.requests[0])
        assert (stream.snapshot.parts, stream.snapshot.usage) == (want.parts, want.usage)


LENGTH = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        (LENGTH, "complete", "length"),
        ({"status": "cancelled"}, "complete", "cancelled"),
    ],
)
def test_a_response_that_ended_early_says_why(
    fields: dict[str, Any], outcome: str, reason: str
) -> None:
    cut = Tape(b"".join(blocks("background")[:6]), end="reset")
    got, _ = ask(cut, OLD, kept("background", **fields))
    assert (got.outcome, got.finish_reason) == (outcome, reason)


def test_a_response_that_failed_is_its_own_error() -> None:
    cut = Tape(b"".join(blocks("background")[:6]), end="reset")
    error = {"code": "server_error", "message": "The model fell over."}
    with pytest.raises(ServerError, match="fell over") as caught:
        ask(cut, OLD, kept("background", status="failed", error=error))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "In the background."


def test_of_a_response_that_ended_so_less_may_be_kept_than_was_sent() -> None:
    told = blocks("background")
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    cut = Tape(b"".join(told[: begun + 1]), end="reset")
    error = {"code": "server_error", "message": "The model fell over."}
    with pytest.raises(ServerError, match="fell over") as caught:
        ask(cut, OLD, kept("background", status="failed", error=error, output=[]))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "In the"
    got, _ = ask(cut, OLD, kept("background", status="cancelled", output=[]))
    assert (got.outcome, got.text, got.finish_reason) == ("complete", "In the", "cancelled")


def test_a_server_that_skips_events_is_asked_for_the_whole_response() -> None:
    told = blocks("background")
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    got, requests = ask(
        Tape(b"".join(told[: begun + 1]), end="reset"),
        Tape(b"".join(told[begun + 2 :])),
        kept("background"),
    )
    assert (got.outcome, got.text) == ("complete", "In the background.")
    assert [polled(request) for request in requests] == [False, False, True]


def test_a_response_that_is_gone_is_an_error_with_what_came() -> None:
    told = blocks("background")
    begun = next(i for i, block in enumerate(told) if b'"delta"' in block)
    gone = json.dumps({"error": {"message": "Response not found", "type": "invalid_request_error"}})
    with pytest.raises(StreamkitError) as caught:
        ask(
            Tape(b"".join(told[: begun + 1]), end="reset"),
            Tape(gone.encode(), 404, {"content-type": "application/json"}),
        )
    assert caught.value.partial is not None
    assert caught.value.partial.text == "In the"


@pytest.mark.parametrize(
    ("profile", "extra_body", "ways"),
    [
        ("openai-responses", {"background": True}, ["replay", "instruct"]),
        ("azure-responses", {"background": True}, ["replay", "instruct"]),
        ("openai-responses", {}, ["instruct"]),
        ("openai-responses", {"background": True, "store": False}, ["instruct"]),
        ("xai-responses", {"background": True}, ["instruct"]),
        ("openai-responses", {"conversation": "conv_1"}, []),
    ],
)
def test_replay_is_claimed_for_background_responses_that_are_kept(
    profile: str, extra_body: dict[str, Any], ways: list[str]
) -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),), extra_body=extra_body)
    assert [r.how for r in OpenAIResponses(profile).resume_by(request)] == ways


def test_a_replay_asks_for_what_comes_after_the_cursor() -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),))
    wire = OpenAIResponses().replay_request(request, "resp_1:42")
    assert (wire.method, dict(wire.body)) == ("GET", {})
    assert wire.path == (
        "/responses/resp_1?stream=true&starting_after=42&include_obfuscation=false"
    )
    wire = OpenAIResponses("azure-responses").replay_request(request, "a/../b:7")
    assert wire.path == "/openai/v1/responses/a%2F..%2Fb?stream=true&starting_after=7"
