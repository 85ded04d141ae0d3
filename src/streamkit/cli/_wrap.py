"""Breaks the lines of a running text between words, where a terminal would break inside one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from rich.cells import cell_len

_PIECES: Final = re.compile(r"\n|[^\S\n]+|\S+")
_LONGEST_HELD: Final = 40
"""Characters. What is longer, or written without spaces as Chinese is, is no word to wait for."""


class WordWrap:
    """Lays text out in lines of at most ``width()`` columns, starting at a line's begin.

    A word is held back until it is seen to be whole: for about one token.
    """

    def __init__(self, width: Callable[[], int]) -> None:
        self._width = width
        self._column = 0
        self._held = ""

    def feed(self, text: str) -> str:
        """More text; returns what can be shown of it."""
        pieces = _PIECES.findall(self._held + text)
        self._held = ""
        if pieces and not pieces[-1].isspace() and cell_len(pieces[-1]) == len(pieces[-1]):
            self._held = pieces.pop() if len(pieces[-1]) <= _LONGEST_HELD else ""
        return "".join(self._laid(piece) for piece in pieces)

    def end(self) -> str:
        """The last word. What is fed then starts at a line's begin again."""
        last, self._held = self._laid(self._held), ""
        self._column = 0
        return last

    def _laid(self, piece: str) -> str:
        if piece == "\n":
            self._column = 0
            return piece
        width = self._width()
        if piece.isspace():
            self._column = len((" " * self._column + piece).expandtabs())
            return piece if self._column <= width else ""  # at a line's end spaces are not seen
        size = cell_len(piece)
        if self._column > 0 and self._column + size > width and size <= width:
            self._column = size
            return f"\n{piece}"
        self._column = (self._column + size) % width or width
        return piece
