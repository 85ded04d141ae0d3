"""The decoder, on frames that recordings do not show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.adapter import Frame
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    End,
    Fault,
    Item,
    Meta,
    Opaque,
    Reasoning,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.messages import ChatRequest, Message
from streamkit_anthropic import AnthropicMessages

REQUEST = ChatRequest(model="claude-opus-4-8", messages=(Message.user("hi"),))


def feed(*events: Any, adapter: AnthropicMessages | None = None, close: bool = True) -> list[Chunk]:
    decoder = (adapter or AnthropicMessages()).decoder(REQUEST)
    chunks: list[Chunk] = []
    for event in events:
        data = event if isinstance(event, str) else json.dumps(event)
        chunks += decoder.feed(Frame(data))
    return [*chunks, *decoder.close()] if close else chunks


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def message_delta(reason: str | None, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


MESSAGE_STOP = {"type": "message_stop"}


# --- end and stop ------------------------------------------------------------------------------


def test_nothing_follows_the_end() -> None:
    chunks = feed(message_delta("end_turn"), MESSAGE_STOP, delta(0, type="text_delta", text="late"))
    assert chunks == [Stop("stop", "end_turn"), End()]


def test_nothing_follows_a_fault() -> None:
    chunks = feed({"type": "error", "error": {"type": "api_error", "message": "m"}}, MESSAGE_STOP)
    assert [type(c) for c in chunks] == [Fault]


def test_the_stop_is_told_before_message_stop_so_that_a_lost_line_cannot_hide_it() -> None:
    assert feed(message_delta("max_tokens"), close=False) == [Stop("length", "max_tokens")]


def test_a_stop_reason_in_message_start_counts_only_at_the_end() -> None:
    began = {"type": "message_start", "message": {"id": "m", "stop_reason": "end_turn"}}
    words = delta(0, type="text_delta", text="words")
    assert feed(began, words, MESSAGE_STOP) == [
        Meta("m"),
        Text("words"),
        Stop("stop", "end_turn"),
        End(),
    ]
    assert feed(began, words)[-1] == Stop("stop", "end_turn")
    corrected = feed(began, words, message_delta("tool_use"), MESSAGE_STOP)
    assert [c.raw for c in corrected if isinstance(c, Stop)] == ["tool_use"]


def test_a_repeated_stop_reason_is_told_once_and_a_new_one_again() -> None:
    chunks = feed(message_delta("end_turn"), message_delta("end_turn"), message_delta("tool_use"))
    assert chunks == [Stop("stop", "end_turn"), Stop("tool_call", "tool_use")]


def test_message_stop_without_any_reason_is_still_the_end_mark() -> None:
    assert feed(MESSAGE_STOP) == [End()]


@pytest.mark.parametrize(
    ("events", "ends"),
    [
        ([message_delta("end_turn")], True),
        ([message_delta("end_turn"), "[DONE]"], True),
        ([message_delta(None)], False),
        ([delta(0, type="text_delta", text="half")], False),
        ([], False),
    ],
)
def test_lenient_end_needs_a_stop_reason(events: list[Any], ends: bool) -> None:
    lenient = AnthropicMessages(lenient_end=True)
    assert (End() in feed(*events, adapter=lenient)) is ends
    assert End() not in feed(*events)


def test_a_reason_nobody_knows_is_other() -> None:
    assert feed(message_delta("solar_flare")) == [Stop("other", "solar_flare")]


# --- faults ------------------------------------------------------------------------------------


def test_frames_that_are_no_json_object_are_protocol_faults() -> None:
    for data in ('{"type": "ping"', "[1]", "null", "hello"):
        (fault,) = feed(data)
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.body) == ("protocol", data)


def test_an_error_keeps_its_code_and_request_id() -> None:
    error = {"type": "rate_limit_error", "message": "slow", "details": {"error_code": "x_limit"}}
    (fault,) = feed({"type": "error", "error": error, "request_id": "req_7"})
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.message, fault.request_id) == ("rate_limit", "slow", "req_7")
    assert (fault.code, fault.body) == ("x_limit", error)


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"type": "overloaded_error", "message": "busy"}},
        {"type": "error", "error": "busy"},
        {"type": "error", "message": "busy"},
    ],
)
def test_errors_in_the_shapes_of_gateways_are_faults(event: dict[str, Any]) -> None:
    (fault,) = feed(event)
    assert isinstance(fault, Fault)
    assert fault.message == "busy"


def test_an_event_named_only_by_its_sse_field_is_understood() -> None:
    decoder = AnthropicMessages().decoder(REQUEST)
    assert decoder.feed(Frame("{}", event="message_stop")) == [End()]


def test_a_second_message_start_that_names_no_other_message_is_ignored() -> None:
    began = {"type": "message_start", "message": {"id": "m"}}
    assert feed(began, began, {"type": "message_start"}) == [Meta("m")]


# --- blocks ------------------------------------------------------------------------------------


def test_a_tool_call_whose_block_never_closes_stays_open() -> None:
    chunks = feed(
        start(0, type="tool_use", id="t", name="f", input={}),
        delta(0, type="input_json_delta", partial_json="{}"),
        message_delta("max_tokens"),
        MESSAGE_STOP,
    )
    assert not [c for c in chunks if isinstance(c, Closed)]


def test_input_given_whole_at_the_start_is_passed_on_when_the_block_closes() -> None:
    whole = start(0, type="tool_use", id="t", name="f", input={"a": "ö"})
    assert feed(whole) == [ToolOpened(0, "f", "t")]
    assert feed(whole, stop(0)) == [
        ToolOpened(0, "f", "t"),
        ToolArguments(0, '{"a":"ö"}'),
        Closed(0),
    ]


def test_input_given_as_json_text_is_passed_on_as_it_is() -> None:
    chunks = feed(start(0, type="tool_use", id="t", name="f", input='{"a": 1}'), stop(0))
    assert chunks[1] == ToolArguments(0, '{"a": 1}')


def test_finished_blocks_in_message_start_are_told_whole() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking"},
        {"type": "text", "text": "a"},
    ]
    began = {"type": "message_start", "message": {"id": "m", "content": content}}
    assert feed(began) == [
        Meta("m"),
        *(Reasoning("hm", 0), Signature("sig", "anthropic", 0), Closed(0)),
        *(Reasoning("", 1, 0, "redacted"), Closed(1)),
        *(Text("a", 2), Closed(2)),
    ]


def test_streamed_input_wins_over_the_input_at_the_start() -> None:
    streamed = delta(0, type="input_json_delta", partial_json='{"a":2}')
    chunks = feed(start(0, type="tool_use", id="t", name="f", input={"a": 1}), streamed, stop(0))
    assert chunks == [ToolOpened(0, "f", "t"), ToolArguments(0, '{"a":2}'), Closed(0)]


def test_what_else_a_call_carries_is_kept_for_sending_it_back() -> None:
    (opened,) = feed(
        start(0, type="tool_use", id="t", name="f", input={}, caller={"type": "direct"})
    )
    assert opened == ToolOpened(0, "f", "t", vendor={"anthropic": {"caller": {"type": "direct"}}})


@pytest.mark.parametrize(
    "stray",
    [
        {"type": "text_delta", "text": "x"},
        {"type": "thinking_delta", "thinking": "x"},
        {"type": "citations_delta", "citation": {"type": "char_location"}},
    ],
)
def test_a_delta_of_another_kind_never_reaches_a_tool_call(stray: dict[str, Any]) -> None:
    chunks = feed(start(0, type="tool_use", id="t", name="f", input={}), delta(0, **stray), stop(0))
    assert [type(c) for c in chunks] == [ToolOpened, type(chunks[1]), Closed]
    assert isinstance(chunks[1], Text | Reasoning | Cited)
    assert chunks[1].key is None


def test_an_index_used_twice_names_two_blocks() -> None:
    chunks = feed(
        start(0, type="text", text="a"),
        start(0, type="tool_use", id="t", name="f", input={}),
        stop(0),
    )
    assert chunks == [Text("a", 0), ToolOpened(1, "f", "t"), Closed(1)]


def test_a_signature_is_assigned_whole_and_an_empty_one_is_none() -> None:
    chunks = feed(
        start(0, type="thinking", thinking="", signature=""),
        delta(0, type="signature_delta", signature="one"),
        delta(0, type="signature_delta", signature="two"),
    )
    assert chunks == [
        Reasoning("", 0),
        Signature("one", "anthropic", 0),
        Signature("two", "anthropic", 0),
    ]


def test_thinking_asked_for_as_a_summary_is_one() -> None:
    request = REQUEST.model_copy(update={"reasoning_effort": "high"})
    decoder = AnthropicMessages().decoder(request)
    frame = Frame(json.dumps(delta(0, type="thinking_delta", thinking="hm")))
    assert decoder.feed(frame) == [Reasoning("hm", None, 0, "summary")]


def test_a_server_tool_with_broken_input_is_never_whole_but_never_lost() -> None:
    chunks = feed(
        start(0, type="server_tool_use", id="s", name="web_search", input={}),
        delta(0, type="input_json_delta", partial_json='{"query'),
        stop(0),
    )
    assert chunks == [
        ServerToolOpened(0, "server_tool_use", "s", "web_search"),
        ServerToolArguments(0, '{"query'),
        Opaque(
            "server_tool_use",
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": '{"query'},
        ),
    ]


def test_a_new_kind_of_server_tool_is_read_like_the_known_ones() -> None:
    chunks = feed(
        start(0, type="browser_tool_use", id="b", name="open", input={}),
        delta(0, type="input_json_delta", partial_json='{"u":1}'),
        stop(0),
    )
    payload = {"type": "browser_tool_use", "id": "b", "name": "open", "input": {"u": 1}}
    assert chunks[-1] == Item("browser_tool_use", payload, 0, "b", "open")


def test_a_compaction_without_content_keeps_its_encrypted_form() -> None:
    chunks = feed(
        start(0, type="compaction", content=None),
        delta(0, type="compaction_delta", content=None, encrypted_content="Eo8B"),
        stop(0),
    )
    payload = {"type": "compaction", "content": None, "encrypted_content": "Eo8B"}
    assert chunks[-1] == Item("compaction", payload, 0)


def test_citations_hold_their_source_and_no_position_in_the_answer() -> None:
    raw = {
        "type": "char_location",
        "document_index": 0,
        "document_title": "facts.txt",
        "start_char_index": 5,
        "end_char_index": 9,
        "cited_text": "fact",
    }
    began, cited = feed(start(0, type="text", text="", citations=[raw]))
    assert began == Text("", 0)
    assert isinstance(cited, Cited)
    citation = cited.citation
    assert (citation.kind, citation.title, citation.cited_text) == ("document", "facts.txt", "fact")
    assert (citation.start, citation.end, citation.raw) == (None, None, raw)


# --- nothing is lost ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "new_event", "x": 1}, "new_event"),
        ({"x": 1}, "untyped"),
        (delta(0, type="new_delta", x=1), "new_delta"),
        (delta(0, type="thinking_delta", thinking="", estimated_tokens=9), "thinking_delta"),
        (start(0, type="text", text="", x=1), "text"),
        (stop(0) | {"x": 1}, "content_block_stop"),
        (start(0, type="text", text="") | {"x": 1}, "content_block_start"),
        (delta(7, type="input_json_delta", partial_json="{"), "input_json_delta"),
        (delta(7, type="compaction_delta", content="x"), "compaction_delta"),
        ("[DONE]", "[DONE]"),
    ],
)
def test_what_the_adapter_does_not_know_comes_through(event: Any, kind: str) -> None:
    assert kind in [c.kind for c in feed(event) if isinstance(c, Opaque)]


def test_fields_of_the_message_without_a_common_name_are_vendor_data() -> None:
    began = {"type": "message_start", "message": {"id": "m", "diagnostics": {"a": 1}, "new": None}}
    ended = {"type": "message_delta", "delta": {"container": {"id": "c"}}, "extra": 2}
    chunks = feed(began, ended)
    assert chunks == [
        Meta("m", vendor={"diagnostics": {"a": 1}}),
        Meta(vendor={"extra": 2, "container": {"id": "c"}}),
    ]


def test_usage_keeps_what_later_reports_leave_out_or_null() -> None:
    first = {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 1, "geo": None}
    began = {"type": "message_start", "message": {"id": "m", "usage": first}}
    late = {"output_tokens": 9, "input_tokens": None, "cache_creation_input_tokens": 3}
    chunks = feed(began, message_delta(None, **late))
    last = [c.usage for c in chunks if isinstance(c, UsageReport)][-1]
    assert last.raw == {
        "input_tokens": 5,
        "cache_read_input_tokens": 7,
        "cache_creation_input_tokens": 3,
        "output_tokens": 9,
        "geo": None,
    }
    assert (last.input_tokens, last.output_tokens) == (15, 9)
    assert (last.cache_read_tokens, last.cache_write_tokens) == (7, 3)
    assert (last.reasoning_tokens, last.total_tokens) == (None, None)


def test_counts_nobody_reported_are_none_and_not_zero() -> None:
    (report,) = feed(message_delta(None, output_tokens=9))
    assert isinstance(report, UsageReport)
    assert (report.usage.input_tokens, report.usage.output_tokens) == (None, 9)
    assert (report.usage.cache_read_tokens, report.usage.cache_write_tokens) == (None, None)


# --- robustness --------------------------------------------------------------------------------

_names = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "ping", "error", "text_delta", "thinking_delta"),
        *("input_json_delta", "signature_delta", "citations_delta", "compaction_delta", "text"),
        *("thinking", "redacted_thinking", "tool_use", "server_tool_use", "compaction"),
        *("fallback", "refusal", "tool_use", "x"),
    ]
)
_keys = st.sampled_from(
    [
        *("type", "index", "message", "content_block", "delta", "usage", "error", "content"),
        *("id", "name", "input", "text", "thinking", "partial_json", "signature", "citation"),
        *("stop_reason", "stop_details", "to", "model", "iterations", "output_tokens_details"),
    ]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text(max_size=3) | _names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=5),
    max_leaves=8,
)
_frames = st.builds(
    lambda kind, fields: json.dumps(fields | {"type": kind}),
    _names,
    st.dictionaries(_keys, _values, max_size=4),
)


@given(st.lists(_frames | _values.map(json.dumps), max_size=8))
def test_no_frame_makes_the_decoder_raise(frames: list[str]) -> None:
    decoder = AnthropicMessages().decoder(REQUEST)
    chunks = [c for data in frames for c in decoder.feed(Frame(data))]
    ends = [i for i, c in enumerate(chunks) if isinstance(c, End | Fault)]
    assert ends in ([], [len(chunks) - 1])
    decoder.close()
