"""``streamkit adapters``: what is installed, what it can do, and what is broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from streamkit._plugins import InstalledAdapter, installed
from streamkit.adapter import Adapter, Endpoint, Signer
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
    screen = console(sys.stdout)
    working = [(row, row.adapter) for row in rows if row.adapter is not None]
    if working:
        screen.print(_table(working))
    else:
        screen.print("no working adapter is installed: pip install streamkit-openai, for example")
    for row in rows:
        if row.problem is not None:
            words = Text.assemble((f"broken: {row.name}", "red"), f"  {printable(row.problem)}")
            screen.print(words, soft_wrap=True)
    return COMPLETE


def _table(rows: Sequence[tuple[InstalledAdapter, Adapter]]) -> Table:
    """A line for each prefix, under a heading for each plugin and dialect."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("prefix", "API key", "", "options", "carries"):
        table.add_column(heading, no_wrap=heading != "carries")
    groups = sorted({(row.distribution, adapter.dialect) for row, adapter in rows})
    for distribution, dialect in groups:
        table.add_row(Text(distribution, "dim"), Text(dialect, "dim"))
        for row, adapter in rows:
            if (row.distribution, adapter.dialect) == (distribution, dialect):
                variable, state = _key_words(adapter.endpoint)
                options = str(len(adapter.supports.options))
                table.add_row(f"  {row.name}", variable, state, options, _abilities(adapter))
    return table


def _key_words(endpoint: Endpoint) -> tuple[Text, Text]:
    """The variable a key is read from, and whether it is set; never the key."""
    name, is_set = _key(endpoint)
    if endpoint.signer is not None and not is_set:
        return Text(name or ""), Text(f"signed by {_signer(endpoint.signer)}", "dim")
    if name is None:
        return Text("none needed", "dim"), Text()
    if is_set:
        return Text(name), Text("set", "green")
    return Text(name), Text("not set" if endpoint.key_required else "optional", "dim")


def _signer(signer: Signer | str) -> str:
    """The package that signs, or the name of what does."""
    if isinstance(signer, str):
        return signer.partition(":")[0].rpartition(".")[2]
    return getattr(signer, "__name__", type(signer).__name__)


def _key(endpoint: Endpoint) -> tuple[str | None, bool]:
    """The environment variable a key is read from, the first one set or else the first."""
    names = endpoint.key_env if endpoint.auth_header else ()
    found = next((name for name in names if os.environ.get(name)), None)
    return found or next(iter(names), None), found is not None


def _abilities(adapter: Adapter) -> str:
    supports = adapter.supports
    words: list[str] = [part for part in ("image", "document", "media") if part in supports.parts]
    if "tools" in supports.options:
        words.append("tools")
    if supports.reasoning:
        words.append("reasoning")
    return " ".join(words)


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
