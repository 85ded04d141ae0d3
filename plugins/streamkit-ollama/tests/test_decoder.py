"""Odd lines: what they hold is told, and none of them breaks the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent
from streamkit.testing import Decoded, decode
from streamkit_ollama import OllamaChat

END = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True}


def answer(*lines: Any) -> Decoded:
    body = "".join(json.dumps(line) + "\n" for line in lines)
    return decode(OllamaChat(), body.encode(), headers={"content-type": "application/x-ndjson"})


def message(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", **fields}, "done": False}


def opaque(got: Decoded) -> list[str]:
    return [e.kind for e in got.events if isinstance(e, OpaqueEvent)]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ({}, {}), (None, {}), ("", {})],
    ids=str,
)
def test_arguments_come_as_an_object_as_text_or_not_at_all(arguments: Any, want: Any) -> None:
    call = {"function": {"name": "f", "arguments": arguments}}
    (got,) = answer(message(tool_calls=[call]), END).response.tool_calls
    assert got.arguments == want


def test_arguments_that_are_no_object_are_no_call_to_run() -> None:
    got = answer(message(tool_calls=[{"function": {"name": "f", "arguments": [1]}}]), END)
    assert got.response.tool_calls == ()
    assert [c.reason for c in got.response.incomplete_tool_calls] == ["not_json"]


def test_calls_of_a_broken_answer_were_whole_and_the_answer_is_not() -> None:
    got = answer(message(tool_calls=[{"function": {"name": "f", "arguments": {}}}]))
    assert got.response.outcome == "truncated"
    assert [c.name for c in got.response.tool_calls] == ["f"]


def test_words_before_the_error_in_its_own_line_are_kept() -> None:
    got = answer({**message(content="Half"), "error": {"message": "too much", "code": 429}})
    assert (got.response.text, got.response.outcome) == ("Half", "failed")
    assert got.error is not None
    assert got.error.kind == "rate_limit"
    assert "too much" in str(got.error)


def test_nothing_behind_the_last_line_is_read() -> None:
    got = answer(message(content="Yes"), END, message(content="No"), {"error": "late"})
    assert (got.response.text, got.response.outcome) == ("Yes", "complete")


@pytest.mark.parametrize("end", ["\n", ""])
def test_lines_that_are_called_json_are_read(end: str) -> None:
    """A gateway that does not stream sends one line, often without its end."""
    whole = json.dumps(message(content="Yes") | {"done": True, "done_reason": "stop"}) + end
    got = decode(OllamaChat(), whole.encode(), headers={"content-type": "application/json"})
    assert (got.response.text, got.response.outcome) == ("Yes", "complete")


def test_an_error_that_is_called_json_is_an_error() -> None:
    got = decode(OllamaChat(), b'{"error":"no"}', headers={"content-type": "application/json"})
    assert got.error is not None
    assert (got.error.kind, got.response.outcome) == ("server", "failed")
    assert ": no." in str(got.error)


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        (["x"], ["line"]),
        ({"status": "pulling"}, ["line"]),
        ({"message": "x", "done": False}, ["message"]),
        (message(content=["x"]), ["message.content"]),
        (message(thinking={"a": 1}), ["message.thinking"]),
        (message(tool_calls=[{"function": {"name": ""}}, 1]), ["tool_call", "tool_call"]),
        (message(tool_calls={"function": "x"}), ["tool_call"]),
        (message(images=[1]), ["message.images"]),
        (message(new=1), ["message.new"]),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_as_it_came(line: Any, kinds: list[str]) -> None:
    got = answer(line, message(content="Yes"), END)
    assert opaque(got) == kinds
    assert (got.response.text, got.response.outcome) == ("Yes", "complete")


def test_an_image_of_no_known_type_is_handed_on() -> None:
    (media,) = answer(message(images=["AAAA"]), END).response.parts
    assert media.type == "media"
    assert (media.media_type, media.data) == ("application/octet-stream", "AAAA")


def test_a_line_that_is_no_json_is_a_fault() -> None:
    got = decode(OllamaChat(), b'{"model":"m"\n')
    assert got.error is not None
    assert got.error.kind == "protocol"


def test_chat_completions_cut_before_their_stop_are_no_whole_answer() -> None:
    body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
    got = decode(OllamaChat(), body, headers={"content-type": "text/event-stream"})
    assert (got.response.text, got.response.outcome) == ("Hi", "truncated")


def test_an_empty_body_is_no_answer() -> None:
    assert decode(OllamaChat(), b"").response.outcome == "truncated"


def test_choices_behind_a_line_of_ollamas_are_no_other_dialect() -> None:
    got = answer(message(content="Yes"), {"choices": []}, END)
    assert (got.response.text, got.response.outcome) == ("Yes", "complete")
    assert opaque(got) == ["line"]
