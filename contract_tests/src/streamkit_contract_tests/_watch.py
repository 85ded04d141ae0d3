"""What code does to the world while it runs, as the interpreter's audit events tell it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ACTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "sqlite3.", "urllib.", "ctypes.dl")
"""Audit events that say I/O (Python's documentation, "Audit events table")."""


class _Watch:
    """The one audit hook, for a hook cannot be taken away again; it notes only while asked to."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        self._installed = False

    def install(self) -> None:
        if not self._installed:
            self._installed = True
            sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.seen is not None and event.startswith(_ACTS):
            self.seen.append(f"{event.rstrip('.')}({', '.join(repr(a) for a in arguments[:1])})")


_WATCH = _Watch()


@contextmanager
def watched() -> Iterator[list[str]]:
    """The acts of the code inside, in words."""
    _WATCH.install()
    seen: list[str] = []
    _WATCH.seen = seen
    try:
        yield seen
    finally:
        _WATCH.seen = None
