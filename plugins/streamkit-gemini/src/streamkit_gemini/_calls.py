"""The function calls of one candidate: whole ones, and ones whose arguments come in pieces.

Pieces come on Vertex AI, if asked for: a call with its name, its arguments, and at last an empty
``functionCall``, which may be missing (recordings; vercel/ai cfca634).
"""

from __future__ import annotations

import json
from typing import Any

from streamkit.chunks import Chunk, Closed, Opaque, ToolArguments, ToolOpened
from streamkit.reading import items, rest, text
from streamkit_gemini._arguments import ArgumentsWriter
from streamkit_gemini._values import SCHEME

_CALL_FIELDS = frozenset({"name", "args", "partialArgs", "willContinue"})
_PART_FIELDS = frozenset({"functionCall"})


class Calls:
    """The calls of the candidate ``choice``. Calls have no keys on the wire: they are counted."""

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._count = 0
        self._open: ArgumentsWriter | None = None
        self._legible = True
        """Whether the arguments so far could be read."""

    @property
    def any(self) -> bool:
        """Whether there was a call."""
        return self._count > 0

    @property
    def _key(self) -> tuple[str, int]:
        return ("call", self._count)

    def read(self, part: dict[str, Any], call: dict[str, Any], out: list[Chunk]) -> None:
        """A part with a ``functionCall``."""
        name = text(call.get("name"))
        if name and self._open is not None:
            self.close(out)
        if name:
            self._begin(name, part, call, out)
        elif self._open is None or part.keys() != _PART_FIELDS:
            out.append(Opaque("functionCall", part))
            if self._open is None:
                return
        arguments = call.get("args")
        if isinstance(arguments, dict) and arguments:
            self._tell(json.dumps(arguments, ensure_ascii=False), out)
        for piece in items(call.get("partialArgs")):
            self._piece(piece, out)
        if call.get("willContinue") is not True:
            self.close(out)

    def close(self, out: list[Chunk]) -> None:
        """The open call is whole. One whose arguments could not be read stays open."""
        if self._open is None:
            return
        self._tell(self._open.finish(), out)
        if self._legible:
            out.append(Closed(self._key, self._choice))
        self._open = None

    def _begin(
        self, name: str, part: dict[str, Any], call: dict[str, Any], out: list[Chunk]
    ) -> None:
        self._count += 1
        self._open, self._legible = ArgumentsWriter(), True
        own = rest(call, _CALL_FIELDS) | rest(part, _PART_FIELDS)
        vendor = {SCHEME: own} if own else None
        id_ = text(call.get("id")) or None
        out.append(ToolOpened(self._key, name, id_, self._choice, vendor=vendor))

    def _piece(self, piece: Any, out: list[Chunk]) -> None:
        if self._open is None or not self._legible:
            out.append(Opaque("partialArgs", piece))
            return
        try:
            self._tell(self._open.write(piece), out)
        except (ValueError, AttributeError):
            self._legible = False
            out.append(Opaque("partialArgs", piece))

    def _tell(self, source: str, out: list[Chunk]) -> None:
        if source and self._legible:
            out.append(ToolArguments(self._key, source, self._choice))
