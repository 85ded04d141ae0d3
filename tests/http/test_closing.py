"""A client that is closed under its streams, and a stream that two want to read."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest

import streamkit
import streamkit.sync
from streamkit import Retry, Timeouts, errors, events
from streamkit.adapter import ResumeBy
from streamkit.messages import ChatRequest
from tape_server import Answer, TapeServer
from wire import KEY, Wire, said, whole

from .conftest import Ask, run, texts

BUSY = Answer(status=429, headers={"retry-after": "30"}, length="content-length")


@dataclass(frozen=True)
class Prefixed(Wire):
    """The wire dialect of a model that can be gone on with."""

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        return (ResumeBy("prefix", "tests"),)


IsTime = Callable[[object], bool]


class Reading:
    """A stream that one task, or thread, reads to its end, while another acts."""

    def __init__(self, backend: str, url: str) -> None:
        self.backend = backend
        self.options: dict[str, Any] = {"adapters": [Prefixed(url)], "retry": Retry()}
        self.events: list[Any] = []
        self.error: BaseException | None = None
        self.ended = 0.0

    def until(self, is_time: IsTime, act: str) -> float:
        """Read; ``act`` ("close the client" or "read, too") when it is time.

        Returns how many seconds later the reader was done.
        """
        if self.backend == "sync":
            return self._plainly(is_time, act)
        took: float = run(self.backend, self._async, is_time, act)
        return took

    async def _async(self, is_time: IsTime, act: str) -> float:
        seen = anyio.Event()
        client = streamkit.Client(**self.options)
        stream = client.stream("wire:any", "Hi")

        async def read() -> None:
            try:
                async with stream:
                    async for event in stream:
                        self.events.append(event)
                        if is_time(event):
                            seen.set()
            except streamkit.StreamkitError as error:
                self.error = error
            self.ended = time.monotonic()

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await seen.wait()
            await anyio.sleep(0.1)  # it waits by now
            acted = time.monotonic()
            if act == "read, too":
                with pytest.raises(errors.ConfigurationError, match="another task is reading"):
                    await anext(aiter(stream))
            else:
                await client.aclose()
        await client.aclose()
        return self.ended - acted

    def _plainly(self, is_time: IsTime, act: str) -> float:
        seen = threading.Event()
        client = streamkit.sync.Client(**self.options)
        stream = client.stream("wire:any", "Hi")

        def read() -> None:
            try:
                with stream:
                    for event in stream:
                        self.events.append(event)
                        if is_time(event):
                            seen.set()
            except streamkit.StreamkitError as error:
                self.error = error
            self.ended = time.monotonic()

        thread = threading.Thread(target=read)
        thread.start()
        assert seen.wait(10)
        time.sleep(0.1)
        acted = time.monotonic()
        if act == "read, too":
            with pytest.raises(errors.ConfigurationError, match="another thread is reading"):
                next(iter(stream))
        else:
            client.close()
        thread.join(10)
        assert not thread.is_alive()
        client.close()
        return self.ended - acted


def _waits_long(event: object) -> bool:
    return isinstance(event, events.Interrupted) and event.retry_in > 20


def _is_text(event: object) -> bool:
    return isinstance(event, events.TextDelta)


def test_closing_the_client_wakes_a_stream_that_waits_to_go_on(
    backend: str, server: TapeServer
) -> None:
    server.play(Answer(said("one ", "two "), then="close", ended=False), BUSY)
    reading = Reading(backend, server.url)
    assert reading.until(_waits_long, "close the client") < 5
    error = reading.error
    assert isinstance(error, streamkit.StreamInterrupted)
    assert isinstance(error, errors.ConfigurationError)
    assert error.partial is not None
    assert error.partial.text == "one two "
    assert error.token
    assert error.__cause__ is not None
    assert isinstance(reading.events[-1], events.StreamEnded)
    assert "the client is closed" in str(error)
    assert len(server.requests) == 2


def test_closing_the_client_wakes_a_stream_that_waits_to_begin(
    backend: str, server: TapeServer
) -> None:
    server.play(BUSY)
    reading = Reading(backend, server.url)
    assert reading.until(_waits_long, "close the client") < 5
    assert isinstance(reading.error, errors.ConfigurationError)
    assert isinstance(reading.error.__context__, errors.RateLimitError)
    assert isinstance(reading.events[-1], events.StreamEnded)
    assert len(server.requests) == 1


def test_a_stream_of_a_closed_client_ends_as_any_other(backend: str, server: TapeServer) -> None:
    async def read() -> list[Any]:
        client = streamkit.Client(adapters=[Wire(server.url)])
        found: list[Any] = []
        async with client.stream("wire:any", "Hi") as stream:
            await client.aclose()
            with pytest.raises(errors.ConfigurationError, match="the client is closed") as caught:
                async for event in stream:
                    found += [event]
        return [*found, caught.value]

    def read_plainly() -> list[Any]:
        client = streamkit.sync.Client(adapters=[Wire(server.url)])
        found: list[Any] = []
        with client.stream("wire:any", "Hi") as stream:
            client.close()
            with pytest.raises(errors.ConfigurationError, match="the client is closed") as caught:
                for event in stream:
                    found += [event]
        return [*found, caught.value]

    *found, error = read_plainly() if backend == "sync" else run(backend, read)
    assert error.partial is not None
    assert isinstance(found[-1], events.StreamEnded)
    assert not server.requests


def test_whoever_reads_a_stream_that_is_being_read_is_told_so(
    backend: str, server: TapeServer
) -> None:
    """And the reader reads on."""
    server.play(Answer([*said("one "), 0.6, *whole("two")]))
    reading = Reading(backend, server.url)
    reading.until(_is_text, "read, too")
    assert reading.error is None
    assert "".join(x.text for x in reading.events if isinstance(x, events.TextDelta)) == "one two"


ECHOES = {
    "a chunk's head": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ%s\r\n",
    "a header": b"HTTP/1.1 200 OK\r\nbad %s: x\r\n\r\n",
    "the status line": b"HTTP/9 %s\r\n\r\n",
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_a_key_that_a_vendor_echoes_in_broken_http_is_in_no_traceback(
    ask: Ask, server: TapeServer, echo: bytes
) -> None:
    server.play(Answer([echo % KEY.encode()], status=0, length="as-is", then="close"))
    (error,) = ask(server.url)
    assert isinstance(error, errors.ConnectionLostError)
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in repr((error, error.__cause__, error.__context__))


def test_the_connect_timer_bounds_the_wait_for_a_place_in_a_pool(
    backend: str, server: TapeServer
) -> None:
    server.play(Answer([*said("one "), 20.0]))
    limits = httpx.Limits(max_connections=1)
    options: dict[str, Any] = {"adapters": [Wire(server.url)], "retry": Retry.never()}
    timeouts = Timeouts(connect=0.3)

    async def read() -> streamkit.StreamkitError:
        async with (
            httpx.AsyncClient(limits=limits) as http,
            streamkit.Client(http=http, **options) as client,
            client.stream("wire:any", "Hi") as first,
        ):
            await anext(aiter(first.text))
            with pytest.raises(errors.StreamTimeoutError) as caught:
                await client.complete("wire:any", "Hi", timeouts=timeouts)
        return caught.value

    def read_plainly() -> streamkit.StreamkitError:
        with (
            httpx.Client(limits=limits) as http,
            streamkit.sync.Client(http=http, **options) as client,
            client.stream("wire:any", "Hi") as first,
        ):
            next(iter(first.text))
            with pytest.raises(errors.StreamTimeoutError) as caught:
                client.complete("wire:any", "Hi", timeouts=timeouts)
        return caught.value

    begun = time.monotonic()
    error = read_plainly() if backend == "sync" else run(backend, read)
    assert time.monotonic() - begun < 5
    assert isinstance(error, errors.StreamTimeoutError)
    assert error.timer == "connect"


@pytest.mark.parametrize("status", [201, 206])
def test_a_stream_of_events_is_read_whichever_success_it_is(
    ask: Ask, server: TapeServer, status: int
) -> None:
    server.play(Answer(whole("Hello"), status=status))
    assert texts(ask(server.url)) == ["Hello"]
