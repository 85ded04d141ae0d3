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
    output = max(usage.output_tokens or 0, tokens_in(text))
    known = usage.total_tokens is not None and usage.input_tokens is not None
    total = (usage.input_tokens or 0) + output if known else None
    return replace(usage, output_tokens=output, total_tokens=total, estimated=True)


def summed(spent: Sequence[Usage], newest: Usage) -> Usage:
    """The usage of all attempts. One whose input nobody reported had that of the next known."""
    if not spent:
        return newest
    attempts = [*spent, newest]
    known: int | None = None
    for place in range(len(attempts) - 1, -1, -1):
        usage = attempts[place]
        if usage.input_tokens is None:
            attempts[place] = replace(usage, input_tokens=known)
        else:
            known = usage.input_tokens
    counts: dict[str, Any] = {name: _sum(getattr(u, name) for u in attempts) for name in _COUNTS}
    total = None
    if counts["input_tokens"] is not None and counts["output_tokens"] is not None:
        total = counts["input_tokens"] + counts["output_tokens"]
    return replace(newest, **counts, total_tokens=total, estimated=True)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
