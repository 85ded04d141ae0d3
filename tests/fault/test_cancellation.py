"""Every way to leave a stream, a thousand times over on each backend, and nothing remains."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

import streamkit
import streamkit.sync
from streamkit import Timeouts
from tape_server import Answer, TapeServer
from wire import Wire, said, whole

from .leftovers import NothingUnfinished, tasks
from .readers import BACKENDS, LOOPS, run
from .ways import RUNS, SILENT, WAYS, Way

each_backend = pytest.mark.parametrize("backend", BACKENDS)
each_loop = pytest.mark.parametrize("backend", LOOPS)

TWO = httpx.Limits(max_connections=2)
PATIENCE = Timeouts(connect=5)
"""A pool that had no place left would let the next stream wait for so long, and no longer."""


@each_backend
@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_a_stream_is_left(server: TapeServer, backend: str, way: Way) -> None:
    """The server sees each connection close within half a second. A pool of two never starves."""
    server.play(way.answer)
    moments: list[float] = []
    left = lambda: moments.append(time.monotonic())  # noqa: E731
    if backend == "sync":
        _leave_plain(server, way, left)
    else:
        run(backend, _leave, server, way, left)
    assert len(moments) == RUNS
    until = time.monotonic() + 0.5
    while len(server.gone) < server.connections and time.monotonic() < until:
        time.sleep(0.005)
    made = server.connections
    assert made == RUNS or (way.answer is SILENT and RUNS // 4 < made < RUNS)  # some made too late
    assert len(server.gone) == made
    for connection, gone in server.gone.items():
        run_of_it = bisect_left(moments, server.made[connection])
        assert gone - moments[min(run_of_it, RUNS - 1)] < 0.5


async def _leave(server: TapeServer, way: Way, left: Callable[[], None]) -> None:
    with NothingUnfinished():
        async with httpx.AsyncClient(limits=TWO) as http:
            arguments = _arguments(server, None if way.own_http else http)
            client = streamkit.Client(**arguments)
            for _ in range(RUNS):
                if way.own_http:
                    client = streamkit.Client(**arguments)
                await way.asynchronous(client, left)
            await client.aclose()


def _leave_plain(server: TapeServer, way: Way, left: Callable[[], None]) -> None:
    with httpx.Client(limits=TWO) as http:
        arguments = _arguments(server, None if way.own_http else http)
        client = streamkit.sync.Client(**arguments)
        for _ in range(RUNS):
            if way.own_http:
                client = streamkit.sync.Client(**arguments)
            way.plain(client, left)
        client.close()


def _arguments(server: TapeServer, http: Any) -> dict[str, Any]:
    return {"adapters": [Wire(server.url)], "http": http, "timeouts": PATIENCE, "resume": False}


# --- what makes it so -----------------------------------------------------------------------------


@each_loop
def test_no_cancel_scope_is_open_while_the_caller_holds_an_event(
    server: TapeServer, backend: str
) -> None:
    """Each event is read in a scope and a task of its own, which no scope of ours may outlive."""
    server.play(Answer([*said("a"), 0.02, *said("b"), 0.02, *whole("c")]))
    timers = Timeouts(first_event=5, first_content=5, no_bytes=5, no_content=5)
    seen: list[str] = []

    async def read(stream: streamkit.Stream) -> None:
        with anyio.CancelScope():
            seen.append((await anext(stream)).type)

    async def main() -> None:
        async with streamkit.Client(adapters=[Wire(server.url)], timeouts=timers) as client:
            async with client.stream("wire:any", "Hi") as stream:
                while not seen or seen[-1] != "stream.ended":
                    async with anyio.create_task_group() as group:
                        group.start_soon(read, stream)

    run(backend, main)
    assert seen.count("text.delta") == 3


@each_loop
def test_no_task_runs_behind_a_stream(server: TapeServer, backend: str) -> None:
    server.play(Answer([*said("a"), 0.02, *said("b"), 0.02, *whole("c")]))

    async def main() -> None:
        before = tasks()
        async with streamkit.Client(adapters=[Wire(server.url)]) as client:
            async with client.stream("wire:any", "Hi") as stream:
                async for _ in stream:
                    assert tasks() == before

    run(backend, main)
