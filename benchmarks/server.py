"""The vendor: one process that writes prepared bytes, and says how busy it was.

    python -m benchmarks.server            prints its port; ends when its stdin does

``GET /stats`` answers with its CPU seconds (preparing streams apart), the connections
it took, and the streams it has open.
Each write is one HTTP chunk and one `send`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from functools import lru_cache

from benchmarks.dialects import DIALECTS, Dialect
from benchmarks.wire import Shape

HEAD = (
    "HTTP/1.1 200 OK\r\ncontent-type: {}\r\n"
    "transfer-encoding: chunked\r\nx-request-id: req_1\r\n\r\n"
)
HIGH_WATER = 1 << 20


@lru_cache(maxsize=64)
def chunks(dialect: Dialect, shape: Shape) -> tuple[bytes, ...]:
    """The HTTP chunks of a body; equal ones are one object."""
    begun = time.process_time()
    prepared = tuple(map(_chunk, dialect.writes(shape)))
    Server.preparing += time.process_time() - begun
    return prepared


@lru_cache(maxsize=1024)
def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Server(asyncio.Protocol):
    """One connection: requests in, prepared streams out."""

    connections = 0
    streams = 0
    preparing = 0.0

    def __init__(self) -> None:
        self._received = b""
        self._pieces: Iterator[bytes] = iter(())
        self._shape = Shape(0)
        self._paused = self._streaming = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(HIGH_WATER)
        Server.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._done()
        self._pieces = iter(())

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._streaming and not self._shape.rate:
            self._write_all()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        start, *lines = head.decode("latin-1").split("\r\n")
        path = start.split(" ")[1].partition("?")[0]
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", 0))
        if len(body) < length:
            return
        self._received = body[length:]
        if path == "/stats":
            self._tell()
            return
        [(dialect, model)] = [
            (dialect, model)
            for dialect in DIALECTS.values()
            if (model := dialect.asked(path)) is not None
        ]
        self._answer(dialect, model or json.loads(body[:length])["model"])

    def _tell(self) -> None:
        seen = {
            "cpu": time.process_time() - Server.preparing,
            "connections": Server.connections,
            "streams": Server.streams,
        }
        body = json.dumps(seen).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    def _answer(self, dialect: Dialect, model: str) -> None:
        self._shape = Shape.read(model)
        self._pieces = iter(chunks(dialect, self._shape))
        self._streaming = True
        Server.streams += 1
        self._transport.write(HEAD.format(dialect.content_type).encode())
        if self._shape.rate:
            self._due = time.monotonic()
            self._transport.write(next(self._pieces))
            self._write_one()
        else:
            self._write_all()

    def _write_all(self) -> None:
        for piece in self._pieces:
            self._transport.write(piece)
            if self._paused:
                return
        self._end()

    def _write_one(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._end()
            return
        self._transport.write(piece)
        self._due += 1 / self._shape.rate
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._due - time.monotonic(), self._write_one)

    def _end(self) -> None:
        if self._shape.ending != "hold":
            self._transport.write(b"0\r\n\r\n")
            self._done()

    def _done(self) -> None:
        if self._streaming:
            self._streaming = False
            Server.streams -= 1


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
