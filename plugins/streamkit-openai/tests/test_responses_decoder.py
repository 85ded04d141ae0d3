"""What the Responses decoder makes of servers' ways, beyond the recordings of the contract test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.adapter import Frame
from streamkit.chunks import Chunk, Cursor, End, Fault, ServerToolArguments, Text
from streamkit.errors import StreamkitError
from streamkit.messages import ChatRequest, Message, ProviderItem, ReasoningPart
from streamkit.testing import Decoded, decode, frames
from streamkit_openai import RESPONSES_PROFILES, OpenAIResponses

SSE = {"content-type": "text/event-stream"}
RECORDINGS = sorted((Path(__file__).parent / "responses_recordings").glob("*.sse"))
NAMES = [path.stem for path in RECORDINGS]
REQUEST = ChatRequest(model="m", messages=(Message.user("Hi"),))

Event = dict[str, Any]


def recording(name: str) -> Path:
    return next(path for path in RECORDINGS if path.stem == name)


def events(path: Path) -> list[Event]:
    cut = frames(path.read_bytes(), content_type="text/event-stream")
    return [json.loads(f.data) for f in cut if not f.data.startswith("[DONE]")]


def read(told: Sequence[Event], profile: str = "openai-responses") -> Decoded:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in told)
    return decode(OpenAIResponses(profile), body.encode(), headers=SSE)


def profile_of(path: Path) -> str:
    expected = json.loads(path.with_suffix(".expect.json").read_text("utf-8"))
    return str(expected.get("variant", "openai-responses"))


def words_and_calls(got: Decoded) -> tuple[Any, ...]:
    response = got.response
    calls = [(c.id, c.name, c.arguments_text) for c in response.tool_calls]
    items = [i.kind for i in response.provider_items]
    said = (response.text, response.reasoning, response.refusal, calls, items)
    return (response.outcome, response.finish_reason, len(response.citations), *said)


# --- which item an event belongs to ------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in NAMES if "llamacpp" not in n])
def test_ids_that_are_new_in_every_event_do_no_harm(name: str) -> None:
    """GitHub Copilot's server makes them up: the place in the list is what counts."""
    path = recording(name)
    told = events(path)
    for number, event in enumerate(told):
        if "item_id" in event:
            event["item_id"] = f"rotated_{number}"
        if isinstance(event.get("item"), dict) and "id" in event["item"]:
            event["item"]["id"] = f"rotated_{number}"
        if isinstance(event.get("response"), dict):
            event["response"]["id"] = f"resp_{number}"
    want = decode(OpenAIResponses(profile_of(path)), path.read_bytes(), headers=SSE)
    assert words_and_calls(read(told, profile_of(path))) == words_and_calls(want)


# Shell commands name neither their place nor an id, so they could only be the newest item's.
@pytest.mark.parametrize("name", [n for n in NAMES if n != "shell_and_patch"])
def test_places_that_are_not_told_do_no_harm(name: str) -> None:
    """llama.cpp leaves them out: ids tell, or the order of events."""
    path, left_out = recording(name), {"output_index", "sequence_number"}
    told = [{k: v for k, v in e.items() if k not in left_out} for e in events(path)]
    want = decode(OpenAIResponses(profile_of(path)), path.read_bytes(), headers=SSE)
    assert words_and_calls(read(told, profile_of(path))) == words_and_calls(want)


def item(number: int, text: str, place: int = 0) -> list[Event]:
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant"}
    done = message | {"content": [{"type": "output_text", "text": text}]}
    at = {"output_index": place, "content_index": 0, "item_id": f"msg_{number}"}
    return [
        {"type": "response.output_item.added", "output_index": place, "item": message},
        {"type": "response.output_text.delta", **at, "delta": text},
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.output_item.done", "output_index": place, "item": done},
    ]


COMPLETED: Event = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}


def test_a_place_that_is_used_again_is_a_new_item() -> None:
    got = read([*item(1, "One. "), *item(2, "Two."), COMPLETED])
    assert [p.text for p in got.response.parts if p.type == "text"] == ["One. ", "Two."]


def test_an_item_that_is_told_twice_is_one_item() -> None:
    once = item(1, "One.")
    assert read([*once, once[-1], COMPLETED]).response.text == "One."


