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
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.request import getproxies

import anyio
import h11
import httpcore
import httpx

from streamkit._http._asyncio import AsyncioBackend
from streamkit._http._http11 import AsyncLine, Line

KEEP_ALIVE: Final = 5.0
"""Seconds that an idle connection is good for, as in httpx: servers close theirs soon as well."""

MAX_IDLE: Final = 1000
"""Idle connections kept to one origin."""

Origin = tuple[bytes, bytes, int]


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
    return httpx.create_ssl_context()


class _Connection(Protocol):
    idle_since: float

    @property
    def is_dead(self) -> bool: ...


C = TypeVar("C", bound=_Connection)


class _Shelf(Generic[C]):
    """The connections of one client: idle ones by origin, and those in use.

    Taking one and giving it back cost the same however many there are. Whoever gets ``dead`` ones
    closes them. Threads may share a shelf: each step is one operation on a deque or a set.
    """

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[C]] = {}
        self._used: set[C] = set()

    def take(self, origin: Origin) -> tuple[C | None, list[C]]:
        """The idle connection that was used last, if any; and those found dead on the way."""
        idle, dead = self._idle.get(origin), list[C]()
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle:
                connection = idle.pop()
                if not _has_expired(connection):
                    self._used.add(connection)
                    return connection, dead
                dead.append(connection)
        return None, dead

    def put_to_use(self, connection: C) -> None:
        """A new connection."""
        self._used.add(connection)

    def give_back(self, origin: Origin, connection: C) -> list[C]:
        """An answer was read to its end. Returns what is to be closed in turn."""
        self._used.discard(connection)
        connection.idle_since = time.monotonic()
        idle, dead = self._idle.setdefault(origin, deque()), list[C]()
        idle.append(connection)
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle and (len(idle) > MAX_IDLE or _has_expired(idle[0])):
                dead.append(idle.popleft())
        return dead

    def drop(self, connection: C) -> None:
        """A connection that cannot serve again."""
        self._used.discard(connection)

    def clear(self) -> list[C]:
        """All of them, to be closed."""
        left = [*self._used, *(c for idle in self._idle.values() for c in idle)]
        self._used.clear()
        self._idle.clear()
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


# --- async ---------------------------------------------------------------------------------------


class AsyncConnections(httpx.AsyncBaseTransport):
    """Transport for ``httpx.AsyncClient``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[AsyncLine]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin, trace = _origin(request.url), request.extensions.get("trace")
        line, dead = self._shelf.take(origin)
        await _close_all(dead)
        if line is None:
            if trace is not None:
                await trace("connection.connect_tcp.started", {})
            line = AsyncLine(await _connected(origin, request.extensions["timeout"]["connect"]))
            self._shelf.put_to_use(line)
        if trace is not None:
            await trace("http11.send_request.started", {})
        try:
            head = await line.ask(request)
        except BaseException:
            self._shelf.drop(line)
            await _close_all([line])
            raise
        body = AsyncBody(self._shelf, origin, line, request.extensions["timeout"]["read"])
        return _answer(head, body, line.stream)

    async def aclose(self) -> None:
        await _close_all(self._shelf.clear())


async def _connected(origin: Origin, seconds: float | None) -> httpcore.AsyncNetworkStream:
    scheme, host, port = origin
    name = host.decode("ascii")
    stream = await _network_backend().connect_tcp(name, port, seconds)
    if scheme != b"https":
        return stream
    try:
        return await stream.start_tls(tls(), name, seconds)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await stream.aclose()
        raise


def _network_backend() -> httpcore.AsyncNetworkBackend:
    """Ours where asyncio's own loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return httpcore.TrioBackend()
    return AsyncioBackend() if isinstance(loop, asyncio.BaseEventLoop) else httpcore.AnyIOBackend()


async def _close_all(lines: list[AsyncLine]) -> None:
    with anyio.CancelScope(shield=True):
        for line in lines:
            await line.aclose()


class AsyncBody(httpx.AsyncByteStream):
    """A response's bytes, straight from its connection, which goes back when it is closed."""

    def __init__(
        self, shelf: _Shelf[AsyncLine], origin: Origin, line: AsyncLine, seconds: float | None
    ) -> None:
        self._shelf, self._origin, self._seconds = shelf, origin, seconds
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
            await _close_all(self._shelf.give_back(self._origin, line))
        else:
            self._shelf.drop(line)
            await line.aclose()


# --- blocking ------------------------------------------------------------------------------------


class Connections(httpx.BaseTransport):
    """Transport for ``httpx.Client``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[Line]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        origin, trace = _origin(request.url), request.extensions.get("trace")
        line, dead = self._shelf.take(origin)
        _close_all_now(dead)
        if line is None:
            if trace is not None:
                trace("connection.connect_tcp.started", {})
            line = Line(_connected_now(origin, request.extensions["timeout"]["connect"]))
            self._shelf.put_to_use(line)
        if trace is not None:
            trace("http11.send_request.started", {})
        try:
            head = line.ask(request)
        except BaseException:
            self._shelf.drop(line)
            line.close()
            raise
        body = Body(self._shelf, origin, line, request.extensions["timeout"]["read"])
        return _answer(head, body, line.stream)

    def close(self) -> None:
        _close_all_now(self._shelf.clear())


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

    def __init__(
        self, shelf: _Shelf[Line], origin: Origin, line: Line, seconds: float | None
    ) -> None:
        self._shelf, self._origin, self._seconds = shelf, origin, seconds
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
            _close_all_now(self._shelf.give_back(self._origin, line))
        else:
            self._shelf.drop(line)
            line.close()
