"""Odd chunks: what they hold is told, and none of them breaks the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent
from streamkit.testing import Decoded, decode
from streamkit_mistral import MistralChat

SSE = {"content-type": "text/event-stream"}


def chunk(finish: str | None = None, /, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


END = chunk("stop", content="")


def answer(*chunks: Any) -> Decoded:
    body = "".join(f"data: {c if isinstance(c, str) else json.dumps(c)}\n\n" for c in chunks)
    return decode(MistralChat(), body.encode(), headers=SSE)


def opaque(got: Decoded) -> list[str]:
    return [e.kind for e in got.events if isinstance(e, OpaqueEvent)]


def call(id_: str | None = None, name: str = "", arguments: Any = "", **more: Any) -> Any:
    named = {} if id_ is None else {"id": id_}
    return {**named, "function": {"name": name, "arguments": arguments}, **more}


@pytest.mark.parametrize(
    "calls",
    [
        # all at index 0, each with an id
        [[call("aaaaaaaaa", "f", '{"a": 1}', index=0), call("bbbbbbbbb", "f", "{}", index=0)]],
        # without id and index, one after the other
        [[call(None, "f", '{"a": 1}')], [call(None, "f", "{}")]],
        # in pieces that take turns
        [
            [call("aaaaaaaaa", "f", index=0), call("bbbbbbbbb", "f", index=1)],
            [call(None, "", '{"a": ', index=0), call(None, "", "{}", index=1)],
            [call(None, "", "1}", index=0)],
        ],
        # the id is repeated, the name is not
        [
            [call("aaaaaaaaa", "f", '{"a"', index=0)],
            [call("aaaaaaaaa", "", ": 1}", index=0)],
            [call("null", "f", {}, index=1)],
        ],
        # the name is repeated, the id is not
        [
            [call("aaaaaaaaa", "f", '{"a"', index=0)],
            [call(None, "f", ": 1}", index=0)],
            [call(None, "f", "{}", index=1)],
        ],
        # pieces without an index belong to the newest
        [
            [call("aaaaaaaaa", "f", '{"a"')],
            [call(None, "", ": 1}")],
            [call("bbbbbbbbb", "f", "{}")],
        ],
    ],
)
def test_calls_are_put_together_however_they_are_cut(calls: list[list[Any]]) -> None:
    got = answer(*(chunk(tool_calls=some) for some in calls), chunk("tool_calls", content=""))
    assert [(c.name, c.arguments) for c in got.response.tool_calls] == [("f", {"a": 1}), ("f", {})]
    assert got.response.finish_reason == "tool_call"


def test_no_call_is_whole_before_its_choice_stops() -> None:
    got = answer(chunk(tool_calls=[call("aaaaaaaaa", "rm", '{"path": "/"}', index=0)]))
    assert got.response.tool_calls == ()
    assert [c.reason for c in got.response.incomplete_tool_calls] == ["cut"]


def test_pieces_behind_the_stop_are_told_and_change_no_call() -> None:
    whole = chunk("tool_calls", tool_calls=[call("aaaaaaaaa", "f", "{}", index=0)])
    got = answer(whole, chunk(tool_calls=[call(None, "", "{}", index=0)]), "[DONE]")
    assert [c.arguments for c in got.response.tool_calls] == [{}]
    assert opaque(got) == ["tool_call"]


def test_an_answer_of_two_choices_is_not_whole_after_one_without_the_mark() -> None:
    body = f"data: {json.dumps(chunk('stop', content='Yes'))}\n\n".encode()
    decoder = MistralChat()
    assert decode(decoder, body, headers=SSE).response.outcome == "complete"
    two = {"index": 1, "delta": {"content": "N"}, "finish_reason": None}
    cut = chunk("stop", content="Yes")
    cut["choices"].append(two)
    assert answer(cut, "[DONE]").response.outcome == "truncated"


@pytest.mark.parametrize(
    ("odd", "kinds"),
    [
        ([1], ["chunk"]),
        ({"object": "ping"}, ["ping"]),
        ({"choices": ["x"]}, ["choice"]),
        ({"choices": [{"index": 0, "delta": "x"}]}, ["delta"]),
        ({"choices": None}, []),
        (chunk(content=[1]), ["content"]),
        (chunk(content=[{"type": "text", "text": 1}]), ["content"]),
        (chunk(content=[{"type": "image_url", "image_url": 1}]), ["content"]),
        (chunk(content=[{"type": "thinking", "thinking": [{"type": "reference"}]}]), ["thinking"]),
        (chunk(tool_calls=["x", call("a", "", "{}")]), ["tool_call", "tool_call"]),
        (chunk(new=1), ["delta.new"]),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_as_it_came(odd: Any, kinds: list[str]) -> None:
    got = answer(odd, chunk(content="Hi"), END, "[DONE]")
    assert opaque(got) == kinds
    assert (got.response.text, got.response.outcome) == ("Hi", "complete")


def test_an_unknown_field_of_a_call_is_told() -> None:
    got = answer(chunk("tool_calls", tool_calls=[call("aaaaaaaaa", "f", "{}", mood="fine")]))
    assert opaque(got) == ["tool_call.mood"]


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ({"error": {"message": "no", "code": 429}}, "rate_limit"),
        ({"object": "error", "message": "no", "type": "x"}, "server"),
        ({"detail": "no"}, "server"),
        ({**chunk(content="!"), "error": {"message": "no", "status_code": 503}}, "overloaded"),
    ],
    ids=str,
)
def test_an_error_object_in_the_stream_is_an_error(odd: Any, kind: str) -> None:
    got = answer(chunk(content="Half"), odd)
    assert got.response.text.startswith("Half")
    assert got.error is not None
    assert (got.error.kind, got.response.outcome) == (kind, "failed")
    assert ": no" in str(got.error)


def test_a_frame_that_is_no_json_is_a_fault() -> None:
    got = answer("{")
    assert got.error is not None
    assert got.error.kind == "protocol"


def test_an_error_answer_brings_the_id_that_support_asks_for() -> None:
    headers = {"content-type": "application/json", "mistral-correlation-id": "c-1"}
    got = decode(MistralChat(), b'{"message": "no"}', status=500, headers=headers)
    assert got.error is not None
    assert got.error.request_id == "c-1"
