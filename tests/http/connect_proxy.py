"""A proxy on a real socket that opens tunnels (CONNECT), all to one place."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from urllib.parse import urlsplit

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ConnectProxy:
    """``heads`` are those of the requests; ``answer`` b"" says nothing and waits."""

    def __init__(self, to: str, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.answer = ESTABLISHED
        self._to = urlsplit(to).port
        self._tls = tls
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(5)
        for held in self._held:
            _hang_up(held)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a thread of the proxy hangs"
        for held in (self._listener, *self._held):
            held.close()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self._listener.accept()
                self._held.append(conn)
                self._start(self._serve, conn)

    def _serve(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                conn = self._tls.wrap_socket(conn, server_side=True)
                self._held.append(conn)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (more := conn.recv(1)):
                    return
                head += more
            self.heads.append(head.decode())
            if self.answer == ESTABLISHED:
                there = socket.create_connection(("127.0.0.1", self._to))
                self._held.append(there)
                self._start(_relay, there, conn)
                conn.sendall(self.answer)
                _relay(conn, there)
            elif self.answer:
                conn.sendall(self.answer)
                _hang_up(conn)
            else:
                conn.recv(1)


def _relay(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for held in (one, other):
        _hang_up(held)


def _hang_up(held: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(held, socket.SHUT_RDWR)
