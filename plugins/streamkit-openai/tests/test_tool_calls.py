"""Which call a delta belongs to, for every way servers have of cutting them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent
from streamkit.messages import IncompleteToolCall
from streamkit.testing import Decoded, decode
from streamkit_openai import OpenAIChat

DONE = "data: [DONE]\n\n"


def chunk(delta: Any, finish: str | None = None, index: int = 0) -> str:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'x', 'choices': [choice]})}\n\n"


def call(
    arguments: Any = None, name: str | None = None, call_id: str | None = None, **more: Any
) -> dict[str, Any]:
    return {"id": call_id, "function": {"name": name, "arguments": arguments}, **more}


def read(*deltas: Any, finish: str = "tool_calls", end: str = DONE) -> Decoded:
    """Each delta is a list of tool call deltas."""
    body = "".join(chunk({"tool_calls": delta}) for delta in deltas)
    body += chunk({}, finish) + end
    return decode(
        OpenAIChat("openai-compatible"),
        body.encode(),
        headers={"content-type": "text/event-stream"},
    )


def calls(got: Decoded) -> list[tuple[str, str, Any]]:
    return [(c.id, c.name, c.arguments) for c in got.response.tool_calls]


@pytest.mark.parametrize(
    ("deltas", "want"),
    [
        pytest.param(
            [[call('{"a"', "f", "c1", index=0)], [call(":1}", index=0)]],
            [("c1", "f", {"a": 1})],
            id="fragments by index",
        ),
        pytest.param(
            [[call("{}", "f", "c1", index=1)], [call("{}", "g", "c2", index=2)]],
            [("c1", "f", {}), ("c2", "g", {})],
            id="index begins at 1",
        ),
        pytest.param(
            [[call("{}", "f", "c1", index=0), call("{}", "g", "c2", index=1)]],
            [("c1", "f", {}), ("c2", "g", {})],
            id="two calls in one delta",
        ),
        pytest.param(
            [
                [call("", "f", "c1", index=0)],
                [call('{"a":1}', index=0)],
                [call("", "f", "c2", index=0)],
                [call('{"a":2}', index=0)],
            ],
            [("c1", "f", {"a": 1}), ("c2", "f", {"a": 2})],
            id="a new id at an index in use is a new call, to which later fragments belong",
        ),
        pytest.param(
            [[call('{"a"', "f", "c1", index=0)], [call(":1}", "f", "c1", index=0)]],
            [("c1", "f", {"a": 1})],
            id="id and name repeated on every delta",
        ),
        pytest.param(
            [[call('{"a"', "f", "c1")], [call(":1}", None, "c1")]],
            [("c1", "f", {"a": 1})],
            id="no index, id repeated",
        ),
        pytest.param(
            [[call('{"a"', "f", "c1")], [call(":1}")]],
            [("c1", "f", {"a": 1})],
            id="neither id nor index: the newest call",
        ),
        pytest.param(
            [[call('{"a":1}', "f")], [call('{"a":2}', "f")]],
            [("call_0_0", "f", {"a": 1}), ("call_0_1", "f", {"a": 2})],
            id="neither id nor index, but a name: a new call each",
        ),
        pytest.param(
            [[call('{"a":1}', "f", index=0)], [call('{"b":2}', "g", index=0)]],
            [("call_0_0", "f", {"a": 1}), ("call_0_1", "g", {"b": 2})],
            id="another name at the same index is a new call",
        ),
        pytest.param(
            [[call('{"a":1}', "f", "call", index=0)], [call('{"b":2}', "g", "call", index=1)]],
            [("call", "f", {"a": 1}), ("call", "g", {"b": 2})],
            id="another name under the same id is a new call",
        ),
        pytest.param(
            [
                [call('{"a"', "f", "call", index=0)],
                [call('{"b"', "f", "call", index=1)],
                [call(":1}", None, "call", index=0)],
                [call(":2}", None, "call", index=1)],
            ],
            [("call", "f", {"a": 1}), ("call", "f", {"b": 2})],
            id="the same id and name at another index is a new call",
        ),
        pytest.param(
            [[call('{"a"', "f", "c1")], [call(":1}", "f", "c1", index=0)]],
            [("c1", "f", {"a": 1})],
            id="id and name repeated, the index comes late",
        ),
        pytest.param(
            [[call('{"a"', None, "c1", index=0)], [call(":1", "f", index=0)], [call("}", index=0)]],
            [("c1", "f", {"a": 1})],
            id="the name comes late: arguments are held until then",
        ),
        pytest.param(
            [[call("", "f", index=0)], [call("{}", None, "c1", index=0)]],
            [("call_0_0", "f", {})],
            id="the id comes late",
        ),
        pytest.param(
            [[call("", "f", "c1", index=0)], [call('{"a":1}', "", "", index=0)]],
            [("c1", "f", {"a": 1})],
            id="empty id and name on later deltas",
        ),
        pytest.param(
            [
                [call("", "f", "c1", index=0), call("", "g", "c2", index=1)],
                [call('{"a"', index=0)],
                [call('{"b"', index=1)],
                [call(":1}", index=0)],
                [call(":2}", index=1)],
            ],
            [("c1", "f", {"a": 1}), ("c2", "g", {"b": 2})],
            id="fragments of two calls interleaved",
        ),
        pytest.param(
            [[call({"a": {"b": "ü"}}, "f", "c1", index=0)]],
            [("c1", "f", {"a": {"b": "ü"}})],
            id="arguments as an object",
        ),
        pytest.param([[call(None, "f", "c1", index=0)]], [("c1", "f", {})], id="no arguments"),
        pytest.param(
            [[{"index": 0, "id": "c1", "name": "f", "arguments": "{}"}]],
            [("c1", "f", {})],
            id="flat, without a function object",
        ),
        pytest.param(
            [call("{}", "f", "c1", index=0)], [("c1", "f", {})], id="one call without its list"
        ),
        pytest.param(
            [[call("{}", "f", "c1", index="0")], [None]], [("c1", "f", {})], id="index as text"
        ),
    ],
)
def test_deltas_find_their_call(deltas: list[Any], want: list[Any]) -> None:
    assert calls(read(*deltas)) == want


def test_a_whole_call_in_the_finish_chunk_is_read() -> None:
    body = chunk({"content": "Hm"}) + chunk({"tool_calls": [call("{}", "f", "c1")]}, "tool_calls")
    got = decode(
        OpenAIChat(), (body + DONE).encode(), headers={"content-type": "text/event-stream"}
    )
    assert calls(got) == [("c1", "f", {})]
    assert got.response.finish_reason == "tool_call"


def test_a_call_is_not_ready_before_its_choice_stops() -> None:
    """Arguments that parse may still grow."""
    body = chunk({"tool_calls": [call("{}", "f", "c1", index=0)]})
    got = decode(
        OpenAIChat(), body.encode(), headers={"content-type": "text/event-stream"}, lost=True
    )
    assert not got.response.tool_calls
    [cut] = got.response.incomplete_tool_calls
    assert (cut.name, cut.arguments_text, cut.reason) == ("f", "{}", "cut")


def test_calls_say_tool_call_even_where_the_server_says_stop() -> None:
    got = read([call("{}", "f", "c1", index=0)], finish="stop")
    assert got.response.finish_reason == "tool_call"
    assert got.response.raw_finish_reason == "stop"


def test_a_call_without_a_name_is_no_call_but_is_not_lost() -> None:
    got = read([call('{"a":1}', None, "c1", index=0)])
    assert got.response.parts == ()
    [opaque] = [e for e in got.events if isinstance(e, OpaqueEvent)]
    assert opaque.data == {"id": "c1", "arguments": '{"a":1}'}
    assert got.response.finish_reason == "stop"


def test_arguments_after_the_finish_reason_never_change_a_call_that_was_handed_out() -> None:
    late = chunk({"tool_calls": [call('{"a":2}', None, "c1", index=0)]})
    got = read([call('{"a":1}', "f", "c1", index=0)], end=late + DONE)
    assert calls(got) == [("c1", "f", {"a": 1})]
    assert "tool_call.late" in [e.kind for e in got.events if isinstance(e, OpaqueEvent)]


def test_a_new_call_after_the_finish_reason_closes_with_the_stream() -> None:
    late = chunk({"tool_calls": [call('{"a":2}', "g", "c2", index=1)]})
    got = read([call('{"a":1}', "f", "c1", index=0)], end=late + DONE)
    assert calls(got) == [("c1", "f", {"a": 1}), ("c2", "g", {"a": 2})]


def test_what_must_be_echoed_stays_with_the_call_and_other_fields_are_told() -> None:
    echoed = {"google": {"thought_signature": "c2ln"}}
    got = read([call("{}", "f", "c1", index=0, extra_content=echoed, parsed=1)])
    [made] = got.response.tool_calls
    assert made.vendor == {"openai-compatible": {"extra_content": echoed}}
    [opaque] = [e for e in got.events if isinstance(e, OpaqueEvent)]
    assert (opaque.kind, opaque.data) == ("tool_call.parsed", 1)


def test_an_empty_call_that_a_token_limit_cut_is_not_run() -> None:
    got = read([call("", "f", "c1", index=0)], finish="length")
    assert isinstance(got.response.parts[0], IncompleteToolCall)


def test_each_choice_has_calls_of_its_own() -> None:
    body = (
        chunk({"tool_calls": [call('{"a"', "f", "c1", index=0)]})
        + chunk({"tool_calls": [call('{"b"', "g", "c2", index=0)]}, index=1)
        + chunk({"tool_calls": [call(":1}", index=0)]}, "tool_calls")
        + chunk({"tool_calls": [call(":2}", index=0)]}, "tool_calls", index=1)
        + DONE
    )
    got = decode(OpenAIChat(), body.encode(), headers={"content-type": "text/event-stream"})
    made = [[p.arguments for p in c.parts if p.type == "tool_call"] for c in got.response.choices]
    assert made == [[{"a": 1}], [{"b": 2}]]
