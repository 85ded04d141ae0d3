"""Odd events of a conversation: what they hold is told, and none of them breaks the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent
from streamkit.testing import Decoded, decode
from streamkit_mistral import MistralConversations

SSE = {"content-type": "text/event-stream"}
END = {"type": "conversation.response.done", "usage": {"prompt_tokens": 1}}
TEXT = {"type": "message.output.delta", "id": "m1", "content": "Hi"}


def answer(*events: Any) -> Decoded:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return decode(MistralConversations(), body.encode(), headers=SSE)


def output(content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "message.output.delta", "id": "m1", "content": content, **fields}


def opaque(got: Decoded) -> list[str]:
    return [e.kind for e in got.events if isinstance(e, OpaqueEvent)]


def test_thinking_between_words_keeps_its_place() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    got = answer(output("a"), output(thinking), output(["b", {"type": "text", "text": "c"}]), END)
    assert [p.type for p in got.response.parts] == ["text", "reasoning", "text"]
    assert got.response.text == "abc"


def test_a_run_that_was_not_told_to_start_is_told_whole() -> None:
    got = answer({"type": "tool.execution.done", "id": "t1", "name": "x", "info": {"n": 1}}, END)
    (item,) = got.response.provider_items
    payload = {"type": "tool.execution", "id": "t1", "name": "x", "arguments": "", "info": {"n": 1}}
    assert (item.payload, item.complete) == (payload, True)


def test_a_run_that_was_cut_is_not_whole() -> None:
    got = answer({"type": "tool.execution.started", "id": "t1", "name": "x", "arguments": "{"})
    (item,) = got.response.provider_items
    assert (item.complete, got.response.outcome) == (False, "truncated")


def test_a_handoff_that_was_not_told_to_start_is_told() -> None:
    got = answer({"type": "agent.handoff.done", "id": "h1", "next_agent_id": "ag_2"}, TEXT, END)
    (item,) = got.response.provider_items
    assert item.payload == {"type": "agent.handoff", "id": "h1", "next_agent_id": "ag_2"}


@pytest.mark.parametrize(
    ("odd", "kinds"),
    [
        ([1], ["event"]),
        ({"type": "new.event"}, ["new.event"]),
        ({"x": 1}, ["event"]),
        (output([1]), ["content"]),
        (output({"type": "text", "text": 1}), ["content"]),
        (output({"type": "thinking", "thinking": [{"type": "reference"}]}), ["thinking"]),
        ({"type": "function.call.delta", "id": "f1"}, ["function.call.delta"]),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_as_it_came(odd: Any, kinds: list[str]) -> None:
    got = answer(odd, TEXT, END)
    assert opaque(got) == kinds
    assert (got.response.text, got.response.outcome) == ("Hi", "complete")


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ({"type": "conversation.response.error", "message": "no", "code": 429}, "rate_limit"),
        ({"type": "conversation.response.error", "message": "no", "code": 3000}, "server"),
        ({"object": "error", "message": "no"}, "server"),
        ({"detail": "no"}, "server"),
    ],
    ids=str,
)
def test_an_error_in_the_stream_is_an_error(odd: Any, kind: str) -> None:
    got = answer(TEXT, odd)
    assert (got.response.text, got.response.outcome) == ("Hi", "failed")
    assert got.error is not None
    assert got.error.kind == kind
    assert ": no" in str(got.error)


def test_a_frame_that_is_no_json_is_a_fault() -> None:
    got = decode(MistralConversations(), b"data: {\n\n", headers=SSE)
    assert got.error is not None
    assert got.error.kind == "protocol"


def test_nothing_behind_the_end_is_read() -> None:
    got = answer(TEXT, END, TEXT)
    assert (got.response.text, got.response.outcome) == ("Hi", "complete")
