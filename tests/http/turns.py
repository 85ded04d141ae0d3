"""Interrupting an exchange at a given turn of its event loop: finer than any clock, and each time
the same. On asyncio a turn is one callback of the loop; on trio, one step of a task, one task that
becomes ready, or one wait for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
import trio

Exchange = Callable[[], Awaitable[Any]]
Interrupted = Callable[[Exchange, int], Awaitable[bool]]
"""Runs an exchange and interrupts it at a turn, from 0. False: it was over before."""

SECONDS = 20.0
"""After which an exchange hangs."""


class _Interruption:
    """Counts turns; calls ``cancel`` at turn ``at``, and at the next ones, ``times`` in all."""

    def __init__(self, at: int, times: int, cancel: Callable[[], Any]) -> None:
        self._turns = range(at, at + times)
        self._cancel = cancel
        self._turn = 0
        self.came = False

    def count(self) -> None:
        turn, self._turn = self._turn, self._turn + 1
        if turn in self._turns:
            self.came = True
            self._cancel()


async def _on_asyncio(task: asyncio.Task[Any], interruption: _Interruption) -> bool:
    run = asyncio.Handle._run

    def turn(handle: asyncio.Handle) -> None:
        if not task.done():
            interruption.count()
        run(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", turn)
        await asyncio.wait([task], timeout=SECONDS)
    assert task.done(), "the exchange hangs"
    return interruption.came


def cancelled(times: int) -> Interrupted:
    """``task.cancel()``, so many turns in a row."""

    async def interrupted(exchange: Exchange, at: int) -> bool:
        task = asyncio.ensure_future(exchange())
        came = await _on_asyncio(task, _Interruption(at, times, task.cancel))
        assert task.cancelled() is came
        return came

    return interrupted


async def in_time(exchange: Exchange, at: int) -> bool:
    """``asyncio.timeout``."""
    limit = asyncio.timeout(None)

    async def limited() -> None:
        with suppress(TimeoutError):
            async with limit:
                await exchange()
        await asyncio.sleep(0)  # whoever goes on is not cancelled any more

    def expire() -> None:
        with suppress(RuntimeError):  # not begun, or over
            limit.reschedule(0.0)

    task = asyncio.ensure_future(limited())
    came = await _on_asyncio(task, _Interruption(at, 1, expire))
    assert not task.cancelled()
    task.result()
    return came


async def in_a_scope(exchange: Exchange, at: int) -> bool:
    """A cancel scope of anyio's, which on asyncio cancels at every turn until it is left."""
    scope = anyio.CancelScope()

    async def scoped() -> None:
        with scope:
            await exchange()
        await asyncio.sleep(0)

    task = asyncio.ensure_future(scoped())
    came = await _on_asyncio(task, _Interruption(at, 1, scope.cancel))
    assert not task.cancelled()
    task.result()
    return came


class _Steps(trio.abc.Instrument):
    def __init__(self, interruption: _Interruption) -> None:
        self._interruption = interruption

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        self._interruption.count()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._interruption.count()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._interruption.count()

    def after_io_wait(self, timeout: float) -> None:
        self._interruption.count()


async def on_trio(exchange: Exchange, at: int) -> bool:
    """A cancel scope of trio's."""
    with trio.CancelScope() as scope:
        interruption = _Interruption(at, 1, scope.cancel)
        steps = _Steps(interruption)
        trio.lowlevel.add_instrument(steps)
        try:
            with trio.fail_after(SECONDS):
                await exchange()
        finally:
            trio.lowlevel.remove_instrument(steps)
    return interruption.came


WAYS: dict[str, tuple[str, Interrupted]] = {
    "asyncio, once": ("asyncio", cancelled(1)),
    "asyncio, twice": ("asyncio", cancelled(2)),
    "asyncio, three times": ("asyncio", cancelled(3)),
    "asyncio.timeout": ("asyncio", in_time),
    "anyio on asyncio": ("asyncio", in_a_scope),
    "trio": ("trio", on_trio),
}
