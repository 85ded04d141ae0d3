"""One contender in a process of its own: does what it is told on stdin, tells figures on stdout.

    python -m benchmarks.worker <contender> <url of the server>

A line of JSON in, a line of JSON out. Every answer that is read is checked: its text, and the
number of its pieces. CPU is that of this process, in seconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.contenders import IMPORTS, OWN, PEERS, Contender
from benchmarks.dialects import DIALECTS, Dialect
from benchmarks.wire import Shape

Figures = dict[str, Any]
LIMIT = 90.0
"""Seconds that one measurement may take before it counts as never done."""

NAME, URL = sys.argv[1:3]
CLASS = OWN[NAME] if NAME in OWN else PEERS[NAME][0]


@asynccontextmanager
async def contender(*dialect: Dialect) -> AsyncIterator[Contender]:
    async with AsyncExitStack() as scope:
        yield CLASS(URL, scope, *dialect)


async def read(client: Contender, shape: Shape, heard: Callable[[], None] | None = None) -> None:
    """Read one stream and check it."""
    pieces = []
    async with aclosing(client.read(shape.model)) as texts:  # type: ignore[type-var]
        async for text in texts:
            if heard is not None and not pieces:
                heard()
            pieces.append(text)
    answer = "".join(pieces)
    assert answer == shape.text, "the answer is not the one that was sent"
    # Some hold a piece back, or split the first one; none may pass over the work of each delta.
    assert abs(len(pieces) - shape.deltas) <= 2, f"{len(pieces)} pieces of {shape.deltas}"


class Meter:
    """CPU and wall seconds of a block."""

    def __enter__(self) -> Meter:
        gc.collect()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = time.process_time() - self._cpu
        self.wall = time.perf_counter() - self._wall


async def burst(model: str, dialect: str | None = None) -> Figures:
    """One stream, as fast as it comes, over a connection that is open."""
    shape = Shape.read(model)
    async with contender(*([DIALECTS[dialect]] if dialect else [])) as client:
        await read(client, Shape(20))
        with Meter() as meter:
            await read(client, shape)
    return {"cpu": meter.cpu / shape.deltas, "spent": meter.cpu}


async def crowd(model: str, count: int) -> Figures:
    """Many streams opened at once on one client: first without open connections, then with."""
    shape = Shape.read(model)
    async with contender() as client:
        return {
            "cold": await _open(client, shape, count),
            "warm": await _open(client, shape, count),
        }


async def _open(client: Contender, shape: Shape, count: int) -> Figures:
    heard: list[float] = []

    def hear() -> None:
        heard.append(time.perf_counter())

    with Meter() as meter:
        begun = time.perf_counter()
        await asyncio.gather(*(read(client, shape, hear) for _ in range(count)))
    paced = shape.deltas / shape.per_write / shape.rate if shape.rate else meter.wall
    return {
        "cpu": meter.cpu / (count * shape.deltas),
        "open": max(heard) - begun,
        "lag": meter.wall / paced,
    }


async def first(model: str, count: int) -> Figures:
    """Seconds from the call to its first text, over an open connection: the median."""
    shape = Shape.read(model)
    waits = []
    async with contender() as client:
        await read(client, shape)
        for _ in range(count):
            begun = time.perf_counter()
            await read(client, shape, lambda begun=begun: waits.append(time.perf_counter() - begun))  # type: ignore[misc]
    return {"first": statistics.median(waits)}


async def memory(count: int) -> Figures:
    """Bytes per open stream: of Python objects, and of the resident set."""
    shape = Shape(1, ending="hold")
    async with contender() as client:
        await read(client, Shape(20))
        gc.collect()
        tracemalloc.start()
        resident = _resident()
        heard = 0
        everyone = asyncio.Event()

        def hear() -> None:
            nonlocal heard
            heard += 1
            if heard == count:
                everyone.set()

        tasks = [asyncio.create_task(read(client, shape, hear)) for _ in range(count)]
        await everyone.wait()
        gc.collect()
        held, grown = tracemalloc.get_traced_memory()[0], _resident() - resident
        tracemalloc.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {"objects": held / count, "resident": grown / count}


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def calls(count: int) -> Figures:
    """Calls one after the other; how many connections they took, the server knows."""
    async with contender() as client:
        with Meter() as meter:
            for _ in range(count):
                await read(client, Shape(5))
    return {"cpu": meter.cpu / count}


async def cut() -> Figures:
    """Whether an answer without its end mark is noticed."""
    async with contender() as client:
        try:
            await read(client, Shape(10, ending="cut"))
        except Exception as error:
            return {"notices": type(error).__name__}
    return {"notices": None}


async def imports() -> Figures:
    """CPU seconds and modules of imports, the interpreter's own apart; the least of five.

    One after the other in each round, so that a busy machine slows all of them.
    """
    runs: dict[str, list[tuple[float, int]]] = {what: [] for what in IMPORTS[NAME]}
    for _ in range(5):
        for what, statement in IMPORTS[NAME].items():
            code = (
                "import sys, time; before = len(sys.modules); begun = time.process_time()\n"
                f"{statement}\n"
                "print(time.process_time() - begun, len(sys.modules) - before)"
            )
            out = subprocess.run(  # noqa: ASYNC221
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            cpu, modules = out.stdout.split()
            runs[what].append((float(cpu), int(modules)))
    return {what: {"cpu": min(r)[0], "modules": r[0][1]} for what, r in runs.items()}


ORDERS: dict[str, Callable[..., Awaitable[Figures]]] = {
    f.__name__: f for f in (burst, crowd, first, memory, calls, cut, imports)
}


async def carry_out(order: dict[str, Any]) -> Figures:
    async with asyncio.timeout(LIMIT):
        return await ORDERS[order.pop("do")](**order)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    with asyncio.Runner() as runner:  # one loop for all: some libraries keep clients for good
        for line in sys.stdin:
            try:
                figures = runner.run(carry_out(json.loads(line)))
            except TimeoutError:
                figures = {"failed": f"not done in {LIMIT:g} s"}
            except Exception as error:
                figures = {"failed": f"{type(error).__name__}: {error}"[:200]}
            print(json.dumps(figures), file=answers, flush=True)


if __name__ == "__main__":
    main()
