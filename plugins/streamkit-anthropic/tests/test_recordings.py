"""Each ``recordings/NAME.sse`` gives what ``NAME.expect.json`` says, however its bytes are cut.

The recordings are written by hand from the vendor's documentation. What an expectation leaves out
is absent; ``model`` and ``vendor`` are compared where it names them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streamkit.events import Notice, OpaqueEvent
from streamkit.messages import ReasoningPart
from streamkit.testing import Decoded, decode
from streamkit_anthropic import AnthropicMessages

FOLDER = Path(__file__).parent / "recordings"
ANSWERS = sorted(p for p in FOLDER.iterdir() if not p.name.endswith(".expect.json"))
STREAMS = [p for p in ANSWERS if p.suffix == ".sse"]
SSE = {"content-type": "text/event-stream; charset=utf-8"}
JSON = {"content-type": "application/json"}

COUNTS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def stem(path: Path) -> str:
    return path.stem


def result(got: Decoded) -> dict[str, Any]:
    """What came out, without what is absent."""
    response, usage = got.response, got.response.usage
    reasoning = [p for p in response.parts if isinstance(p, ReasoningPart)]
    found = {
        "outcome": response.outcome,
        "text": response.text,
        "reasoning": response.reasoning,
        "signatures": [p.signature for p in reasoning if p.signature],
        "tool_calls": [
            {"id": c.id, "name": c.name, "arguments": c.arguments} for c in response.tool_calls
        ],
        "incomplete_tool_calls": [
            {"id": c.id, "name": c.name} for c in response.incomplete_tool_calls
        ],
        "provider_items": [
            {"kind": p.kind, "id": p.id, "name": p.name, "payload": p.payload}
            for p in response.provider_items
        ],
        "finish_reason": response.finish_reason,
        "raw_finish_reason": response.raw_finish_reason,
        "stop_sequence": response.choices[0].stop_sequence,
        "citations": len(response.citations),
        "usage": usage and {n: v for n in COUNTS if (v := getattr(usage, n)) is not None},
        "error": got.error and got.error.kind,
        "model": response.model,
        "vendor": response.vendor,
        "notices": [e.code for e in got.events if isinstance(e, Notice)],
        "opaque": [e.kind for e in got.events if isinstance(e, OpaqueEvent)],
    }
    present = {k: v for k, v in found.items() if v}
    return present if response.refusal is None else present | {"refusal": response.refusal}


@pytest.mark.parametrize("path", ANSWERS, ids=stem)
def test_gives_the_result_written_beside_it(path: Path) -> None:
    want = json.loads((FOLDER / f"{path.stem}.expect.json").read_text("utf-8"))
    del want["about"]
    want.pop("after_end", None)
    status = want.pop("status", 200)
    headers = SSE if path.suffix == ".sse" else JSON
    got = result(decode(AnthropicMessages(), path.read_bytes(), status=status, headers=headers))
    for unsaid in {"model", "vendor"} & got.keys() - want.keys():
        del got[unsaid]
    assert got == want


@pytest.mark.parametrize("path", STREAMS, ids=stem)
def test_gives_the_same_events_read_byte_by_byte(path: Path) -> None:
    body = path.read_bytes()
    whole = decode(AnthropicMessages(), body, headers=SSE)
    assert decode(AnthropicMessages(), body, headers=SSE, splits=1).events[:-1] == whole.events[:-1]


@pytest.mark.parametrize("path", STREAMS, ids=stem)
def test_is_not_complete_when_cut_before_any_event(path: Path) -> None:
    body = path.read_bytes()
    end = body.find(b'"type": "message_stop"')
    for event in re.finditer(rb"(?m)^data: ", body[: end if end > 0 else len(body)]):
        response = decode(AnthropicMessages(), body[: event.start()], headers=SSE).response
        assert response.outcome == "truncated"


def test_no_call_runs_before_its_block_has_closed() -> None:
    body = (FOLDER / "thinking_then_tools.sse").read_bytes()
    closed = body.index(b'{"type": "content_block_stop", "index": 2}')
    for cut in range(0, len(body), 7):
        response = decode(AnthropicMessages(), body[:cut], headers=SSE).response
        assert response.tool_calls == () or cut > closed
