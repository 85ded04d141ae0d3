"""Each timer fires when it is due, under its own name, and not before."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

import streamkit
from streamkit import Retry, Timeouts, errors
from streamkit import chunks as c
from streamkit._commands import SILENT, TIMED_OUT, Opened
from streamkit._flow import Flow
from streamkit._setup import Setup
from streamkit.testing import Fake, Stall
from tape_server import Answer, TapeServer
from wire import DONE, PING, STOP, Wire, frame, said, whole

BEGUN = frame(c.Meta(id="a1"))


def pings(seconds: float, piece: bytes = PING) -> list[bytes | float]:
    """Keep-alives, fifty a second."""
    return [piece, 0.02] * int(seconds * 50)


@dataclass(frozen=True)
class Case:
    """``timer`` of 0.15 s must fire on ``answer``, having shown ``text``."""

    timer: str
    answer: Answer
    text: str = ""
    more: dict[str, float] | None = None


CASES = {
    "no head of an answer": Case("first_event", Answer(delay=3600)),
    "no event": Case("first_event", Answer(then="stall")),
    "no content, and pings alone": Case("first_content", Answer(pings(3), then="stall")),
    "no content": Case("first_content", Answer([BEGUN], then="stall")),
    "no content but events": Case("first_content", Answer(pings(3, BEGUN), then="stall")),
    "no content but pings": Case("first_content", Answer([BEGUN, *pings(3)], then="stall")),
    "no bytes behind the head": Case("no_bytes", Answer(then="stall")),
    "no head, so no bytes": Case("no_bytes", Answer(delay=3600)),
    "no bytes behind words": Case("no_bytes", Answer(said("Hel"), then="stall"), "Hel"),
    "no more content": Case("no_content", Answer(said("Hel"), then="stall"), "Hel"),
    "no more content but pings": Case(
        "no_content", Answer([*said("Hel"), *pings(3)], then="stall"), "Hel"
    ),
    "no more content after many words": Case(
        "no_content", Answer([*said("Hel"), 0.08, *said("lo"), 0.08, *said("!")], then="stall"),
        "Hello!",
    ),
    "the nearer of two": Case(
        "first_content", Answer([BEGUN], then="stall"), more={"first_event": 0.1, "no_bytes": 5}
    ),
}  # fmt: skip
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def timeouts_of(case: Case) -> Timeouts:
    return Timeouts(**{case.timer: 0.15, **(case.more or {})})


def check(case: Case, error: errors.StreamTimeoutError, seconds: float) -> None:
    assert error.timer == case.timer
    assert "within 0.15 s" in str(error)
    assert f"Timeouts({case.timer}=...)" in str(error)
    assert error.partial.text == case.text
    if case.text:
        assert error.partial.outcome == "truncated"
    expected = 0.31 if case.text == "Hello!" else 0.15
    assert expected - 0.01 < seconds < expected + 1


@each_case
async def test_a_timer_fires(server: TapeServer, case: Case) -> None:
    server.play(case.answer)
    adapters, timeouts = [Wire(server.url)], timeouts_of(case)
    async with streamkit.Client(
        adapters=adapters, timeouts=timeouts, retry=Retry.never()
    ) as client:
        before = time.monotonic()
        with pytest.raises(errors.StreamTimeoutError) as caught:
            await client.complete("wire:any", "Hi")
        check(case, caught.value, time.monotonic() - before)
        await server.sees_the_client_go()


@each_case
def test_a_timer_fires_in_plain_code(server: TapeServer, case: Case) -> None:
    server.play(case.answer)
    adapters, timeouts = [Wire(server.url)], timeouts_of(case)
    with streamkit.sync.Client(adapters=adapters, timeouts=timeouts, retry=Retry.never()) as client:
        before = time.monotonic()
        with pytest.raises(errors.StreamTimeoutError) as caught:
            client.complete("wire:any", "Hi")
        check(case, caught.value, time.monotonic() - before)
        server.waits_for_the_client_to_go()


def test_a_timer_keeps_its_name_where_the_drivers_clock_is_ahead_of_ours() -> None:
    """Event loops round: uvloop's timers may fire a little early by our own clock."""
    for reply, timer in ((TIMED_OUT, "no_content"), (SILENT, "no_bytes")):
        timeouts = Timeouts(no_content=5, no_bytes=7)
        setup = Setup(adapters=[Wire("https://wire.invalid")], timeouts=timeouts, resume=False)
        call = setup.call("wire:any", "Hi", {})
        flow = Flow(call, lambda: 100.0)
        run = flow.run()
        run.send(None)
        run.send(Opened(200, {}))
        run.send(b"".join(said("Hel")))
        run.send(reply)
        with pytest.raises(StopIteration):
            run.send(None)
        assert isinstance(flow.error, errors.StreamTimeoutError)
        assert flow.error.timer == timer
        assert f"within {getattr(timeouts, timer)} s" in str(flow.error)


