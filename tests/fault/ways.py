"""The cancellation table: every way to leave a stream that is not over.

Each way is a function that begins a stream, reads its first word, calls ``left()`` and leaves; one
for async code and one for plain code. ``docs/generate.py`` prints the rows in the documentation.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import FrameType

import anyio
import sniffio

import streamkit
import streamkit.sync
from streamkit import errors
from tape_server import Answer
from wire import said

MODEL, PROMPT = "wire:any", "Hi"
SPEAKING = Answer(said("Hel", "lo"), then="stall")
SILENT = Answer(delay=3600)

Left = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to leave. ``plain_code`` says what plain code does, where that is another thing."""

    name: str
    code: str
    asynchronous: Callable[[streamkit.Client, Left], Awaitable[None]]
    plain: Callable[[streamkit.sync.Client, Left], None]
    plain_code: str = ""
    answer: Answer = SPEAKING
    own_http: bool = False
    """The client's own connections, which it closes; otherwise a pool of two that is handed in."""


class Mine(Exception):
    """An exception of the consumer's."""


# --- break ----------------------------------------------------------------------------------------


async def _break(client: streamkit.Client, left: Left) -> None:
    async with client.stream(MODEL, PROMPT) as stream:
        async for _ in stream.text:
            break
        left()


def _break_plain(client: streamkit.sync.Client, left: Left) -> None:
    with client.stream(MODEL, PROMPT) as stream:
        for _ in stream.text:
            break
        left()


# --- an exception in the consumer -----------------------------------------------------------------


async def _raise(client: streamkit.Client, left: Left) -> None:
    with contextlib.suppress(Mine):
        async with client.stream(MODEL, PROMPT) as stream:
            async for _ in stream.text:
                left()
                raise Mine


def _raise_plain(client: streamkit.sync.Client, left: Left) -> None:
    with contextlib.suppress(Mine):
        with client.stream(MODEL, PROMPT) as stream:
            for _ in stream.text:
                left()
                raise Mine


# --- cancellation from outside --------------------------------------------------------------------


async def _cancel_task(client: streamkit.Client, left: Left) -> None:
    begun = anyio.Event()

    async def read() -> None:
        async with client.stream(MODEL, PROMPT) as stream:
            async for _ in stream.text:
                begun.set()

    if sniffio.current_async_library() == "asyncio":
        task = asyncio.create_task(read())
        await begun.wait()
        left()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return
    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await begun.wait()
        left()
        group.cancel_scope.cancel()


class Interrupted(KeyboardInterrupt):
    """What Ctrl-C raises, wherever the main thread happens to be."""


class OutOfTime(BaseException):
    """What a signal handler raises to limit time in plain code."""


