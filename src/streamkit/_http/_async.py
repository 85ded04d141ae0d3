"""The async driver: carries a flow's commands out on asyncio or trio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
)
from functools import lru_cache, partial
from inspect import isawaitable
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread

from streamkit._commands import (
    TIMED_OUT,
    AskKey,
    Close,
    Command,
    Drain,
    Key,
    Locate,
    Open,
    Read,
    Reply,
    Sign,
    Sleep,
    now,
)
from streamkit._http._common import (
    DRAIN_BYTES,
    DRAIN_SECONDS,
    Driver,
    check_given,
    check_open,
    hang_up,
    key_failed,
    locate,
    network_stream,
    sign,
)
from streamkit._http._encoding import inflater
from streamkit.errors import ConfigurationError
from streamkit.timeouts import Timeouts

CLOSE_SECONDS: Final = 0.4


class AsyncHttp(Protocol):
    """What is used of ``httpx.AsyncClient``; httpx2's has the same."""

    @property
    def build_request(self) -> Callable[..., Any]: ...
    @property
    def send(self) -> Callable[..., Awaitable[Any]]: ...
    @property
    def aclose(self) -> Callable[[], Awaitable[None]]: ...


class AsyncPool:
    """The HTTP client of one `streamkit.Client`: its own, made on first use, or the one given."""

    def __init__(self, given: AsyncHttp | None) -> None:
        wants = "streamkit.Client takes an httpx.AsyncClient, streamkit.sync.Client an httpx.Client"
        check_given(given, closes_by="aclose", wants=wants)
        self._given = given
        self._own: AsyncHttp | None = None
        self._closed = False
        self._dropped: list[_Body] = []
        self._wakes: set[Callable[[], object]] = set()
        if given is None:
            # Loads httpx: not with `import streamkit`, and not in the midst of the first call.
            import streamkit._http._connections  # noqa: F401

    def http(self) -> AsyncHttp:
        if self._closed:
            raise ConfigurationError("the client is closed; make a new one")
        if self._given is not None:
            check_open(self._given)
            return self._given
        if self._own is None:
            from streamkit._http import _connections

            self._own = _connections.AsyncConnections()
        return self._own

    @property
    def hung_up(self) -> bool:
        """See `Pool`."""
        return self._closed and self._given is None

    def drop(self, body: _Body) -> None:
        """Hang up on a body that nobody can await any more; `reap` frees its place later."""
        hang_up(body.response)
        self._dropped.append(body)

    async def reap(self) -> None:
        """Free the places of dropped bodies."""
        while self._dropped:
            await self._dropped.pop().close()

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the client is closed."""
        if self._closed:
            return
        event = anyio.Event()
        wake: Callable[[], object] = event.set
        if anyio.get_cancelled_exc_class() is asyncio.CancelledError:  # perhaps another's loop
            wake = partial(asyncio.get_running_loop().call_soon_threadsafe, event.set)
        self._wakes.add(wake)
        try:
            with anyio.move_on_after(seconds):
                await event.wait()
        finally:
            self._wakes.discard(wake)

    async def aclose(self) -> None:
        self._closed = True
        for wake in list(self._wakes):
            with contextlib.suppress(RuntimeError):  # that loop has ended
                wake()
        await self.reap()
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()


class _Body:
    """The body of one response."""

    __slots__ = ("_chunks", "_ended", "_inflater", "ours", "response")

    def __init__(self, response: Any) -> None:
        self.response = response
        self._inflater = inflater(response)
        self.ours = response.extensions.get("streamkit")
        """The body of a connection of our own, which can be asked again after a timeout."""
        self._chunks: AsyncIterator[bytes] = aiter(response.stream)
        self._ended = False

    async def next(self, seconds: float | None = None) -> bytes:
        """The next bytes; b"" at the end. ``seconds`` to wait are for a body of ours."""
        inflater = self._inflater
        try:
            while True:
                if inflater is None or not inflater.waiting:
                    data = await self._received(seconds)
                    if not data or inflater is None:
                        break
                    data = inflater.feed(data)
                else:
                    data = inflater.feed()
                if data:  # an empty piece is not the end
                    return data
        except StopAsyncIteration:
            data = b""
        self._ended = not data
        return data

    async def _received(self, seconds: float | None) -> bytes:
        if self.ours is not None:
            received: bytes = await self.ours.receive(seconds)
            return received
        while not (data := await anext(self._chunks)):
            pass
        return data

    async def close(self) -> Exception | None:
        """Give the body up; its connection too, unless the body was read to its end."""
        if self.ours is None:
            return await _to_the_end(self._close_theirs())
        return await self._close_response()

    async def _close_theirs(self) -> Exception | None:
        """Close a response of the HTTP client that was handed in.

        It reads through a stack of async generators. Left unfinished, each would be
        finished by the event loop some time after garbage collection (a task on asyncio, a warning
        on trio). So there is one more read, cancelled from the start: it takes what was buffered,
        and where it would wait, the HTTP client closes the connection and they all end.
        """
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            if not self._ended:
                with contextlib.suppress(Exception):
                    await self._unwind()
            return await self._close_response()
        return None

    async def _close_response(self) -> Exception | None:
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            try:
                await self.response.aclose()
            except Exception as error:
                return error
        return None

    async def _unwind(self) -> None:
        if network_stream(self.response) is not None:
            with anyio.CancelScope() as scope:
                scope.cancel()
                while True:
                    await anext(self._chunks)
        elif isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()


async def _to_the_end(closing: Coroutine[Any, Any, Exception | None]) -> Exception | None:
    """Await it, whoever is cancelled meanwhile.

    No shield holds off the cancellation of an asyncio task, and a response that is half closed
    would keep its place in the HTTP client's pool for ever. So there it is closed in another task.
    """
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        return await closing
    task = asyncio.ensure_future(closing)
    cancelled: BaseException | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


@lru_cache(maxsize=8)
def _sent_as_one(kind: Any) -> Any:
    """The HTTP client's kind of request body (``httpx.ByteStream``), without its async generator.

    A request that is cancelled while it is sent would leave that to the event loop to finish.
    """

    class SentAsOne(kind):  # type: ignore[misc]
        def __init__(self, content: bytes) -> None:
            super().__init__(content)
            self._content = content

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _Pieces(iter((self._content,)))

    return SentAsOne


class _Pieces:
    """An async iterator over what is at hand."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


