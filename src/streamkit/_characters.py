r"""Whole characters. JSON can write one in two halves (`\ud83d\ude00`), and some servers cut there.

Half a character cannot be printed, nor sent in UTF-8, so no caller gets to see one: it waits for
its other half, which may come with the next delta. One whose other half never comes is `LOST`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from streamkit import events as e
from streamkit._parts import PartDraft
from streamkit.values import Warned

LOST: Final = "\ufffd"
"""The replacement character."""

_HALVES: Final = re.compile("[\ud800-\udfff]")

_DELTAS: Final[dict[e.PartKind, Callable[..., Any]]] = {
    "text": e.TextDelta,
    "reasoning": e.ReasoningDelta,
    "refusal": e.RefusalDelta,
}


class Halves:
    """The halves of characters in one stream: each waits in its part for the other."""

    def __init__(self, emit: Callable[..., None], warn: Callable[[Warned], None]) -> None:
        self._emit, self._warn = emit, warn
        self._told = False

    def join(self, part: PartDraft, text: str) -> str:
        """What can be shown of the text that came: whole characters."""
        if not part.half:
            try:
                text.encode()
                return text
            except UnicodeEncodeError:
                pass
        shown, part.half = whole(part.half, text)
        if LOST in shown and LOST not in text:
            self._tell(part)
        return shown

    def lose(self, part: PartDraft) -> None:
        """The part ends with half a character."""
        part.half = ""
        part.add(LOST)
        self._tell(part)
        self._emit(_DELTAS[part.kind], part.index, LOST, part.choice)

    def _tell(self, part: PartDraft) -> None:
        if not self._told:
            self._told = True
            message = f"half a character came without its other half, and is shown as {LOST}"
            self._warn(Warned("half_character", part.kind, message))


def whole(half: str, text: str) -> tuple[str, str]:
    """What can be shown of ``text``, which follows ``half``; and the half that now waits, or ""."""
    units = (half + text).encode("utf-16-le", "surrogatepass")
    text = units.decode("utf-16-le", "surrogatepass")
    half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    return _HALVES.sub(LOST, text[: len(text) - len(half)]), half
