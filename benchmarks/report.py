"""Figures to one table and one plot."""

from __future__ import annotations

import math
import statistics
from typing import Any

from benchmarks.dialects import DIALECTS

MICRO, MILLI = 1e6, 1e3
SLOWER = 0.8
"""A server that spends less than this share of a client's CPU is not what the client waits for."""


def table(results: dict[str, Any]) -> str:
    """All figures, a row for each contender; and below what they are worth."""
    contenders = results["contenders"]
    rows = [
        (
            "client",
            "µs/delta, 1 event a write",
            "64 events a write",
            "long deltas",
            "200 at once, cold",
            "warm",
            "1,000: all open, s",
            "lag",
            "µs/delta",
            "first text, ms",
            "KB a stream",
            "import, ms",
            "modules",
            "its client, ms",
            "made, ms",
            "155 calls: connections",
            "notices a cut",
        )
    ]
    for name in contenders:
        cells = [
            _cost(contenders, name, "one", "cpu"),
            _cost(contenders, name, "many", "cpu"),
            _cost(contenders, name, "long", "cpu"),
            _cost(contenders, name, "crowd", "cold", "cpu"),
            _cost(contenders, name, "crowd", "warm", "cpu"),
            _plain(contenders, name, "{:.1f}", 1, "thousand", "cold", "open"),
            _plain(contenders, name, "{:.2f}", 1, "thousand", "cold", "lag"),
            _plain(contenders, name, "{:.0f}", MICRO, "thousand", "cold", "cpu"),
            _plain(contenders, name, "{:.2f}", MILLI, "first", "first"),
            _plain(contenders, name, "{:.0f}", 1e-3, "memory", "objects"),
            _plain(contenders, name, "{:.0f}", MILLI, "imports", "package", "cpu"),
            _plain(contenders, name, "{:.0f}", 1, "imports", "package", "modules"),
            _plain(contenders, name, "{:.0f}", MILLI, "imports", "client", "cpu"),
            _plain(contenders, name, "{:.0f}", MILLI, "imports", "made", "cpu"),
            _plain(contenders, name, "{:.0f}", 1, "calls", "connections"),
            _plain(contenders, name, "{}", 1, "cut", "notices"),
        ]
        rows.append((name, *cells))
    return "\n\n".join([_drawn(rows), *_dialects(contenders), "\n".join(_remarks(contenders))])


def _dialects(contenders: dict[str, Any]) -> list[str]:
    """The same for the events of each vendor, if they were measured."""
    rows = [("vendor's events", "floor, 1 a write", "streamkit", "floor, 64 a write", "streamkit")]
    for dialect in DIALECTS:
        orders = (f"{dialect}, 1", f"{dialect}, 64")
        if orders[0] in contenders["floor"]:
            cells = [
                _cost(contenders, name, what, "cpu")
                for what in orders
                for name in ("floor", "streamkit")
                if name in contenders
            ]
            rows.append((dialect, *cells))
    return [_drawn(rows)] if len(rows) > 1 else []


def _drawn(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "-|-".join("-" * w for w in widths))
    return "\n".join(f"| {line} |" for line in lines)


def ratio(contenders: dict[str, Any], name: str, what: str, *path: str) -> float | None:
    """To the floor, round by round; the median."""
    floors, own = contenders["floor"].get(what, ()), contenders[name].get(what, ())
    pairs = [(_at(a, path), _at(b, path)) for a, b in zip(own, floors, strict=False)]
    known = [a / b for a, b in pairs if a is not None and b]
    return statistics.median(known) if known else None


def _median(contenders: dict[str, Any], name: str, what: str, *path: str) -> Any:
    values = [_at(figures, path) for figures in contenders[name].get(what, ())]
    known = [value for value in values if value is not None]
    if known and isinstance(known[0], str):
        return known[0]
    return statistics.median(known) if known else None


