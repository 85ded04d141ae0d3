"""A user leaves at every turn of the event loop, all through an exchange, and nothing remains."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import anyio
import httpx
import pytest
import sniffio
import tenacity

import streamkit
from streamkit import Retry, Timeouts
from tape_server import Answer, TapeServer
from tests.fault.leftovers import NothingUnfinished
from tests.http.turns import WAYS, Interrupted
from tests.resume.going import Going
from wire import said, whole

from .conftest import run

AT_ONCE = Retry(wait=tenacity.wait_none())
SLOW = Answer([*said("a"), 0.002, *whole("b")], delay=0.002)
LAST = Answer(whole("last"), headers={"connection": "close"})
TALKING = Answer(said("a"), then="stall")


async def _complete(client: streamkit.Client) -> None:
    await client.complete("wire:any", "Hi")


async def _two(client: streamkit.Client) -> None:
    await client.complete("wire:any", "Hi")
    await client.complete("wire:any", "Hi")


async def _words(client: streamkit.Client) -> None:
    async with client.stream("wire:any", "Hi") as stream:
        async for _ in stream.text:
            pass


async def _leave(client: streamkit.Client) -> None:
    """Interrupted in `aclose` too."""
    async with client.stream("wire:any", "Hi") as stream:
        async for _ in stream.text:
            break


async def _close_the_client(client: streamkit.Client) -> None:
    """Interrupted in the client's `aclose` too, under a running stream and with an idle line."""
    async with client:
        await client.complete("wire:any", "Hi")
        async with client.stream("wire:any", "Hi") as stream:
            async for _ in stream.text:
                await client.aclose()
                break


@dataclass(frozen=True, slots=True)
class Course:
    """What a user does, and what the vendor answers."""

    name: str
    exchange: Callable[[streamkit.Client], Awaitable[None]]
    answers: tuple[Answer, ...]
    host: str = "127.0.0.1"


SHORT = Course("a whole answer", _complete, (SLOW,))
COURSES = (
    SHORT,
    Course("two, over one connection", _two, (SLOW,)),
    Course("an answer that breaks and goes on", _words, (
        Answer([*said("The sky is "), 0.002], ended=False, then="close"),
        Answer([*said("blue "), *whole("today.")]),
    )),
    Course("429, then 200", _words, (Answer(status=429, headers={"retry-after-ms": "2"}), SLOW)),
    Course("left early", _leave, (TALKING,)),
    Course("the client is closed", _close_the_client, (SLOW, TALKING)),
)  # fmt: skip
LOOKED_UP = Course("a name with two addresses, one refusing", _complete, (SLOW,), "two.invalid")


@pytest.fixture
def way(request: pytest.FixtureRequest) -> tuple[str, Interrupted]:
    return WAYS[request.param]


each_way = pytest.mark.parametrize("way", WAYS, indirect=True)


@each_way
@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
def test_with_tls(trusted: Any, way: tuple[str, Interrupted], course: Course) -> None:
    server = TapeServer(trusted)
    try:
        _at_every_turn(server, *way, course)
    finally:
        server.close()


@each_way
@pytest.mark.parametrize("course", [SHORT, LOOKED_UP], ids=lambda course: course.name)
def test_without_tls(
    server: TapeServer,
    way: tuple[str, Interrupted],
    course: Course,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _two_addresses)
    _at_every_turn(server, *way, course)


ONCE = [name for name in WAYS if name not in ("asyncio, twice", "asyncio, three times")]
"""httpx's own pool is left as it is; cancelled again while it tidies up, it may lose a place."""


@pytest.mark.parametrize("way", ONCE, indirect=True)
@pytest.mark.parametrize("exchange", [_complete, _leave])
def test_a_pool_of_one_that_was_handed_in_never_starves(
    server: TapeServer,
    way: tuple[str, Interrupted],
    exchange: Callable[[streamkit.Client], Awaitable[None]],
) -> None:
    loop, interrupted = way
    server.play(SLOW)

    async def main() -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http:
            client = streamkit.Client(
                adapters=[Going(server.url)],
                http=http,
                retry=Retry.never(),
                timeouts=Timeouts(first_event=5),  # which waiting for a place would take
            )
            for turn in count():
                with NothingUnfinished():
                    came = await interrupted(lambda: exchange(client), turn)
                    await _settled()
                assert (await client.complete("wire:any", "Hi")).text == "ab"
                if not came:
                    break
        assert turn > 5

    run(loop, main)


def _two_addresses(host: Any, port: Any, *hints: int, **named: int) -> Any:
    if host not in ("two.invalid", b"two.invalid"):
        return _really(host, port, *hints, **named)
    if named.get("flags", 0) & socket.AI_NUMERICHOST:
        raise socket.gaierror(socket.EAI_NONAME, "not a number")
    kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    return [
        (socket.AF_INET, *kind, ("127.0.0.2", 9)),
        (socket.AF_INET, *kind, ("127.0.0.1", port)),
    ]


_really = socket.getaddrinfo


def _at_every_turn(server: TapeServer, loop: str, interrupted: Interrupted, course: Course) -> None:
    """The server sees all connections close while the client is open, and can still be used."""
    url = server.url.replace("127.0.0.1", course.host)

    async def main() -> None:
        for turn in count():
            server.play(*course.answers)
            client = streamkit.Client(
                adapters=[Going(url)], retry=AT_ONCE, resume=True, allow_http=True
            )
            with NothingUnfinished():
                came = await interrupted(lambda: course.exchange(client), turn)  # noqa: B023
                await _settled()
            if course.exchange is not _close_the_client:
                server.play(LAST)
                assert (await client.complete("wire:any", "Hi")).text == "last"
            with anyio.fail_after(5):
                while server.open:  # noqa: ASYNC110
                    await anyio.sleep(0.001)
            await client.aclose()
            if not came:
                break
        assert turn > 10

    run(loop, main)


async def _settled() -> None:
    """A task that is cancelled as it ends may take a turn to be gone."""
    if sniffio.current_async_library() == "asyncio":
        for _ in range(3):
            await asyncio.sleep(0)
