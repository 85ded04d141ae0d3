"""The blocking driver: carries a flow's commands out in plain code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from inspect import isawaitable, iscoroutine
from typing import Any, Protocol

from streamkit._commands import (
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
from streamkit._http._encoding import Inflater, inflater
from streamkit._signals import let_through
from streamkit.errors import ConfigurationError
from streamkit.timeouts import Timeouts


class SyncHttp(Protocol):
    """What is used of ``httpx.Client``; httpx2's has the same."""

    @property
    def build_request(self) -> Callable[..., Any]: ...
    @property
    def send(self) -> Callable[..., Any]: ...
    @property
    def close(self) -> Callable[[], None]: ...


class SyncPool:
    """The HTTP client of one `streamkit.sync.Client`: its own, or the one given."""

    def __init__(self, given: SyncHttp | None) -> None:
        wants = "streamkit.sync.Client takes an httpx.Client, streamkit.Client an httpx.AsyncClient"
        check_given(given, closes_by="close", wants=wants)
        self._given = given
        self._own: SyncHttp | None = None
        self._closing = threading.Event()
        self.in_use: set[Any] = set()
        """Responses that are being read, perhaps by other threads."""
        if given is None:
            # Loads httpx: not with `import streamkit`, and not in the midst of the first call.
            import streamkit._http._connections  # noqa: F401

    def http(self) -> SyncHttp:
        if self._closing.is_set():
            raise ConfigurationError("the client is closed; make a new one")
        if self._given is not None:
            check_open(self._given)
            return self._given
        if self._own is None:
            from streamkit._http import _connections

            self._own = _connections.Connections()
        return self._own

    @property
    def hung_up(self) -> bool:
        """See `Pool`."""
        return self._closing.is_set() and self._given is None

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the client is closed."""
        self._closing.wait(seconds)

    def close(self) -> None:
        self._closing.set()
        if self._given is None:
            for response in list(self.in_use):
                hang_up(response)  # closing alone does not wake a thread that waits for bytes
        own, self._own = self._own, None
        if own is not None:
            own.close()


_opening = threading.local()
"""``deadline``: of the request this thread is sending. Its connection is known with the answer."""


class ReadTimeout(Exception):
    """The head of an answer goes on and on; every read of it came in time."""


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
        opening = getattr(_opening, "deadline", None)
        if opening is not None and now() >= opening:
            raise ReadTimeout
        deadline = self.deadline if opening is None else opening
        if deadline is not None:
            left = max(0.001, deadline - now())
            timeout = left if timeout is None else min(timeout, left)
        return self._read(max_bytes, timeout)


def _patience(stream: Any) -> _Patience | None:
    """The deadline on a network stream; None where the transport offers no hold."""
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


def _ask_key(command: AskKey) -> Key | ConfigurationError:
    try:
        key = command.source()
    except Exception as error:
        return key_failed(error)
    if iscoroutine(key):
        key.close()  # or it would warn that nobody awaited it
    if isawaitable(key):
        return ConfigurationError(
            "the api_key callable is async, which plain code cannot await: give "
            "streamkit.sync.Client a plain function, or use streamkit.Client"
        )
    return Key(key)


class SyncDriver(Driver):
    """Carries the commands of one stream out."""

    def __init__(self, pool: SyncPool, timeouts: Timeouts) -> None:
        super().__init__(timeouts, pool)
        self._pool: SyncPool = pool
        self._response: Any = None
        self._ended = False
        self._chunks: Iterator[bytes] = iter(())
        self._inflater: Inflater | None = None
        self._patience: _Patience | None = None
        self._ours: Any = None
        self._seconds: float | None = None

    def perform(self, command: Command) -> Reply:
        match command:
            case Read():
                return self._read(command.deadline, command.wake)
            case Open():
                return self._open(command)
            case Drain():
                self._drain()
            case Close():
                self.close()
            case Sleep():
                self._pool.sleep(command.seconds)
            case Locate():
                return locate(command)
            case AskKey():
                return _ask_key(command)
            case Sign():
                return sign(command)
        return None

    def _read(self, deadline: float | None, wake: float | None = None) -> Reply:
        """The next bytes; b"" at the end of the body."""
        if self._ours is not None:
            self._seconds = self._patience_for(deadline, wake)
        elif self._patience is not None:
            self._patience.deadline = deadline
        try:
            while not (data := self._piece()):
                pass  # an empty piece is not the end
        except StopIteration:
            self._ended = True
            return b""
        except Exception as error:
            if self._ours is not None:
                return self._not_come(error)
            return self._failed(error, deadline, opening=False)
        return data

    def _piece(self) -> bytes:
        inflater = self._inflater
        if inflater is None:
            return self._received()
        return inflater.feed(b"" if inflater.waiting else self._received())

    def _received(self) -> bytes:
        """The next bytes as they came. Raises StopIteration at their end."""
        if self._ours is None:
            return next(self._chunks)
        received: bytes = self._ours.receive(self._seconds)
        if not received:
            raise StopIteration
        return received

    def _open(self, command: Open) -> Reply:
        try:
            http = self._pool.http()
            request = self._request(http, command, self._trace)
            timeout = request.extensions["timeout"]
            if command.deadline is not None:
                timeout["read"] = min(self._no_bytes, max(0.001, command.deadline - now()))
            _opening.deadline = command.deadline
            self._ended = False
            self._response = response = http.send(request, stream=True, follow_redirects=False)
            timeout["read"] = self._timeouts.no_bytes  # looked at anew where the body begins
        except Exception as error:
            return self._failed(error, command.deadline, opening=True)
        finally:
            _opening.deadline = None
        self._pool.in_use.add(response)
        self._inflater = inflater(response)
        self._chunks = iter(response.stream)
        self._ours = response.extensions.get("streamkit")
        self._patience = None if self._ours else _patience(network_stream(response))
        return self._opened(response)

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        self._note(name)
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            _patience(info["return_value"])

    def _drain(self) -> None:
        size, until = 0, now() + DRAIN_SECONDS
        while size < DRAIN_BYTES and now() < until:
            data = self._read(until)
            if not isinstance(data, bytes) or not data:
                break
            size += len(data)
        self.close()

    def close(self) -> Exception | None:
        """Give the response up. Also closes its connection, unless the body was read to its end.

        Returns what went wrong, if anything did.
        """
        response, self._response = self._response, None
        chunks, self._chunks = self._chunks, iter(())
        patience, self._patience = self._patience, None
        if patience is not None:
            patience.deadline = None  # the next stream over this connection has its own
        if response is None:
            return None
        self._pool.in_use.discard(response)
        if not self._ended:
            hang_up(response)  # another thread may be waiting for bytes
        try:
            response.close()
            if isinstance(chunks, Generator):
                chunks.close()
        except Exception as error:
            let_through(error)
            return error
        return None
