"""The lines a case is played over: the engine alone, or clients over a transport in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import trio

import streamkit
from streamkit._call import Call
from streamkit._commands import NOT_YET, SILENT, Locate, Lost, Open, Opened, Read, Reply, Sleep
from streamkit._flow import Flow
from streamkit._setup import Setup
from streamkit.errors import ConnectError, ConnectionLostError, StreamkitError
from streamkit.events import Event
from streamkit.messages import ChatResponse
from tests.resume.dialects import Dialect


@dataclass
class Wire:
    """An answer as reads, and how it ends: ``clean``, ``fin`` and ``rst`` (lost), or ``stall``.

    Only the engine in memory knows these: a number among the reads is a pause in seconds; status
    0 is a connection that is refused.
    """

    reads: Sequence[bytes | float] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    end: str = "clean"


@dataclass
class Heard:
    """What a caller got. ``append_only``: it read words alone, from whom nothing is taken back."""

    append_only: bool = False
    events: list[Event] = field(default_factory=list)
    response: ChatResponse = field(default_factory=lambda: ChatResponse(outcome=None))
    error: StreamkitError | None = None
    arrivals: list[tuple[float, str]] = field(default_factory=list)
    """When each read was replied to, and what the text was until then."""


Vendor = Callable[[str, bytes], Wire]
"""Answers a request, by its URL and body."""


def in_memory(vendor: Vendor, dialect: Dialect, options: dict[str, Any], heard: Heard) -> None:
    """The engine, without HTTP, on a clock of its own."""
    setup = Setup(adapters=[dialect.adapter], **options)
    play(vendor, setup.call(dialect.model, "Hi", dialect.options), heard)


def play(vendor: Vendor, call: Call, heard: Heard) -> None:
    """Run one call on the engine."""
    moment = 0.0
    flow = Flow(call, lambda: moment)
    flow.draft.seam.append_only = heard.append_only
    wire = Wire()
    reads: list[bytes | float] = []

    def reply(command: object) -> Reply:
        nonlocal moment, wire, reads
        match command:
            case Locate():
                return command.adapter.locate(command.model)
            case Open():
                wire = vendor(command.url, command.content)
                reads = [*wire.reads][::-1]
                if not wire.status:
                    return Lost(ConnectError("refused"))
                return Opened(wire.status, wire.headers)
            case Sleep():
                moment += command.seconds
            case Read():
                while reads and not isinstance(reads[-1], bytes):
                    end = moment + cast("float", reads.pop())
                    if command.wake is not None and command.wake < end:
                        moment = max(moment, command.wake)
                        reads.append(end - moment)
                        return NOT_YET
                    moment = end
                heard.arrivals.append((moment, flow.draft.text))
                if reads:
                    return cast("bytes", reads.pop())
                match wire.end:
                    case "clean":
                        return b""
                    case "stall":
                        return SILENT
                return Lost(ConnectionLostError("lost"))
        return None

    run = flow.run()
    try:
        command = run.send(None)
        while True:
            command = run.send(reply(command))
    except StopIteration:
        pass
    heard.events, heard.response, heard.error = list(flow.events), flow.snapshot(), flow.error


# --- clients -------------------------------------------------------------------------------------


class _Transport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """Hands requests to the vendor. Counts the bodies that were not closed."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self.open = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        wire = self._vendor(str(request.url), request.content)
        return httpx.Response(wire.status, headers=wire.headers, stream=_Body(wire, self))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, wire: Wire, transport: _Transport) -> None:
        self._wire = wire
        self._reads = (data for data in wire.reads if isinstance(data, bytes))
        self._transport = transport
        transport.open += 1

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = next(self._reads, b"")
        if data:
            return data
        match self._wire.end:
            case "fin":
                raise httpx.RemoteProtocolError("peer closed connection")
            case "rst":
                raise httpx.ReadError("connection reset by peer")
            case "stall":
                raise httpx.ReadTimeout("timed out")
        raise StopIteration

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self) -> None:
        self._transport.open -= 1

    async def aclose(self) -> None:
        self._transport.open -= 1


def sync(vendor: Vendor, dialect: Dialect, options: dict[str, Any], heard: Heard) -> None:
    transport = _Transport(vendor)
    http = httpx.Client(transport=transport)
    client = streamkit.sync.Client(adapters=[dialect.adapter], http=http, **options)
    with client.stream(dialect.model, "Hi", **dialect.options) as stream:
        stream._flow.draft.seam.append_only = heard.append_only
        try:
            for event in stream:
                heard.events.append(event)
        except StreamkitError as error:
            heard.error = error
    heard.response = stream.snapshot
    assert transport.open == 0, "a body was left open"


async def awaited(vendor: Vendor, dialect: Dialect, options: dict[str, Any], heard: Heard) -> None:
    transport = _Transport(vendor)
    http = httpx.AsyncClient(transport=transport)
    client = streamkit.Client(adapters=[dialect.adapter], http=http, **options)
    async with client.stream(dialect.model, "Hi", **dialect.options) as stream:
        stream._flow.draft.seam.append_only = heard.append_only
        try:
            async for event in stream:
                heard.events.append(event)
        except StreamkitError as error:
            heard.error = error
    heard.response = stream.snapshot
    assert transport.open == 0, "a body was left open"


def on_asyncio(*arguments: Any) -> None:
    asyncio.run(awaited(*arguments))


def on_trio(*arguments: Any) -> None:
    trio.run(awaited, *arguments)


LINES: dict[str, Callable[..., None]] = {
    "memory": in_memory,
    "sync": sync,
    "asyncio": on_asyncio,
    "trio": on_trio,
}
