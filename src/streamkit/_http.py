"""Two small drivers, async and sync, that carry a flow's commands out over httpx.

The only home of httpx. Only the API that httpx and its maintained fork httpx2 share is used, so a
caller may hand in either's client, with proxies, TLS settings or transport of their own. Their
exceptions are told apart by class name, for the same reason.

A driver serves one stream. No cancel scope is open while a caller holds an event.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
)
from functools import lru_cache
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread
import httpx

from streamkit._commands import (
    TIMED_OUT,
    Close,
    Command,
    Drain,
    Locate,
    Lost,
    Open,
    Opened,
    Read,
    Reply,
    Sleep,
)
from streamkit.adapter import Located
from streamkit.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ProtocolError,
    StreamkitError,
    StreamTimeoutError,
)
from streamkit.timeouts import Timeouts

DRAIN_BYTES: Final = 64 * 1024
DRAIN_SECONDS: Final = 0.25
CLOSE_SECONDS: Final = 0.4

now = time.monotonic


class AsyncHttp(Protocol):
    """What is used of ``httpx.AsyncClient``; httpx2's has the same."""

    @property
    def build_request(self) -> Callable[..., Any]: ...
    @property
    def send(self) -> Callable[..., Awaitable[Any]]: ...
    @property
    def aclose(self) -> Callable[[], Awaitable[None]]: ...


class SyncHttp(Protocol):
    """What is used of ``httpx.Client``; httpx2's has the same."""

    @property
    def build_request(self) -> Callable[..., Any]: ...
    @property
    def send(self) -> Callable[..., Any]: ...
    @property
    def close(self) -> Callable[[], None]: ...


# --- the clients we make ourselves ---------------------------------------------------------------

# A stream holds its connection for as long as a model talks: the usual limit would queue callers.
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=100)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Reading the CA bundle takes tens of milliseconds: once for the process.
    return httpx.create_ssl_context()


def async_client() -> AsyncHttp:
    return httpx.AsyncClient(verify=_tls(), timeout=None, limits=_LIMITS)  # noqa: S113


def sync_client() -> SyncHttp:
    return httpx.Client(verify=_tls(), timeout=None, limits=_LIMITS)  # noqa: S113


# --- what both drivers share ---------------------------------------------------------------------


class _Driver:
    """The response in hand, and how requests and failures are put."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._no_bytes = float("inf") if timeouts.no_bytes is None else timeouts.no_bytes
        self._response: Any = None
        self._connects: bool | None = None  # None: the transport does not say

    def _request(self, http: AsyncHttp | SyncHttp, command: Open, trace: Any) -> Any:
        t = self._timeouts
        self._connects = None
        return http.build_request(
            command.method,
            command.url,
            headers=command.headers,
            content=command.content,
            timeout=(t.connect, t.no_bytes, t.no_bytes, None),
            extensions={"trace": trace},
        )

    def _note(self, name: str) -> None:
        # httpcore reports connecting only where no pooled connection is used.
        self._connects = bool(self._connects) or ".connect_" in name

    def _opened(self) -> Opened:
        headers = {name.lower(): value for name, value in self._response.headers.items()}
        if "date" not in headers:  # a retry-after date is taken against it
            headers["date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return Opened(self._response.status_code, headers)

    def _failed(self, error: Exception, *, opening: bool) -> Reply:
        known = _classify(error, opening=opening)
        if known is None:
            return TIMED_OUT
        known.__cause__ = error
        stale = opening and self._connects is False and isinstance(known, ConnectionLostError)
        return Lost(known, stale)

    def abort(self) -> None:
        """Cut the connection from a finaliser, where nothing can be awaited."""
        response, self._response = self._response, None
        if response is None:
            return
        with contextlib.suppress(Exception):
            stream = response.extensions["network_stream"]
            stream.get_extra_info("socket").shutdown(2)


def _classify(error: Exception, *, opening: bool) -> StreamkitError | None:
    """Our error for an exception of the HTTP client; None for a timer that fired."""
    names = {cls.__name__ for cls in type(error).__mro__}
    detail = str(error) or type(error).__name__
    if names & {"ConnectTimeout", "PoolTimeout"}:
        return StreamTimeoutError("no connection within the connect timer", timer="connect")
    if names & {"ReadTimeout", "WriteTimeout"}:
        return None
    if names & {"ConnectError", "ProxyError"}:
        return ConnectError(f"no connection could be made: {detail}")
    if "DecodingError" in names:
        return ProtocolError(f"the body's content-encoding is broken: {detail}")
    if names & {"UnsupportedProtocol", "LocalProtocolError", "InvalidURL"}:
        return ConfigurationError(f"the request cannot be sent: {detail}")
    if names & {"TransportError", "StreamError", "OSError", "BrokenResourceError"}:
        when = "before an answer came" if opening else "while reading"
        return ConnectionLostError(f"{detail} ({when})")
    failed = f"the HTTP client failed: {type(error).__name__}: {detail}"
    return ConnectionLostError(failed, retryable=False)


# --- async -----------------------------------------------------------------------------------


class AsyncDriver(_Driver):
    """Carries commands out on asyncio or trio."""

    def __init__(self, http: AsyncHttp, timeouts: Timeouts) -> None:
        super().__init__(timeouts)
        self._http = http
        self._chunks: AsyncIterator[bytes] | None = None

    async def perform(self, command: Command) -> Reply:
        match command:
            case Read():
                return await self.read(command.deadline)
            case Open():
                return await self._open(command)
            case Drain():
                await self._drain()
            case Close():
                await self.close()
            case Sleep():
                await anyio.sleep(command.seconds)
            case Locate():
                return await self._locate(command)
        return None

    async def read(self, deadline: float | None) -> Reply:
        """The next bytes; b"" at the end of the body."""
        assert self._chunks is not None
        try:
            # A scope of our own only when a timer is due before the transport's no_bytes.
            if deadline is None or deadline - now() > self._no_bytes:
                return await _next(self._chunks)
            with anyio.move_on_after(max(0.0, deadline - now())):
                return await _next(self._chunks)
        except Exception as error:
            return self._failed(error, opening=False)
        return TIMED_OUT

    async def _open(self, command: Open) -> Reply:
        request = self._request(self._http, command, self._trace)
        wait = None if command.deadline is None else max(0.0, command.deadline - now())
        try:
            with anyio.move_on_after(wait):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                self._response = response
                self._chunks = aiter(_body(response))
                return self._opened()
        except Exception as error:
            return self._failed(error, opening=True)
        return TIMED_OUT

    async def _trace(self, name: str, _info: Mapping[str, Any]) -> None:
        self._note(name)

    async def _locate(self, command: Locate) -> Located | StreamkitError | None:
        try:
            return await anyio.to_thread.run_sync(
                command.adapter.locate, command.model, abandon_on_cancel=True
            )
        except StreamkitError as error:
            return error

    async def _drain(self) -> None:
        size = 0
        assert self._chunks is not None
        with anyio.move_on_after(DRAIN_SECONDS), contextlib.suppress(Exception):
            while size < DRAIN_BYTES and (data := await _next(self._chunks)):
                size += len(data)
        await self.close()

    async def close(self) -> None:
        """Give the response up. Also closes its connection, unless the body was read to its end."""
        response, chunks = self._response, self._chunks
        self._response = self._chunks = None
        if response is None:
            return
        with anyio.move_on_after(CLOSE_SECONDS, shield=True), contextlib.suppress(Exception):
            await response.aclose()
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    try:
        while not (data := await anext(chunks)):
            pass  # an empty piece is not the end
    except StopAsyncIteration:
        return b""
    return data


def _body(response: Any) -> Any:
    """The response's bytes; undecoded ones straight off the transport, without extra layers."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding in ("", "identity"):
        return response.stream
    return (
        response.aiter_bytes() if hasattr(response.stream, "__aiter__") else response.iter_bytes()
    )


