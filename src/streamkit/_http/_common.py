"""What the async and the blocking driver share: how requests and failures are put."""

from __future__ import annotations

import contextlib
import socket
import time
from pkgutil import resolve_name
from typing import Any, Final, Protocol

from streamkit._commands import (
    NOT_YET,
    SILENT,
    TIMED_OUT,
    Locate,
    Lost,
    Open,
    Opened,
    Reply,
    Sign,
    Signed,
    now,
)
from streamkit._secrets import blotted, hide_query, without_frames
from streamkit._signals import let_through
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


class Pool(Protocol):
    """What a driver asks of the HTTP client of its `streamkit.Client`."""

    @property
    def hung_up(self) -> bool:
        """Whether the connections were closed, by us, under the streams that use them."""


def check_given(http: Any, *, closes_by: str, wants: str) -> None:
    """Raise ConfigurationError for an HTTP client of the other kind; they look alike otherwise."""
    if http is not None and not hasattr(http, closes_by):
        kind = f"{type(http).__module__}.{type(http).__qualname__}"
        raise ConfigurationError(f"http={kind}(...) was given: {wants}")


def check_open(http: Any) -> None:
    """Raise ConfigurationError for an HTTP client that was handed in and has been closed."""
    if getattr(http, "is_closed", False):
        raise ConfigurationError(
            "the HTTP client that was handed in with http=... is closed: keep it open for as long "
            "as it is used"
        )


class Driver:
    """A driver serves one stream. No cancel scope is open while a caller holds an event."""

    def __init__(self, timeouts: Timeouts, pool: Pool) -> None:
        self._pool: Pool = pool
        self._timeouts = timeouts
        self._no_bytes = float("inf") if timeouts.no_bytes is None else timeouts.no_bytes
        self._connects: bool | None = None  # None: the transport does not say
        self._due: Reply = SILENT

    def _request(self, http: Any, command: Open, trace: Any) -> Any:
        t = self._timeouts
        self._connects = None
        request = http.build_request(
            command.method,
            command.url,
            headers=command.headers,
            content=command.content,
            timeout=(t.connect, t.no_bytes, t.no_bytes, t.connect),
            extensions={"trace": trace, "deadline": command.deadline},
        )
        if request.url.query:
            hide_query(request.url.query.decode())
        return request

    def _note(self, name: str) -> None:
        # httpcore reports connecting only where no pooled connection is used.
        self._connects = bool(self._connects) or ".connect_" in name

    def _patience_for(self, deadline: float | None, wake: float | None) -> float | None:
        """Seconds to wait on a connection of our own: until whatever is due first."""
        due, self._due = self._no_bytes, SILENT
        if deadline is not None and deadline - now() < due:
            due, self._due = deadline - now(), TIMED_OUT
        if wake is not None and wake - now() < due:
            due, self._due = wake - now(), NOT_YET
        # To a blocking socket, 0 would mean not to wait at all, and to fail.
        return None if due == float("inf") else max(0.001, due)

    def _not_come(self, error: Exception) -> Reply:
        """What it means that a read of a connection of our own failed."""
        let_through(error)
        if type(error).__name__ == "ReadTimeout" and not self._pool.hung_up:
            return self._due  # not by the clock: event loops round moments
        return self._failed(error, None, opening=False)

    def _opened(self, response: Any) -> Opened:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if "date" not in headers:  # a retry-after date is taken against it
            headers["date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return Opened(response.status_code, headers)

    def _failed(self, error: Exception, deadline: float | None, *, opening: bool) -> Reply:
        let_through(error)
        if isinstance(error, StreamkitError):
            return Lost(without_frames(error))
        known = _classify(error, opening=opening)
        if self._pool.hung_up:
            known = ConfigurationError("the client was closed while this answer was read")
        if known is None:
            return SILENT if deadline is None or now() < deadline else TIMED_OUT
        known.__cause__ = without_frames(error)
        stale = opening and self._connects is False and isinstance(known, ConnectionLostError)
        return Lost(known, stale)


def locate(command: Locate) -> Located | StreamkitError | None:
    """Let the adapter find or start its server. May block."""
    try:
        return command.adapter.locate(command.model)
    except StreamkitError as error:
        return error
    except Exception as error:
        let_through(error)
        name = command.adapter.name
        failed = ConfigurationError(f"the adapter {name!r} could not find its server: {error!r}")
        failed.__cause__ = error
        return failed


def key_failed(error: Exception) -> ConfigurationError:
    """The error for a key's callable that raised; its words may hold credentials."""
    let_through(error)
    said = ": ".join(filter(None, (type(error).__name__, blotted(str(error)))))
    failed = ConfigurationError(f"the api_key callable failed: {said}")
    failed.__cause__ = without_frames(error)
    return failed


def sign(command: Sign) -> Signed | StreamkitError:
    """Have a request signed. May block."""
    try:
        signer = command.signer
        if isinstance(signer, str):
            signer = resolve_name(signer)
        return Signed({name.lower(): value for name, value in signer(command.request).items()})
    except StreamkitError as error:
        return error
    except Exception as error:  # whose words may hold credentials
        let_through(error)
        failed = ConfigurationError(f"the request could not be signed: {type(error).__name__}")
        failed.__cause__ = without_frames(error)
        return failed


def network_stream(response: Any) -> Any:
    """The connection under a response that has it for itself (HTTP/1), where it can be had."""
    if response.extensions.get("http_version", b"HTTP/1.1") not in (b"HTTP/1.1", b"HTTP/1.0"):
        return None
    return response.extensions.get("network_stream")


def hang_up(response: Any) -> None:
    """Cut the connection from a finaliser, where nothing can be awaited."""
    cut(network_stream(response))


def cut(stream: Any) -> None:
    """Cut a connection under whoever reads it, perhaps in another thread."""
    with contextlib.suppress(Exception):
        held = stream.get_extra_info("socket")
        # A duplicate, since the event loop's own object may not allow it (uvloop's does not).
        with socket.fromfd(held.fileno(), held.family, held.type) as twin:
            twin.shutdown(socket.SHUT_RDWR)


def _keep_alive() -> list[tuple[int, int, int]]:
    found = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPALIVE", 60),  # what macOS calls it
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 120_000),
    ):
        if hasattr(socket, name):
            found.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return found


