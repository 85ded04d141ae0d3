"""Threads, descriptors and tasks, to tell whether anything was left behind."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from pathlib import Path
from typing import Any

import sniffio
import trio


def threads() -> set[threading.Thread]:
    # Trio keeps an idle worker thread for ten seconds, for its own reuse.
    return {t for t in threading.enumerate() if not t.name.startswith("Trio thread")}


def descriptors() -> set[tuple[str, str]]:
    """Open descriptors and what they are; sockets have a number that is never used twice."""
    found = set()
    for link in Path("/proc/self/fd").iterdir() if sys.platform == "linux" else ():
        try:
            found.add((link.name, str(link.readlink())))
        except OSError:  # the descriptor of the listing itself
            continue
    return {(name, what) for name, what in found if "/proc/" not in what}


class NothingLeft:
    """``with NothingLeft():`` no thread and no descriptor is there afterwards that was not before.

    Asks for a moment, since a thread that was joined may still be on its way out.
    """

    def __enter__(self) -> None:
        gc.freeze()  # so that the collection at the end looks at what came since, and is quick
        self._threads, self._descriptors = threads(), descriptors()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        gc.collect()
        gc.unfreeze()
        if kind is not None:
            return
        until = time.monotonic() + 1
        while (left := self._left()) and time.monotonic() < until:
            time.sleep(0.01)
        assert not left, f"left behind: {left}"

    def _left(self) -> list[object]:
        return [*(threads() - self._threads), *(descriptors() - self._descriptors)]


def tasks() -> set[Any]:
    """The tasks of the running event loop but its main one."""
    if sniffio.current_async_library() == "asyncio":
        return asyncio.all_tasks() - {asyncio.current_task()}
    found, nurseries = set[Any](), list(trio.lowlevel.current_root_task().child_nurseries)
    while nurseries:
        for task in nurseries.pop().child_tasks:
            found.add(task)
            nurseries += task.child_nurseries
    return found - {trio.lowlevel.current_task()}


class NothingUnfinished:
    """``with NothingUnfinished():`` no task is there afterwards that was not before.

    And no async generator was left to the event loop, which would have to finish it in a task.
    """

    def __enter__(self) -> None:
        self._tasks, self._hooks = tasks(), sys.get_asyncgen_hooks()
        self._generators: list[str] = []
        sys.set_asyncgen_hooks(finalizer=self._finalize)

    def _finalize(self, generator: Any) -> None:
        self._generators.append(generator.__qualname__)
        self._hooks.finalizer(generator)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        gc.collect()
        sys.set_asyncgen_hooks(*self._hooks)
        if kind is None:
            assert not tasks() - self._tasks
            assert not self._generators, self._generators[:3]
