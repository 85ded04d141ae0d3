"""Requests of any size to hosts of any kind, and answers that come before the request was sent."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

import streamkit
import streamkit.sync
from streamkit import Timeouts, errors
from streamkit.adapter import ResumeBy
from streamkit.messages import ChatRequest
from tape_server import Answer, TapeServer
from wire import Wire, said, whole

from .conftest import Ask, run, texts

LONG = "word " * 400_000


def test_a_request_of_megabytes_arrives_whole(secured: TapeServer, ask: Ask) -> None:
    secured.play(Answer(whole("Hello")))
    assert texts(ask(secured.url, calls=2, prompt=LONG)) == ["Hello"] * 2
    assert len(secured.requests) == 2
    assert all(LONG.encode() in request.body for request in secured.requests)
    assert secured.connections == 1


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection."""

    def accept() -> None:
        with listener.accept()[0] as conn:
            serve(conn)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)
        assert not thread.is_alive()


TOO_LARGE = b"HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\nconnection: close\r\n\r\ntoo large"


def test_an_answer_before_the_request_was_sent_is_heard(ask: Ask) -> None:
    """The server answers to the head of the request, reads no more, and closes soon after."""

    def serve(conn: socket.socket) -> None:
        conn.recv(1000)
        conn.sendall(TOO_LARGE)
        time.sleep(0.3)

    with _listening(serve) as url:
        (error,) = ask(url, prompt=LONG)
    assert isinstance(error, errors.InvalidRequestError), error
    assert error.status == 413


def test_a_connection_whose_request_was_cut_short_does_not_serve_again(
    server: TapeServer, ask: Ask
) -> None:
    kept = TOO_LARGE.replace(b"connection: close\r\n", b"")

    def serve(conn: socket.socket) -> None:
        conn.recv(1000)
        conn.sendall(kept)
        time.sleep(0.1)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with _listening(serve) as url:
        (error,) = ask(url, prompt=LONG)
    assert isinstance(error, errors.StreamkitError)


def test_a_server_that_does_not_take_the_request_is_not_waited_for_beyond_the_timer(
    ask: Ask,
) -> None:
    done = threading.Event()

    with _listening(lambda _conn: bool(done.wait(20)) and None) as url:
        begun = time.monotonic()
        (error,) = ask(url, prompt=LONG * 4, timeouts=Timeouts(first_event=0.3))
        took = time.monotonic() - begun
        done.set()
    assert isinstance(error, errors.StreamTimeoutError)
    assert error.timer == "first_event"
    assert took < 2


@dataclass(frozen=True)
class Prefixed(Wire):
    """The wire dialect of a model that can be gone on with, so that last words are held back."""

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        return (ResumeBy("prefix", "tests"),)


def test_a_slow_reader_of_words_loses_nothing(backend: str, server: TapeServer) -> None:
    """Each word is used for longer than a held word waits, and the rest has come meanwhile."""
    server.play(Answer([*said("one ", "two "), 0.3, *whole("three ", "four")]))
    words: list[str] = []

    async def read() -> None:
        async with (
            streamkit.Client(adapters=[Prefixed(server.url)]) as client,
            client.stream("wire:any", "Hi") as stream,
        ):
            async for event in stream:
                if event.type == "text.delta":
                    words.append(event.text)
                    await anyio.sleep(0.2)

    def read_plainly() -> None:
        with (
            streamkit.sync.Client(adapters=[Prefixed(server.url)]) as client,
            client.stream("wire:any", "Hi") as stream,
        ):
            for event in stream:
                if event.type == "text.delta":
                    words.append(event.text)
                    time.sleep(0.2)

    if backend == "sync":
        read_plainly()
    else:
        run(backend, read)
    assert "".join(words) == "one two three four"
    assert len(server.requests) == 1


def test_an_ipv6_host_is_reached(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, trusted: object
) -> None:
    plain = socket.create_server
    monkeypatch.setattr(
        socket, "create_server", lambda _a, **k: plain(("::1", 0), family=socket.AF_INET6, **k)
    )
    for context in (None, trusted):
        server = TapeServer(context)  # type: ignore[arg-type]
        try:
            server.play(Answer(whole("Hello")))
            url = server.url.replace("127.0.0.1", "[::1]")
            assert texts(ask(url, calls=2)) == ["Hello"] * 2
            assert server.requests[0].headers["host"] == url.partition("//")[2]
            assert server.connections == 1
        finally:
            server.close()


def test_a_name_is_looked_up_and_shown_to_the_tls_server(trusted: object, ask: Ask) -> None:
    server = TapeServer(trusted)  # type: ignore[arg-type]
    try:
        server.play(Answer(whole("Hello")))
        assert texts(ask(server.url.replace("127.0.0.1", "localhost"))) == ["Hello"]
    finally:
        server.close()


def test_a_request_that_expects_to_be_told_to_continue_is_sent_at_once(
    server: TapeServer, ask: Ask
) -> None:
    server.play(Answer(whole("Hello")))
    answers = ask(server.url, headers={"Expect": "100-continue"})
    assert server.requests[0].headers["expect"] == "100-continue"
    assert texts(answers) == ["Hello"]


REFUSED = ("127.0.0.1", 1)


@pytest.mark.parametrize("first", [REFUSED, ("192.0.2.1", 443)], ids=["refused", "unanswered"])
def test_a_host_with_several_addresses_is_reached_at_the_one_that_answers(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, first: tuple[str, int]
) -> None:
    """On asyncio, whose race is ours; the other loops have their own."""
    good = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    looked_up = socket.getaddrinfo

    def addresses(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        if host != "localhost":
            return looked_up(host, *args, **kwargs)
        if kwargs.get("flags"):
            raise socket.gaierror("not a number")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", x) for x in (first, good)]

    async def main() -> str:
        async with streamkit.Client(adapters=[Wire("http://localhost")]) as client:
            return (await client.complete("wire:any", "Hi")).text

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    server.play(Answer(whole("Hello")))
    assert run("asyncio", main) == "Hello"
