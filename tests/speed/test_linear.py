"""Long answers cost the same per delta as short ones. Ratios of CPU time on one machine."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable

import pytest

from streamkit.testing import Decoded, decode

SLACK = 2.5
"""Dearer per piece than this, at a hundred times the size, is not linear; it would be 100."""


def _seconds(run: Callable[[], object]) -> float:
    """The least of three, as other programs only add."""
    runs = []
    for _ in range(3):
        gc.collect()
        begun = time.process_time()
        run()
        runs.append(time.process_time() - begun)
    return min(runs)


def _chat(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %s\n\n" % json.dumps({"id": "c", "choices": [choice]}).encode()


def _answer(body: bytes) -> Decoded:
    decoded = decode("openai:any", body, splits=65536)
    assert decoded.error is None
    return decoded


def _texts(deltas: int) -> bytes:
    return _chat({"content": " word"}) * deltas + _chat({}, "stop") + b"data: [DONE]\n\n"


def _arguments(pieces: int) -> bytes:
    """One call, its arguments in pieces of 100 characters."""
    head = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"tool_calls": [{"index": 0, "function": {"arguments": "x" * 100}}]}
    quote = [
        _chat({"tool_calls": [{"index": 0, "function": {"arguments": q}}]})
        for q in ('{"a":"', '"}')
    ]
    body = _chat({"tool_calls": [head]}) + quote[0] + _chat(more) * pieces + quote[1]
    return body + _chat({}, "tool_calls") + b"data: [DONE]\n\n"


def _calls(count: int) -> bytes:
    body = b"".join(
        _chat(
            {
                "tool_calls": [
                    {"index": n, "id": f"id{n}", "function": {"name": "f", "arguments": '{"n":1}'}}
                ]
            }
        )
        for n in range(count)
    )
    return body + _chat({}, "tool_calls") + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("wire", "few", "many"),
    [(_texts, 2_000, 200_000), (_arguments, 1_000, 100_000), (_calls, 40, 4_000)],
)
def test_a_piece_of_a_long_answer_costs_what_one_of_a_short_answer_does(
    wire: Callable[[int], bytes], few: int, many: int
) -> None:
    """Two hundred thousand deltas; ten megabytes of arguments; four thousand calls."""
    short, long = wire(few), wire(many)
    repeat = range(10)
    alone = _seconds(lambda: [_answer(short) for _ in repeat]) / len(repeat) / few
    begun = time.process_time()
    decoded = _answer(long)
    assert (time.process_time() - begun) / many <= alone * SLACK
    if wire is _texts:
        assert len(decoded.response.text) == many * len(" word")
    elif wire is _arguments:
        assert len(decoded.response.tool_calls[0].arguments_text) == many * 100 + 8
    else:
        assert len(decoded.response.tool_calls) == many
