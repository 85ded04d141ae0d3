"""``streamkit adapters``: what is installed, what it can do, and what is broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from streamkit._plugins import InstalledAdapter, installed
from streamkit.adapter import Adapter, Endpoint
from streamkit.cli._endings import COMPLETE
from streamkit.cli._json import write_line
from streamkit.cli._output import console, printable


def adapters(*, as_json: bool) -> int:
    """List the installed adapters, one JSON object a line with ``as_json``."""
    rows = installed().report()
    if as_json:
        for row in rows:
            write_line(_data(row))
        return COMPLETE
    _show([row for row in rows if row.adapter is not None])
    for row in rows:
        if row.problem is not None:
            words = Text.assemble((f"broken: {row.name}", "red"), f"  {printable(row.problem)}")
            console(sys.stdout).print(words, soft_wrap=True)
    return COMPLETE


def _show(rows: Sequence[InstalledAdapter]) -> None:
    screen = console(sys.stdout)
    if not rows:
        screen.print("no working adapter is installed: pip install streamkit-openai, for example")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("prefix", "dialect", "API key", "abilities", "plugin"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        if row.adapter is not None:
            table.add_row(
                Text(row.name, "bold"),
                row.adapter.dialect,
                _key_words(row.adapter.endpoint),
                _abilities(row.adapter),
                Text(row.distribution, "dim"),
            )
    screen.print(table)


def _key_words(endpoint: Endpoint) -> Text:
    """Whether a key is there, and under which name; never the key."""
    name, is_set = _key(endpoint)
    if name is None:
        return Text("not needed", "dim")
    if is_set:
        return Text(f"{name} is set", "green")
    return Text(f"{name} not set" if endpoint.key_required else f"{name} (optional)", "dim")


def _key(endpoint: Endpoint) -> tuple[str | None, bool]:
    """The environment variable a key is read from, the first one set or else the first."""
    names = endpoint.key_env if endpoint.auth_header else ()
    found = next((name for name in names if os.environ.get(name)), None)
    return found or next(iter(names), None), found is not None


def _abilities(adapter: Adapter) -> str:
    supports = adapter.supports
    words = [f"{len(supports.options)} options"]
    words += [part for part in ("image", "document", "media") if part in supports.parts]
    if "tools" in supports.options:
        words.append("tools")
    if supports.reasoning:
        words.append("reasoning")
    return ", ".join(words)


def _data(row: InstalledAdapter) -> dict[str, Any]:
    data: dict[str, Any] = {"prefix": row.name, "distribution": row.distribution}
    if row.adapter is None:
        return {**data, "problem": row.problem}
    endpoint, supports = row.adapter.endpoint, row.adapter.supports
    name, is_set = _key(endpoint)
    return {
        **data,
        "problem": None,
        "dialect": row.adapter.dialect,
        "key": {"variable": name, "required": endpoint.key_required, "set": is_set},
        "options": sorted(supports.options),
        "parts": sorted(supports.parts),
        "reasoning": supports.reasoning,
        "usage": supports.usage,
    }
