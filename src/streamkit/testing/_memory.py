"""A transport that serves recorded answers to a real HTTP client, with cuts and faults."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import anyio
import httpx

from streamkit.testing._decode import Splits, pieces


@dataclass(slots=True)
class Tape:
    """One recorded answer.

    ``end`` is what happens behind the body: it ``close``s cleanly, is ``reset``, or ``stall``s for
    ``stall`` seconds and then closes. ``delay`` is the time between two reads, in seconds.
    """

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    splits: Splits = None
    end: Literal["close", "reset", "stall"] = "close"
    stall: float = 3600.0
    delay: float = 0.0

    def plan(self) -> Iterator[bytes | float]:
        """Bytes to deliver and seconds to wait, in order. Raises httpx.ReadError for a reset."""
        for piece in pieces(self.body, self.splits):
            yield piece
            if self.delay:
                yield self.delay
        if self.end == "stall":
            yield self.stall
        elif self.end == "reset":
            raise httpx.ReadError("connection reset by peer")


class MemoryTransport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """Answers each request with the next tape; the last one answers all further requests.

    ``Client(http=httpx.AsyncClient(transport=MemoryTransport(tape)))``, or ``httpx.Client`` for
    `streamkit.sync`. ``requests`` keeps what was sent. A tape may also be a function that makes
    one of the request.
    """

    def __init__(self, *tapes: Tape | Callable[[httpx.Request], Tape]) -> None:
        if not tapes:
            raise ValueError("give at least one Tape to answer with")
        self._tapes = tapes
        self.requests: list[httpx.Request] = []

    def _tape(self, request: httpx.Request) -> Tape:
        tape = self._tapes[min(len(self.requests), len(self._tapes) - 1)]
        self.requests.append(request)
        return tape(request) if callable(tape) else tape

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        tape = self._tape(request)
        line = _Line(tape, _read_timeout(request))
        extensions = {"network_stream": line}
        return httpx.Response(tape.status, headers=tape.headers, stream=line, extensions=extensions)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        tape = self._tape(request)
        line = _AsyncLine(tape, _read_timeout(request))
        return httpx.Response(tape.status, headers=tape.headers, stream=line)


def _read_timeout(request: httpx.Request) -> float | None:
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return timeout


class _Line(httpx.SyncByteStream):
    """A body as a connection delivers it. Keeps timeouts, as real ones do."""

    def __init__(self, tape: Tape, timeout: float | None) -> None:
        self._steps = tape.plan()
        self._timeout = timeout

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(0, self._timeout):
            yield data

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """The ``read`` of httpcore's network streams, which a deadline may be put on."""
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            time.sleep(_patience(step, timeout))
            if _is_late(step, timeout):
                raise httpx.ReadTimeout("timed out")
        return b""


class _AsyncLine(httpx.AsyncByteStream):
    """The same, async. No generator, so that none is left open by who stops reading."""

    def __init__(self, tape: Tape, timeout: float | None) -> None:
        self._steps = tape.plan()
        self._timeout = timeout

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            await anyio.sleep(_patience(step, self._timeout))
            if _is_late(step, self._timeout):
                raise httpx.ReadTimeout("timed out")
        raise StopAsyncIteration


def _is_late(pause: float, timeout: float | None) -> bool:
    return timeout is not None and timeout < pause


def _patience(pause: float, timeout: float | None) -> float:
    return pause if timeout is None else min(pause, timeout)
