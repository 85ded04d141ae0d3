"""Nothing is left behind: after each test here, no task, thread or socket that was not there."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sniffio
import trio


def _sockets() -> set[str]:
    found = set()
    for link in Path("/proc/self/fd").iterdir() if sys.platform == "linux" else ():
        try:
            target = str(link.readlink())
        except OSError:  # the descriptor of the listing itself
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture(autouse=True)
def _no_thread_or_socket_left() -> Iterator[None]:
    threads, sockets = set(threading.enumerate()), _sockets()
    gc.freeze()  # so that the collections below look at what the test made, and are quick
    yield
    gc.collect()
    gc.unfreeze()
    # Trio keeps an idle worker thread for ten seconds, for its own reuse.
    new = {t for t in threading.enumerate() if not t.name.startswith("Trio thread")} - threads
    assert not new, "threads are left behind"
    assert not _sockets() - sockets, "sockets are left behind"


def _tasks() -> set[Any]:
    if sniffio.current_async_library() == "asyncio":
        runner = "TestRunner."  # anyio's own, which runs the test and its fixtures
        return {t for t in asyncio.all_tasks() if not t.get_coro().__qualname__.startswith(runner)}
    found, nurseries = set(), list(trio.lowlevel.current_root_task().child_nurseries)
    while nurseries:
        for task in nurseries.pop().child_tasks:
            found.add(task)
            nurseries += task.child_nurseries
    return found


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    """No task, and no async generator that the event loop would have to finish in one."""
    before, hooks, unfinished = _tasks(), sys.get_asyncgen_hooks(), []

    def finalizer(generator: Any) -> None:
        unfinished.append(generator.__qualname__)
        hooks.finalizer(generator)

    sys.set_asyncgen_hooks(finalizer=finalizer)
    try:
        yield
        gc.collect()
        left = _tasks() - before
    finally:
        sys.set_asyncgen_hooks(*hooks)
    assert not left, "tasks are left behind"
    assert not unfinished, "async generators are left to the garbage collector"


def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> None:
    """Coroutine functions are tests for every backend, without a mark."""
    if inspect.iscoroutinefunction(obj) and collector.istestfunction(obj, name):
        pytest.mark.usefixtures("anyio_backend", "_no_task_left")(obj)
        pytest.mark.anyio(obj)