KEEP_ALIVE: Final = _keep_alive()
"""Socket options: after a minute of silence the peer's kernel is asked for a sign of life.

So a model that thinks keeps its connection, also through a NAT that forgets idle ones (those of
clouds do after some 350 s); and one whose peer or route is gone breaks after two minutes.
"""


def keep_alive(stream: Any) -> None:
    """Set `KEEP_ALIVE` on a new connection."""
    held = stream.get_extra_info("socket")
    with contextlib.suppress(OSError), socket.fromfd(held.fileno(), held.family, held.type) as twin:
        for option in KEEP_ALIVE:
            twin.setsockopt(*option)


# Of httpx and, since connections of our own hand these on, of httpcore.
_LINE_FAILED = frozenset(
    {"TransportError", "NetworkError", "RemoteProtocolError", "StreamError"}
    | {"OSError", "BrokenResourceError"}
)


def _classify(error: Exception, *, opening: bool) -> StreamkitError | None:
    """Our error for an exception of the HTTP client; None for a timer that fired."""
    names = {cls.__name__ for cls in type(error).__mro__}
    detail = _words(error)
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
    if names & _LINE_FAILED:
        when = " before an answer began" if opening else ""
        return ConnectionLostError(f"the connection broke{when}: {detail}")
    failed = f"the HTTP client failed: {type(error).__name__}: {detail}"
    return ConnectionLostError(failed, retryable=False)


def _words(error: BaseException) -> str:
    """What an exception says, or the one behind it: httpx hands some on without words."""
    behind: BaseException | None = error
    while behind is not None:
        if str(behind):
            return str(behind)
        behind = behind.__cause__ or behind.__context__
    return type(error).__name__
