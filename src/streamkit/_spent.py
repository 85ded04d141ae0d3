"""What an answer cost in all, when several attempts went into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from streamkit.values import Usage

_BYTES_PER_TOKEN: Final = 4

_MOST_ASCII_BYTES: Final = 6
_MOST_OTHER_BYTES: Final = 7
"""A token of running text holds no more on average, be it prose, code or JSON. Measured: twenty
languages with the tokenizers cl100k, Claude 2, DeepSeek, Qwen and Tekken, where only DeepSeek's
Thai holds more, 8; and answers of SmolLM2, whose plain English holds 5.7."""

_LEAST_BYTES: Final = 2
"""A piece that holds less on average is less than a token."""

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


def tokens_taken(text: str, pieces: int, characters: int, reported: int = 0) -> int:
    """How many tokens of ``max_tokens`` a text took, at least: one that is left less ends early.

    ``characters`` came in so many ``pieces``, this text among them. Most servers send a token in
    each, and none sends less. ``reported`` is what the vendor has counted for them. Where a piece
    holds many tokens, and nothing is reported, what a token holds at most in the text's script
    tells.
    """
    size, ascii_size = len(text.encode("utf-8", "replace")), len(text.encode("ascii", "ignore"))
    least = ascii_size / _MOST_ASCII_BYTES + (size - ascii_size) / _MOST_OTHER_BYTES
    share = len(text) / max(characters, len(text), 1)
    if pieces * share * _LEAST_BYTES > size:
        pieces = 0  # a gateway cut them anew, into letters
    return int(max(least, max(pieces, reported) * share))


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