@contextlib.contextmanager
def _signal_raises(exception: type[BaseException]) -> Iterator[Callable[[], None]]:
    """Gives a function that has ``exception`` raised in this thread a moment later."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        raise exception

    before = signal.signal(signal.SIGUSR1, handler)
    timer = threading.Timer(0.005, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        with contextlib.suppress(exception):
            yield timer.start
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def _interrupt(client: streamkit.sync.Client, left: Left) -> None:
    with _signal_raises(Interrupted) as soon:
        with client.stream(MODEL, PROMPT) as stream:
            next(stream.text)
            left()
            soon()
            stream.response()


async def _time_out(client: streamkit.Client, left: Left) -> None:
    async with client.stream(MODEL, PROMPT) as stream:
        await anext(stream.text)
        left()
        await _too_long_for_it(stream)


async def _time_out_early(client: streamkit.Client, left: Left) -> None:
    async with client.stream(MODEL, PROMPT) as stream:
        left()
        await _too_long_for_it(stream)


async def _too_long_for_it(stream: streamkit.Stream) -> None:
    if sniffio.current_async_library() == "asyncio":
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await stream.response()
        return
    with anyio.move_on_after(0.02):
        await stream.response()


def _time_out_plain(client: streamkit.sync.Client, left: Left) -> None:
    with _signal_raises(OutOfTime) as soon:
        with client.stream(MODEL, PROMPT) as stream:
            next(stream.text)
            left()
            soon()
            stream.response()


def _time_out_early_plain(client: streamkit.sync.Client, left: Left) -> None:
    timeouts = streamkit.Timeouts(first_event=0.01)
    with client.stream(MODEL, PROMPT, timeouts=timeouts, retry=streamkit.Retry.never()) as stream:
        left()
        with contextlib.suppress(errors.StreamTimeoutError):
            stream.response()


# --- closing --------------------------------------------------------------------------------------


async def _close_client(client: streamkit.Client, left: Left) -> None:
    stream = client.stream(MODEL, PROMPT)
    await anext(stream.text)
    left()
    await client.aclose()
    with contextlib.suppress(errors.ConfigurationError):
        await stream.response()


def _close_client_plain(client: streamkit.sync.Client, left: Left) -> None:
    stream = client.stream(MODEL, PROMPT)
    next(stream.text)
    left()
    client.close()
    with contextlib.suppress(errors.ConfigurationError):
        stream.response()


async def _drop(client: streamkit.Client, left: Left) -> None:
    stream = client.stream(MODEL, PROMPT)
    await anext(stream.text)
    left()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del stream
        _collect()
    _check_warned(warned)


def _drop_plain(client: streamkit.sync.Client, left: Left) -> None:
    stream = client.stream(MODEL, PROMPT)
    next(stream.text)
    left()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del stream
        _collect()
    _check_warned(warned)


def _collect() -> None:
    gc.collect(0)  # the youngest objects; where references are counted, the stream is gone already


def _check_warned(warned: list[warnings.WarningMessage]) -> None:
    [warning] = [w for w in warned if w.category is ResourceWarning]
    assert "was not closed" in str(warning.message)


async def _close_generator(client: streamkit.Client, left: Left) -> None:
    async def words() -> AsyncIterator[str]:
        async with client.stream(MODEL, PROMPT) as stream:
            async for text in stream.text:
                yield text

    async with contextlib.aclosing(words()) as generator:
        await anext(generator)
        left()


def _close_generator_plain(client: streamkit.sync.Client, left: Left) -> None:
    def words() -> Iterator[str]:
        with client.stream(MODEL, PROMPT) as stream:
            yield from stream.text

    with contextlib.closing(words()) as generator:
        next(generator)
        left()


async def _close_text(client: streamkit.Client, left: Left) -> None:
    async with contextlib.aclosing(client.stream(MODEL, PROMPT).text) as words:
        await anext(words)
        left()


def _close_text_plain(client: streamkit.sync.Client, left: Left) -> None:
    with contextlib.closing(client.stream(MODEL, PROMPT).text) as words:
        next(words)
        left()


WAYS = (
    Way("break", "`break` out of the loop", _break, _break_plain),
    Way("exception", "the loop's body raises", _raise, _raise_plain),
    Way("task cancel", "`task.cancel()`; on trio, a nursery's scope", _cancel_task, _interrupt,
        "Ctrl-C"),
    Way("timeout scope", "`asyncio.timeout`; on trio, `move_on_after`", _time_out, _time_out_plain,
        "a signal handler raises"),
    Way("timeout before the answer", "the same, before anything has come", _time_out_early,
        _time_out_early_plain, "`Timeouts(first_event=...)`", answer=SILENT),
    Way("client closed", "`client.aclose()` under a running stream", _close_client,
        _close_client_plain, "`client.close()`", own_http=True),
    Way("dropped", "the stream is dropped, unclosed (`ResourceWarning`)", _drop, _drop_plain),
    Way("generator closed", "a generator over `stream.text` is closed", _close_generator,
        _close_generator_plain),
    Way("text closed", "`aclosing(stream.text)`", _close_text, _close_text_plain,
        "`closing(stream.text)`"),
)  # fmt: skip
"""Nine ways; `RUNS` of each make a thousand runs on each backend."""

RUNS = 112
