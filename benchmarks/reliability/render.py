"""The tables of a run, as Markdown: ``python -m benchmarks.reliability.render``.

A cell says what was seen, by fixed rules over the observations; no row of it is written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
Cell = dict[str, Any]
SLOW = 2.0
"""Seconds from which on a cell tells how long it took; the server itself takes less than one."""
NAMES = {
    "streamkit": ("streamkit-core", "streamkit"),
    "langchain": ("langchain-openai", "langchain-openai"),
    "pydantic_ai": ("pydantic-ai-slim", "pydantic-ai"),
    "any_llm": ("any-llm-sdk", "any-llm"),
    "google_genai": ("google-genai", "google-genai"),
}
"""Distribution and name to show, where they are not the contender's."""


def _raised(cell: Cell) -> str | None:
    return f"`{cell['raised'].rpartition('.')[2]}`" if cell.get("raised") else None


def _ending(cell: Cell) -> str:
    """How a broken answer ended for the program that read it."""
    finish = f"finish `{cell['finish']}`" if cell["finish"] else "no finish reason"
    said = [_raised(cell) or f"**no error**, {finish}"]
    if cell["seconds"] >= SLOW:
        said.append(f"after {cell['seconds']:.0f} s")
    if cell["requests"] > 1:
        said.append(f"{cell['requests']} requests")
    if cell["text_doubled"]:
        said.append("text doubled")
    return ", ".join(said)


def _going_on(cell: Cell) -> str:
    """As `_ending`, for an answer that goes on after something odd and then ends well."""
    if cell["text_whole"] and not cell.get("raised"):
        return "answer whole"
    lost = "" if cell.get("raised") else ", words missing"
    return _ending(cell) + lost


def _calls(cell: Cell) -> str:
    """What became of a tool call."""
    if not cell.get("offered", True):
        return "—"
    said = [f"**runs** `delete_files({path!r})`" for path in cell["ran"]]
    for _, arguments in cell["handed_out"]:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        said.append(f"hands out `{text}`" if text else "hands out, arguments empty")
    if raised := _raised(cell):
        said.append(raised)
    elif not said and cell["requests"] > 1:
        said.append("not run; the model is asked again")
    elif not said:
        said.append("deltas only, " + _ending(cell))
    return ", ".join(said)


def _closed(cell: Cell) -> str:
    if not cell.get("offered", True):
        return "—"
    after = cell["closed_after"]
    return "still open after 3 s" if after is None else f"{max(after, 0.01):.2f} s"


def _seconds(value: float | None) -> str:
    return "no bound" if value is None else f"{value:g} s"


def _again(cell: Cell) -> str:
    """Whether the caller can learn of a retry."""
    if cell["told"]:
        return ", told by an event"
    return ", told to the log" if cell["retry_records"] else ", silently"


def _refused(cell: Cell) -> str:
    """What became of a request that was refused once and would be served the next time."""
    if raised := _raised(cell):
        return f"{raised} at once" if cell["requests"] == 1 else f"{raised} in the end"
    return f"again after {cell['gap']:.1f} s{_again(cell)}"


def _race(cell: Cell) -> str:
    if not cell["met_the_fault"]:
        return "new connection per call"
    return _raised(cell) or f"sent again{_again(cell)}"


def _stall(seen: Cell) -> str:
    cell, bound = seen["cells"].get("stall"), _seconds(seen["about"]["read_timeout"])
    if cell is None:
        return f"not measured (default {bound})"
    if not cell["over"]:
        return f"> 25 s (default {bound})"
    return f"{_ending(cell)} after {cell['seconds']:.0f} s"


def _keys(seen: Cell) -> str:
    """Where the planted key turned up."""
    cells = seen["cells"]
    echoed = cells["key_echoed"]
    plain = [c for name, c in cells.items() if name != "key_echoed"]
    places = []
    if any(cell.get("key_in_error") or cell.get("key_in_traceback") for cell in plain):
        places.append("errors of other rows")
    if echoed["key_in_error"] or echoed["key_in_traceback"]:
        places.append("the error")
    if loggers := {n for cell in cells.values() for n in cell.get("records_with_key", [])}:
        places.append("DEBUG records of " + ", ".join(f"`{n}`" for n in sorted(loggers)))
    return "; ".join(places) or "nowhere"


