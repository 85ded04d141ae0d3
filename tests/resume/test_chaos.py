"""A slice of the chaos, drawn anew by every change of its seed; see `tests.resume.chaos`."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.resume.chaos import play, playable

EVERY = {"memory": 900, "sync": 10_000, "asyncio": 10_000, "trio": 10_000}


@pytest.mark.parametrize("line", EVERY)
def test_whatever_breaks_the_answer_is_whole_or_said_not_to_be(line: str) -> None:
    counts: Counter[str] = Counter()
    until = time.monotonic() + 15
    for case in playable(line, EVERY[line], seed=6):
        counts[play(case, line)] += 1
        if time.monotonic() > until:  # a busy machine plays fewer
            break
    assert counts["complete"] > 20
    assert counts["failed"] + counts["truncated"] > 5
