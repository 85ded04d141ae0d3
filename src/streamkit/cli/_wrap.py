"""Breaks the lines of a running text between words, where a terminal would break inside one.

It also knows what stands in the line that is being written, so that its end can be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from rich.cells import cell_len

_PIECES: Final = re.compile(r"\n|[^\S\n]+|\S+")
_LONGEST_HELD: Final = 40
"""Characters. What is longer, or written without spaces as Chinese is, is no word to wait for."""

_MARK: Final = "\0"  # one column wide, and no character of a text that can be shown


class WordWrap:
    """Lays text out in lines of at most ``width()`` columns, starting at a line's begin.

    A word is held back until it is seen to be whole: for about one token.
    """

    def __init__(self, width: Callable[[], int]) -> None:
        self._width = width
        self._column = 0
        self._row = ""  # what stands in this line, as far as it was written in one go
        self._in_word = False  # its beginning was too long to wait for its end
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
        self._column, self._row, self._in_word = 0, "", False
        return last

    def mark(self) -> str:
        """The last word, behind which the caller puts a mark one column wide."""
        last, self._held = self._laid(self._held), ""
        self._column += 1
        self._row += _MARK
        return last

    def take_back(self, length: int) -> int | None:
        """Forget the last ``length`` characters. How many columns to erase, marks included.

        None: they do not stand in this line alone, so that a terminal cannot erase them.
        """
        held = min(length, len(self._held))
        self._held = self._held[: len(self._held) - held]
        left, start = length - held, len(self._row)
        while left and start:
            start -= 1
            left -= self._row[start] != _MARK
        if left or "\t" in self._row[start:]:
            return None
        columns = sum(1 if each == _MARK else cell_len(each) for each in self._row[start:])
        self._row = self._row[:start]
        self._column -= columns
        return columns

    def _laid(self, piece: str) -> str:
        continued, self._in_word = self._in_word, bool(piece) and not piece.isspace()
        if piece == "\n":
            self._column, self._row = 0, ""
            return piece
        width = self._width()
        if piece.isspace():
            self._column = len((" " * self._column + piece).expandtabs())
            self._row = self._row + piece if self._column <= width else ""
            return piece if self._column <= width else ""  # at a line's end spaces are not seen
        size = cell_len(piece)
        whole = not continued or size > len(piece)  # Chinese may be broken anywhere
        if whole and self._column > 0 and self._column + size > width and size <= width:
            self._column, self._row = size, piece
            return f"\n{piece}"
        self._row = self._row + piece if self._column + size <= width else ""
        self._column = (self._column + size) % width or width
        return piece
