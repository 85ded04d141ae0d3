"""The connections of our own clients: httpx transports whose work per stream does not grow.

httpcore's pool looks at every connection, and at every waiting request, whenever a stream opens or
closes; at a few hundred streams that costs more than all else together. But a stream has its
connection for itself for as long as the model talks, and nobody queues for one: so a request takes
the idle connection that was used last, or opens a new one. Exceptions are httpcore's and httpx's.
Decision 9 tells what else was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.request import getproxies

import anyio
import h11
import httpcore
import httpx

from streamkit._http._asyncio import connect
from streamkit._http._common import cut
from streamkit._http._http11 import AsyncLine, Line

KEEP_ALIVE: Final = 5.0
"""Seconds that an idle connection is good for, as in httpx: servers close theirs soon as well."""

MAX_IDLE: Final = 1000
"""Idle connections kept to one origin."""

CLOSE_SECONDS: Final = 0.4
"""How long a connection may take to close: a TLS farewell waits for a peer that does not read."""

Origin = tuple[bytes, bytes, int]
Key = tuple[Origin, asyncio.AbstractEventLoop | None]
"""What a connection can serve: on asyncio it belongs to one event loop, elsewhere to none."""


def async_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=None, **_through(AsyncConnections))  # noqa: S113


def client() -> httpx.Client:
    return httpx.Client(timeout=None, **_through(Connections))  # noqa: S113


def _through(transport: Callable[[], Any]) -> dict[str, Any]:
    """How a client connects: over ``transport``, unless the environment names a proxy.

    httpx's own pool goes through proxies, and does not queue streams where it has no limit.
    """
    if getproxies().keys().isdisjoint({"http", "https", "all"}):
        return {"transport": transport()}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    return {"verify": tls(), "limits": limits}


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """One for the process: reading the CA bundle takes tens of milliseconds."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Connection(Protocol):
    idle_since: float

    @property
    def is_dead(self) -> bool: ...


C = TypeVar("C", bound=_Connection)


class _Shelf(Generic[C]):
    """The connections of one client: idle ones by what they can serve, and those in use.

    Taking one and giving it back cost the same however many there are. Whoever gets ``dead`` ones
    closes them. Threads may share a shelf: each step is one operation on a deque or a set.
    """

    def __init__(self) -> None:
        self._idle: dict[Key, deque[C]] = {}
        self._used: set[C] = set()
        self._closed = False

    def take(self, key: Key) -> tuple[C | None, list[C]]:
        """The idle connection that was used last, if any; and those found dead on the way."""
        idle, dead = self._idle.get(key), list[C]()
        if idle is None:  # perhaps a new event loop: what an ended one left is of no use
            dead = self._all_idle(lambda key: key[1] is not None and key[1].is_closed())
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle:
                connection = idle.pop()
                if not _has_expired(connection):
                    self._used.add(connection)
                    return connection, dead
                dead.append(connection)
        return None, dead

    def put_to_use(self, connection: C) -> None:
        """A new connection. Raises if it comes too late."""
        self._used.add(connection)
        if self._closed:
            raise httpx.ReadError("the client was closed")

    def give_back(self, key: Key, connection: C) -> list[C]:
        """An answer was read to its end. Returns what is to be closed in turn."""
        self._used.discard(connection)
        connection.idle_since = time.monotonic()
        idle, dead = self._idle.setdefault(key, deque()), list[C]()
        idle.append(connection)
        if self._closed:
            return self._all_idle(lambda _: True)
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle and (len(idle) > MAX_IDLE or _has_expired(idle[0])):
                dead.append(idle.popleft())
        return dead

    def drop(self, connection: C) -> None:
        """A connection that cannot serve again."""
        self._used.discard(connection)

    def clear(self) -> list[C]:
        """All of them, to be closed; from now on the shelf keeps none."""
        self._closed = True
        left = [*self._used, *self._all_idle(lambda _: True)]
        self._used.clear()
        return left

    def _all_idle(self, of: Callable[[Key], bool]) -> list[C]:
        left = list[C]()
        for key in [key for key in list(self._idle) if of(key)]:
            left += self._idle.pop(key, ())
        return left


