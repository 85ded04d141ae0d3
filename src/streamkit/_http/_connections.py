"""The connections of our own clients: httpx transports whose work per stream does not grow.

httpcore's pool looks at every connection, and at every waiting request, whenever a stream opens or
closes; at a few hundred streams that costs more than all else together. But a stream has its
connection for itself for as long as the model talks, and nobody queues for one: so a request takes
the idle connection that was used last, or opens a new one. Each connection is httpcore's own, and
its exceptions are left as they are. Decision 9 tells what else was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.request import getproxies

import anyio
import httpcore
import httpx

from streamkit._http._asyncio import AsyncioBackend

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
    def is_available(self) -> bool: ...
    def has_expired(self) -> bool: ...


C = TypeVar("C", bound=_Connection)


class _Shelf(Generic[C]):
    """The connections of one client: idle ones by origin, and those in use.

    Taking one and giving it back cost the same however many there are. Whoever gets ``dead`` ones
    closes them. Threads may share a shelf: each step is one operation on a deque or a set.
    """

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[C]] = {}
        self._used: set[C] = set()

    def take(self, origin: Origin, make: Callable[[], C]) -> tuple[C, list[C]]:
        """The idle connection that was used last, or a new one; and those found dead on the way."""
        idle, dead = self._idle.get(origin), list[C]()
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle:
                connection = idle.pop()
                if not connection.has_expired():
                    self._used.add(connection)
                    return connection, dead
                dead.append(connection)
        connection = make()
        self._used.add(connection)
        return connection, dead

    def give_back(self, origin: Origin, connection: C) -> list[C]:
        """A response has been closed. Returns what is to be closed in turn."""
        self._used.discard(connection)
        if not connection.is_available():
            return []  # httpcore has closed it
        idle, dead = self._idle.setdefault(origin, deque()), list[C]()
        idle.append(connection)
        with contextlib.suppress(IndexError):  # another thread took the last one
            while idle and (len(idle) > MAX_IDLE or idle[0].has_expired()):
                dead.append(idle.popleft())
        return dead

    def drop(self, connection: C) -> None:
        """A connection over which nothing was answered."""
        self._used.discard(connection)

    def clear(self) -> list[C]:
        """All of them, to be closed."""
        left = [*self._used, *(c for idle in self._idle.values() for c in idle)]
        self._used.clear()
        self._idle.clear()
        return left


def _request(request: httpx.Request) -> tuple[Origin, httpcore.Request]:
    url = request.url
    port = url.port or (443 if url.scheme == "https" else 80)
    core = httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )
    return (url.raw_scheme, url.raw_host, port), core


# --- async ---------------------------------------------------------------------------------------


class AsyncConnections(httpx.AsyncBaseTransport):
    """Transport for ``httpx.AsyncClient``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[httpcore.AsyncHTTPConnection]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin, core = _request(request)
        connection, dead = self._shelf.take(origin, lambda: _async_connection(core.url.origin))
        await _close_all(dead)
        try:
            answer = await connection.handle_async_request(core)
        except BaseException:
            self._shelf.drop(connection)
            await _close_all([connection])
            raise
        body = _AsyncBody(self._shelf, origin, connection, answer)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await _close_all(self._shelf.clear())


def _async_connection(origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
    context = tls() if origin.scheme == b"https" else None
    return httpcore.AsyncHTTPConnection(
        origin, context, KEEP_ALIVE, network_backend=_network_backend()
    )


def _network_backend() -> httpcore.AsyncNetworkBackend | None:
    """Ours where asyncio's own loop runs; None lets httpcore choose."""
    with contextlib.suppress(RuntimeError):  # trio
        if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            return AsyncioBackend()
    return None


async def _close_all(connections: list[httpcore.AsyncHTTPConnection]) -> None:
    with anyio.CancelScope(shield=True):
        for connection in connections:
            await connection.aclose()


class _AsyncBody(httpx.AsyncByteStream):
    """A response's bytes, straight from its connection, which goes back when it is closed."""

    __slots__ = ("_answer", "_bytes", "_connection", "_origin", "_shelf")

    def __init__(
        self,
        shelf: _Shelf[httpcore.AsyncHTTPConnection],
        origin: Origin,
        connection: httpcore.AsyncHTTPConnection,
        answer: httpcore.Response,
    ) -> None:
        self._shelf, self._origin, self._connection = shelf, origin, connection
        self._answer: httpcore.Response | None = answer
        self._bytes = answer.stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._bytes)  # type: ignore[arg-type]

    async def aclose(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            try:
                await answer.aclose()
            finally:
                dead = self._shelf.give_back(self._origin, self._connection)
            await _close_all(dead)


# --- blocking ------------------------------------------------------------------------------------


class Connections(httpx.BaseTransport):
    """Transport for ``httpx.Client``."""

    def __init__(self) -> None:
        self._shelf = _Shelf[httpcore.HTTPConnection]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        origin, core = _request(request)
        connection, dead = self._shelf.take(origin, lambda: _connection(core.url.origin))
        _close_all_now(dead)
        try:
            answer = connection.handle_request(core)
        except BaseException:
            self._shelf.drop(connection)
            connection.close()
            raise
        body = _Body(self._shelf, origin, connection, answer)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
        )

    def close(self) -> None:
        _close_all_now(self._shelf.clear())


def _connection(origin: httpcore.Origin) -> httpcore.HTTPConnection:
    context = tls() if origin.scheme == b"https" else None
    return httpcore.HTTPConnection(origin, context, KEEP_ALIVE)


def _close_all_now(connections: list[httpcore.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


class _Body(httpx.SyncByteStream):
    """The blocking twin of `_AsyncBody`."""

    __slots__ = ("_answer", "_bytes", "_connection", "_origin", "_shelf")

    def __init__(
        self,
        shelf: _Shelf[httpcore.HTTPConnection],
        origin: Origin,
        connection: httpcore.HTTPConnection,
        answer: httpcore.Response,
    ) -> None:
        self._shelf, self._origin, self._connection = shelf, origin, connection
        self._answer: httpcore.Response | None = answer
        self._bytes = answer.stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._bytes)  # type: ignore[arg-type]

    def close(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            try:
                answer.close()
            finally:
                dead = self._shelf.give_back(self._origin, self._connection)
            _close_all_now(dead)
