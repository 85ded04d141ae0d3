"""The fault table and the cancellation table, from the rows that the tests play."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from _make.markdown import table

TESTS = Path(__file__).parents[2] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "core")]

from fault import rows, ways  # noqa: E402
from fault.rows import Row  # noqa: E402

GROUPS = {
    "No answer, or none that stands": rows.CONNECTING,
    "An answer that is cut": rows.CUTS,
    "What the vendor says": rows.ANSWERS,
    "Time and size": (*rows.TIMES, *rows.SIZES),
    "What is no fault": rows.SOUND,
}


def sections() -> dict[str, str]:
    return {"faults": "\n\n".join(_group(*group) for group in GROUPS.items()), "ways": _ways()}


def _group(title: str, group: Sequence[Row]) -> str:
    resumable = any(row.resumed > 1 for row in group)
    head = ("fault", "the server", "outcome", "error", "the loop read", "`partial`", "requests")
    if resumable:
        head = (*head, "with `resume`, the default")
    found = ((*_row(row), _resumed(row))[: len(head)] for row in group)
    return f"**{title}**\n\n" + table(head, found)


def _row(row: Row) -> tuple[str, ...]:
    error = f"`{row.error.__name__}`" if row.error else "—"
    if row.timer:
        error += f", timer `{row.timer}`"
    return (
        row.name,
        row.server,
        f"`{row.outcome}`",
        error,
        _short(f"“{row.read}”" if row.read else "nothing"),
        _short(row.shown) if row.error else "—",
        str(row.requests * row.streams),
    )


def _resumed(row: Row) -> str:
    if row.resumed == 1:
        return "the same"
    return f"once: “{rows.WHOLE}”, 2 requests; each time: the same, {row.resumed} requests"


def _short(text: str) -> str:
    return text if len(text) < 100 else f"{text[:8]}…{text[-4:]}"


def _ways() -> str:
    head = ("way", "async code", "plain code", "runs", "closed", "left behind")
    found = (
        (way.name, way.code, way.plain_code or way.code, f"4 × {ways.RUNS}", "< 0.5 s", "nothing")
        for way in ways.WAYS
    )
    return table(head, found)
