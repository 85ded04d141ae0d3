"""What holding the last word back costs: when text came off the wire, and when a reader had it."""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise

from benchmarks.resume.cases import MAX_TOKENS, PROMPTS
from benchmarks.resume.proxy import CuttingProxy
from benchmarks.resume.wire import words_in
from streamkit import Resume, sync
from streamkit.events import TextDelta

Marks = list[tuple[float, int]]
"""Moments, and how many characters there were by then."""


def delays(
    client: Callable[[], sync.Client], proxy: CuttingProxy, rounds: int
) -> dict[str, dict[str, float]]:
    """Milliseconds and characters of delay, with and without holding back.

    ``client`` makes one that asks for chat completions through ``proxy``.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for prompt in PROMPTS["prose"]:
            for name, hold in (("with", True), ("without", False)):
                proxy.forget()
                with client() as asking:
                    had = _read(asking, prompt, Resume(hold_back=hold))
                for what, values in _compare(_came(proxy.arrivals), had).items():
                    found.setdefault(name, {}).setdefault(what, []).extend(values)
    return {name: _summary(**values) for name, values in found.items()}


def _read(asking: sync.Client, prompt: str, resume: Resume) -> Marks:
    had: Marks = []
    with asking.stream(
        "cut:smollm2", prompt, temperature=0.0, max_tokens=MAX_TOKENS, resume=resume
    ) as stream:
        for event in stream:
            if isinstance(event, TextDelta):
                total = had[-1][1] if had else 0
                had.append((time.monotonic(), total + len(event.text)))
    return had


def _came(arrivals: Iterable[tuple[float, bytes]]) -> Marks:
    came: Marks = []
    waiting, total = b"", 0
    for moment, piece in arrivals:
        *events, waiting = (waiting + piece).split(b"\n\n")
        total += len("".join(map(words_in, events)))
        if total and (not came or total > came[-1][1]):
            came.append((moment, total))
    return came


def _compare(came: Marks, had: Marks) -> dict[str, list[float]]:
    assert came[-1][1] == had[-1][1]
    counts = [count for _, count in had]
    # When the reader had the last character of each piece that came.
    waits = [(had[bisect_left(counts, count)][0] - moment) * 1000 for moment, count in came]
    moments = [moment for moment, _ in had]
    behind: list[float] = [
        count - (counts[at - 1] if (at := bisect_left(moments, later)) else 0)
        for (_, count), (later, _) in pairwise(came)
    ]
    gaps = [(b - a) * 1000 for (a, _), (b, _) in pairwise(came)]
    return {"first": waits[:1], "later": waits[1:], "behind": behind, "gap": gaps}


def _summary(
    first: list[float], later: list[float], behind: list[float], gap: list[float]
) -> dict[str, float]:
    later.sort()
    return {
        "answers": len(first),
        "token_ms": round(statistics.median(gap), 1),
        "first_ms": round(statistics.median(first), 1),
        "median_ms": round(statistics.median(later), 1),
        "p95_ms": round(later[int(len(later) * 0.95)], 1),
        "most_behind": max(behind),
    }
