"""What an adapter has no mapping for and is no news all the same: its ``known.txt``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Self

from streamkit.adapter import Adapter
from streamkit.errors import ConfigurationError

KNOWN: Final = "known.txt"
_COLUMNS: Final = re.compile(r"\s{2,}")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``kind`` is ``event``, ``field`` or ``value``; ``where`` a path of keys, ``[]`` for lists."""

    kind: str
    where: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.where} = {self.what}" if self.what else self.where

    @classmethod
    def parse(cls, line: str) -> Self:
        """A line as `drift` prints it; what is behind the second column is not read.

        Raises:
            ValueError: it is none.
        """
        kind, where, *_ = [*_COLUMNS.split(line.strip()), ""]
        where, _, what = where.partition(" = ")
        if kind not in ("event", "field", "value") or not where or (kind == "value") != bool(what):
            raise ValueError(f"neither event, field nor value: {line!r}")
        return cls(kind, where, what)


class Known:
    """The lines of a ``known.txt``, and which objects and strings they have looked at.

    An object of which a field is listed is looked into, and a string of which a value is listed is
    taken for an enumeration, though the adapter asks nothing of either. A field ``*`` is any.
    """

    def __init__(self, lines: Iterable[Finding] = ()) -> None:
        self._lines = frozenset(lines)
        fields = [finding.where for finding in self._lines if finding.kind == "field"]
        self.objects = frozenset(field.rpartition(".")[0] for field in fields)
        self.enumerations = frozenset(f.where for f in self._lines if f.kind == "value")
        self._paths = frozenset(path for field in fields for path in _up(field))

    def leads_to(self, path: str) -> bool:
        """Whether the key at ``path`` is listed, or one somewhere below it."""
        return path in self._paths

    def __contains__(self, finding: Finding) -> bool:
        parent = finding.where.rpartition(".")[0]
        any_field = finding.kind == "field" and Finding("field", f"{parent}.*") in self._lines
        return any_field or finding in self._lines


def _up(path: str) -> Iterator[str]:
    """``a.b[].c``, ``a.b``, ``a``."""
    while path:
        yield path.removesuffix("[]")
        path = path.rpartition(".")[0]


def shipped(adapter: Adapter) -> Known:
    """What the ``known.txt`` beside the adapter's class lists, and beside those it is made from.

    Raises:
        ConfigurationError: a line is none.
    """
    return Known(finding for type_ in type(adapter).__mro__ for finding in _beside(type_))


def _beside(type_: type) -> Iterator[Finding]:
    package = getattr(sys.modules[type_.__module__], "__package__", None)
    file = files(package) / KNOWN if package else None
    if file is None or not file.is_file():
        return
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                yield Finding.parse(line)
            except ValueError as error:
                raise ConfigurationError(f"{file}, line {number} is {error}") from None
