"""A proxy that breaks answers: it passes on so many bytes of a body, then ends it.

fin     the connection is closed
rst     the connection is reset, which also takes away what the client has not read yet
clean   the chunked body is ended as HTTP wants it ended, as if it were whole
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import urlsplit

How = Literal["fin", "rst", "clean"]
HOWS: Final[tuple[How, ...]] = ("fin", "rst", "clean")

SETTLE: Final = 0.4
"""Seconds between leaving the server and telling the client. A server needs a moment to see that it
has been left; a request before that goes to another slot, with another cache."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER, for no seconds
_TRANSPORT: Final = {"host", "connection", "content-length", "transfer-encoding", "date", "server"}


@dataclass(frozen=True, slots=True)
class Cut:
    """End the body after its first ``after`` bytes, counted without HTTP's own framing."""

    after: int
    how: How


@dataclass(slots=True)
class CuttingProxy:
    """Passes requests on to ``origin``. ``plan`` says, request by request, where to cut."""

    origin: str
    url: str = ""
    plan: Callable[[], Cut | None] = lambda: None
    meanwhile: Callable[[], None] = lambda: None
    """Done at every cut, between leaving the server and telling the client."""
    cuts: list[Cut] = field(default_factory=list)
    arrivals: list[tuple[float, bytes]] = field(default_factory=list)
    """When each piece of a body was passed on, on the monotonic clock."""
    bodies: list[bytearray] = field(default_factory=list)
    """What was passed on of the answer to each request."""

    def forget(
        self,
        plan: Callable[[], Cut | None] = lambda: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin anew, with another plan; without one, nothing is cut."""
        self.plan, self.meanwhile = plan, meanwhile
        self.cuts, self.arrivals, self.bodies = [], [], []


@contextmanager
def cutting_proxy(origin: str) -> Iterator[CuttingProxy]:
    """Serves while the block runs."""
    proxy = CuttingProxy(origin)
    server = _Server(("127.0.0.1", 0), _handler(proxy))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is what is being measured."""

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # without the polite shutdown, which a reset must not have


def _handler(proxy: CuttingProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _TRANSPORT}
            cut = proxy.plan()
            upstream = HTTPConnection(urlsplit(proxy.origin).netloc, timeout=120)
            try:
                upstream.request("POST", self.path, body, headers)
                answer = upstream.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _TRANSPORT:
                        self.send_header(name, value)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                with answer:
                    broken = self._pass_on(answer, cut)
            finally:
                upstream.close()
            if broken is not None:
                time.sleep(SETTLE)
                proxy.meanwhile()
                proxy.cuts.append(broken)
                self._end(broken)
            else:
                self.wfile.write(b"0\r\n\r\n")

        def _pass_on(self, answer: Any, cut: Cut | None) -> Cut | None:
            """Returns the cut if the body came that far."""
            passed, body = 0, bytearray()
            proxy.bodies.append(body)
            while data := answer.read1(65536):
                piece = data if cut is None else data[: cut.after - passed]
                if piece:
                    body += piece
                    proxy.arrivals.append((time.monotonic(), piece))
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                passed += len(data)
                if cut is not None and passed >= cut.after:
                    return cut
            return None

        def _end(self, cut: Cut) -> None:
            self.close_connection = True
            match cut.how:
                case "clean":
                    self.wfile.write(b"0\r\n\r\n")
                case "rst":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
