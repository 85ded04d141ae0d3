"""A connection serves again after an answer that was read whole, and after no other."""

from __future__ import annotations

import time

import pytest

from streamkit import errors
from tape_server import Answer, TapeServer
from wire import Wire, whole

from .conftest import Ask, texts

BODY = b"".join(whole("Hello"))
SSE = b"content-type: text/event-stream\r\n"


def raw(head: bytes, body: bytes = b"", then: str = "keep") -> Answer:
    """An answer byte for byte."""
    return Answer([head + b"\r\n" + body], status=0, length="as-is", then=then)  # type: ignore[arg-type]


def sized(body: bytes, more: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"HTTP/%s 200 OK\r\n%scontent-length: %d\r\n%s" % (version, SSE, len(body), more)


def test_calls_in_a_row_share_a_connection(secured: TapeServer, ask: Ask) -> None:
    secured.play(Answer(whole("Hello")))
    assert texts(ask(secured.url, calls=5)) == ["Hello"] * 5
    assert secured.connections == 1


AGAIN = {
    "interim answers before the head": raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        + sized(BODY),
        BODY,
    ),
    "trailers behind the body": raw(
        b"HTTP/1.1 200 OK\r\n%stransfer-encoding: chunked\r\ntrailer: x\r\n" % SSE,
        b"%x\r\n%s\r\n0\r\nx: y\r\n\r\n" % (len(BODY), BODY),
    ),
    "a head in small pieces": Answer(
        [bytes([byte]) for byte in sized(BODY) + b"\r\n"] + [BODY], status=0, length="as-is"
    ),
}


@pytest.mark.parametrize("answer", AGAIN.values(), ids=AGAIN)
def test_a_connection_serves_again_after(server: TapeServer, ask: Ask, answer: Answer) -> None:
    server.play(answer)
    assert texts(ask(server.url, calls=2)) == ["Hello"] * 2
    assert server.connections == 1


ONCE = {
    "connection: close": raw(sized(BODY, b"connection: close\r\n"), BODY, "stall"),
    "HTTP/1.0": raw(sized(BODY, version=b"1.0"), BODY, "stall"),
    "an answer nobody asked for": raw(sized(BODY), BODY + sized(BODY) + b"\r\n" + BODY),
    "half an answer nobody asked for": raw(sized(BODY), BODY + b"HTTP/1.1 200 OK\r\n"),
    "an answer nobody asked for, later": Answer(
        [sized(BODY) + b"\r\n" + BODY, 0.05, sized(BODY) + b"\r\n" + whole("evil")[0]],
        status=0,
        length="as-is",
    ),
}


@pytest.mark.parametrize("answer", ONCE.values(), ids=ONCE)
def test_a_connection_does_not_serve_again_after(
    server: TapeServer, ask: Ask, answer: Answer
) -> None:
    server.play(answer)
    assert texts(ask(server.url, calls=2, pause=0.15)) == ["Hello"] * 2
    assert server.connections == 2


@pytest.mark.parametrize("length", ["chunked", "content-length"])
def test_a_body_whose_end_is_the_answers_end_is_not_read_on(
    server: TapeServer, ask: Ask, length: str
) -> None:
    """A dialect without an end mark: nothing more comes, and waiting for it would cost time."""
    server.play(Answer(whole("Hello")[:-1], length=length))  # type: ignore[arg-type]
    begun = time.monotonic()
    answers = ask(server.url, calls=8, adapters=[Wire(server.url, lenient=True)])
    assert texts(answers) == ["Hello"] * 8
    assert server.connections == 1
    assert time.monotonic() - begun < 1.5  # a quarter of a second each, if it were


def test_a_body_left_unread_costs_the_connection_alone(server: TapeServer, ask: Ask) -> None:
    huge = Answer([b"x" * 300_000], status=400, headers={"content-type": "text/plain"})
    server.play(huge, Answer(whole("Hello")))
    first, second = ask(server.url, calls=2)
    assert isinstance(first, errors.InvalidRequestError)
    assert second.text == "Hello"
    assert server.connections == 2


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_at_its_head(
    server: TapeServer, ask: Ask, status: int
) -> None:
    server.play(raw(b"HTTP/1.1 %d Nothing\r\n" % status), Answer(whole("Hello")))
    begun = time.monotonic()
    first, second = ask(server.url, calls=2)
    assert isinstance(first, errors.StreamkitError)
    assert second.text == "Hello"
    assert time.monotonic() - begun < 2


def test_an_idle_connection_that_died_is_replaced_unnoticed(secured: TapeServer, ask: Ask) -> None:
    secured.play(Answer(whole("a"), then="vanish"), Answer(whole("b")))
    assert texts(ask(secured.url, calls=3, pause=0.1)) == ["a", "b", "b"]
    assert secured.connections == 2


def test_a_connection_that_dies_under_the_request_is_replaced_unnoticed(
    secured: TapeServer, ask: Ask
) -> None:
    """The server reads the second request, and closes."""
    secured.play(Answer(whole("Hello")))
    secured.silent.add(1)
    assert texts(ask(secured.url, calls=3)) == ["Hello"] * 3
    assert secured.connections == 2


def test_an_idle_connection_expires(
    server: TapeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamkit._http._connections.KEEP_ALIVE", 0.02)
    server.play(Answer(whole("Hello")))
    assert texts(ask(server.url, calls=2, pause=0.1)) == ["Hello"] * 2
    assert server.connections == 2


BROKEN = {
    "no HTTP": b"220 smtp.example.com ESMTP\r\n",
    "no version": b"HTTP 200 OK\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n",
    "a line break in a header": b"HTTP/1.1 200 OK\r\nx: a\rb\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
    "a length below nothing": b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n",
    "a huge head": b"HTTP/1.1 200 OK\r\nx: %s\r\n" % (b"y" * 200_000),
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
}


@pytest.mark.parametrize("head", BROKEN.values(), ids=BROKEN)
def test_a_broken_head_is_an_error_and_the_connection_is_closed(
    server: TapeServer, ask: Ask, head: bytes
) -> None:
    server.play(raw(head), Answer(whole("Hello")))
    first, second = ask(server.url, calls=2)
    assert isinstance(first, errors.ConnectionLostError)
    assert second.text == "Hello"
    assert server.connections == 2


def test_a_chunk_size_that_is_none_breaks_the_answer(server: TapeServer, ask: Ask) -> None:
    head = b"HTTP/1.1 200 OK\r\n%stransfer-encoding: chunked\r\n" % SSE
    server.play(raw(head, b"zz\r\nHello"), Answer(whole("Hello")))
    first, second = ask(server.url, calls=2)
    assert isinstance(first, errors.ConnectionLostError)
    assert second.text == "Hello"
    assert server.connections == 2
