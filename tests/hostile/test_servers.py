"""Servers that mean harm get no more than a bounded share of memory and time, and no key."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import httpx
import pytest

import streamkit
import streamkit.sync
from streamkit import Retry, Timeouts, errors
from streamkit import chunks as c
from tape_server import Answer, TapeServer
from tests.fault.readers import run
from wire import DONE, PING, STOP, Wire, frame, whole

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Raw(Answer):
    """An answer whose head is given as bytes, or as pieces that need not end."""

    start: bytes = b""

    def head(self) -> bytes:
        return self.start

    def framed(self, piece: bytes) -> bytes:
        return piece


@pytest.fixture(params=["sync", "asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class Asking:
    """Asks ``server``, on a backend. With ``follow``, through an HTTP client that is told so."""

    def __init__(self, server: TapeServer, backend: str) -> None:
        self.server = server
        self.backend = backend

    def __call__(self, *, calls: int = 1, follow: bool | None = None, **options: Any) -> list[str]:
        """The words of so many answers, as they came; of the last of them."""
        options = {
            "adapters": [Wire(self.server.url)],
            "retry": Retry.never(),
            "max_frame_bytes": MEGABYTE,
            **options,
        }
        if self.backend == "sync":
            return self._plain(calls, follow, options)
        found: list[str] = run(self.backend, self._async, calls, follow, options)
        return found

    def _plain(self, calls: int, follow: bool | None, options: Any) -> list[str]:
        with ExitStack() as stack:
            if follow is not None:
                http = stack.enter_context(httpx.Client(follow_redirects=follow))
                options["http"] = http
            client = stack.enter_context(streamkit.sync.Client(**options))
            for _ in range(calls):
                with client.stream("wire:any", "Hi") as stream:
                    words = list(stream.text)
        return words

    async def _async(self, calls: int, follow: bool | None, options: Any) -> list[str]:
        async with AsyncExitStack() as stack:
            if follow is not None:
                http = httpx.AsyncClient(follow_redirects=follow)
                options["http"] = await stack.enter_async_context(http)
            client = await stack.enter_async_context(streamkit.Client(**options))
            for _ in range(calls):
                async with client.stream("wire:any", "Hi") as stream:
                    words = [text async for text in stream.text]
        return words

    def fails(self, kind: type[errors.StreamkitError], **options: Any) -> Any:
        with pytest.raises(kind) as caught:
            self(**options)
        self.server.waits_for_the_client_to_go(within=5)
        return caught.value


@pytest.fixture
def asking(server: TapeServer, backend: str) -> Asking:
    return Asking(server, backend)


@pytest.fixture
def peak() -> Iterator[Any]:
    """Bytes of memory that Python objects took at most, since the test began."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def compressed(pieces: Iterable[bytes], times: int = 1) -> bytes:
    for _ in range(times):
        squeeze = zlib.compressobj(wbits=31)
        pieces = [b"".join(squeeze.compress(piece) for piece in pieces) + squeeze.flush()]
    return b"".join(pieces)


# --- bombs ---------------------------------------------------------------------------------------

A_LINE = compressed(repeat(b"x" * MEGABYTE, 40))
A_BOMB_IN_A_BOMB = compressed(repeat(b"\n" * MEGABYTE, 100), times=2)
LONG_PINGS = compressed([b": %s\n\n" % (b"p" * 10_000)] * 4000 + whole("Hi"))