async def _ask_key(command: AskKey) -> Key | ConfigurationError:
    try:
        key = command.source()
        return Key(await key if isawaitable(key) else key)
    except Exception as error:
        return key_failed(error)


class AsyncDriver(Driver):
    """Carries the commands of one stream out."""

    def __init__(self, pool: AsyncPool, timeouts: Timeouts) -> None:
        super().__init__(timeouts, pool)
        self._pool: AsyncPool = pool
        self._body: _Body | None = None

    async def perform(self, command: Command) -> Reply:
        match command:
            case Read():
                return await self.read(command.deadline, command.wake)
            case Open():
                return await self._open(command)
            case Drain():
                await self._drain()
            case Close():
                await self.close()
            case Sleep():
                await self._pool.sleep(command.seconds)
            case Locate():
                return await anyio.to_thread.run_sync(locate, command, abandon_on_cancel=True)
            case AskKey():
                return await _ask_key(command)
            case Sign():
                return await anyio.to_thread.run_sync(sign, command, abandon_on_cancel=True)
        return None

    async def read(self, deadline: float | None, wake: float | None = None) -> Reply:
        """The next bytes; b"" at the end of the body."""
        assert self._body is not None
        if self._body.ours is not None:
            patience = self._patience_for(deadline, wake)
            try:
                return await self._body.next(patience)
            except Exception as error:
                return self._not_come(error)
        try:
            # A scope of our own only when a timer is due before the transport's no_bytes.
            if deadline is None or deadline - now() > self._no_bytes:
                return await self._body.next()
            with anyio.move_on_after(max(0.0, deadline - now())):
                return await self._body.next()
        except Exception as error:
            return self._failed(error, deadline, opening=False)
        return TIMED_OUT

    async def _open(self, command: Open) -> Reply:
        wait = None if command.deadline is None else max(0.0, command.deadline - now())
        try:
            http = self._pool.http()
            await self._pool.reap()
            request = self._request(http, command, self._trace)
            if (usual := getattr(request, "stream", None)) is not None:  # not one of ours
                request.stream = _sent_as_one(type(usual))(command.content)  # type: ignore[arg-type]
            with anyio.move_on_after(wait):
                response = await http.send(request, stream=True, follow_redirects=False)
                self._body = _Body(response)
                return self._opened(response)
        except Exception as error:
            return self._failed(error, command.deadline, opening=True)
        return TIMED_OUT

    async def _trace(self, name: str, _info: Mapping[str, Any]) -> None:
        self._note(name)

    async def _drain(self) -> None:
        assert self._body is not None
        size = 0
        with anyio.move_on_after(DRAIN_SECONDS), contextlib.suppress(Exception):
            while size < DRAIN_BYTES and (data := await self._body.next()):
                size += len(data)
        await self.close()

    async def close(self) -> Exception | None:
        """Give the response up. Also closes its connection, unless the body was read to its end.

        Returns what went wrong, if anything did.
        """
        body, self._body = self._body, None
        return None if body is None else await body.close()

    def drop(self) -> None:
        """The same from a finaliser, where nothing can be awaited."""
        body, self._body = self._body, None
        if body is not None:
            self._pool.drop(body)
