"""One HTTP/1.1 connection whose reads may come back empty-handed and be asked again.

httpcore closes a connection when a read of it is cancelled or takes too long. But whoever holds the
last word of a stream back must be able to say "if nothing comes within 150 ms, let me know", and go
on reading. So on our own connections the exchange is driven here: h11, as in httpcore, reads and
writes HTTP; httpcore's network backends, which are public, connect. No generator holds a response.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import h11
import httpcore
import httpx

from streamkit._http._exchange import Request

_READ_SIZE: Final = 64 * 1024
_WRITE_SIZE: Final = 256 * 1024
_MAX_HEAD: Final = 100 * 1024


# httpcore's interface has timeouts for arguments.
# ruff: noqa: ASYNC109


class Exchange:
    """Requests and answers of one connection, as bytes; no I/O.

    A method that returns None needs more bytes: `feed` them, and ask again.
    """

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
        self._ended = False

    def send(self, request: Request) -> bytes:
        """The bytes to send."""
        http, content = self._http, request.content
        if http.our_state is h11.DONE:
            http.start_next_cycle()
            self._ended = False
        target, headers = request.place.target, request.headers
        try:
            sent = http.send(h11.Request(method=request.method, target=target, headers=headers))
            sent = (sent or b"") + (http.send(h11.Data(data=content)) or b"" if content else b"")
            return sent + (http.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error

    def was_not_sent(self) -> None:
        """The server did not take the whole request. It may have answered all the same (413)."""
        self._http.send_failed()

    def feed(self, data: bytes) -> None:
        if not data and self._http.their_state is h11.SEND_RESPONSE:
            raise httpx.RemoteProtocolError("the server closed the connection without an answer")
        self._http.receive_data(data)

    def head(self) -> h11.Response | None:
        """The answer's status and headers; interim answers are passed over."""
        while True:
            event = self._next()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                return event

    def piece(self) -> bytes | None:
        """The next bytes of the body; b"" at its end, and ever after."""
        if self._ended:
            return b""
        event = self._next()
        if event is h11.NEED_DATA:
            return None
        if isinstance(event, h11.Data):
            return bytes(event.data)
        self._ended = True
        return b""

    @property
    def is_over(self) -> bool:
        """Whether the answer was read to its end, and the connection can serve another.

        One with bytes behind the answer cannot: they would be taken for the next answer.
        """
        http = self._http
        done = http.our_state is h11.DONE and http.their_state is h11.DONE
        return done and not http.trailing_data[0]

    def _next(self) -> Any:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error


def _patience(request: Request, timer: str) -> float | None:
    """Seconds that the next write of the request, or read of the answer's head, may take.

    ``deadline``, of the monotonic clock, is for one that goes on and on, each step in time.
    """
    seconds: float | None = request.extensions["timeout"][timer]
    deadline = request.extensions["deadline"]
    if deadline is None:
        return seconds
    left: float = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the answer did not begin in time")
    return left if seconds is None else min(seconds, left)


class AsyncLine:
    """A connection to one origin, in use for one exchange at a time."""

    def __init__(
        self, stream: httpcore.AsyncNetworkStream, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self.stream = stream
        self._loop = loop
        self._exchange = Exchange()
        self.idle_since = 0.0

    async def ask(self, request: Request) -> h11.Response:
        """Send a request and read the head of its answer."""
        exchange = self._exchange
        sent = exchange.send(request)
        try:
            await self.stream.write(sent, _patience(request, "write"))
        except httpcore.WriteError:
            exchange.was_not_sent()
        while (head := exchange.head()) is None:
            exchange.feed(await self.stream.read(_READ_SIZE, _patience(request, "read")))
        return head

    async def receive(self, timeout: float | None) -> bytes:
        """The next bytes of the body; b"" at its end.

        Raises:
            httpcore.ReadTimeout: nothing came in so many seconds. Ask again whenever you like.
        """
        exchange = self._exchange
        while (data := exchange.piece()) is None:
            exchange.feed(await self.stream.read(_READ_SIZE, timeout))
        return data

    @property
    def is_over(self) -> bool:
        """See `Exchange`."""
        return self._exchange.is_over

    @property
    def is_dead(self) -> bool:
        """Whether an idle connection has something to read, which can only be its end."""
        return bool(self.stream.get_extra_info("is_readable"))

    async def aclose(self) -> None:
        """Close the connection, on the event loop that it belongs to."""
        loop = self._loop
        if loop is None or loop.is_closed() or loop is asyncio.get_running_loop():
            await self.stream.aclose()
        else:
            asyncio.run_coroutine_threadsafe(self.stream.aclose(), loop)


class Line:
    """The blocking twin of `AsyncLine`."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream = stream
        self._exchange = Exchange()
        self.idle_since = 0.0

    def ask(self, request: Request) -> h11.Response:
        """Send a request and read the head of its answer."""
        exchange = self._exchange
        sent = exchange.send(request)
        try:
            for start in range(0, len(sent), _WRITE_SIZE):
                part = sent[start : start + _WRITE_SIZE]
                self.stream.write(part, _patience(request, "write"))
        except httpcore.WriteError:
            exchange.was_not_sent()
        while (head := exchange.head()) is None:
            exchange.feed(self.stream.read(_READ_SIZE, _patience(request, "read")))
        return head

    def receive(self, timeout: float | None) -> bytes:
        """The next bytes of the body; b"" at its end. Raises as `AsyncLine.receive`."""
        exchange = self._exchange
        while (data := exchange.piece()) is None:
            exchange.feed(self.stream.read(_READ_SIZE, timeout))
        return data

    @property
    def is_over(self) -> bool:
        """See `Exchange`."""
        return self._exchange.is_over

    @property
    def is_dead(self) -> bool:
        """As of `AsyncLine`."""
        return bool(self.stream.get_extra_info("is_readable"))

    def close(self) -> None:
        self.stream.close()
