"""The fault table and the cancellation table, from the rows that the tests play."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    return {
        "faults": "\n\n".join(_group(*group) for group in GROUPS.items()),
        "ways": _ways(),
        "network": _network(),
    }


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


def _network() -> str:
    """What `tests/fault/bad_network.py` found, which is run by hand."""
    told = json.loads((TESTS / "fault/bad_network.json").read_text("utf-8"))
    head = ("the network", "outcome", "the loop read", "requests", "seconds")
    found = ((name, *_users(list(users.values()))) for name, users in told["users"].items())
    return f"Measured on {told['measured']}.\n\n" + table(head, found)


def _users(users: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    assert all(user["sound"] and not user["left"] for user in users)
    outcome, read = (" or ".join(sorted(set(map(of, users)))) for of in (_outcome, _read))
    return outcome, read, _span(users, "attempts"), _span(users, "seconds")


def _outcome(user: dict[str, Any]) -> str:
    error = f", `{user['error']}`" if user["error"] else ""
    return f"`{user['outcome']}`{error}" + (f", timer `{user['timer']}`" if user["timer"] else "")


def _read(user: dict[str, Any]) -> str:
    if user["whole"]:
        return "all"
    return "nothing" if user["outcome"] == "failed" else "what came before"


def _span(users: Sequence[dict[str, Any]], key: str) -> str:
    found = sorted(round(user[key]) for user in users)
    return str(found[0]) if found[0] == found[-1] else f"{found[0]} to {found[-1]}"
