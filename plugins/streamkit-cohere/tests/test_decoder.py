"""Odd events: what they hold is told, and none of them breaks the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent, ToolArgumentsDelta
from streamkit.testing import Decoded, decode
from streamkit_cohere import CohereChat

SSE = {"content-type": "text/event-stream"}
END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}


def answer(*events: Any) -> Decoded:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return decode(CohereChat(), body.encode(), headers=SSE)


def event(type_: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    numbered = {} if index is None else {"index": index}
    return {"type": type_, **numbered, "delta": {"message": message}}


def opaque(got: Decoded) -> list[str]:
    return [e.kind for e in got.events if isinstance(e, OpaqueEvent)]


TEXT = event("content-delta", 0, content={"text": "Hi"})


def test_the_plan_is_seen_while_it_grows() -> None:
    got = answer(event("tool-plan-delta", tool_plan="I"), event("tool-plan-delta", tool_plan="'ll"))
    assert [e.text for e in got.events if isinstance(e, ToolArgumentsDelta)] == ["I", "'ll"]
    (item,) = got.response.provider_items
    assert (item.kind, item.complete, got.response.outcome) == ("tool_plan", False, "truncated")


def test_text_and_thinking_of_one_number_are_two_parts() -> None:
    thinking = event("content-delta", 0, content={"thinking": "Hm"})
    got = answer(thinking, TEXT, thinking, END).response
    assert [p.type for p in got.parts] == ["reasoning", "text"]
    assert (got.reasoning, got.text) == ("HmHm", "Hi")


def test_calls_without_a_number_follow_each_other() -> None:
    def call(id_: str) -> list[dict[str, Any]]:
        start = {"id": id_, "function": {"name": "f", "arguments": "{"}}
        return [
            event("tool-call-start", tool_calls=[start]),
            event("tool-call-delta", tool_calls={"function": {"arguments": "}"}}),
            event("tool-call-end"),
        ]

    got = answer(*call("a"), *call("b"), END).response
    assert [(c.id, c.arguments) for c in got.tool_calls] == [("a", {}), ("b", {})]


def test_a_call_that_was_not_ended_is_not_run_though_it_parses() -> None:
    start = {"id": "a", "function": {"name": "rm", "arguments": '{"path": "/"}'}}
    got = answer(event("tool-call-start", 0, tool_calls=start), END).response
    assert got.tool_calls == ()
    assert [c.id for c in got.incomplete_tool_calls] == ["a"]


def test_a_citation_of_a_block_that_never_was_goes_to_the_newest_text() -> None:
    raw = {"start": 0, "end": 2, "text": "Hi", "content_index": 9, "sources": []}
    got = answer(TEXT, event("citation-start", 0, citations=[raw]), END).response
    (citation,) = got.citations
    assert (citation.kind, citation.start, citation.end) == ("document", 0, 2)


@pytest.mark.parametrize(
    ("odd", "kinds"),
    [
        (["x"], ["event"]),
        ({"type": "new"}, ["new"]),
        ({"x": 1}, ["event"]),
        (event("message-start", content=["x"]), ["message-start.content"]),
        (event("content-start", 0, content={"type": "image"}), ["content-start"]),
        (event("content-delta", 0, content={"image": 1}), ["content-delta"]),
        (event("content-delta", 0), ["content-delta"]),
        (event("tool-plan-delta", tool_plan=1), ["tool-plan-delta"]),
        (event("tool-call-start", 0, tool_calls={"id": "a"}), ["tool-call-start"]),
        (event("tool-call-delta", 3, tool_calls={}), ["tool-call-delta"]),
        (event("tool-call-end", 3), ["tool-call-end"]),
        (event("citation-start", 0, citations=None), ["citation-start"]),
        (event("citation-start", 0, citations={"type": "PLAN"}), ["citation-start"]),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_as_it_came(odd: Any, kinds: list[str]) -> None:
    got = answer(odd, TEXT, END)
    assert opaque(got) == kinds
    assert (got.response.text, got.response.outcome) == ("Hi", "complete")


@pytest.mark.parametrize("odd", [{"message": "no"}, {"type": "error", "message": "no"}], ids=str)
def test_an_error_object_in_the_stream_is_an_error(odd: Any) -> None:
    got = answer(TEXT, odd)
    assert (got.response.text, got.response.outcome) == ("Hi", "failed")
    assert got.error is not None
    assert ": no" in str(got.error)


def test_a_frame_that_is_no_json_is_a_fault() -> None:
    got = decode(CohereChat(), b"data: {\n\n", headers=SSE)
    assert got.error is not None
    assert got.error.kind == "protocol"


def test_nothing_behind_the_end_is_read() -> None:
    got = answer(TEXT, END, TEXT, {"type": "error", "message": "late"})
    assert (got.response.text, got.response.outcome) == ("Hi", "complete")


def test_an_error_answer_brings_the_id_that_support_asks_for() -> None:
    got = decode(
        CohereChat(),
        b'{"id": "8a1f", "message": "invalid request: no such model"}',
        status=404,
        headers={"content-type": "application/json"},
    )
    assert got.error is not None
    assert (got.error.kind, got.error.request_id) == ("not_found", "8a1f")
