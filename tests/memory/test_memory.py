"""Memory is bounded by the answer that is kept, and by nothing that passes through.

What is kept: the text of each part, once in pieces and once joined when it is read; a quarter is
allowed for blocks that are being joined. What passes through: one read of the network, with its
frames and events. Kernel buffers hold the rest, and the vendor waits.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from streamkit import Client
from streamkit.sync import Client as SyncClient
from tape_server import Answer, TapeServer
from wire import DONE, PING, STOP, Wire, said, whole

READINGS = Path(__file__).with_name("readings.py")
MEGABYTE = 2**20
PASSING = 16 * MEGABYTE
"""What a read of 64 kB may cost with all that is made of it, and what allocators keep."""


def grown(word: int, per_read: int, reads: int) -> dict[str, int]:
    command = [sys.executable, str(READINGS), str(word), str(per_read), str(reads)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=150)
    result: dict[str, int] = json.loads(run.stdout)
    assert abs(result["pieces"] - per_read * reads) < 0.01 * result["pieces"]  # some come joined
    assert result["answer"] == word * per_read * reads
    return result


def test_a_million_deltas_cost_their_text_and_not_their_number() -> None:
    result = grown(word=4, per_read=500, reads=2000)
    assert result["answer"] == 4 * 10**6
    assert result["grown"] < 2.25 * result["answer"] + PASSING


def test_an_answer_of_100_megabytes_is_kept_twice_at_most() -> None:
    result = grown(word=50_000, per_read=1, reads=2000)
    assert result["answer"] == 10**8
    assert result["grown"] < 2.25 * result["answer"] + PASSING


# --- back-pressure -------------------------------------------------------------------------------

FLOOD = 256 * MEGABYTE
"""Far more than both kernel buffers of a connection hold."""


class Flood:
    """A body that goes on for `FLOOD` bytes, and counts what the socket has taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from said("Hi")
        piece = PING * 8192
        while self.taken < FLOOD:
            yield piece
            self.taken += len(piece)
        yield from (STOP, DONE)


async def test_a_reader_who_stops_stops_the_server(server: TapeServer) -> None:
    flood = Flood()
    server.play(Answer(flood))  # type: ignore[arg-type]
    process = psutil.Process()
    async with Client(adapters=[Wire(server.url)]) as client:
        async with client.stream("wire:any", "Hi") as stream:
            async for _ in stream.text:
                break
            before = process.memory_info().rss
            taken = await settled(flood)
            assert 0 < taken < FLOOD / 4, "the reader's process takes what nobody reads"
            assert process.memory_info().rss - before < PASSING
    await server.sees_the_client_go(within=5)


async def settled(flood: Flood) -> int:
    """What the socket has taken once it takes no more for a third of a second."""
    taken = -1
    with anyio.fail_after(20):
        while taken != flood.taken:
            taken = flood.taken
            await anyio.sleep(0.33)
    return taken


def test_a_reader_who_stops_stops_the_server_in_plain_code(server: TapeServer) -> None:
    flood = Flood()
    server.play(Answer(flood))  # type: ignore[arg-type]
    with SyncClient(adapters=[Wire(server.url)]) as client:
        with client.stream("wire:any", "Hi") as stream:
            next(iter(stream.text))
            taken = -1
            while taken != flood.taken:
                taken = flood.taken
                time.sleep(0.33)
            assert 0 < taken < FLOOD / 4
    server.waits_for_the_client_to_go(within=5)


async def test_a_reader_who_goes_on_gets_the_rest(server: TapeServer) -> None:
    words = [str(n) for n in range(3000)]
    server.play(Answer(whole(*words)))
    async with Client(adapters=[Wire(server.url)]) as client:
        async with client.stream("wire:any", "Hi") as stream:
            read = []
            async for word in stream.text:
                if len(read) in (0, 1000):
                    await anyio.sleep(0.1)
                read.append(word)
    assert read == words


# --- streams nobody finishes ---------------------------------------------------------------------


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "dropped"])
async def test_500_abandoned_streams_leave_nothing(server: TapeServer, closed: bool) -> None:
    server.play(Answer([*said("Hi"), 60.0]))
    process = psutil.Process()

    async def abandon(client: Any) -> None:
        stream = client.stream("wire:any", "Hi")
        async for _ in stream.text:
            break
        if closed:
            await stream.aclose()
            return
        with pytest.warns(ResourceWarning, match="was not closed"):
            del stream
            gc.collect(0)

    async with Client(adapters=[Wire(server.url)]) as client:
        for _ in range(20):
            await abandon(client)
        before, handles = process.memory_info().rss, process.num_fds()
        for _ in range(480):
            await abandon(client)
        with anyio.fail_after(5):
            while process.num_fds() > handles + 20 or len(server.gone) < 480:  # noqa: ASYNC110
                await anyio.sleep(0.05)
        assert process.memory_info().rss - before < PASSING
    assert server.connections == 500