def test_parts_counted_over_all_items_in_one_row_are_said_once() -> None:
    """vLLM: after reasoning, the only text of a message is streamed at 1."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    whole = thought | {"content": [{"type": "reasoning_text", "text": "Hm."}]}
    at = {"output_index": 0, "content_index": 2, "item_id": "rs_1"}
    message = [
        event | ({"content_index": 3} if "item_id" in event else {}) for event in item(1, "One.", 1)
    ]
    cited = {"type": "url_citation", "url": "https://a.example", "start_index": 0, "end_index": 3}
    message[-1]["item"]["content"][0]["annotations"] = [cited]
    got = read(
        [
            {"type": "response.output_item.added", "output_index": 0, "item": thought},
            {"type": "response.reasoning_part.added", **at, "part": {"type": "reasoning_text"}},
            {"type": "response.reasoning_text.delta", **at, "delta": "Hm."},
            {"type": "response.reasoning_part.done", **at, "part": whole["content"][0]},
            {"type": "response.output_item.done", "output_index": 0, "item": whole},
            *message,
            COMPLETED,
        ]
    )
    assert (got.response.reasoning, got.response.text) == ("Hm.", "One.")
    assert [type(p).__name__ for p in got.response.parts] == ["ReasoningPart", "TextPart"]
    assert [c.url for c in got.response.citations] == ["https://a.example"]
    assert not [event for event in got.events if event.type == "opaque"]


def test_a_part_that_was_not_streamed_is_told_beside_one_that_was() -> None:
    told = item(1, "One.")
    told[-1]["item"]["content"].append({"type": "output_text", "text": " Two."})
    assert read([*told, COMPLETED]).response.text == "One. Two."


def test_pieces_of_an_item_that_was_never_announced_are_kept() -> None:
    got = read([item(1, "One.")[1], COMPLETED])
    assert (got.response.text, got.response.outcome) == ("One.", "complete")


def test_what_is_left_of_the_rate_limits_is_a_notice() -> None:
    left = {"remaining_requests": "9", "reset_requests_ms": 6}
    told = {"type": "response.rate_limits.updated", "rate_limits": left, "sequence_number": 4}
    got = read([*item(1, "One."), told, COMPLETED])
    notices = [(e.code, e.data) for e in got.events if e.type == "notice"]
    assert notices == [("rate_limits.updated", {"rate_limits": left})]


def test_a_null_delta_is_no_words() -> None:
    piece = item(1, "x")[1] | {"delta": None}
    assert read([piece, *item(1, "One."), COMPLETED]).response.text == "One."


# --- calls -------------------------------------------------------------------------------------


def call(*pieces: str, status: str = "completed", **fields: Any) -> list[Event]:
    payload = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f"} | fields
    whole = payload | {"arguments": "".join(pieces), "status": status}
    delta = {"type": "response.function_call_arguments.delta", "output_index": 0}
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": payload},
        *(delta | {"delta": piece} for piece in pieces),
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
    ]


def test_a_call_without_a_name_at_first_is_told_whole_when_it_is_done() -> None:
    told = call('{"a":', "1}")
    told[0]["item"] = {"type": "function_call", "id": "fc_1"}
    done = {"type": "response.function_call_arguments.done", "output_index": 0, "name": "f"}
    told.insert(-1, done | {"arguments": '{"a":1}'})
    response = read([*told, COMPLETED]).response
    [got] = response.tool_calls
    assert (got.id, got.name, got.arguments) == ("c1", "f", {"a": 1})
    assert response.vendor == {}


def test_a_call_that_ends_incomplete_never_runs_though_it_parses() -> None:
    end = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    got = read(
        [*call('{"a":1}', status="incomplete"), {"type": "response.incomplete", "response": end}]
    )
    assert got.response.tool_calls == ()
    [cut] = got.response.incomplete_tool_calls
    assert (cut.arguments_text, cut.reason) == ('{"a":1}', "cut")
    assert got.response.finish_reason == "length"


def test_a_call_that_was_not_closed_is_not_finished_by_an_incomplete_response() -> None:
    end = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    got = read([*call('{"a":1}')[:-1], {"type": "response.incomplete", "response": end}])
    assert got.response.tool_calls == ()


def test_what_else_a_call_holds_is_named_for_the_server_it_came_from() -> None:
    [got] = read([*call("{}", namespace="crm"), COMPLETED], "xai-responses").response.tool_calls
    assert got.vendor == {"xai-responses": {"id": "fc_1", "namespace": "crm"}}


def test_commands_of_one_shell_call_stand_on_lines_of_their_own() -> None:
    payload = {"type": "shell_call", "id": "sh_1"}
    at = {"output_index": 0}
    told: list[Event] = [{"type": "response.output_item.added", **at, "item": payload}]
    for number, command in enumerate(("ls", "pwd")):
        of = at | {"command_index": number}
        told.append({"type": "response.shell_call_command.added", **of, "command": ""})
        told.append({"type": "response.shell_call_command.delta", **of, "delta": command})
    decoder = OpenAIResponses().decoder(REQUEST)
    said = [c for event in told for c in decoder.feed(Frame(json.dumps(event)))]
    pieces = [c.text for c in said if isinstance(c, ServerToolArguments)]
    assert "".join(pieces) == "ls\npwd"


# --- reasoning ---------------------------------------------------------------------------------


def test_encrypted_content_is_taken_from_the_finished_item() -> None:
    """What stands in the announcement may be incomplete (API reference, reasoning item)."""
    early = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "early"}
    told: list[Event] = [
        {"type": "response.output_item.added", "output_index": 0, "item": early},
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": early | {"encrypted_content": "final"},
        },
        COMPLETED,
    ]
    [part] = read(told).response.parts
    assert isinstance(part, ReasoningPart)
    assert (part.signature, part.scheme) == ("final", "openai-responses:rs_1")


def test_a_cut_inside_a_reasoning_item_leaves_nothing_of_it_to_send_back() -> None:
    """Half an item is refused; its parts close with it, not one by one."""
    told = events(recording("reasoning_and_tools"))
    end = next(i for i, e in enumerate(told) if e["type"] == "response.output_item.done")
    got = read(told[:end]).response
    assert got.reasoning == "**Plan** LookThen say"
    assert got.message.content == ()
    assert len(read(told[: end + 1]).response.message.content) == 2


# --- round trip --------------------------------------------------------------------------------


# Recordings whose items were all told to be done, at a place.
WHOLE = [
    *("text", "logprobs", "reasoning_and_tools", "reasoning_hidden", "openrouter_in_turns"),
    *("custom_tool", "web_search", "code_interpreter", "image_generation", "mcp", "compaction"),
    *("shell_and_patch", "refusal", "pieces_only_in_done", "call_from_a_program", "phases"),
    *("xai_own_tools", "background"),
]


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_goes_back_to_its_server_as_the_items_it_came_in(name: str) -> None:
    path = recording(name)
    adapter = OpenAIResponses(profile_of(path))
    answer = decode(adapter, path.read_bytes(), headers=SSE).response
    wire = adapter.request(ChatRequest(model="m", messages=(answer.message,)))
    assert wire.warnings == ()
    told = [e for e in events(path) if "item" in e]
    done = {e["output_index"]: e["item"] for e in told if e["type"].endswith(".done")}
    came = [done[e["output_index"]] for e in told if e["type"].endswith(".added")]
    named = adapter.row.item_ids and any(i["type"] == "reasoning" for i in came)
    assert [_kept(i, named) for i in wire.body["input"]] == [_kept(i, named) for i in came]


def _kept(payload: Event, named: bool) -> Event:
    """The item without what need not go back: states, and ids that no reasoning depends on."""
    if payload.get("role") == "assistant":
        content = payload["content"]
        if isinstance(content, list):
            content = "".join(p.get("text") or p.get("refusal") for p in content)
        kept = {"role": "assistant", "content": content, "phase": payload.get("phase")}
        return kept | ({"id": payload["id"]} if named else {})
    if payload["type"] in {"function_call", "custom_tool_call"}:
        own = isinstance(payload.get("input"), str) and payload["name"].startswith("x_")
        without = set() if own else {"status"} | (set() if named else {"id"})
        return {k: v for k, v in payload.items() if k not in without}
    return payload


# --- replay ------------------------------------------------------------------------------------


def background(*numbers: int) -> list[Chunk]:
    """What is said of a background response whose events arrive with these numbers."""
    texts = "abcdefgh"
    request = REQUEST.model_copy(update={"extra_body": {"background": True}})
    decoder = OpenAIResponses().decoder(request)
    said: list[Chunk] = []
    for number in numbers:
        event: Event = {"sequence_number": number, "output_index": 0, "content_index": 0}
        if number == 0:
            event |= {"type": "response.created", "response": {"id": "resp_1", "background": True}}
        elif number == 9:
            event |= {"type": "response.completed", "response": {"id": "resp_1"}}
        else:
            event |= {"type": "response.output_text.delta", "delta": texts[number - 1]}
        said += decoder.feed(Frame(json.dumps(event)))
    return said


def text_of(said: Sequence[Chunk]) -> str:
    return "".join(c.text for c in said if isinstance(c, Text))


def test_every_event_of_a_background_response_tells_where_to_go_on_from() -> None:
    said = background(0, 1, 2)
    assert [c.value for c in said if isinstance(c, Cursor)] == ["resp_1:0", "resp_1:1", "resp_1:2"]


def test_a_response_that_is_not_in_the_background_tells_none() -> None:
    decoder = OpenAIResponses().decoder(REQUEST)
    told = [*item(1, "One."), COMPLETED]
    numbered = [e | {"sequence_number": n} for n, e in enumerate(told)]
    said = [c for e in numbered for c in decoder.feed(Frame(json.dumps(e)))]
    assert not any(isinstance(c, Cursor) for c in said)


def test_a_replay_that_repeats_events_says_nothing_twice() -> None:
    said = background(0, 1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert text_of(said) == "abcdefgh"
    assert isinstance(said[-1], End)


def test_a_replay_that_leaves_events_out_is_a_fault() -> None:
    *said, fault = background(0, 1, 2, 5)
    assert text_of(said) == "ab"
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.message) == ("protocol", "the server left out events 3 to 4")


def test_after_a_gap_another_replay_can_still_bring_the_rest() -> None:
    said = background(0, 1, 2, 5, 3, 4, 5, 6, 7, 8, 9)
    assert text_of(said) == "abcdefgh"
    assert isinstance(said[-1], End)


# --- endings and faults ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "response", "reason", "raw"),
    [
        ("response.completed", {"status": "completed"}, "stop", "completed"),
        ("response.done", {"status": None}, "stop", "completed"),
        ("response.done", {}, "stop", "completed"),
        ("response.cancelled", {"status": "cancelled"}, "cancelled", "cancelled"),
        ("response.completed", {"status": "requires_action"}, "tool_call", "requires_action"),
        ("response.completed", {"status": "brand_new"}, "other", "brand_new"),
        *(
            ("response.incomplete", {"incomplete_details": {"reason": why}}, reason, "incomplete")
            for why, reason in [
                ("max_output_tokens", "length"),
                ("max_messages", "length"),
                ("length", "length"),
                ("content_filter", "content_filter"),
                ("steered", "cancelled"),
                ("brand_new", "other"),
                (None, "other"),
            ]
        ),
    ],
)
def test_the_ways_a_response_ends(type_: str, response: Event, reason: str, raw: str) -> None:
    got = read([{"type": type_, "response": response}]).response
    assert (got.outcome, got.finish_reason, got.raw_finish_reason) == ("complete", reason, raw)


def test_the_name_of_an_event_will_do_where_its_object_has_no_type() -> None:
    told = [*item(1, "One."), {"type": "response.completed"}]
    body = "".join(f"event: {e.pop('type')}\ndata: {json.dumps(e)}\n\n" for e in told)
    got = decode(OpenAIResponses(), body.encode(), headers=SSE).response
    assert (got.outcome, got.text, got.raw_finish_reason) == ("complete", "One.", "completed")


@pytest.mark.parametrize("sentinel", ["[DONE]", "  [DONE]", ""])
def test_nothing_but_the_end_event_proves_an_answer_whole(sentinel: str) -> None:
    body = "".join(f"data: {json.dumps(e)}\n\n" for e in item(1, "One."))
    got = decode(OpenAIResponses(), f"{body}data: {sentinel}\n\n".encode(), headers=SSE)
    assert (got.response.outcome, got.response.text) == ("truncated", "One.")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slow"}, "rate_limit"),
        ({"type": "error", "error": {"code": "server_is_overloaded"}}, "overloaded"),
        ({"error": {"message": "m", "type": "server_error"}}, "server"),
        ({"code": "x", "error": "no such model"}, "server"),
        *(
            ({"type": "response.failed", "response": {"error": {"code": code}}}, kind)
            for code, kind in [
                ("server_error", "server"),
                ("invalid_prompt", "invalid_request"),
                ("bio_policy", "content_filter"),
                ("image_content_policy_violation", "content_filter"),
                ("image_too_large", "invalid_request"),
                ("invalid_base64_image", "invalid_request"),
                ("vector_store_timeout", "vendor_timeout"),
            ]
        ),
        ({"type": "response.failed", "response": None}, "server"),
    ],
)
def test_errors_in_the_stream_have_the_class_of_their_code(event: Event, kind: str) -> None:
    got = read([*item(1, "One."), event])
    assert isinstance(got.error, StreamkitError)
    assert (got.error.kind, got.response.outcome, got.response.text) == (kind, "failed", "One.")


# --- anything at all ---------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3)
FIELDS = st.sampled_from(
    [
        *("type", "id", "call_id", "name", "arguments", "input", "status", "content", "summary"),
        *("text", "refusal", "annotations", "result", "action", "environment", "execution"),
        *("encrypted_content", "phase", "output", "usage", "error", "code", "message", "model"),
        *("input_tokens", "input_tokens_details", "incomplete_details", "reason", "background"),
    ]
)
KINDS = st.sampled_from(
    [
        *("message", "reasoning", "function_call", "custom_tool_call", "shell_call"),
        *("image_generation_call", "output_text", "refusal", "reasoning_text", "new"),
    ]
)
JUNK = st.recursive(
    LEAVES | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)
TYPES = st.sampled_from(
    [f"response.{kind}" for kind in ("created", "completed", "failed", "done", "new")]
    + [f"response.output_item.{kind}" for kind in ("added", "done")]
    + [
        f"response.{part}.{kind}"
        for kind in ("delta", "done", "added", "new")
        for part in (
            *("output_text", "refusal", "reasoning_text", "reasoning_summary_text"),
            *("output_text.annotation", "function_call_arguments", "shell_call_command"),
            *("custom_tool_call_input", "code_interpreter_call_code", "mcp_call"),
        )
    ]
    + ["error", "keepalive", "new"]
)
ITEMS = st.builds(
    lambda rest, kind: rest | {"type": kind}, st.dictionaries(FIELDS, JUNK, max_size=6), KINDS
)
EVENTS = st.builds(
    lambda rest, type_, item: rest | {"type": type_, "item": item},
    st.dictionaries(
        st.sampled_from(
            [
                *("output_index", "content_index", "summary_index", "item_id", "delta", "text"),
                *("refusal", "arguments", "response", "annotation", "error", "sequence_number"),
                *("logprobs", "part", "command", "code"),
            ]
        ),
        JUNK,
        max_size=6,
    ),
    TYPES | JUNK,
    ITEMS | JUNK,
)


@given(st.lists(EVENTS | JUNK, max_size=6), st.sampled_from(sorted(RESPONSES_PROFILES)))
def test_no_json_makes_the_decoder_raise_or_say_what_cannot_be_folded(
    told: list[Any], profile: str
) -> None:
    request = REQUEST.model_copy(update={"extra_body": {"background": True}})
    decoder = OpenAIResponses(profile).decoder(request)
    said = [c for event in told for c in decoder.feed(Frame(json.dumps(event)))]
    assert not any(isinstance(c, End | Fault) for c in said[:-1])
    assert not decoder.close()
    got = read(told, profile)
    assert got.response.outcome in {"complete", "truncated", "failed"}
    answer = got.response.message
    if not any(isinstance(p, ProviderItem) for p in answer.content):
        adapter = OpenAIResponses(profile)
        json.dumps(adapter.request(ChatRequest(model="m", messages=(answer,))).body)


@given(st.text(max_size=40), st.sampled_from(["", "error", "response.completed"]))
def test_no_text_makes_the_decoder_raise(text: str, event: str) -> None:
    decoder = OpenAIResponses().decoder(REQUEST)
    assert not any(isinstance(c, End) for c in decoder.feed(Frame(text, event)))