# --- connect ------------------------------------------------------------------------------------


@pytest.fixture
def deaf() -> Iterator[str]:
    """The base URL of a port whose queue of connections is full: nobody will ever accept."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            waiting.append(sock)
        yield f"http://127.0.0.1:{address[1]}"
        for sock in waiting:
            sock.close()


async def test_connect_is_a_timer_of_its_own(deaf: str) -> None:
    timeouts = Timeouts(connect=0.2)
    async with streamkit.Client(
        adapters=[Wire(deaf)], timeouts=timeouts, retry=Retry.never()
    ) as client:
        before = time.monotonic()
        with pytest.raises(errors.StreamTimeoutError, match="connect") as caught:
            await client.complete("wire:any", "Hi")
    assert caught.value.timer == "connect"
    assert 0.19 < time.monotonic() - before < 1


def test_connect_is_a_timer_of_its_own_in_plain_code(deaf: str) -> None:
    timeouts = Timeouts(connect=0.2)
    with streamkit.sync.Client(
        adapters=[Wire(deaf)], timeouts=timeouts, retry=Retry.never()
    ) as client:
        before = time.monotonic()
        with pytest.raises(errors.StreamTimeoutError, match="connect") as caught:
            client.complete("wire:any", "Hi")
    assert caught.value.timer == "connect"
    assert 0.19 < time.monotonic() - before < 1


# --- not tripping -------------------------------------------------------------------------------

STEADY = Answer(
    [BEGUN, 0.08, *said("a"), 0.08, *said("b"), *pings(0.08), *said("c"), 0.08, STOP, DONE]
)
TIGHT = Timeouts(connect=0.2, first_event=0.2, first_content=0.2, no_bytes=0.2, no_content=0.2)


async def test_a_steady_stream_that_lasts_longer_than_every_timer_is_left_alone(
    server: TapeServer,
) -> None:
    server.play(STEADY)
    async with streamkit.Client(adapters=[Wire(server.url)], timeouts=TIGHT) as client:
        assert (await client.complete("wire:any", "Hi")).text == "abc"


def test_a_steady_stream_is_left_alone_in_plain_code(server: TapeServer) -> None:
    server.play(STEADY)
    with streamkit.sync.Client(adapters=[Wire(server.url)], timeouts=TIGHT) as client:
        assert client.complete("wire:any", "Hi").text == "abc"
        assert client.complete("wire:any", "Hi").text == "abc"
    assert server.connections == 1


async def test_a_slow_consumer_does_not_make_the_vendor_late(server: TapeServer) -> None:
    """The words were there all the time; it was the caller who took long."""
    server.play(Answer([*said("a"), 0.02, *said("b"), 0.02, *whole("c")]))
    timeouts = Timeouts(first_event=0.1, first_content=0.1, no_bytes=0.1, no_content=0.1)
    async with streamkit.Client(adapters=[Wire(server.url)], timeouts=timeouts) as client:
        async with client.stream("wire:any", "Hi") as stream:
            texts = []
            async for event in stream:
                if event.type == "text.delta":
                    texts.append(event.text)
                if event.type in ("attempt.started", "text.delta"):
                    await anyio.sleep(0.15)
    assert texts == ["a", "b", "c"]


def test_a_slow_consumer_does_not_make_the_vendor_late_in_plain_code(
    server: TapeServer,
) -> None:
    server.play(Answer([*said("a"), 0.02, *said("b"), 0.02, *whole("c")]))
    timeouts = Timeouts(first_event=0.1, first_content=0.1, no_bytes=0.1, no_content=0.1)
    with streamkit.sync.Client(adapters=[Wire(server.url)], timeouts=timeouts) as client:
        with client.stream("wire:any", "Hi") as stream:
            texts = []
            for event in stream:
                if event.type == "text.delta":
                    texts.append(event.text)
                if event.type in ("attempt.started", "text.delta"):
                    time.sleep(0.15)
    assert texts == ["a", "b", "c"]


FOREVER = Timeouts(
    connect=None, first_event=None, first_content=None, no_bytes=None, no_content=None
)


async def test_none_waits_on(server: TapeServer) -> None:
    server.play(Answer([0.1, *said("a"), 0.1, *whole("b")]))
    async with streamkit.Client(adapters=[Wire(server.url)], timeouts=FOREVER) as client:
        assert (await client.complete("wire:any", "Hi")).text == "ab"


def test_none_waits_on_in_plain_code(server: TapeServer) -> None:
    server.play(Answer([0.1, *said("a"), 0.1, *whole("b")]))
    with streamkit.sync.Client(adapters=[Wire(server.url)], timeouts=FOREVER) as client:
        assert client.complete("wire:any", "Hi").text == "ab"


# --- the rest -----------------------------------------------------------------------------------


def test_a_timer_before_content_is_tried_again_and_starts_anew(server: TapeServer) -> None:
    server.play(Answer([BEGUN], then="stall"), Answer([BEGUN, 0.15, *whole("Hi")]))
    timeouts = Timeouts(first_content=0.2)
    with streamkit.sync.Client(adapters=[Wire(server.url)], timeouts=timeouts) as client:
        with client.stream("wire:any", "Hi") as stream:
            [interrupted] = [event for event in stream if event.type == "interrupted"]
    assert interrupted.fault.kind == "timeout"
    assert stream.snapshot.text == "Hi"


def test_a_call_may_have_timers_of_its_own(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    with streamkit.sync.Client(adapters=[Wire(server.url)]) as client:
        with pytest.raises(errors.StreamTimeoutError, match=r"within 0\.1 s"):
            client.complete("wire:any", "Hi", timeouts=Timeouts(no_content=0.1))


async def test_an_error_answer_that_stalls_is_still_an_error_answer(server: TapeServer) -> None:
    body = [b'{"error": {"type": "overloaded_error", "message": "busy"']
    headers = {"content-type": "application/json"}
    server.play(Answer(body, status=529, headers=headers, then="stall"))
    adapters, timeouts = [Wire(server.url)], Timeouts(no_bytes=0.2)
    async with streamkit.Client(
        adapters=adapters, timeouts=timeouts, retry=Retry.never()
    ) as client:
        with pytest.raises(errors.OverloadedError):
            await client.complete("wire:any", "Hi")


@pytest.mark.parametrize("timer", ["no_bytes", "no_content"])
async def test_a_fake_that_stalls_trips_the_timers(timer: str) -> None:
    fake = Fake(["Hel", Stall()])
    async with fake.client(timeouts=Timeouts(**{timer: 0.1})) as client:
        with pytest.raises(errors.StreamTimeoutError) as caught:
            await client.complete("fake:any", "Hi")
    assert caught.value.timer == timer


@pytest.mark.parametrize("timer", ["no_bytes", "no_content", "first_event", "first_content"])
def test_a_fake_that_stalls_trips_the_timers_in_plain_code(timer: str) -> None:
    fake = Fake(["Hel", Stall()] if timer.startswith("no") else [Stall()])
    timeouts: Any = Timeouts(**{timer: 0.1})
    with fake.sync_client(timeouts=timeouts, retry=Retry.never()) as client:
        with pytest.raises(errors.StreamTimeoutError) as caught:
            client.complete("fake:any", "Hi")
    assert caught.value.timer == timer
