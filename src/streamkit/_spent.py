"""What an answer cost in all, when several attempts went into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from streamkit.values import Usage

_BYTES_PER_TOKEN: Final = 4

_COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def tokens_in(text: str) -> int:
    """A rough count, at four bytes of UTF-8 a token, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def cut_usage(reported: Usage | None, text: str) -> Usage:
    """What a broken attempt cost: as reported, but at least what the text it gave must have cost.

    Vendors report the output of an answer at its end, or early with a count that is too small.
    """
    usage = reported or Usage()
    return replace(
        usage,
        output_tokens=max(usage.output_tokens or 0, tokens_in(text)),
        total_tokens=None,
        estimated=True,
    )


def summed(spent: Sequence[Usage], newest: Usage) -> Usage:
    """The usage of all attempts. An attempt whose input nobody reported had the newest one's."""
    if not spent:
        return newest
    attempts = [
        replace(usage, input_tokens=newest.input_tokens) if usage.input_tokens is None else usage
        for usage in spent
    ]
    counts: dict[str, Any] = {
        name: _sum(getattr(u, name) for u in (*attempts, newest)) for name in _COUNTS
    }
    total = None
    if counts["input_tokens"] is not None and counts["output_tokens"] is not None:
        total = counts["input_tokens"] + counts["output_tokens"]
    return replace(newest, **counts, total_tokens=total, estimated=True)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
