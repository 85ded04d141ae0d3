"""TCP on asyncio's own event loop, with the interface of httpcore's network streams.

httpcore reads through anyio, which for every read opens a cancel scope with a timer of its own, and
tells the loop twice to watch the socket. At a person's pace, one read for each delta, that is half
of what a delta costs. Here a read waits for one future, and one timer per connection is moved on
lazily. Other loops keep httpcore's own: trio, and uvloop, which cannot race IPv6 against IPv4.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import sys
from collections import deque
from itertools import zip_longest
from typing import Any, Final, cast

import anyio
import httpcore

from streamkit._http._tls import TlsStream

Address = tuple[int, Any]
"""Address family, and what `socket.connect` takes."""

HIGH_WATER: Final = 64 * 1024
"""Bytes held back for a reader before the loop stops reading: then TCP slows the vendor down."""

HAPPY_EYEBALLS_DELAY: Final = 0.25
"""Seconds before the next address is tried beside the first (RFC 8305)."""

SHORT_WAIT: Final = 1.0
"""Seconds. The timer of a shorter wait is cancelled when bytes come: left to be moved on when it
fires, it would wake the loop about as often as they do."""


# httpcore's interface has timeouts for arguments.
# ruff: noqa: ASYNC109


async def connect(host: str, port: int, timeout: float | None) -> AsyncioStream:
    """Connect on the running loop. Raises ConnectTimeout, or ConnectError."""
    loop = asyncio.get_running_loop()
    try:
        with anyio.fail_after(timeout):
            first, *more = await _looked_up(loop, host, port)
            held = await (_first_of(loop, [first, *more]) if more else _connected(loop, *first))
            _, stream = await loop.create_connection(lambda: AsyncioStream(loop), sock=held)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"no connection within {timeout} s") from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return stream


async def _looked_up(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Address]:
    """Where to connect to, address families in turn. Only names are looked up in a thread."""
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)
    except socket.gaierror:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    families: dict[int, list[Address]] = {}
    for family, _, _, _, address in found:
        families.setdefault(family, []).append((family, address))
    return [x for turn in zip_longest(*families.values()) for x in turn if x is not None]


async def _connected(loop: asyncio.AbstractEventLoop, family: int, address: Any) -> socket.socket:
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        held.setblocking(False)
        await loop.sock_connect(held, address)
    except BaseException:
        held.close()
        raise
    return held


async def _first_of(loop: asyncio.AbstractEventLoop, addresses: list[Address]) -> socket.socket:
    """A socket connected to the first address that answers; each has a head start on the next.

    Asyncio's own race leaves a connected socket open if it is cancelled as that one wins.
    """
    attempts: dict[asyncio.Task[None], socket.socket] = {}
    pending: set[asyncio.Task[None]] = set()
    ahead = deque(addresses)
    won: socket.socket | None = None
    failed: BaseException = OSError("the host has no address")
    try:
        while ahead or pending:
            if ahead:
                family, address = ahead.popleft()
                held = socket.socket(family, socket.SOCK_STREAM)
                held.setblocking(False)
                attempt = loop.create_task(loop.sock_connect(held, address))
                attempts[attempt] = held
                pending.add(attempt)
            wait, until = HAPPY_EYEBALLS_DELAY if ahead else None, asyncio.FIRST_COMPLETED
            done, pending = await asyncio.wait(pending, timeout=wait, return_when=until)
            for attempt in done:
                if (error := attempt.exception()) is None:
                    won = won or attempts[attempt]
                else:
                    failed = error
            if won is not None:
                return won
        raise failed
    finally:
        for attempt in pending:
            attempt.cancel()
        try:
            if pending:
                await asyncio.wait(pending)
        except asyncio.CancelledError:
            won = None  # nobody gets it
            raise
        finally:
            for held in attempts.values():
                if held is not won:
                    held.close()


class AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: the loop's protocol on one side, httpcore's stream on the other."""

    __slots__ = (
        *("_deadline", "_ended", "_gone", "_loop", "_lost", "_paused", "_reader", "_received"),
        *("_timer", "_transport", "_writable", "_writer"),
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._received = b""
        self._paused = False
        self._ended = False
        self._lost: Exception | None = None
        self._gone: asyncio.Future[None] | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._writable = True
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # --- what the loop tells ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if len(self._received) > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        self._wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._lost = self._lost or exc
        for waiting in (self._reader, self._writer, self._gone):
            self._wake(waiting)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._wake(self._writer)

    @staticmethod
    def _wake(waiting: asyncio.Future[None] | None) -> None:
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # --- what httpcore asks ----------------------------------------------------------------

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; b"" at the end. Raises ReadTimeout, or ReadError."""
        if not self._received and not self._ended:
            await self._arrival(timeout)
        if not self._received and self._lost is not None:
            raise httpcore.ReadError(str(self._lost)) from self._lost
        data, self._received = self._received[:max_bytes], self._received[max_bytes:]
        if self._paused and not self._received and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        return data

    def received(self) -> bytes:
        """What has come while nobody read."""
        data, self._received = self._received, b""
        return data

    async def _arrival(self, timeout: float | None) -> None:
        reader = self._reader = self._loop.create_future()
        alarm: asyncio.TimerHandle | None = None
        if timeout is not None and timeout < SHORT_WAIT:
            alarm = self._loop.call_later(timeout, self._give_up, reader)
        elif timeout is not None:
            self._deadline = self._loop.time() + timeout
            if self._timer is None or self._timer.when() > self._deadline:
                self._set_timer()
        try:
            await reader
        except TimeoutError as error:
            raise httpcore.ReadTimeout(f"no byte came within {timeout} s") from error
        finally:
            self._reader = None
            self._deadline = float("inf")
            if alarm is not None:
                alarm.cancel()

    @staticmethod
    def _give_up(reader: asyncio.Future[None]) -> None:
        if not reader.done():
            reader.set_exception(TimeoutError())

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        reader = self._reader
        if reader is None or self._deadline == float("inf"):
            return  # the next read sets it again
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._give_up(reader)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes. Raises WriteTimeout, or WriteError."""
        if self._transport.is_closing():
            raise httpcore.WriteError(str(self._lost or "the connection is closed"))
        self._transport.write(buffer)
        if self._writable:
            return
        self._writer = self._loop.create_future()
        try:
            with anyio.fail_after(timeout):
                await self._writer
        except TimeoutError as error:
            raise httpcore.WriteTimeout(f"nothing was taken within {timeout} s") from error
        finally:
            self._writer = None
        if self._ended and self._lost is not None:
            raise httpcore.WriteError(str(self._lost)) from self._lost

    async def aclose(self) -> None:
        """Close the connection now; what was not read is gone, and so is what was not sent."""
        if self._gone is not None:
            return
        if self._loop.is_closed():
            self._left_behind()
            return
        self._received = b""
        self._lost = self._lost or ConnectionAbortedError("the connection is closed")
        closing, self._gone = self._transport.is_closing(), self._loop.create_future()
        self._transport.abort()
        if not closing:
            await self._gone

    def _left_behind(self) -> None:
        """The loop ended with the connection open, and nothing can be told it any more."""
        with contextlib.suppress(OSError):
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> TlsStream:
        secured = TlsStream(self, ssl_context, server_hostname)
        await secured.shake_hands(timeout)
        return secured

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "socket":
                return self._transport.get_extra_info(info)
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case "is_readable":
                dead = self._ended or bool(self._received) or self._loop.is_closed()
                return dead or self._has_arrived()
        return None

    def _has_arrived(self) -> bool:
        """Whether the socket has something that the loop has not seen yet, such as its end."""
        held: socket.socket | None = self._transport.get_extra_info("socket")
        if held is None or held.fileno() < 0:
            return True
        if sys.platform == "win32":
            return bool(select.select([held.fileno()], [], [], 0)[0])
        poll = select.poll()
        poll.register(held.fileno(), select.POLLIN)
        return bool(poll.poll(0))