def _has_expired(connection: _Connection) -> bool:
    return time.monotonic() - connection.idle_since > KEEP_ALIVE or connection.is_dead


def _origin(url: httpx.URL) -> Origin:
    return url.raw_scheme, url.raw_host, url.port or (443 if url.scheme == "https" else 80)


def _answer(head: h11.Response, body: Any, stream: Any) -> httpx.Response:
    """``body`` is also in the extensions: there, a driver may read it at leisure."""
    extensions = {
        "http_version": b"HTTP/" + head.http_version,
        "network_stream": stream,
        "streamkit": body,
    }
    return httpx.Response(
        head.status_code, headers=head.headers.raw_items(), stream=body, extensions=extensions
    )


def _are_replaced(*homes: type) -> bool:
    """Whether a test stands in for the network, as respx, pytest-httpx and vcrpy do.

    They replace methods of httpx's and httpcore's own transports, and must be heard.
    """
    for home in homes:
        name = "handle_async_request" if home.__name__.startswith("Async") else "handle_request"
        method = getattr(home, name)
        library = home.__module__.partition(".")[0]
        module = getattr(method, "__module__", None) or ""
        if module.partition(".")[0] != library or hasattr(method, "__wrapped__"):
            return True
    return False


# --- async ---------------------------------------------------------------------------------------


class AsyncConnections(httpx.AsyncBaseTransport):
    """Transport for ``httpx.AsyncClient``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[AsyncLine]()
        self._usual: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _are_replaced(httpx.AsyncHTTPTransport, httpcore.AsyncConnectionPool):
            self._usual = self._usual or httpx.AsyncHTTPTransport(verify=tls())
            return await self._usual.handle_async_request(request)
        loop, trace = _asyncio_loop(), request.extensions.get("trace")
        key = (origin := _origin(request.url)), loop
        line, dead = self._shelf.take(key)
        try:
            await _close_all(dead)
            if line is None:
                if trace is not None:
                    await trace("connection.connect_tcp.started", {})
                seconds = request.extensions["timeout"]["connect"]
                line = AsyncLine(await _connected(origin, loop, seconds), loop)
                self._shelf.put_to_use(line)
            if trace is not None:
                await trace("http11.send_request.started", {})
            head = await line.ask(request)
        except BaseException:
            if line is not None:
                self._shelf.drop(line)
                await _close_all([line])
            raise
        body = AsyncBody(self._shelf, key, line, request.extensions["timeout"]["read"])
        return _answer(head, body, line.stream)

    async def aclose(self) -> None:
        await _close_all(self._shelf.clear())
        if self._usual is not None:
            await self._usual.aclose()


async def _connected(
    origin: Origin, loop: asyncio.AbstractEventLoop | None, seconds: float | None
) -> httpcore.AsyncNetworkStream:
    scheme, host, port = origin
    name = host.decode("ascii")
    stream = await _connecting(loop)(name, port, seconds)
    if scheme != b"https":
        return stream
    try:
        return await stream.start_tls(tls(), name, seconds)
    except BaseException:
        await _close_all([stream])
        raise


def _asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """The running event loop; None on trio, also where that is a guest of asyncio's loop."""
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    return asyncio.get_running_loop() if on_asyncio else None


def _connecting(
    loop: asyncio.AbstractEventLoop | None,
) -> Callable[..., Awaitable[httpcore.AsyncNetworkStream]]:
    """How to connect: in our own way where asyncio's own loop runs."""
    if loop is None:
        return httpcore.TrioBackend().connect_tcp
    if isinstance(loop, asyncio.BaseEventLoop):
        return connect
    return httpcore.AnyIOBackend().connect_tcp


