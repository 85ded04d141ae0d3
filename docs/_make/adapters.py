"""The adapters of this repository: where they send, what they can carry."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from _make.markdown import code, table
from streamkit._plugins import InstalledAdapter, installed
from streamkit.adapter import Adapter, Endpoint
from streamkit.messages import ChatRequest, Part

PLUGINS = Path(__file__).parents[2] / "plugins"

OPTIONS = [
    name
    for name in ChatRequest.model_fields
    if name not in ("model", "messages", "extra_body", "extra_headers")
]
# What a person puts into a message; the rest comes out of answers.
PARTS = ("image", "document", "media", "tool_call", "tool_result", "reasoning", "provider_item")


def ours() -> list[tuple[InstalledAdapter, Adapter]]:
    """The prefixes that this repository's plugins register; whatever else is installed is not told.

    Raises:
        RuntimeError: one of them does not work.
    """
    owners = {path.name for path in PLUGINS.iterdir()}
    rows = []
    for row in installed().report():
        if row.distribution not in owners:
            continue
        if row.adapter is None:
            raise RuntimeError(f"{row.name}: {row.problem}")
        rows.append((row, row.adapter))
    first = ("openai", "anthropic", "local")  # the ones people look for
    return sorted(
        rows, key=lambda r: (first.index(r[0].name) if r[0].name in first else 3, r[0].name)
    )


def sections() -> dict[str, str]:
    return {
        "packages": packages(),
        "endpoints": endpoints(),
        "options": options(),
        "parts": parts(),
    }


def packages() -> str:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for row, adapter in ours():
        kind = type(adapter)
        by_hand = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
        rows.setdefault((row.distribution, adapter.dialect, by_hand), []).append(row.name)
    return table(
        ("package", "dialect", "made by hand", "prefixes"),
        ((*(f"`{word}`" for word in words), _few(names)) for words, names in rows.items()),
    )


def _few(names: list[str]) -> str:
    if len(names) <= 3:
        return code(*names)
    return f"{code(names[0])} and {len(names) - 1} more, below"


def endpoints() -> str:
    rows = []
    for row, adapter in ours():
        e = adapter.endpoint
        key = code(*e.key_env) + (" (optional)" if e.key_env and not e.key_required else "")
        rows.append((f"`{row.name}`", key, _base_url(e)))
    return table(("prefix", "key", "base URL"), rows)


def _base_url(endpoint: Endpoint) -> str:
    places = [f"`{name}`" for name in endpoint.base_url_env]
    if endpoint.base_url:
        places.append(f"`{endpoint.base_url.removeprefix('https://')}`")
    return ", else ".join(places) or "—"


def options() -> str:
    rows = (
        (f"`{row.name}`", *("●" if o in adapter.supports.options else "" for o in OPTIONS))
        for row, adapter in ours()
    )
    return table(("prefix", *OPTIONS), rows)


def parts() -> str:
    known = {kind.model_fields["type"].default for kind in get_args(get_args(Part)[0])}
    assert known.issuperset(PARTS)
    rows = (
        (f"`{row.name}`", *("●" if p in adapter.supports.parts else "" for p in PARTS))
        for row, adapter in ours()
    )
    return table(("prefix", *PARTS), rows)