def _of(fault: str, show: Callable[[Cell], str]) -> Callable[[Cell], str]:
    return lambda seen: show(seen["cells"][fault])


TABLES: dict[str, dict[str, Callable[[Cell], str]]] = {
    "An answer that breaks off": {
        "Clean end, no end mark": _of("end_missing", _ending),
        "Clean end inside an event": _of("event_cut", _ending),
        "Connection reset": _of("reset", _ending),
        "Error event in the stream": _of("error_event", _ending),
    },
    "Something odd in an answer": {
        "HTML with status 200": _of("html", _ending),
        "One event is not JSON": _of("bad_json", _going_on),
        "An event of an unknown type": _of("unknown_event", _going_on),
        "A 401 that repeats the API key: it shows up in": _keys,
    },
    "A tool call that breaks off": {
        "Whole (control)": _of("tool_whole", _calls),
        "Ends inside the arguments": _of("tool_cut", _calls),
        "Ends after the tool's name": _of("tool_named", _calls),
    },
    "Leaving: when the vendor's connection closed": {
        "`break`, as documented": _of("break_everyday", _closed),
        "`break`, bare loop": _of("break_loop", _closed),
        "`break`, closed by its own means": _of("break_closing", _closed),
        "The loop's body raises": _of("consumer_raises", _closed),
        "Task cancelled": _of("cancel", _closed),
    },
    "Waiting and trying again": {
        "Silence after some text": _stall,
        "429, `retry-after: 1`": _of("rate_limit", _refused),
        "503": _of("unavailable", _refused),
        "Idle connection closed": _of("idle_closed", lambda c: _raised(c) or "answers"),
        "Closed as the request comes": _of("keepalive_race", _race),
    },
}
SUMMARY: dict[str, Callable[[Cell], str]] = {
    "Ends without the end mark": _of("end_missing", _ending),
    "Tool call cut in its arguments": _of("tool_cut", _calls),
    "`break`: connection closed": _of("break_everyday", _closed),
    "The loop's body raises": _of("consumer_raises", _closed),
}
"""The columns of the README's table."""


def _name(contender: str, seen: Cell) -> str:
    distribution, shown = NAMES.get(contender, (contender, contender))
    return f"{shown} {seen['about']['installed'][distribution]}"


def _option(seen: Cell) -> list[str]:
    """What a documented option changes, by the same rules."""
    changes = []
    for table in TABLES.values():
        for title, show in table.items():
            with_option = {n.removesuffix("+option"): c for n, c in seen["cells"].items()}
            if (now := show({**seen, "cells": with_option})) != show(seen):
                changes.append(f"{title.lower()}: {now}")
    return changes


def table(contenders: Cell, columns: dict[str, Callable[[Cell], str]]) -> str:
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for contender, seen in contenders.items():
        shown = [show(seen).replace("|", "\\|") for show in columns.values()]
        lines.append(f"| {_name(contender, seen)} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def measured(results: Cell) -> Cell:
    """The contenders that ran, streamkit first."""
    seen = {n: seen for n, seen in results["contenders"].items() if "failed" not in seen}
    return dict(sorted(seen.items(), key=lambda item: (item[0] != "streamkit", item[0])))


def render(results: Cell) -> str:
    """All tables and the notes, from what `python -m benchmarks.reliability` wrote."""
    contenders = measured(results)
    parts = [f"Measured on {results['date']}."]
    for title, columns in TABLES.items():
        parts.append(f"**{title}**\n\n{table(contenders, columns)}")
    notes = []
    for contender, seen in contenders.items():
        about, name = seen["about"], _name(contender, seen)
        notes.append(f"- {name}: the loop is `{about['how']}`.")
        if closing := about["closing"]:
            notes[-1] += f" Closed by its own means: `{closing}`."
        if about["calls"]:
            notes[-1] += f" Tool calls: {about['calls']}."
        if option := about["option"]:
            changes = "; ".join(_option(seen)) or "nothing"
            notes[-1] += f" The option `{option}` changes: {changes}."
        if note := about["note"]:
            notes[-1] += f" Note: {note}."
    return "\n\n".join([*parts, "**What was run**", "\n".join(notes)])


def summary(results: Cell) -> str:
    """The README's table."""
    return table(measured(results), SUMMARY)


if __name__ == "__main__":
    print(render(json.loads(RESULTS.read_text())))
