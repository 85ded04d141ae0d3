"""Whoever leaves, or is left, at any moment of an exchange leaves no connection behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator

import anyio
import pytest

import streamkit
import streamkit.sync
from streamkit import Retry, Timeouts, errors
from streamkit._http import _connections
from tape_server import Answer, TapeServer
from wire import Wire, said, whole

from .conftest import LOOPS, run

LONG = "word " * 1_000_000
SLOW = Answer([*said("a"), 0.004, *whole("b")], delay=0.004)


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def no_connection_is_left(server: TapeServer) -> None:
    until = time.monotonic() + 1
    while server.open and time.monotonic() < until:
        time.sleep(0.01)
    assert not server.open


def test_a_call_is_cancelled_at_any_moment(secured: TapeServer, loop: str) -> None:
    """Connecting, shaking hands, writing, waiting for the head, reading, giving back."""
    secured.play(SLOW)

    async def main() -> None:
        async with streamkit.Client(adapters=[Wire(secured.url)]) as client:
            for tick in range(30):
                with anyio.move_on_after(tick * 0.001):
                    await client.complete("wire:any", "Hi")
            assert (await client.complete("wire:any", "Hi")).text == "ab"

    run(loop, main)
    no_connection_is_left(secured)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"], indirect=True)
def test_a_task_is_cancelled_twice_at_any_moment(secured: TapeServer, loop: str) -> None:
    """Asyncio's own cancellation knows no shield."""
    secured.play(SLOW)

    async def main() -> None:
        async with streamkit.Client(adapters=[Wire(secured.url)]) as client:
            for tick in range(30):
                task = asyncio.create_task(client.complete("wire:any", "Hi"))
                await asyncio.sleep(tick * 0.001)
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            assert (await client.complete("wire:any", "Hi")).text == "ab"

    run(loop, main)
    no_connection_is_left(secured)


@pytest.mark.parametrize("loop", ["uvloop"], indirect=True)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_task_is_cancelled_at_any_turn_of_the_loop(
    secured: TapeServer, loop: str, times: int
) -> None:
    """Finer than any clock; `test_every_turn` does this for asyncio and trio, whose turns count."""
    secured.play(SLOW)

    async def main() -> None:
        async with streamkit.Client(adapters=[Wire(secured.url)]) as client:
            for turns in range(60):
                task = asyncio.create_task(client.complete("wire:any", "Hi"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                for _ in range(times):
                    task.cancel()
                    await asyncio.sleep(0)
                await asyncio.wait([task])
                gc.collect()

    run(loop, main)
    no_connection_is_left(secured)


class Deaf:
    """A server that accepts, shakes hands, reads a thousand bytes, and then nothing more."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(5)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._tls = tls
        self._over = threading.Event()
        self.reached = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener.accept()[0] as raw:
            conn = self._tls.wrap_socket(raw, server_side=True) if self._tls else raw
            with conn:
                conn.recv(1000)
                self.reached.set()
                self._over.wait(10)

    def close(self) -> None:
        self._over.set()
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()


@pytest.fixture(params=["http", "https"])
def deaf(request: pytest.FixtureRequest) -> Iterator[Deaf]:
    server = Deaf(request.getfixturevalue("trusted") if request.param == "https" else None)
    try:
        yield server
    finally:
        server.close()


def test_a_request_that_is_not_taken_can_be_left_at_once(deaf: Deaf, loop: str) -> None:
    """Closing does not wait for a peer that does not read."""

    async def main() -> float:
        async with streamkit.Client(adapters=[Wire(deaf.url)]) as client:
            with anyio.move_on_after(0.3):
                await client.complete("wire:any", LONG)
            left = time.monotonic()
        return time.monotonic() - left

    begun = time.monotonic()
    run(loop, main)
    assert deaf.reached.is_set()
    assert time.monotonic() - begun < 2


def test_closing_the_client_wakes_a_thread_that_waits_for_an_answer(secured: TapeServer) -> None:
    secured.play(Answer(delay=3600))
    client = streamkit.sync.Client(
        adapters=[Wire(secured.url)], retry=Retry.never(), timeouts=Timeouts(no_bytes=5)
    )
    caught: list[errors.StreamkitError] = []

    def ask() -> None:
        try:
            client.complete("wire:any", "Hi")
        except errors.StreamkitError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not secured.requests:
        time.sleep(0.005)
    client.close()
    closed = time.monotonic()
    thread.join(10)
    assert time.monotonic() - closed < 2
    assert isinstance(caught[0], errors.ConfigurationError)


def test_closing_the_client_wakes_a_task_that_waits_for_an_answer(
    secured: TapeServer, loop: str
) -> None:
    secured.play(Answer(delay=3600))
    caught: list[errors.StreamkitError] = []

    async def ask(client: streamkit.Client) -> None:
        try:
            await client.complete("wire:any", "Hi")
        except errors.StreamkitError as error:
            caught.append(error)

    async def main() -> None:
        client = streamkit.Client(adapters=[Wire(secured.url)], retry=Retry.never())
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(ask, client)
                while not secured.requests:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
                await client.aclose()

    run(loop, main)
    assert isinstance(caught[0], errors.ConfigurationError)


def test_a_connection_given_back_to_a_closed_client_is_closed(server: TapeServer) -> None:
    """A thread finishes its answer after another has closed the client."""
    server.play(Answer(whole("Hello"), length="content-length"))
    client = _connections.Connections()
    request = client.build_request(
        "POST",
        server.url,
        headers={},
        content=b"{}",
        timeout=(5.0, 5.0, 5.0, None),
        extensions={"trace": lambda _name, _info: None, "deadline": None},
    )
    response = client.send(request)
    body = response.stream
    for _ in body:
        pass
    client.close()
    body.close()
    server.waits_for_the_client_to_go()


def test_threads_with_an_event_loop_each_may_share_a_client(server: TapeServer, loop: str) -> None:
    """Connections are not handed from one loop to another."""
    server.play(Answer([*said("a"), 0.002, *whole("b")]))
    client = streamkit.Client(adapters=[Wire(server.url)], retry=Retry.never())
    texts: list[str] = []

    async def main(last: bool) -> None:
        texts.extend([(await client.complete("wire:any", "Hi")).text for _ in range(20)])
        met.wait(5)  # both loops have idle connections
        if last:
            await client.aclose()
            await anyio.sleep(0.05)
        met.wait(5)
        await anyio.sleep(0.05)  # the other loop closes its own

    met = threading.Barrier(2)
    threads = [threading.Thread(target=run, args=(loop, main, last)) for last in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert texts == ["ab"] * 40
    assert server.connections == (2 if loop != "trio" else server.connections)


@pytest.mark.parametrize("loop", LOOPS, indirect=True)
def test_a_client_serves_one_event_loop_after_another(secured: TapeServer, loop: str) -> None:
    secured.play(Answer(whole("Hello")))
    clients = [streamkit.Client(adapters=[Wire(secured.url)], retry=Retry.never())]

    async def main(last: bool) -> str:
        answer = await clients[0].complete("wire:any", "Hi")
        if last:
            await clients[0].aclose()
        return answer.text

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        # What the program left open on an ended loop, asyncio itself complains of.
        assert [run(loop, main, last) for last in (False, False, True)] == ["Hello"] * 3
        clients.clear()
        gc.collect()