def test_a_compressed_endless_line_is_cut_at_the_limit(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    assert len(A_LINE) < MEGABYTE / 5
    server.play(Answer([A_LINE], headers={"content-encoding": "gzip"}))
    error = asking.fails(errors.ProtocolError)
    assert "longer than the limit of 1048576 bytes" in str(error)
    assert peak() < 16 * MEGABYTE


def test_a_compressed_flood_of_pings_is_read_piece_by_piece(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    assert len(LONG_PINGS) < MEGABYTE / 5
    server.play(Answer([LONG_PINGS], headers={"content-encoding": "gzip"}))
    assert asking() == ["Hi"]
    assert peak() < 16 * MEGABYTE


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress"])
def test_an_encoding_nobody_asked_for_is_refused(
    server: TapeServer, asking: Asking, peak: Any, encoding: str
) -> None:
    assert len(A_BOMB_IN_A_BOMB) < 20_000
    server.play(Answer([A_BOMB_IN_A_BOMB], headers={"content-encoding": encoding}))
    assert encoding in str(asking.fails(errors.ProtocolError))
    assert peak() < 16 * MEGABYTE


def test_an_error_answer_that_is_a_bomb_is_read_in_part(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    headers = {"content-encoding": "gzip", "content-type": "text/plain"}
    server.play(Answer([A_LINE], status=400, headers=headers))
    error = asking.fails(errors.InvalidRequestError)
    assert len(str(error)) < 2000
    assert peak() < 16 * MEGABYTE


# --- floods --------------------------------------------------------------------------------------


def test_an_endless_line_is_cut_at_the_limit(server: TapeServer, asking: Asking, peak: Any) -> None:
    server.play(Answer(repeat(b"data: " + b"x" * 65536)))  # type: ignore[arg-type]
    error = asking.fails(errors.ProtocolError)
    assert "longer than the limit" in str(error)
    assert peak() < 16 * MEGABYTE


def test_an_endless_error_answer_is_read_in_part(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    server.play(Answer(repeat(b"x" * 65536), status=500))  # type: ignore[arg-type]
    assert len(str(asking.fails(errors.ServerError))) < 2000
    assert peak() < 16 * MEGABYTE


def test_a_body_that_goes_on_behind_the_end_mark_is_left(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    server.play(Answer(step for steps in (whole("Hi"), repeat(PING * 9000)) for step in steps))  # type: ignore[arg-type]
    begun = time.monotonic()
    assert asking() == ["Hi"]
    server.waits_for_the_client_to_go(within=5)
    assert time.monotonic() - begun < 5
    assert peak() < 16 * MEGABYTE


def test_a_flood_of_tiny_events_is_passed_on_one_by_one(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    tiny, times = frame(c.Text("x")) * 100, 150
    server.play(Answer([*repeat(tiny, times), STOP, DONE]))
    assert asking() == ["x"] * 100 * times
    assert peak() < 16 * MEGABYTE


def test_a_flood_of_opaque_events_is_not_kept(
    server: TapeServer, asking: Asking, peak: Any
) -> None:
    server.play(Answer([*repeat(b'data: {"New": [1]}\n\n' * 100, 150), *whole("Hi")]))
    assert asking() == ["Hi"]
    assert peak() < 16 * MEGABYTE


HEAD = b"HTTP/1.1 200 OK\r\n"
HEADS = {
    "one header without end": HEAD + b"x: " + b"y" * MEGABYTE,
    "many headers": HEAD + b"x: y\r\n" * 200_000,
    "a status line without end": b"HTTP/1.1 200 " + b"O" * MEGABYTE,
    "no HTTP": b"\x16\x03\x01\x02\x00" * 100_000,
    "a status that is none": b"HTTP/1.1 999999999 OK\r\n\r\n",
    "two lengths": HEAD + b"content-length: 5\r\ncontent-length: 7\r\n\r\nhello",
    "a negative length": HEAD + b"content-length: -5\r\n\r\nhello",
    "a chunk of absurd size": HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 60 + b"\r\nx",
    "a chunk size without end": HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"1" * MEGABYTE,
    "a NUL in a header": HEAD + b"x: \x00\r\n\r\n",
    "upgrades": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_broken_or_flooding_head_is_an_error_of_ours(
    server: TapeServer, asking: Asking, peak: Any, head: bytes
) -> None:
    server.play(Raw(start=head, then="stall"))
    error = asking.fails(errors.StreamkitError, timeouts=Timeouts(first_event=3))
    assert not isinstance(error, errors.StreamTimeoutError)
    assert len(str(error)) < 2000
    assert peak() < 16 * MEGABYTE


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SLOW = [x for _ in range(100) for x in (b"x: y\r\n", 0.1)]


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
@pytest.mark.parametrize("body", [repeat(CONTINUE), [HEAD, *SLOW]], ids=["100 Continue", "drip"])
def test_a_head_that_goes_on_and_on_trips_the_timer(
    server: TapeServer, asking: Asking, body: Any, kept: bool
) -> None:
    endless = Raw(body, then="stall")
    server.play(*[Answer(whole("Hi"))] * kept, endless)
    begun = time.monotonic()
    patience = Timeouts(first_event=0.5)
    error = asking.fails(errors.StreamTimeoutError, calls=1 + kept, timeouts=patience)
    assert error.timer == "first_event"
    assert server.connections == 1
    assert time.monotonic() - begun < 5


# --- redirects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("following", [False, True])
def test_a_redirect_is_refused_and_no_key_goes_there(
    server: TapeServer, asking: Asking, status: int, following: bool
) -> None:
    other = TapeServer()
    try:
        other.play(Answer(whole("stolen")))
        server.play(Answer(status=status, headers={"location": f"{other.url}/v1/answers"}))
        error = asking.fails(errors.NotFoundError, follow=following)
    finally:
        other.close()
    assert "which is not followed" in str(error)
    assert len(server.requests) == 1
    assert other.requests == []
