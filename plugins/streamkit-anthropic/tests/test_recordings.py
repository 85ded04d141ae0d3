"""Each ``recordings/NAME.sse`` gives what ``NAME.json`` says, however its bytes are cut.

The recordings are written by hand from the vendor's documentation.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamkit_anthropic import AnthropicMessages

from streamkit.events import Notice, OpaqueEvent
from streamkit.messages import ReasoningPart
from streamkit.testing import Decoded, decode

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.sse"))
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def result(got: Decoded) -> dict[str, Any]:
    response = got.response
    usage = response.usage
    assert usage is not None
    return {
        "outcome": response.outcome,
        "text": response.text,
        "reasoning": response.reasoning,
        "signatures": [
            p.signature for p in response.parts if isinstance(p, ReasoningPart) and p.signature
        ],
        "tool_calls": [[c.id, c.name, c.arguments] for c in response.tool_calls],
        "incomplete_tool_calls": [c.id for c in response.incomplete_tool_calls],
        "provider_items": [[p.kind, p.id, p.name, p.payload] for p in response.provider_items],
        "finish_reason": response.finish_reason,
        "raw_finish_reason": response.raw_finish_reason,
        "stop_sequence": response.choices[0].stop_sequence,
        "refusal": response.refusal,
        "citations": len(response.citations),
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
            "reasoning_tokens": usage.reasoning_tokens,
        },
        "error": None if got.error is None else got.error.kind,
        "model": response.model,
        "vendor": response.vendor,
        "notices": [e.code for e in got.events if isinstance(e, Notice)],
        "opaque": [e.kind for e in got.events if isinstance(e, OpaqueEvent)],
    }


ABSENT: dict[str, Any] = {
    "signatures": [],
    "incomplete_tool_calls": [],
    "stop_sequence": None,
    "notices": [],
    "opaque": [],
}
NO_CACHE = {"cache_read_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": None}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_gives_the_result_written_beside_it(path: Path) -> None:
    want = ABSENT | json.loads(path.with_suffix(".json").read_text("utf-8"))
    want["usage"] = NO_CACHE | want["usage"]
    got = result(decode(AnthropicMessages(), path.read_bytes(), headers=SSE))
    for unsaid in {"model", "vendor"} - want.keys():
        del got[unsaid]
    assert got == want


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_gives_the_same_events_read_byte_by_byte(path: Path) -> None:
    body = path.read_bytes()
    whole = decode(AnthropicMessages(), body, headers=SSE)
    assert decode(AnthropicMessages(), body, headers=SSE, splits=1).events[:-1] == whole.events[:-1]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_is_not_complete_when_cut_before_any_event(path: Path) -> None:
    body = path.read_bytes()
    end = body.find(b'"type": "message_stop"')
    for event in re.finditer(rb"(?m)^data: ", body[: end if end > 0 else len(body)]):
        response = decode(AnthropicMessages(), body[: event.start()], headers=SSE).response
        assert response.outcome == "truncated"


def test_no_call_runs_before_its_block_has_closed() -> None:
    body = (RECORDINGS[0].parent / "thinking_then_tools.sse").read_bytes()
    closed = body.index(b'{"type": "content_block_stop", "index": 2}')
    for cut in range(0, len(body), 7):
        response = decode(AnthropicMessages(), body[:cut], headers=SSE).response
        assert response.tool_calls == () or cut > closed