def _at(figures: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(figures, dict) or key not in figures or "failed" in figures:
            return None
        figures = figures[key]
    return figures


def _cost(contenders: dict[str, Any], name: str, what: str, *path: str) -> str:
    value, times = (f(contenders, name, what, *path) for f in (_median, ratio))
    if value is None or times is None:
        return _missing(contenders, name, what)
    return f"{value * MICRO:.1f} (×{times:.2f})"


def _plain(
    contenders: dict[str, Any], name: str, form: str, scale: float, what: str, *path: str
) -> str:
    value = _median(contenders, name, what, *path)
    if value is None:
        return (
            "no"
            if what == "cut" and not _failed(contenders, name, what)
            else _missing(contenders, name, what)
        )
    return form.format(value if isinstance(value, str) else value * scale)


def _failed(contenders: dict[str, Any], name: str, what: str) -> str | None:
    return next((x["failed"] for x in contenders[name].get(what, ()) if "failed" in x), None)


def _missing(contenders: dict[str, Any], name: str, what: str) -> str:
    return "failed" if _failed(contenders, name, what) else "–"


def _remarks(contenders: dict[str, Any]) -> list[str]:
    said = []
    for name, orders in contenders.items():
        for what, rounds in orders.items():
            if problem := _failed(contenders, name, what):
                said.append(f"{name}: {what}: {problem}")
            shares = [x["server_cpu"] / x["spent"] for x in rounds if "spent" in x]
            if shares and statistics.median(shares) > SLOWER:
                share = statistics.median(shares)
                said.append(f"{name}: {what}: the server spent {share:.0%} of the client's CPU")
    return said or ["The server was never the bottleneck: it spent less CPU than any client."]


# --- the plot ------------------------------------------------------------------------------------

_ROW, _LEFT, _WIDTH, _TOP = 26, 170, 720, 58


def plot(results: dict[str, Any]) -> str:
    """CPU per delta as a ratio to the floor, on a logarithmic scale, as SVG."""
    contenders = results["contenders"]
    rows = []
    for name in contenders:
        one, many = (ratio(contenders, name, what, "cpu") for what in ("one", "many"))
        if one is not None and many is not None and name != "floor":
            rows.append((name, one, many))
    rows.sort(key=lambda row: row[2])
    ratios = [times for row in rows for times in row[1:]]
    low, high = math.log10(min(ratios) * 0.8), math.log10(max(ratios) * 1.3)

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - low) / (high - low) * (_WIDTH - _LEFT - 20)

    height = _TOP + _ROW * len(rows) + 40
    bottom = height - 30
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#445">',
        '<text x="12" y="22" font-size="15" font-weight="600">CPU per delta, as a multiple of '
        "the bare HTTP client's</text>",
        '<circle cx="18" cy="40" r="5" fill="#8aa8d8"/><text x="29" y="44">1 event a write</text>',
        '<circle cx="150" cy="40" r="5" fill="#1f4e9c"/>'
        '<text x="161" y="44">64 events a write</text>',
    ]
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100):
        if math.log10(tick) < high:
            dash = "" if tick == 1 else ' stroke-dasharray="2 3"'
            out.append(
                f'<path d="M{x(tick):.1f} {_TOP}V{bottom}" stroke="#99a"{dash}/>'
                f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">×{tick:g}</text>'
            )
    for number, (name, one, many) in enumerate(rows):
        y = _TOP + _ROW * number + _ROW / 2
        weight = ' font-weight="600"' if name.startswith("streamkit") else ""
        out.append(
            f'<text x="{_LEFT - 14}" y="{y + 4}" text-anchor="end"{weight}>{name}</text>'
            f'<path d="M{x(one):.1f} {y}H{x(many):.1f}" stroke="#bcd" stroke-width="3"/>'
            f'<circle cx="{x(one):.1f}" cy="{y}" r="5" fill="#8aa8d8"/>'
            f'<circle cx="{x(many):.1f}" cy="{y}" r="5" fill="#1f4e9c"/>'
        )
    return "\n".join([*out, "</svg>", ""])
