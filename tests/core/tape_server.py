"""A vendor on a real socket that plays tapes: bytes, pauses, and ways to go wrong.

One thread accepts, one thread serves each connection, and `close` ends and joins them all. Times
are on the monotonic clock, in seconds.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import anyio

Then = Literal["keep", "close", "reset", "stall", "vanish"]
"""After the body: wait for the next request; close; reset; say nothing more; or wait for the next
request until the client has been idle for a moment, then close behind its back."""

Length = Literal["chunked", "content-length", "until-close", "as-is"]
"""How the body is framed; "as-is" sends the pieces raw, below whatever ``headers`` claim."""

CHUNKED_END: Final = b"0\r\n\r\n"
TLS_HANDSHAKE: Final = b"\x16\x03"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``body`` holds pieces to send one by one, and pauses as numbers of seconds.

    ``ended`` False leaves a body out its last chunk, or short of its content-length: it is cut.
    ``status`` 0 answers nothing at all, but goes straight to ``then``.
    """

    body: Sequence[bytes | float] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: Length = "chunked"
    then: Then = "keep"
    ended: bool = True
    delay: float = 0.0

    def head(self) -> bytes:
        headers = {"content-type": "text/event-stream", **self.headers}
        match self.length:
            case "chunked":
                headers["transfer-encoding"] = "chunked"
            case "content-length":
                size = sum(len(piece) for piece in self.body if isinstance(piece, bytes))
                headers["content-length"] = str(size if self.ended else size + 1)
            case "until-close":
                headers["connection"] = "close"
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def framed(self, piece: bytes) -> bytes:
        if self.length == "chunked":
            return b"%x\r\n%s\r\n" % (len(piece), piece)
        return piece


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and the number of the connection it came over (from 0)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    at: float


class _ClientGone(Exception):
    """The client has closed its side."""


class TapeServer:
    """Answers the first request with the first tape, and so on; the last one serves all others."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.made: dict[int, float] = {}
        """When each connection was accepted."""
        self.gone: dict[int, float] = {}
        """When each connection was seen to be closed by the client."""
        self.connections = 0
        self.open: set[int] = set()
        """Connections that neither side is known to have closed."""
        self.silent: set[int] = set()
        """Requests, by number, that are read and then met with a closed connection."""
        self._tls = tls
        self._answers: list[Answer] = [Answer()]
        self._lock = threading.Lock()
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._threads = [threading.Thread(target=self._accept, name="tape server")]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def play(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests.clear()

    def close(self) -> None:
        self._stop_writer.send(b"x")
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a thread of the tape server hangs"
        for sock in (self._listener, self._stop_reader, self._stop_writer):
            sock.close()

    async def sees_the_client_go(self, connection: int = 0, within: float = 0.5) -> float:
        """Wait until the client has closed a connection; the moment it was seen."""
        with anyio.move_on_after(within):
            while connection not in self.gone:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        assert connection in self.gone, f"the connection is still open after {within} s"
        return self.gone[connection]

    def waits_for_the_client_to_go(self, connection: int = 0, within: float = 0.5) -> float:
        """The same for plain code."""
        until = time.monotonic() + within
        while connection not in self.gone and time.monotonic() < until:
            time.sleep(0.005)
        assert connection in self.gone, f"the connection is still open after {within} s"
        return self.gone[connection]

    # --- threads ---------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._stop_reader], [], [])
            if self._stop_reader in ready:
                return
            conn, _ = self._listener.accept()
            number, self.connections = self.connections, self.connections + 1
            self.made[number] = time.monotonic()
            self.open.add(number)
            thread = threading.Thread(target=self._serve, args=(conn, number), name="tape")
            self._threads.append(thread)
            thread.start()

    def _serve(self, conn: socket.socket, number: int) -> None:
        try:
            with self._secured(conn) as line:
                while self._converse(line, number):
                    pass
        except (_ClientGone, ConnectionError, ssl.SSLError):
            self.gone[number] = time.monotonic()
        finally:
            self.open.discard(number)

    def _secured(self, conn: socket.socket) -> socket.socket:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return conn
        with conn:  # wrapping moves it into the new socket; a handshake that fails closes it
            return self._tls.wrap_socket(conn, server_side=True)

    def _converse(self, conn: socket.socket, number: int) -> bool:
        """Read one request and answer it. False: this side has ended the connection."""
        request = self._read_request(conn, number)
        if request is None:
            return False
        with self._lock:
            answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
            self.requests.append(request)
        if len(self.requests) - 1 in self.silent:
            return False
        if not self._pause(conn, answer.delay):
            return False
        if answer.status:
            conn.sendall(answer.head())
        for step in answer.body:
            if isinstance(step, bytes):
                conn.sendall(answer.framed(step))
            elif not self._pause(conn, step):
                return False
        whole = answer.status and answer.ended and answer.then not in ("stall", "reset")
        if whole and answer.length == "chunked":
            conn.sendall(CHUNKED_END)
        return self._afterwards(conn, answer)

    def _afterwards(self, conn: socket.socket, answer: Answer) -> bool:
        match answer.then:
            case "keep":
                return answer.length != "until-close"
            case "stall":
                self._pause(conn, 3600)
            case "reset":
                # Let the client read first: a reset throws away what it has not read yet.
                self._pause(conn, 0.05)
                conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "vanish":
                self._pause(conn, 0.02)
        return False

    def _pause(self, conn: socket.socket, seconds: float) -> bool:
        """Wait, watching the client. False: the server is closing. Raises if the client goes."""
        if seconds <= 0:
            return True
        ready, _, _ = select.select([conn, self._stop_reader], [], [], seconds)
        if self._stop_reader in ready:
            return False
        # TLS cannot be peeked into. There, the only thing to come meanwhile is a farewell.
        peek = 0 if isinstance(conn, ssl.SSLSocket) else socket.MSG_PEEK
        if conn in ready and not conn.recv(1, peek):
            raise _ClientGone
        return True

    def _read_request(self, conn: socket.socket, number: int) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = self._receive(conn)
            if more is None:
                return None
            data += more
            if data.startswith(TLS_HANDSHAKE):  # to a server without TLS, as such servers answer it
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
                return None
        at = time.monotonic()
        head, _, body = data.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = start.split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        while len(body) < int(headers.get("content-length", 0)):
            more = self._receive(conn)
            if more is None:
                return None
            body += more
        return Request(method, path, headers, body, number, at)

    def _receive(self, conn: socket.socket) -> bytes | None:
        """The next bytes; None when the server is closing. Raises if the client goes."""
        ready, _, _ = select.select([conn, self._stop_reader], [], [])
        if self._stop_reader in ready:
            return None
        data = conn.recv(65536)
        if not data:
            raise _ClientGone
        return data
