"""Every row of the fault table, for two dialects, on asyncio, uvloop, trio and in plain code."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
import tenacity
import trustme

from streamkit import Retry, errors
from tape_server import Answer, TapeServer

from .readers import BACKENDS, Reader, Seen, shown
from .rows import KEY, PROMPT, ROWS, SIZES, Row
from .vendors import ANTHROPIC, OPENAI, Vendor

AT_ONCE = Retry(wait=tenacity.wait_none())


def _cases() -> list[Any]:
    """Every row on every backend; once more in another dialect on two of them."""
    found = []
    for row in ROWS:
        found += [(row, OPENAI, backend) for backend in BACKENDS]
        if row not in SIZES:  # size is the framing's, not the dialect's
            found += [(row, ANTHROPIC, backend) for backend in ("trio", "sync")]
    return [pytest.param(*case, id=f"{case[0].name}-{case[1].prefix}-{case[2]}") for case in found]


@pytest.mark.parametrize(("row", "vendor", "backend"), _cases())
def test_a_fault(row: Row, vendor: Vendor, backend: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with _server(row) as (server, url):
        server.play(*row.answers(vendor) or [Answer()])
        connections = 0

        def between() -> None:
            nonlocal connections
            _check_connections(server, row)
            if row.place == "server":
                assert len(server.requests) == row.requests * row.streams
            connections = server.connections
            server.play(Answer(vendor.whole()))

        reader = Reader(f"{vendor.prefix}:any", PROMPT, row.streams, between)
        seen = reader.read(
            backend,
            again=row.place == "server",
            api_key={vendor.prefix: KEY},
            base_url={vendor.prefix: url + vendor.path},
            retry=AT_ONCE,
            resume=False,  # what one broken answer gives; going on has tests of its own
            **row.options,
        )
        if row.place == "server":
            assert (server.connections == connections) is row.reused
    for one in seen:
        _check_outcome(row, one)
        if one.error is not None:
            _check_message(one.error, one, row)
        said = one.words() + caplog.text
        assert KEY not in said
    assert PROMPT not in caplog.text


def _check_outcome(row: Row, seen: Seen) -> None:
    ended = [event for event in seen.events if event.type == "stream.ended"]
    assert [event.outcome for event in ended] == [row.outcome]
    assert seen.events[-1] is ended[0]
    assert [event.seq for event in seen.events] == list(range(len(seen.events)))
    assert isinstance(seen.error, row.error or type(None))
    assert type(seen.error).__name__ == (row.error or type(None)).__name__
    assert seen.snapshot.outcome == row.outcome
    assert seen.text == row.read
    assert ended[0].attempts == row.requests
    if seen.error is None:
        assert ended[0].fault is None
        last = seen.snapshot
    else:
        assert ended[0].fault == seen.error.info()
        last = seen.error.partial
        assert last is not None
        assert last == seen.snapshot
    assert last.text == row.read
    assert shown(last) == row.shown


def _check_message(error: errors.StreamkitError, seen: Seen, row: Row) -> None:
    """It says what happened, after how much of the answer, and what to do next."""
    message = str(error)
    assert message.startswith("openai:any: ") or message.startswith("anthropic:any: ")
    assert error.advice
    assert message.endswith(error.advice)
    if row.read:
        assert f"after {len(row.read)} characters of the answer" in message
    else:
        begins = ("before any text came", "before an answer began", "no connection could be made")
        assert any(words in message for words in (*begins, "HTTP ", "status 200"))
    if row.timer:
        assert isinstance(error, errors.StreamTimeoutError)
        assert error.timer == row.timer
        assert f"Timeouts({row.timer}=...)" in message
    assert error.attempts == row.requests
    if error.status is not None and error.status >= 400:
        assert error.request_id == "req_1"
    assert error.public() == type(error).public_text
    assert not set(error.public().split()) & {KEY, PROMPT, "openai:any:", "anthropic:any:"}


def _check_connections(server: TapeServer, row: Row) -> None:
    """What cannot be used again is closed within half a second."""
    kept = row.streams if row.reused else 0
    until = time.monotonic() + 0.5
    while len(server.open) > kept and time.monotonic() < until:
        time.sleep(0.005)
    assert len(server.open) <= kept


@contextlib.contextmanager
def _server(row: Row) -> Iterator[tuple[TapeServer, str]]:
    """A server, and where the client is told that it is."""
    server = TapeServer(_unsigned() if row.place == "untrusted" else None)
    try:
        match row.place:
            case "closed port":
                with socket.create_server(("127.0.0.1", 0)) as listener:
                    port = listener.getsockname()[1]
                yield server, f"http://127.0.0.1:{port}"
            case "no such host":
                yield server, "https://no-such-host.invalid"
            case "not TLS":
                yield server, server.url.replace("http:", "https:")
            case _:
                yield server, server.url
    finally:
        server.close()


@lru_cache(maxsize=1)
def _unsigned() -> ssl.SSLContext:
    """A certificate for this host, of an authority that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context
