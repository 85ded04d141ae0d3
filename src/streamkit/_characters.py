r"""Whole characters. JSON can write one in two halves (`\ud83d\ude00`), and some servers cut there.

Half a character cannot be printed, nor sent in UTF-8, so no caller gets to see one: it waits for
its other half, which may come with the next delta. One whose other half never comes is `LOST`.
"""

from __future__ import annotations

import re
from typing import Final

LOST: Final = "\ufffd"
"""The replacement character."""

_HALVES: Final = re.compile("[\ud800-\udfff]")


def whole(half: str, text: str) -> tuple[str, str]:
    """What can be shown of ``text``, which follows ``half``; and the half that now waits, or ""."""
    units = (half + text).encode("utf-16-le", "surrogatepass")
    text = units.decode("utf-16-le", "surrogatepass")
    half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    return _HALVES.sub(LOST, text[: len(text) - len(half)]), half
