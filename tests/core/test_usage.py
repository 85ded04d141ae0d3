"""A usage that is read late is the same value as one that was read at once."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, replace
from typing import Any

import pytest

from streamkit import ChatResponse, Usage
from streamkit.chunks import UsageReport
from streamkit.testing import decode

RAW = {"in": 3, "out": 5}
AT_ONCE = Usage(input_tokens=3, output_tokens=5, raw=RAW)
READ: list[dict[str, Any]] = []


def _read(raw: dict[str, Any]) -> Usage:
    READ.append(raw)
    return Usage(input_tokens=raw["in"], output_tokens=raw["out"], raw=raw)


@pytest.fixture
def late() -> Usage:
    READ.clear()
    return Usage.lazy(_read, RAW)


def test_nothing_is_read_before_a_count_is_asked_for_and_then_once(late: Usage) -> None:
    assert UsageReport(late).usage.raw is RAW
    assert READ == []
    assert (late.input_tokens, late.output_tokens, late.total_tokens) == (3, 5, None)
    assert READ == [RAW]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), replace]
)
def test_copies_are_whole(late: Usage, copied: Any) -> None:
    assert copied(late) == AT_ONCE


def test_it_compares_prints_and_serialises_as_the_other_does(late: Usage) -> None:
    assert late == AT_ONCE
    assert repr(Usage.lazy(_read, RAW)) == repr(AT_ONCE)
    assert asdict(Usage.lazy(_read, RAW)) == asdict(AT_ONCE)
    response, other = ChatResponse(usage=Usage.lazy(_read, RAW)), ChatResponse(usage=AT_ONCE)
    assert response.model_dump_json() == other.model_dump_json()
    assert ChatResponse.model_validate_json(response.model_dump_json()) == other


def test_what_is_no_field_is_no_attribute(late: Usage) -> None:
    assert not hasattr(late, "tokens")
    assert not hasattr(AT_ONCE, "tokens")


def test_each_event_keeps_the_counts_of_its_own_chunk() -> None:
    """Though they are read when the answer is over."""
    chunk = b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}%s}],"usageMetadata":%s}\n\n'
    counts = [b'{"promptTokenCount":4,"candidatesTokenCount":%d}' % n for n in (1, 2, 3)]
    body = b"".join(
        chunk % (b',"finishReason":"STOP"' if n == 2 else b"", told)
        for n, told in enumerate(counts)
    )
    decoded = decode("gemini:any", body, headers={"content-type": "text/event-stream"})
    told = [event.usage for event in decoded.events if event.type == "usage"]
    assert [(usage.input_tokens, usage.output_tokens) for usage in told] == [(4, 1), (4, 2), (4, 3)]
    assert decoded.response.usage == told[-1]
