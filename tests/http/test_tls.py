"""TLS in memory over our own connections: records cut anywhere, broken off, or late."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import pytest

import streamkit
from streamkit import Retry, errors
from streamkit._http._asyncio import connect
from streamkit._http._connections import tls
from tape_server import Answer, TapeServer
from wire import DONE, STOP, Wire, said

Peer = Callable[["Served"], None]
LONG = bytes(range(256)) * 2000


class Served:
    """The server's side of one connection, which says what goes over the wire byte by byte."""

    def __init__(self, conn: socket.socket, context: ssl.SSLContext) -> None:
        self._conn = conn
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._coming, self._going, server_side=True)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send()
                self._coming.write(self._conn.recv(65536))
        self.send()

    def send(self, size: int = 65536, data: bytes = b"") -> None:
        """Send what TLS has to say, or ``data``, in pieces of ``size`` bytes."""
        data = data or self._going.read()
        for start in range(0, len(data), size):
            self._conn.sendall(data[start : start + size])

    def sealed(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self._going.read()

    def receive(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            try:
                got += self.tls.read(count - len(got))
            except ssl.SSLWantReadError:
                self._coming.write(self._conn.recv(65536))
        return got


@contextmanager
def _serving(context: ssl.SSLContext, serve: Peer) -> Iterator[int]:
    def accept() -> None:
        with listener.accept()[0] as conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(Served(conn, context))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


async def _secured(port: int) -> httpcore.AsyncNetworkStream:
    stream = await connect("127.0.0.1", port, 5)
    return await stream.start_tls(tls(), "127.0.0.1", 5)


def _read_all(port: int) -> bytes:
    async def main() -> bytes:
        stream = await _secured(port)
        try:
            got = []
            while data := await stream.read(65536, 5):
                got.append(data)
            return b"".join(got)
        finally:
            await stream.aclose()

    return asyncio.run(main())


def test_records_cut_anywhere_are_put_together(trusted: ssl.SSLContext) -> None:
    def serve(served: Served) -> None:
        served.send(1, served.sealed(b"one by one, "))
        served.send(7, served.sealed(b"seven by seven, ") + served.sealed(b"two at once, "))
        served.send(5000, served.sealed(LONG[:16000]) + served.sealed(LONG[16000:20000]))

    with _serving(trusted, serve) as port:
        whole = _read_all(port)
    assert whole == b"one by one, seven by seven, two at once, " + LONG[:20000]


@pytest.mark.parametrize("farewell", [True, False])
def test_the_end_is_the_end_with_a_farewell_or_without(
    trusted: ssl.SSLContext, farewell: bool
) -> None:
    """Whether the answer is whole is for others to say; see also a record that is cut."""

    def serve(served: Served) -> None:
        served.send(data=served.sealed(b"all"))
        if farewell:
            with pytest.raises(ssl.SSLWantReadError):
                served.tls.unwrap()
            served.send()
        else:
            served.send(data=served.sealed(b"cut")[:-1])

    with _serving(trusted, serve) as port:
        assert _read_all(port) == b"all"


def test_a_record_that_was_altered_is_an_error(trusted: ssl.SSLContext) -> None:
    def serve(served: Served) -> None:
        record = bytearray(served.sealed(b"all is well"))
        record[-1] ^= 1
        served.send(data=bytes(record))
        with pytest.raises(ConnectionError):
            while True:
                served._conn.sendall(b"x")

    with _serving(trusted, serve) as port, pytest.raises(httpcore.ReadError):
        _read_all(port)


def test_a_read_that_took_too_long_can_be_asked_again_in_the_midst_of_a_record(
    trusted: ssl.SSLContext,
) -> None:
    go_on = threading.Event()

    def serve(served: Served) -> None:
        record = served.sealed(b"late")
        served.send(data=record[:9])
        assert go_on.wait(5)
        served.send(data=record[9:])

    async def main(port: int) -> bytes:
        stream = await _secured(port)
        try:
            for _ in range(2):
                with pytest.raises(httpcore.ReadTimeout):
                    await stream.read(100, 0.02)
            go_on.set()
            return await stream.read(100, 5)
        finally:
            await stream.aclose()

    with _serving(trusted, serve) as port:
        assert asyncio.run(main(port)) == b"late"


def test_much_is_sent_to_a_peer_that_takes_it_slowly(trusted: ssl.SSLContext) -> None:
    heard: list[bytes] = []

    def serve(served: Served) -> None:
        time.sleep(0.1)
        heard.append(served.receive(len(LONG)))
        served.send(data=served.sealed(b"thanks"))

    async def main(port: int) -> bytes:
        stream = await _secured(port)
        try:
            await stream.write(LONG, 5)
            return await stream.read(100, 5)
        finally:
            await stream.aclose()

    with _serving(trusted, serve) as port:
        assert asyncio.run(main(port)) == b"thanks"
    assert heard == [LONG]


@pytest.mark.parametrize("more", [False, True])
def test_an_idle_connection_is_dead_if_it_has_more_than_tls_itself_needs(
    trusted: ssl.SSLContext, more: bool
) -> None:
    """A ticket for the next session says nothing of this one."""
    told = threading.Event()

    def serve(served: Served) -> None:  # its handshake has sent two tickets
        if more:
            served.send(data=served.sealed(b"?"))
        assert told.wait(5)

    async def main(port: int) -> bool:
        stream = await _secured(port)
        try:
            for _ in range(500 if more else 10):
                await asyncio.sleep(0.01)
                if stream.get_extra_info("is_readable"):
                    return True
            return False
        finally:
            told.set()
            await stream.aclose()

    with _serving(trusted, serve) as port:
        assert asyncio.run(main(port)) is more


def test_a_stranger_is_not_trusted(trusted: ssl.SSLContext) -> None:
    del trusted
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate

    async def main(url: str) -> None:
        async with streamkit.Client(adapters=[Wire(url)], retry=Retry.never()) as client:
            await client.complete("wire:any", "Hi")

    server = TapeServer(stranger)
    try:
        with pytest.raises(errors.ConnectError):
            asyncio.run(main(server.url))
    finally:
        server.close()


def test_an_open_stream_takes_little_memory(secured: TapeServer) -> None:
    """Asyncio's own TLS would take 256 kB for each."""
    streams = 20
    secured.play(Answer([*said("a"), 1.0, *said("b"), STOP, DONE]))

    async def main() -> float:
        async with streamkit.Client(adapters=[Wire(secured.url)]) as client:
            await anext(aiter((warm := client.stream("wire:any", "Hi")).text))
            gc.collect()
            tracemalloc.start()
            opened = [client.stream("wire:any", "Hi") for _ in range(streams)]
            await asyncio.gather(*(anext(stream.text) for stream in opened))
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            for stream in [warm, *opened]:
                await stream.aclose()
            return held / streams

    assert asyncio.run(main()) < 64 * 1024
