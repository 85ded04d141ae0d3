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

    def _answer(self, request: httpx.Request) -> httpx.Response:
        tape = self._tapes[min(len(self.requests), len(self._tapes) - 1)]
        self.requests.append(request)
        if callable(tape):
            tape = tape(request)
        return httpx.Response(tape.status, headers=tape.headers, stream=_TapeStream(tape))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request)


class _TapeStream(httpx.AsyncByteStream, httpx.SyncByteStream):
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __iter__(self) -> Iterator[bytes]:
        for step in self._tape.plan():
            if isinstance(step, bytes):
                yield step
            else:
                time.sleep(step)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._tape.plan():
            if isinstance(step, bytes):
                yield step
            else:
                await anyio.sleep(step)
