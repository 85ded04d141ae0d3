"""A connection whose other end may be gone is asked for a sign of life, on every backend."""

from __future__ import annotations

import socket
from pathlib import Path

import streamkit
import streamkit.sync
from tape_server import Answer, TapeServer
from wire import Wire, said

from .conftest import run

TALKING = Answer(said("a"), then="stall")


def connected_to(server: TapeServer) -> socket.socket:
    """A twin of the client's socket."""
    port = int(server.url.rpartition(":")[2])
    for held in Path("/proc/self/fd").iterdir():
        try:
            twin = socket.socket(fileno=socket.dup(int(held.name)))
        except OSError:  # no socket
            continue
        if twin.family == socket.AF_INET and _peers_port(twin) == port:
            return twin
        twin.close()
    raise AssertionError("no connection")


def _peers_port(twin: socket.socket) -> int | None:
    try:
        port: int = twin.getpeername()[1]
    except OSError:  # it listens
        return None
    return port


def test_tcp_watches_over_a_silent_connection(secured: TapeServer, backend: str) -> None:
    secured.play(TALKING)
    found: list[list[int]] = []

    def look() -> None:
        with connected_to(secured) as twin:
            tcp = socket.IPPROTO_TCP
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert twin.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            found.append([twin.getsockopt(tcp, name) for name in names])

    async def main() -> None:
        async with streamkit.Client(adapters=[Wire(secured.url)]) as client:
            async with client.stream("wire:any", "Hi") as stream:
                await anext(stream.text)
                look()

    if backend == "sync":
        with streamkit.sync.Client(adapters=[Wire(secured.url)]) as client:
            with client.stream("wire:any", "Hi") as stream:
                next(stream.text)
                look()
    else:
        run(backend, main)
    assert found == [[60, 15, 4]]
