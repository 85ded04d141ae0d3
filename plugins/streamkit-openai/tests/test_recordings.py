"""Each ``recordings/NAME.sse`` gives what ``NAME.json`` says, however its bytes are cut.

The recordings are written by hand after the vendors' documentation; what is not said in the JSON
is expected to be absent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.events import Notice, OpaqueEvent, SafetyReported, TextDelta
from streamkit.messages import IncompleteToolCall, MediaPart, ReasoningPart
from streamkit.testing import Decoded, decode
from streamkit_openai import OpenAIChat

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.sse"))
SSE = {"content-type": "text/event-stream"}
UNSAID = {"vendor", "model", "choices", "message", "code", "reasoning_parts", "tool_vendor"}
ABSENT: dict[str, Any] = {
    "outcome": "complete",
    "text": "",
    "reasoning": "",
    "tool_calls": [],
    "incomplete": [],
    "items": [],
    "media": [],
    "finish_reason": None,
    "raw_finish_reason": None,
    "refusal": None,
    "citations": [],
    "usage": None,
    "logprobs": [],
    "safety": [],
    "notices": [],
    "opaque": [],
    "error": None,
}


def wanted(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return found


def adapter(path: Path) -> OpenAIChat:
    return OpenAIChat(wanted(path)["profile"])


def result(got: Decoded) -> dict[str, Any]:
    response, error, usage = got.response, got.error, got.response.usage
    parts = response.parts
    return {
        "outcome": response.outcome,
        "model": response.model,
        "text": response.text,
        "reasoning": response.reasoning,
        "reasoning_parts": [
            [p.kind, p.text, p.signature, p.scheme] for p in parts if isinstance(p, ReasoningPart)
        ],
        "tool_calls": [
            [c.id, c.name, c.arguments if c.kind == "function" else c.arguments_text]
            for c in response.tool_calls
        ],
        "tool_vendor": [c.vendor for c in response.tool_calls],
        "incomplete": [[p.name, p.reason] for p in parts if isinstance(p, IncompleteToolCall)],
        "items": [[p.kind, p.payload] for p in response.provider_items],
        "media": [[p.media_type, p.url or p.data] for p in parts if isinstance(p, MediaPart)],
        "finish_reason": response.finish_reason,
        "raw_finish_reason": response.raw_finish_reason,
        "refusal": response.refusal,
        "citations": [[c.url, c.title, c.start, c.end] for c in response.citations],
        "usage": usage
        and {
            name: count
            for name in usage.__dataclass_fields__
            if name != "raw" and (count := getattr(usage, name)) is not None
        },
        "logprobs": [e.logprobs for e in got.events if isinstance(e, TextDelta) and e.logprobs],
        "safety": [[e.scope, e.blocked] for e in got.events if isinstance(e, SafetyReported)],
        "notices": [e.code for e in got.events if isinstance(e, Notice)],
        "opaque": [e.kind for e in got.events if isinstance(e, OpaqueEvent)],
        "vendor": response.vendor,
        "choices": [["".join(p.text for p in c.parts), c.finish_reason] for c in response.choices]
        if all(p.type == "text" for c in response.choices for p in c.parts)
        else None,
        "error": error and error.kind,
        "message": error and error.message,
        "code": error and error.code,
    }


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_gives_the_result_written_beside_it(path: Path) -> None:
    want = ABSENT | wanted(path)
    del want["profile"]
    got = result(decode(adapter(path), path.read_bytes(), headers=SSE))
    if "message" in want:  # the core puts it into a sentence
        assert want.pop("message") in got.pop("message")
    for name in UNSAID - want.keys():
        got.pop(name, None)
    if "vendor" in want:
        got["vendor"] = {k: v for k, v in got["vendor"].items() if k in want["vendor"]}
    assert got == want


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_gives_the_same_events_read_byte_by_byte(path: Path) -> None:
    body = path.read_bytes()
    whole = decode(adapter(path), body, headers=SSE)
    assert decode(adapter(path), body, headers=SSE, splits=1).events[:-1] == whole.events[:-1]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_is_never_complete_before_every_choice_has_stopped(path: Path) -> None:
    """Cut after any event: nothing is complete that lacks a finish reason or, if due, [DONE]."""
    sut = adapter(path)
    *events, _ = path.read_bytes().split(b"\n\n")
    for end in range(len(events)):
        got = decode(sut, b"".join(e + b"\n\n" for e in events[:end]), headers=SSE).response
        stopped = all(c.raw_finish_reason is not None for c in got.choices)
        if sut.row.end != "lenient" or not stopped:
            assert got.outcome != "complete", f"complete after {end} events"


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_a_broken_connection_is_never_a_whole_answer_unless_the_end_mark_was_read(
    path: Path,
) -> None:
    body = path.read_bytes()
    got = decode(adapter(path), body, headers=SSE, lost=True)
    if b"[DONE]" not in body:
        assert got.response.outcome != "complete"


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_the_answer_goes_back_to_the_same_server(path: Path) -> None:
    """What came can be the next request's history: no part of it is refused."""
    from streamkit.messages import ChatRequest, Message

    sut = adapter(path)
    answer = decode(sut, path.read_bytes(), headers=SSE).response.message
    history = (Message.user("Hi"), answer) if answer.content else (Message.user("Hi"),)
    body = sut.request(ChatRequest(model="m", messages=history)).body
    json.dumps(body)
    assert len(body["messages"]) == len(history)
