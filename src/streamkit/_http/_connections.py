"""The HTTP clients of our own: their work per stream does not grow with the number of streams.

httpcore's pool looks at every connection, and at every waiting request, whenever a stream opens or
closes; at a few hundred streams that costs more than all else together. But a stream has its
connection for itself for as long as the model talks, and nobody queues for one: so a request takes
the idle connection that was used last, or opens a new one. Exceptions are httpcore's and httpx's.
Decision 9 tells what else was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

import anyio
import httpcore
import httpx

from streamkit._http._common import cut
from streamkit._http._dial import close_all, connected, connected_now, tls
from streamkit._http._exchange import Answer, Origin, Request, answer, build_request
from streamkit._http._http11 import AsyncLine, Line
from streamkit._http._proxies import Proxy, proxy_for
from streamkit.errors import ConfigurationError

KEEP_ALIVE: Final = 5.0
"""Seconds that an idle connection is good for, as in httpx: servers close theirs soon as well."""

MAX_IDLE: Final = 1000
"""Idle connections kept to one origin."""

Key = tuple[Origin, asyncio.AbstractEventLoop | None]
"""What a connection can serve: on asyncio it belongs to one event loop, elsewhere to none."""


_UNLIMITED: Final = httpx.Limits(max_connections=None, max_keepalive_connections=100)
"""So that httpx's pool queues no streams."""


Usual = TypeVar("Usual", httpx.AsyncClient, httpx.Client)


def _usual(kind: type[Usual], proxy: Proxy | None) -> Usual:
    """A client of httpx. Raises ConfigurationError for SOCKS without what httpx needs for it."""
    url = None if proxy is None else proxy.url
    try:
        return kind(verify=tls(), limits=_UNLIMITED, proxy=url, trust_env=False)
    except ImportError as error:
        assert proxy is not None
        raise ConfigurationError(
            f"the proxy {proxy} speaks SOCKS: pip install 'httpx[socks]', or hand in an HTTP "
            "client that speaks it with Client(http=...)"
        ) from error


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


def _are_replaced(*methods: Callable[..., Any]) -> bool:
    """Whether something stands in for the network, as respx, pytest-httpx and vcrpy do in tests.

    They replace methods of httpx and httpcore, as tracers do, and must be heard.
    """
    for method in methods:
        library = (getattr(method, "__module__", None) or "").partition(".")[0]
        if library not in {"httpx", "httpcore"} or hasattr(method, "__wrapped__"):
            return True
    return False


class _Proxies(dict[Origin, Proxy | None]):
    """The proxy of each host that one client has asked for; the environment is read once a host."""

    def __missing__(self, origin: Origin) -> Proxy | None:
        proxy = self[origin] = proxy_for(origin)
        return proxy


def _of_httpx(usual: httpx.AsyncClient | httpx.Client, request: Request) -> httpx.Request:
    return usual.build_request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        extensions=request.extensions,
    )


# --- async ---------------------------------------------------------------------------------------


class AsyncConnections:
    """What drivers use of ``httpx.AsyncClient``."""

    build_request = staticmethod(build_request)

    def __init__(self) -> None:
        self._shelf = _Shelf[AsyncLine]()
        self._proxies = _Proxies()
        self._usual: dict[Proxy | None, httpx.AsyncClient] = {}

    async def send(self, request: Request, **_how: bool) -> Answer | httpx.Response:
        proxy = self._proxies[origin := request.place.origin]
        if (proxy is not None and proxy.is_socks) or _are_replaced(
            httpx.AsyncClient.send,
            httpx.AsyncHTTPTransport.handle_async_request,
            httpcore.AsyncConnectionPool.handle_async_request,
        ):
            if (usual := self._usual.get(proxy)) is None:
                usual = self._usual[proxy] = _usual(httpx.AsyncClient, proxy)
            return await usual.send(_of_httpx(usual, request), stream=True)
        loop, trace = _asyncio_loop(), request.extensions["trace"]
        key = origin, loop
        if proxy is not None and origin[0] == b"http":
            request = proxy.relayed(request)
        line, dead = self._shelf.take(key)
        try:
            await close_all(dead)
            if line is None:
                await trace("connection.connect_tcp.started", {})
                seconds = request.extensions["timeout"]["connect"]
                line = AsyncLine(await connected(origin, proxy, loop, seconds), loop)
                self._shelf.put_to_use(line)
            await trace("http11.send_request.started", {})
            head = await line.ask(request)
        except BaseException:
            if line is not None:
                self._shelf.drop(line)
                await close_all([line])
            raise
        body = AsyncBody(self._shelf, key, line, request.extensions["timeout"]["read"])
        return answer(head, body, line.stream)

    async def aclose(self) -> None:
        await close_all(self._shelf.clear())
        for usual in self._usual.values():
            await usual.aclose()


def _asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """The running event loop; None on trio, also where that is a guest of asyncio's loop."""
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    return asyncio.get_running_loop() if on_asyncio else None


class AsyncBody:
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
            await close_all(self._shelf.give_back(self._key, line))
        else:
            self._shelf.drop(line)
            await line.aclose()


# --- blocking ------------------------------------------------------------------------------------


class Connections:
    """What drivers use of ``httpx.Client``."""

    build_request = staticmethod(build_request)

    def __init__(self) -> None:
        self._shelf = _Shelf[Line]()
        self._proxies = _Proxies()
        self._usual: dict[Proxy | None, httpx.Client] = {}

    def send(self, request: Request, **_how: bool) -> Answer | httpx.Response:
        proxy = self._proxies[origin := request.place.origin]
        if (proxy is not None and proxy.is_socks) or _are_replaced(
            httpx.Client.send,
            httpx.HTTPTransport.handle_request,
            httpcore.ConnectionPool.handle_request,
        ):
            if (usual := self._usual.get(proxy)) is None:
                usual = self._usual[proxy] = _usual(httpx.Client, proxy)
            return usual.send(_of_httpx(usual, request), stream=True)
        key, trace = (origin, None), request.extensions["trace"]
        if proxy is not None and origin[0] == b"http":
            request = proxy.relayed(request)
        line, dead = self._shelf.take(key)
        try:
            _close_all_now(dead)
            if line is None:
                trace("connection.connect_tcp.started", {})
                seconds = request.extensions["timeout"]["connect"]
                line = Line(connected_now(origin, proxy, seconds))
                self._shelf.put_to_use(line)
            trace("http11.send_request.started", {})
            head = line.ask(request)
            body = Body(self._shelf, key, line, request.extensions["timeout"]["read"])
            return answer(head, body, line.stream)
        except BaseException:
            if line is not None:
                self._shelf.drop(line)
                line.close()
            raise

    def close(self) -> None:
        lines = self._shelf.clear()
        for line in lines:
            cut(line.stream)  # closing alone does not wake a thread that waits for bytes
        _close_all_now(lines)
        for usual in self._usual.values():
            usual.close()


def _close_all_now(lines: list[Line]) -> None:
    for line in lines:
        line.close()


class Body:
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
