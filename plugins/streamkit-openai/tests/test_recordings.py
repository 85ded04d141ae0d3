"""What holds for every recording beyond the contract, which `test_contract` proves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamkit.messages import ChatRequest, Message
from streamkit.testing import decode
from streamkit_openai import OpenAIChat

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.sse"))
SSE = {"content-type": "text/event-stream"}


def adapter(path: Path) -> OpenAIChat:
    expected = json.loads(path.with_suffix(".expect.json").read_text("utf-8"))
    return OpenAIChat(expected.get("variant", "openai"))


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
    sut = adapter(path)
    answer = decode(sut, path.read_bytes(), headers=SSE).response.message
    history = (Message.user("Hi"), answer) if answer.content else (Message.user("Hi"),)
    body = sut.request(ChatRequest(model="m", messages=history)).body
    json.dumps(body)
    assert len(body["messages"]) == len(history)
