"""JSON that remembers which of its words an adapter knew.

Keys and strings of a traced value are strings that note two things: that they were looked up or
compared (``asked``), and that they were found equal to a word of the adapter's own (``known``), as
``event.get("usage")``, ``key in _FIELDS`` and ``match kind: case "text"`` all do. So what an
adapter maps is told by the adapter itself, with no second list of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, SupportsIndex
from unittest.mock import patch

from pydantic_core import from_json

from streamkit import adapter


class Traced(str):
    """A string of a frame. Words of the frame compared with each other tell nothing.

    ``plain`` is the string itself, for looks that are not to be noted.
    """

    __slots__ = ("asked", "known", "plain")
    asked: bool
    known: bool
    plain: str

    def __new__(cls, text: str) -> Self:
        self = super().__new__(cls, text)
        self.plain = text
        self.asked = self.known = False
        return self

    def _note(self, other: object, equal: bool) -> None:
        if other and not isinstance(other, Traced):
            self.asked = True
            self.known = self.known or equal

    def __eq__(self, other: object) -> bool:
        equal = str.__eq__(self, other) is True
        self._note(other, equal)
        return equal

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self.asked = True
        return str.__hash__(self)

    def __str__(self) -> str:
        return self

    def startswith(self, *given: Any) -> bool:
        begins = str.startswith(self, *given)
        self._note(given, begins)
        return begins

    def endswith(self, *given: Any) -> bool:
        ends = str.endswith(self, *given)
        self._note(given, ends)
        return ends

    def lower(self) -> str:
        return self._view(str.lower(self))

    def upper(self) -> str:
        return self._view(str.upper(self))

    def removeprefix(self, prefix: str, /) -> str:
        return self._view(str.removeprefix(self, prefix))

    def removesuffix(self, suffix: str, /) -> str:
        return self._view(str.removesuffix(self, suffix))

    def strip(self, chars: str | None = None, /) -> str:
        return self._view(str.strip(self, chars))

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> str:
        return self._view(str.replace(self, old, new, count))

    def _view(self, text: str) -> _View:
        return _View.of(self, text)


class _View(Traced):
    """The same word in another form: what is noted of it is noted of the word."""

    __slots__ = ("_of",)
    _of: Traced

    @classmethod
    def of(cls, word: Traced, text: str) -> Self:
        self = cls(text)
        self._of = word
        return self

    def _note(self, other: object, equal: bool) -> None:
        self._of._note(other, equal)

    def __hash__(self) -> int:
        self._of.asked = True
        return str.__hash__(self)


def traced(value: Any) -> Any:
    """The same JSON value, of strings that remember."""
    match value:
        case dict():
            return {Traced(key): traced(inner) for key, inner in value.items()}
        case list():
            return [traced(inner) for inner in value]
        case str():
            return Traced(value)
    return value


@contextmanager
def tracing() -> Iterator[list[Any]]:
    """Inside, what `streamkit.adapter.parse_json` gives is traced, and listed here.

    The core's own parser is exchanged meanwhile, so that reading costs no frame anything at other
    times. Not for use by several threads at once.
    """
    given: list[Any] = []

    def parse(text: str) -> Any:
        value = traced(from_json(text))
        given.append(value)
        return value

    with patch.object(adapter, "from_json", parse):
        yield given
