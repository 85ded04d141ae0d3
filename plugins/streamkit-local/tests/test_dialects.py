"""What the server of the embedded model sends, in its three dialects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import streamkit_local
from streamkit.testing import decode, frames

RECORDINGS = Path(__file__).parent / "recordings"
REQUESTS = RECORDINGS / "requests"
NAMES = sorted(path.stem for path in REQUESTS.glob("*.json"))


def recorded(name: str) -> bytes:
    """The answer to the request of this name."""
    return (RECORDINGS / name.partition("-")[0] / f"{name}.sse").read_bytes()


def ask(http: httpx.Client, name: str) -> httpx.Response:
    asked = json.loads((REQUESTS / f"{name}.json").read_text())
    return http.post(asked["path"], json=asked["body"])


def events(body: bytes) -> list[tuple[str, Any]]:
    """Each frame's event name and data, [DONE] as it is."""
    cut = frames(body, content_type="text/event-stream")
    return [(f.event, f.data if f.data == "[DONE]" else json.loads(f.data)) for f in cut]


def text_of(body: bytes) -> str:
    said = []
    for _, data in events(body):
        match data:
            case {"choices": [{"delta": {"content": str(piece)}}]}:
                said.append(piece)
            case {"type": "content_block_delta", "delta": {"text": piece}}:
                said.append(piece)
            case {"type": "response.output_text.delta", "delta": piece}:
                said.append(piece)
    return "".join(said)


def kinds(body: bytes) -> list[str]:
    """The sequence of event names, repetitions left out, for the dialects that name them."""
    names = [name for name, _ in events(body)]
    return [n for i, n in enumerate(names) if n and (i == 0 or names[i - 1] != n)]


def test_there_is_a_recording_of_words_and_of_a_tool_call_in_every_dialect() -> None:
    assert [
        *("chat", "chat-tool", "messages", "messages-tool", "responses", "responses-tool")
    ] == NAMES


@pytest.mark.parametrize("name", ["chat", "messages", "responses"])
def test_the_answer_is_in_english_and_comes_in_pieces(http: httpx.Client, name: str) -> None:
    answer = ask(http, name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert text_of(answer.content).startswith("The capital of France is Paris")
    assert len(events(answer.content)) > 8


def test_all_dialects_say_the_same_at_temperature_0(http: httpx.Client) -> None:
    said = {text_of(ask(http, name).content) for name in ("chat", "messages", "responses") * 2}
    assert len(said) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_server_still_speaks_as_recorded(http: httpx.Client, name: str) -> None:
    then = recorded(name)
    now = ask(http, name).content
    assert kinds(now) == kinds(then)
    assert (b"data: [DONE]" in now) == (b"data: [DONE]" in then) == name.startswith("chat")


@pytest.mark.parametrize("name", ["chat-tool", "messages-tool", "responses-tool"])
def test_a_required_tool_is_called(http: httpx.Client, name: str) -> None:
    pieces = []
    for _, data in events(ask(http, name).content):
        match data:
            case {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": piece}}]}}]}:
                pieces.append(piece)
            case {"type": "content_block_delta", "delta": {"partial_json": piece}}:
                pieces.append(piece)
            case {"type": "response.function_call_arguments.delta", "delta": piece}:
                pieces.append(piece)
    assert json.loads("".join(pieces)) == {"city": "Paris"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": "wrong"}])
def test_no_answer_without_the_key(
    server: streamkit_local.LocalServer, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.post(server.origin + path, headers=headers, json={"messages": [], "input": ""})
    assert answer.status_code == 401


def test_the_key_is_taken_the_way_anthropic_sends_it(server: streamkit_local.LocalServer) -> None:
    asked = json.loads((REQUESTS / "messages.json").read_text())
    answer = httpx.post(
        server.origin + asked["path"], headers={"x-api-key": server.api_key}, json=asked["body"]
    )
    assert answer.status_code == 200


def test_many_kept_connections_do_not_block_the_next(server: streamkit_local.LocalServer) -> None:
    clients = [httpx.Client(base_url=server.origin, timeout=2) for _ in range(12)]
    try:
        assert [c.get("/health").status_code for c in clients] == [200] * 12
    finally:
        for client in clients:
            client.close()


def test_the_recorded_answer_decodes() -> None:
    decoded = decode("local:smollm2", recorded("chat"))
    assert decoded.error is None
    assert decoded.response.text.startswith("The capital of France is Paris")
    assert decoded.response.finish_reason == "stop"
    assert decoded.response.model == "smollm2"
    assert decoded.response.usage is not None
    assert decoded.response.usage.output_tokens == 16


def test_the_recorded_tool_call_decodes() -> None:
    decoded = decode("local:smollm2", recorded("chat-tool"))
    (call,) = decoded.response.tool_calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"})
    assert decoded.response.finish_reason == "tool_call"
