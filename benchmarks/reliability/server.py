"""The fault server: plays one fault per run over a real socket and writes down what the client did.

The first segment of a request's path names the run, and the run names its fault:
``/reset-3/v1/chat/completions`` is run ``reset-3``, which plays `reset`. ``/log/<run>`` tells the
run's requests: when each came, on which connection, and when that connection closed. Times are of
the machine's monotonic clock, which every process of it shares.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from http import HTTPStatus

from benchmarks.reliability.wire import ARGUMENTS, DIALECTS, WORDS, Dialect

HALF = len(WORDS) // 2
HTML = b"<!doctype html><title>Sign in</title><p>Welcome to the hotel's network."
STALL = 30.0
DRIP = 0.05


@dataclass
class Request:
    """What is known of one request. Times in seconds."""

    at: float
    connection: int
    closed_at: float | None = None
    closed_by: str | None = None


class Exchange:
    """One request and the answer being played to it."""

    def __init__(
        self, dialect: Dialect, writer: asyncio.StreamWriter, gone: asyncio.Task[None], key: str
    ) -> None:
        self.dialect, self.writer, self.gone, self.key = dialect, writer, gone, key

    async def head(self) -> None:
        """The head of a stream; its frames are HTTP chunks."""
        fields = "content-type: text/event-stream\r\ntransfer-encoding: chunked"
        self.writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode())
        await self.writer.drain()

    async def document(self, status: int, kind: str, body: bytes, *headers: str) -> None:
        """An answer that is no stream."""
        fields = [f"content-type: {kind}", f"content-length: {len(body)}", *headers]
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)
        await self.writer.drain()

    async def send(self, *frames: bytes, pause: float = 0.01) -> None:
        """Each frame in a chunk and a segment of its own."""
        for frame in frames:
            self.writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            await self.writer.drain()
            await asyncio.wait({self.gone}, timeout=pause)
            if self.gone.done():
                raise ConnectionResetError

    async def finish(self) -> None:
        """End the body as HTTP wants it ended: nothing looks wrong from there."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def refuse(self, status: int, message: str, *headers: str) -> None:
        body = json.dumps(self.dialect.refusal(status, message)).encode()
        await self.document(status, "application/json", body, *headers)

    async def begin_answer(self) -> None:
        await self.head()
        await self.send(*self.dialect.begin(), *map(self.dialect.word, WORDS[:HALF]))

    async def answer(self) -> None:
        await self.begin_answer()
        await self.send(*map(self.dialect.word, WORDS[HALF:]), *self.dialect.end())
        await self.finish()

    def abort(self, *, reset: bool = False) -> None:
        if reset:  # a linger time of zero turns the close into a reset
            linger = struct.pack("ii", 1, 0)
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


async def play(fault: str, turn: int, reused: bool, exchange: Exchange) -> None:
    """Answer the ``turn``-th request of a run (from 0); ``reused`` if its connection is not new."""
    dialect = exchange.dialect
    match fault, turn:
        case "end_missing", _:
            await exchange.begin_answer()
            await exchange.finish()
        case "tool_whole", 0:
            await exchange.head()
            await exchange.send(*dialect.tool(ARGUMENTS), *dialect.tool_end())
            await exchange.finish()
        case "tool_cut" | "tool_named", 0:
            pieces = ARGUMENTS[:-1] if fault == "tool_cut" else ()
            await exchange.head()
            await exchange.send(*dialect.tool(pieces))
            await exchange.finish()
        case "reset", _:
            await exchange.begin_answer()
            await asyncio.sleep(0.1)
            exchange.abort(reset=True)
        case "event_cut", _:
            await exchange.begin_answer()
            frame = dialect.word(WORDS[HALF])
            await exchange.send(frame[: frame.index(WORDS[HALF].encode()) + 3])
            await exchange.finish()
        case "error_event", _:
            await exchange.begin_answer()
            await exchange.send(dialect.error())
            await exchange.finish()
        case "bad_json", _:
            await exchange.begin_answer()
            frame = dialect.word(WORDS[HALF])
            await exchange.send(frame[: frame.index(WORDS[HALF].encode()) + 3] + b"\n\n")
            rest = map(dialect.word, WORDS[HALF + 1 :])
            await exchange.send(*rest, *dialect.end())
            await exchange.finish()
        case "unknown_event", _:
            await exchange.begin_answer()
            rest = map(dialect.word, WORDS[HALF:])
            await exchange.send(dialect.unknown(), *rest, *dialect.end())
            await exchange.finish()
        case "html", _:
            await exchange.document(200, "text/html", HTML)
        case "drip", _:
            await exchange.begin_answer()
            await exchange.send(*[dialect.word("and ")] * int(6 / DRIP), pause=DRIP)
            await exchange.finish()
        case "stall", _:
            await exchange.begin_answer()
            await asyncio.wait({exchange.gone}, timeout=STALL)
            exchange.abort()
        case "rate_limit", 0:
            await exchange.refuse(429, "Slow down.", "retry-after: 1")
        case "unavailable", 0:
            await exchange.refuse(503, "Try again later.")
        case "unauthorized", _:
            await exchange.refuse(401, "Incorrect API key provided.")
        case "key_echoed", _:
            await exchange.refuse(401, f"Incorrect API key provided: {exchange.key}.")
        case "idle_closed", 0:
            await exchange.answer()
            await asyncio.sleep(0.1)
            exchange.abort()
        case "keepalive_race", _ if reused and turn == 1:
            exchange.abort()
        case _:
            await exchange.answer()


class Server:
    def __init__(self) -> None:
        self.log: defaultdict[str, list[Request]] = defaultdict(list)
        self.numbers = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, mine = next(self.numbers), list[Request]()
        closed_by = "client"
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self.exchange(number, mine, reader, writer):
                    pass
            if writer.transport.is_closing():
                closed_by = "server"
        finally:
            for request in mine:
                if request.closed_at is None:
                    request.closed_at, request.closed_by = time.monotonic(), closed_by
            writer.close()

    async def exchange(
        self,
        number: int,
        mine: list[Request],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Serve one request; False if the connection is at its end."""
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(item.split(": ", 1) for item in rest if item)
        headers = {name.lower(): value for name, value in headers.items()}
        await reader.readexactly(int(headers.get("content-length", 0)))
        path = line.split()[1].partition("?")[0]
        run = path.split("/")[1]
        if run == "log":
            log = json.dumps([asdict(r) for r in self.log[path.rpartition("/")[2]]]).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + log)
            await writer.drain()
            return False
        dialect = next((d for end, d in DIALECTS.items() if path.endswith(end)), None)
        if dialect is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return True
        key = headers.get("authorization", "").removeprefix("Bearer ")
        key = key or headers.get("x-api-key", "") or headers.get("x-goog-api-key", "")
        request = Request(time.monotonic(), number)
        reused, turn = bool(mine), len(self.log[run])
        mine.append(request)
        self.log[run].append(request)

        async def watch() -> None:
            """A client says nothing while it is answered: what can be read is its going away."""
            with suppress(ConnectionError):
                await reader.read(1)
            request.closed_at, request.closed_by = time.monotonic(), "client"

        gone = asyncio.create_task(watch())
        try:
            fault = run.partition("-")[0]
            await play(fault, turn, reused, Exchange(dialect, writer, gone, key))
            return not gone.done() and not writer.transport.is_closing()
        finally:
            gone.cancel()  # and wait for it, for a reader has room for one who waits
            await asyncio.wait({gone})


async def main() -> None:
    """Serve until stopped; the first line of the output is the port."""
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
