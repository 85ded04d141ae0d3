"""The plain client as a user meets it, over real sockets: the same names, no await."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx2
import pytest
import trio

import streamkit
from streamkit import Retry, errors
from tape_server import Answer, TapeServer
from wire import Wire, said, whole


def client_of(server: TapeServer, **arguments: Any) -> streamkit.sync.Client:
    return streamkit.sync.Client(adapters=[Wire(server.url)], **arguments)


def test_text_events_and_response_are_views_of_one_stream(server: TapeServer) -> None:
    server.play(Answer([*said("Old ", "pond, "), 0.02, *whole("frog")]))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        assert next(stream.text) == "Old "
        assert next(event.text for event in stream if event.type == "text.delta") == "pond, "
        assert stream.snapshot.text == "Old pond, "
        response = stream.response()
    assert response.text == "Old pond, frog"
    assert response.outcome == "complete"
    assert 0 < stream.timings.first_event <= stream.timings.first_text < stream.timings.total


def test_events_are_those_of_the_async_client(server: TapeServer) -> None:
    server.play(Answer(whole("Hel", "lo")))

    async def asked() -> list[Any]:
        async with streamkit.Client(adapters=[Wire(server.url)]) as client:
            async with client.stream("wire:any", "Hi") as stream:
                return [event async for event in stream]

    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        plain = list(stream)
    awaited = asyncio.run(asked())
    for event in (plain[-1], awaited[-1]):
        event.timings = None
    assert plain == awaited


def test_complete_gives_the_whole_answer_at_once(server: TapeServer) -> None:
    server.play(Answer(whole("Hel", "lo")))
    with client_of(server) as client:
        assert client.complete("wire:any", "Hi", max_tokens=5).text == "Hello"


@pytest.mark.parametrize("length", ["chunked", "content-length"])
def test_calls_one_after_another_share_a_connection(server: TapeServer, length: Any) -> None:
    server.play(Answer(whole("Hi"), length=length))
    with client_of(server) as client:
        for _ in range(5):
            assert client.complete("wire:any", "Hi").text == "Hi"
            with client.stream("wire:any", "Hi") as stream:
                assert list(stream.text) == ["Hi"]
    assert server.connections == 1


def test_two_streams_run_at_once(server: TapeServer) -> None:
    server.play(Answer([*said("a"), 0.1, *whole("b")]))
    with (
        client_of(server) as client,
        client.stream("wire:any", "1") as first,
        client.stream("wire:any", "2") as second,
    ):
        turns = zip(first.text, second.text, strict=True)
        assert list(turns) == [("a", "a"), ("b", "b")]


def test_threads_may_share_a_client(server: TapeServer) -> None:
    server.play(Answer([*said("a"), 0.02, *whole("b")]))
    with client_of(server) as client, ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda n: client.complete("wire:any", str(n)).text, range(20))
        assert list(answers) == ["ab"] * 20


def test_an_answer_whose_body_goes_on_behind_the_end_mark_is_not_waited_for(
    server: TapeServer,
) -> None:
    server.play(Answer(whole("Hi"), then="stall"))
    with client_of(server) as client:
        before = time.monotonic()
        assert client.complete("wire:any", "Hi").text == "Hi"
        assert time.monotonic() - before < 0.5
        server.waits_for_the_client_to_go()


def test_leaving_the_block_early_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    with client_of(server) as client:
        with client.stream("wire:any", "Hi") as stream:
            assert next(stream.text) == "Hel"
        left = time.monotonic()
        assert server.waits_for_the_client_to_go() - left < 0.5
    assert stream.snapshot.outcome == "cancelled"


def test_an_exception_in_the_consumer_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    with client_of(server) as client:
        with pytest.raises(ZeroDivisionError), client.stream("wire:any", "Hi") as stream:
            _ = [1 / 0 for _ in stream.text]
        server.waits_for_the_client_to_go()


def test_ctrl_c_while_waiting_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        assert next(stream.text) == "Hel"
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            stream.response()
        timer.join()
        server.waits_for_the_client_to_go()
    assert stream.snapshot.outcome == "cancelled"


def test_a_dropped_stream_warns_and_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        assert next(stream.text) == "Hel"
        with pytest.warns(ResourceWarning, match="Stream wire:any running> was not closed"):
            del stream
            gc.collect()
        server.waits_for_the_client_to_go()


def test_a_closed_client_refuses_a_stream(server: TapeServer) -> None:
    client = client_of(server)
    client.close()
    with (
        client.stream("wire:any", "Hi") as stream,
        pytest.raises(errors.ConfigurationError, match="the client is closed"),
    ):
        stream.response()
    assert server.requests == []


def test_a_stream_that_was_closed_before_it_began_sends_nothing(server: TapeServer) -> None:
    with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        stream.close()
        stream.close()
        with pytest.raises(errors.ConfigurationError, match="closed before its end"):
            stream.response()
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(said("Hel"), then="close"), errors.TruncatedError),
        (Answer(said("Hel"), then="close", ended=False), errors.ConnectionLostError),
        (Answer(said("Hel"), then="reset"), errors.ConnectionLostError),
        (Answer(said("Hel"), length="until-close"), errors.TruncatedError),
    ],
    ids=["clean end", "cut in chunked", "reset", "end of connection"],
)
def test_a_broken_line_raises_with_the_partial_answer(
    server: TapeServer, answer: Answer, error: type[errors.StreamkitError]
) -> None:
    server.play(answer)
    with client_of(server, resume=False) as client, client.stream("wire:any", "Hi") as stream:
        assert next(stream.text) == "Hel"
        with pytest.raises(error) as caught:
            stream.response()
    assert caught.value.partial.text == "Hel"
    assert len(server.requests) == 1


def test_twenty_calls_over_connections_that_vanish_are_all_answered_unnoticed(
    server: TapeServer,
) -> None:
    server.play(Answer(whole("Hi"), then="vanish"))
    with client_of(server) as client:
        for _ in range(20):
            with client.stream("wire:any", "Hi") as stream:
                kinds = [event.type for event in stream]
            assert kinds[:2] == ["stream.started", "attempt.started"]
            assert "interrupted" not in kinds
            time.sleep(0.03)


@pytest.mark.parametrize("http", [httpx, httpx2])
def test_a_client_of_the_users_own_is_used_and_left_open(server: TapeServer, http: Any) -> None:
    server.play(
        Answer(whole("Hi")),
        Answer(whole("Hi")),
        Answer(said("Hel"), then="reset"),
        Answer(said("Hel"), then="stall"),
    )
    with http.Client(headers={"x-mine": "1"}) as mine:
        with client_of(server, http=mine, resume=False) as client:
            for _ in range(2):
                assert client.complete("wire:any", "Hi").text == "Hi"
            with pytest.raises(errors.ConnectionLostError):
                client.complete("wire:any", "Hi")
            with client.stream("wire:any", "Hi") as stream:
                assert next(stream.text) == "Hel"
            server.waits_for_the_client_to_go(connection=1)
        assert not mine.is_closed
    assert {r.headers["x-mine"] for r in server.requests} == {"1"}
    assert [r.connection for r in server.requests] == [0, 0, 0, 1]


@pytest.mark.parametrize("timer", ["no_bytes", "no_content", "first_content", "first_event"])
@pytest.mark.parametrize("http", [httpx, httpx2])
def test_timers_hold_with_clients_of_the_users_own(
    server: TapeServer, http: Any, timer: str
) -> None:
    server.play(Answer(said("Hel") if timer.startswith("no") else [], then="stall"))
    timeouts = streamkit.Timeouts(**{timer: 0.1})
    arguments = {"timeouts": timeouts, "retry": Retry.never()}
    with http.Client() as mine, client_of(server, http=mine, **arguments) as client:
        before = time.monotonic()
        with pytest.raises(errors.StreamTimeoutError) as caught:
            client.complete("wire:any", "Hi")
        assert caught.value.timer == timer
        assert 0.09 < time.monotonic() - before < 1


@pytest.mark.parametrize("run", [asyncio.run, trio.run], ids=["asyncio", "trio"])
def test_a_running_event_loop_is_refused(server: TapeServer, run: Any) -> None:
    server.play(Answer(whole("Hi")))
    with client_of(server) as client:

        async def inside() -> None:
            with pytest.raises(errors.ConfigurationError, match="block the running event loop"):
                client_of(server)
            with pytest.raises(errors.ConfigurationError, match="block the running event loop"):
                client.complete("wire:any", "Hi")

        async def in_a_worker_thread() -> str:
            if run is trio.run:
                answer = await trio.to_thread.run_sync(client.complete, "wire:any", "Hi")
            else:
                answer = await asyncio.to_thread(client.complete, "wire:any", "Hi")
            return answer.text

        if run is trio.run:
            trio.run(inside)
            assert trio.run(in_a_worker_thread) == "Hi"
        else:
            asyncio.run(inside())
            assert asyncio.run(in_a_worker_thread()) == "Hi"