# --- sync ------------------------------------------------------------------------------------


class _Patience:
    """Puts a deadline on blocking reads of one connection.

    A blocking read cannot be cancelled from outside, and httpx fixes its timeout when the body
    begins. So the ``read`` of the connection's network stream, which httpcore documents and hands
    out with each response, is wrapped to take the nearer of the two.
    """

    def __init__(self, read: Callable[..., bytes]) -> None:
        self._read = read
        self.deadline: float | None = None

    def __call__(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.deadline is not None:
            left = max(0.001, self.deadline - now())
            timeout = left if timeout is None else min(timeout, left)
        return self._read(max_bytes, timeout)


def _patience(response: Any) -> _Patience | None:
    """The deadline on this response's connection; None where the transport offers no hold."""
    stream = response.extensions.get("network_stream")
    read = getattr(stream, "read", None)
    if isinstance(read, _Patience):
        read.deadline = None  # a pooled connection that has one from its last response
        return read
    if read is None:
        return None
    patience = _Patience(read)
    try:
        stream.read = patience
    except AttributeError:
        return None
    return patience


class SyncDriver(_Driver):
    """Carries commands out in plain blocking code."""

    def __init__(self, http: SyncHttp, timeouts: Timeouts) -> None:
        super().__init__(timeouts)
        self._http = http
        self._chunks: Iterator[bytes] | None = None
        self._patience: _Patience | None = None

    def perform(self, command: Command) -> Reply:
        match command:
            case Read():
                return self.read(command.deadline)
            case Open():
                return self._open(command)
            case Drain():
                self._drain()
            case Close():
                self.close()
            case Sleep():
                time.sleep(command.seconds)
            case Locate():
                try:
                    return command.adapter.locate(command.model)
                except StreamkitError as error:
                    return error
        return None

    def read(self, deadline: float | None) -> Reply:
        """The next bytes; b"" at the end of the body."""
        assert self._chunks is not None
        if self._patience is not None:
            self._patience.deadline = deadline
        try:
            return next(filter(None, self._chunks), b"")
        except Exception as error:
            return self._failed(error, opening=False)

    def _open(self, command: Open) -> Reply:
        request = self._request(self._http, command, self._trace)
        timeout = request.extensions["timeout"]
        if command.deadline is not None:
            timeout["read"] = min(self._no_bytes, max(0.001, command.deadline - now()))
        try:
            self._response = self._http.send(request, stream=True, follow_redirects=False)
            self._patience = _patience(self._response)
            timeout["read"] = self._timeouts.no_bytes  # read anew where the body begins
            self._chunks = iter(_body(self._response))
            return self._opened()
        except Exception as error:
            return self._failed(error, opening=True)

    def _trace(self, name: str, _info: Mapping[str, Any]) -> None:
        self._note(name)

    def _drain(self) -> None:
        size, until = 0, now() + DRAIN_SECONDS
        while size < DRAIN_BYTES and now() < until:
            data = self.read(until)
            if not isinstance(data, bytes) or not data:
                break
            size += len(data)
        self.close()

    def close(self) -> None:
        """Give the response up. Also closes its connection, unless the body was read to its end."""
        response, chunks = self._response, self._chunks
        self._response = self._chunks = None
        if response is None:
            return
        with contextlib.suppress(Exception):
            response.close()
            if isinstance(chunks, Generator):
                chunks.close()
