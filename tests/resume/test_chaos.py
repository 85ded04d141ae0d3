"""A slice of the chaos, drawn anew by every change of its seed; see `tests.resume.chaos`."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.resume.chaos import DIALECTS, play, playable

EVERY = {"memory": 1500, "sync": 10_000, "asyncio": 10_000, "trio": 10_000}


@pytest.mark.parametrize("line", EVERY)
def test_whatever_breaks_the_answer_is_whole_or_said_not_to_be(line: str) -> None:
    counts: Counter[str] = Counter()
    until = time.monotonic() + 15
    cases = list(playable(line, EVERY[line], seed=6))
    random.Random(6).shuffle(cases)  # a busy machine plays fewer, but of all
    reached = set()
    for case in cases:
        counts[play(case, line)] += 1
        reached.add(case.answer.dialect.model)
        if time.monotonic() > until and len(reached) == len(DIALECTS):
            break
    assert len(reached) == len(DIALECTS)
    assert counts["complete"] > 20
    assert counts["failed"] + counts["truncated"] > 5
