r"""Frames that differ from the one before in nothing but their words.

    {"id":"c-1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
    {"id":"c-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}

Nearly all frames of most servers are such. If all characters around the literal of ``content`` are
those of the frame before, and what stands in its place is one JSON string, then a parser would find
the same objects with other words: so only the string is parsed. Any other frame goes the long way.
OpenAI itself pads each frame, in its last field, with another ``obfuscation``: letters and digits,
which mean nothing. Frames that differ in something else are noticed, and not tried for ever.
"""

from __future__ import annotations

import json

from streamkit.adapter import parse_json

_NAME = '"content"'
_PADDING = ',"obfuscation":"'
_PATIENCE = 8


class Steady:
    """What stood around the words of the last frame, where that can be told for certain."""

    __slots__ = ("_head", "_length", "_middle", "_patience", "_tail")

    def __init__(self) -> None:
        self._head = self._middle = self._tail = ""
        self._length = 0
        self._patience = _PATIENCE

    def words(self, data: str) -> str | None:
        """The words of a frame that differs in them alone from the one learnt; else None."""
        if (
            not self._length
            or len(data) <= self._length
            or not data.startswith(self._head)
            or not data.endswith(self._tail)
        ):
            return None
        self._patience = _PATIENCE
        end = len(data) - len(self._tail)
        if self._middle:
            middle = data.find(self._middle, len(self._head))
            if middle < 0 or not data[middle + len(self._middle) : end].isalnum():
                return None
            end = middle
        return _string(data[len(self._head) - 1 : end + 1])

    def forget(self) -> None:
        """A frame came that says something else: what it changed is not known here."""
        self._length = 0

    def learn(self, data: str, words: str) -> None:
        """The frame ``data`` says ``words`` and nothing else."""
        self._length = 0
        if not self._patience or data.count(_NAME) != 1:
            return
        self._patience -= 1
        colon = data.index(_NAME) + len(_NAME)
        start = data.find('"', colon)
        if data[colon:start].strip() != ":":
            return
        try:
            found, end = json.JSONDecoder().raw_decode(data, start)
        except ValueError:
            return
        if found == words:
            # Head, and middle or tail, hold the quotation marks of the literal.
            self._head, self._middle, self._tail = data[: start + 1], "", data[end - 1 :]
            before, padded, padding = self._tail.partition(_PADDING)
            if padded and padding.endswith('"}') and padding[:-2].isalnum():
                self._middle, self._tail = before + padded, padding[-2:]
            self._length = len(self._head) + len(self._middle) + len(self._tail)


def _string(literal: str) -> str | None:
    """What begins and ends with a quotation mark, if it is one JSON string."""
    try:
        return parse_json(literal)  # type: ignore[no-any-return]
    except ValueError:
        return None
