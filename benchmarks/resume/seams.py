"""Looks at the seams of an answer for words that are broken, doubled or run together.

It would rather suspect too much: whatever it finds is shown, and the same look at places of uncut
answers tells how much of it is the model's own way of writing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 8
_NEAR: Final = 120
_SHOWN: Final = 40


def doubt(text: str, at: int, kind: str, attempts: Sequence[str]) -> str | None:
    """What looks wrong where ``text`` was joined, in a word or two; None if nothing does.

    A word across the seam is well if one of the ``attempts`` said the whole of it: its first half
    had been shown, and the rest followed only when that half had come again.
    """
    left, right = text[:at], text[at:]
    if not left or not right:
        return None
    if left[-1].isalnum() and right[0].isalnum():
        word = _WORD.findall(left)[-1] + _WORD.findall(right)[0]
        if not any(word in said for said in attempts):
            return "letter joined to letter"
    if kind == "prose":
        if left[-1] in ".,;:!?" and right[0].isalnum():
            return "no space"
        if left[-1] == " " == right[0]:
            return "two spaces"
    before = _WORD.findall(left[-_NEAR:].lower())
    after = _WORD.findall(right[:_NEAR].lower())
    for count in range(min(_MOST_WORDS, len(before), len(after)), 0, -1):
        if before[-count:] == after[:count]:
            return "doubled: " + " ".join(after[:count])
    if before and after and len(before[-1]) > 2 and after[0].startswith(before[-1]):
        return "half a word, then the whole"
    return None


def around(text: str, at: int) -> str:
    """The text on both sides of a seam, which is shown as a bar."""
    return f"{text[max(0, at - _SHOWN) : at]}|{text[at : at + _SHOWN]}"


def word_edges(text: str, count: int) -> list[int]:
    """``count`` places between two words: what seams would be if nothing were wrong with them."""
    edges = [found.start() for found in re.finditer(r"(?<=\S)\s+(?=\S)", text)]
    return random.Random(text).choices(edges, k=count) if edges else []
