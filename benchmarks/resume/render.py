"""The tables of a run, as Markdown: ``python -m benchmarks.resume.render``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).with_name("results.json")
Case = dict[str, Any]


def render(found: dict[str, Any]) -> str:
    """All that was found, under one heading for each question."""
    parts = (
        ("Ends", ends(found)),
        ("Sameness", sameness(found)),
        ("Seams", seams(found)),
        ("Delay", delay(found)),
    )
    return "\n\n".join(f"### {heading}\n\n{text}" for heading, text in parts)


def ends(found: dict[str, Any]) -> str:
    """How the answers ended."""
    rows = []
    for temperature in ("0.0", "0.8"):
        for dialect in ("chat", "messages"):
            cases = [c for c in _honest(found) if c["case"].startswith(f"{temperature}/{dialect}")]
            stopped = [c for c in cases if c["error"] and c["finish"]]
            rows.append(
                (
                    {"chat": "chat completions", "messages": "messages"}[dialect],
                    f"{float(temperature):g}",
                    len(cases),
                    sum(c["cuts"] for c in cases),
                    sum(c["outcome"] == "complete" for c in cases),
                    len(stopped),
                    sum(bool(c["error"]) for c in cases) - len(stopped),
                    sum(map(silently_short, cases)),
                )
            )
    heads = (
        *("dialect", "temperature", "answers", "cuts", "whole"),
        *("error behind the last word", "other error", "silently short"),
    )
    return _table(heads, rows)


def silently_short(case: Case) -> bool:
    """Whether a program would take part of an answer for the whole.

    Sampled answers have no uncut one to be compared with: there the model's own stop must be told.
    """
    if case["error"] or case["outcome"] != "complete":
        return False
    stops_early = not case.get("identical", True) and case["differs"]["at"] == case["characters"]
    return case["finish"] is None or stops_early or not case["reader_has_it"]


def sameness(found: dict[str, Any]) -> str:
    """How often an answer at temperature 0 is what it would have been."""
    rows = []
    for kind in ("prose", "code", "json", "japanese", ""):
        own, other = (
            [c for c in cases if f"/{kind}" in c["case"] and "identical" in c]
            for cases in (_honest(found), _disturbed(found))
        )
        rows.append((kind or "**all**", _share(own), sum(c["seams"] for c in own), _share(other)))
    return _table(("answers", "same, own cache", "seams in them", "same, another's cache"), rows)


def seams(found: dict[str, Any]) -> str:
    """What the look at seams suspects of sampled answers, all of it shown."""
    cases = [c for c in _honest(found) if "identical" not in c]
    count = sum(c["seams"] for c in cases)
    doubts = [(c["case"], *doubt) for c in cases for doubt in c["doubts"]]
    control = sum(len(c["control"]) for c in cases)
    rewound = sum(c["rewound"] for c in cases)
    said = (
        f"{count} seams at temperature 0.8. {len(doubts)} look doubtful; of as many places between "
        f"two words of uncut answers, {control}. Taken back: {rewound} characters in all."
    )
    if not doubts:
        return said
    rows = [(name, why, f"`{_one_line(shown)}`") for name, why, shown in doubts]
    return said + "\n\n" + _table(("case", "why", "text, the seam as a bar"), rows)


def delay(found: dict[str, Any]) -> str:
    """What holding back costs."""
    names = {"with": "held back", "without": "`hold_back=False`"}
    rows = [
        (
            names[name],
            d["answers"],
            f"{d['token_ms']:.0f} ms",
            f"{d['first_ms']:.1f} ms",
            f"{d['median_ms']:.1f} ms",
            f"{d['p95_ms']:.1f} ms",
            d["most_behind"],
        )
        for name, d in found["delay"].items()
    ]
    heads = (
        *("", "answers", "one token takes", "first text later by"),
        *("other text, median", "95 of 100", "characters behind at most"),
    )
    return _table(heads, rows)


def _honest(found: dict[str, Any]) -> list[Case]:
    return [c for c in found["cases"] if not c["case"].endswith("/disturbed")]


def _disturbed(found: dict[str, Any]) -> list[Case]:
    return [c for c in found["cases"] if c["case"].endswith("/disturbed")]


def _share(cases: list[Case]) -> str:
    return f"{sum(c['identical'] for c in cases)} of {len(cases)}"


def _one_line(text: str) -> str:
    return text.replace("|", "¦").replace("\n", "⏎").replace("`", "'")


def _table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    heads = tuple(heads)
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    print(render(json.loads(RESULTS.read_text("utf-8"))))