class _Closes(Protocol):
    async def aclose(self) -> None: ...


async def _close_all(lines: Sequence[_Closes]) -> None:
    """Close each, whatever becomes of the others."""
    cancelled: BaseException | None = None
    for line in lines:
        try:
            with anyio.move_on_after(CLOSE_SECONDS, shield=True), contextlib.suppress(Exception):
                await line.aclose()
        except asyncio.CancelledError as error:  # no shield holds off a task's own cancellation
            cancelled = error
    if cancelled is not None:
        raise cancelled


class AsyncBody(httpx.AsyncByteStream):
    """A response's bytes, straight from its connection, which goes back when it is closed."""

    def __init__(
        self, shelf: _Shelf[AsyncLine], key: Key, line: AsyncLine, seconds: float | None
    ) -> None:
        self._shelf, self._key, self._seconds = shelf, key, seconds
        self._line: AsyncLine | None = line

    async def receive(self, seconds: float | None) -> bytes:
        """See `AsyncLine.receive`."""
        if self._line is None:
            raise httpx.ReadError("the response is closed")
        return await self._line.receive(seconds)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if data := await self.receive(self._seconds):
            return data
        raise StopAsyncIteration

    async def aclose(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        if line.is_over:
            await _close_all(self._shelf.give_back(self._key, line))
        else:
            self._shelf.drop(line)
            await line.aclose()


# --- blocking ------------------------------------------------------------------------------------


class Connections(httpx.BaseTransport):
    """Transport for ``httpx.Client``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[Line]()
        self._usual: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _are_replaced(httpx.HTTPTransport, httpcore.ConnectionPool):
            self._usual = self._usual or httpx.HTTPTransport(verify=tls())
            return self._usual.handle_request(request)
        key, trace = (_origin(request.url), None), request.extensions.get("trace")
        line, dead = self._shelf.take(key)
        try:
            _close_all_now(dead)
            if line is None:
                if trace is not None:
                    trace("connection.connect_tcp.started", {})
                line = Line(_connected_now(key[0], request.extensions["timeout"]["connect"]))
                self._shelf.put_to_use(line)
            if trace is not None:
                trace("http11.send_request.started", {})
            head = line.ask(request)
        except BaseException:
            if line is not None:
                self._shelf.drop(line)
                line.close()
            raise
        body = Body(self._shelf, key, line, request.extensions["timeout"]["read"])
        return _answer(head, body, line.stream)

    def close(self) -> None:
        lines = self._shelf.clear()
        for line in lines:
            cut(line.stream)  # closing alone does not wake a thread that waits for bytes
        _close_all_now(lines)
        if self._usual is not None:
            self._usual.close()


def _connected_now(origin: Origin, seconds: float | None) -> httpcore.NetworkStream:
    scheme, host, port = origin
    name = host.decode("ascii")
    stream = httpcore.SyncBackend().connect_tcp(name, port, seconds)
    if scheme != b"https":
        return stream
    try:
        return stream.start_tls(tls(), name, seconds)
    except BaseException:
        stream.close()
        raise


def _close_all_now(lines: list[Line]) -> None:
    for line in lines:
        line.close()


class Body(httpx.SyncByteStream):
    """The blocking twin of `AsyncBody`."""

    def __init__(self, shelf: _Shelf[Line], key: Key, line: Line, seconds: float | None) -> None:
        self._shelf, self._key, self._seconds = shelf, key, seconds
        self._line: Line | None = line

    def receive(self, seconds: float | None) -> bytes:
        """See `Line.receive`."""
        if self._line is None:
            raise httpx.ReadError("the response is closed")
        return self._line.receive(seconds)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if data := self.receive(self._seconds):
            return data
        raise StopIteration

    def close(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        if line.is_over:
            _close_all_now(self._shelf.give_back(self._key, line))
        else:
            self._shelf.drop(line)
            line.close()
