"""The async client as a user meets it, over real sockets, on asyncio, uvloop and trio."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import sniffio

import streamkit
from streamkit import Retry, errors, events
from streamkit import chunks as c
from tape_server import Answer, TapeServer
from wire import DONE, KEY, STOP, Wire, frame, said, whole


def client_of(server: TapeServer, **arguments: Any) -> streamkit.Client:
    return streamkit.Client(adapters=[Wire(server.url)], **arguments)


# --- reading ---------------------------------------------------------------------------------


async def test_text_events_and_response_are_views_of_one_stream(server: TapeServer) -> None:
    server.play(Answer([*said("Old ", "pond, "), 0.02, *whole("frog")]))
    async with client_of(server) as client:
        async with client.stream("wire:any", "Write a haiku", temperature=0) as stream:
            async for text in stream.text:
                assert text == "Old "
                break
            async for event in stream:
                match event:
                    case events.TextDelta(text=text):
                        assert text == "pond, "
                        break
            response = await stream.response()
    assert response.text == "Old pond, frog"
    assert response.outcome == "complete"
    assert (response.finish_reason, response.raw_finish_reason) == ("stop", "stop")
    assert response.message.text == "Old pond, frog"
    assert response == stream.snapshot
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/answers")
    assert b'"prompt":"Write a haiku","temperature":0' in request.body
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["x-dialect"] == "wire"


async def test_complete_gives_the_whole_answer_at_once(server: TapeServer) -> None:
    usage = frame(c.UsageReport(streamkit.Usage(input_tokens=3, output_tokens=2, raw={"x": 1})))
    server.play(Answer([*said("Hel", "lo"), usage, STOP, DONE]))
    async with client_of(server) as client:
        response = await client.complete("wire:any", "Hi", max_tokens=5)
    assert response.text == "Hello"
    assert response.usage == streamkit.Usage(input_tokens=3, output_tokens=2, raw={"x": 1})


async def test_events_begin_with_started_end_with_ended_and_count_without_gaps(
    server: TapeServer,
) -> None:
    server.play(Answer(whole("Hel", "lo")))
    async with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        seen = [event async for event in stream]
    assert [event.type for event in seen] == [
        "stream.started",
        "attempt.started",
        "part.started",
        "text.delta",
        "text.delta",
        "part.ended",
        "choice.ended",
        "stream.ended",
    ]
    assert [event.seq for event in seen] == list(range(8))
    assert seen[0].model == "wire:any"
    assert (seen[-1].outcome, seen[-1].attempts, seen[-1].fault) == ("complete", 1, None)


async def test_the_snapshot_shows_the_answer_so_far(server: TapeServer) -> None:
    server.play(Answer([*said("Hel"), 0.02, *whole("lo")]))
    async with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        assert stream.snapshot.text == ""
        seen = []
        async for _ in stream.text:
            seen.append((stream.snapshot.text, stream.snapshot.outcome))  # noqa: PERF401
    assert seen == [("Hel", None), ("Hello", None)]
    assert stream.snapshot.outcome == "complete"


async def test_timings_tell_first_event_first_text_gaps_and_speed(server: TapeServer) -> None:
    usage = frame(c.UsageReport(streamkit.Usage(output_tokens=10)))
    server.play(
        Answer([frame(c.Meta(id="a1")), 0.1, *said("a"), 0.1, *said("b"), 0.1, *said("c"), usage,
                STOP, DONE], delay=0.1)
    )  # fmt: skip
    async with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        assert stream.timings.first_event is None
        await stream.response()
    t = stream.timings
    assert 0.1 <= t.first_event < 0.19 <= t.first_text < t.total
    assert 0.09 < t.gap_p50 <= t.gap_p95 < 0.2
    assert 30 < t.tokens_per_second < 60  # 10 tokens in 0.2 s


async def test_a_whole_body_in_one_piece_and_by_single_bytes_give_the_same(
    server: TapeServer,
) -> None:
    body = b"".join(whole("Grüße, ", "👋"))
    server.play(
        Answer([body], length="content-length"),
        Answer([body[i : i + 1] for i in range(len(body))]),
        Answer([body], length="until-close"),
    )
    async with client_of(server) as client:
        answers = [(await client.complete("wire:any", "Hi")).text for _ in range(3)]
    assert answers == ["Grüße, 👋"] * 3


async def test_two_streams_run_at_once(server: TapeServer) -> None:
    server.play(Answer([*said("a"), 0.1, *whole("b")]))
    async with client_of(server) as client:
        first, second = client.stream("wire:any", "1"), client.stream("wire:any", "2")
        async with first, second:
            turns = [anext(first.text), anext(second.text), anext(first.text), anext(second.text)]
            assert [await turn for turn in turns] == ["a", "a", "b", "b"]
    assert server.connections == 2


async def test_many_streams_run_at_once_in_tasks(server: TapeServer) -> None:
    server.play(Answer([*said("a"), 0.05, *whole("b")]))
    texts = []

    async def ask() -> None:
        texts.append((await client.complete("wire:any", "Hi")).text)

    async with client_of(server) as client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert texts == ["ab"] * 20


@pytest.mark.parametrize("length", ["chunked", "content-length"])
async def test_calls_one_after_another_share_a_connection(server: TapeServer, length: Any) -> None:
    server.play(Answer(whole("Hi"), length=length))
    async with client_of(server) as client:
        for _ in range(5):
            assert (await client.complete("wire:any", "Hi")).text == "Hi"
            async with client.stream("wire:any", "Hi") as stream:
                assert [t async for t in stream.text] == ["Hi"]
    assert server.connections == 1


async def test_an_answer_whose_body_goes_on_behind_the_end_mark_is_not_waited_for(
    server: TapeServer,
) -> None:
    server.play(Answer(whole("Hi"), then="stall"))
    async with client_of(server) as client:
        before = time.monotonic()
        assert (await client.complete("wire:any", "Hi")).text == "Hi"
        assert time.monotonic() - before < 0.5
        await server.sees_the_client_go()


# --- leaving -----------------------------------------------------------------------------------


async def test_leaving_the_block_early_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    async with client_of(server) as client:
        async with client.stream("wire:any", "Hi") as stream:
            async for text in stream.text:
                assert text == "Hel"
                break
        left = time.monotonic()
        assert await server.sees_the_client_go() - left < 0.5
    assert stream.snapshot.outcome == "cancelled"
    assert stream.snapshot.text.startswith("Hel")


async def test_aclose_ends_a_stream_and_may_be_called_again(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    async with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        assert await anext(stream.text) == "Hel"
        await stream.aclose()
        await stream.aclose()
        await server.sees_the_client_go()
        rest = [event async for event in _until_error(stream)]
    assert rest[-1].type == "stream.ended"
    assert rest[-1].outcome == "cancelled"


async def _until_error(stream: streamkit.Stream) -> Any:
    with pytest.raises(errors.ConfigurationError, match="closed before its end"):
        while True:
            yield await anext(stream)


async def test_a_stream_that_was_closed_before_it_began_sends_nothing(server: TapeServer) -> None:
    async with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        await stream.aclose()
        with pytest.raises(errors.ConfigurationError, match="closed before its end"):
            await stream.response()
        async with client.stream("wire:any", "Hi"):
            pass
    assert server.requests == []


async def test_an_exception_in_the_consumer_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    async with client_of(server) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.stream("wire:any", "Hi") as stream:
                async for _ in stream.text:
                    raise ZeroDivisionError
        await server.sees_the_client_go()


@pytest.mark.parametrize("begun", [True, False])
async def test_a_cancelled_scope_closes_the_connection(server: TapeServer, begun: bool) -> None:
    server.play(Answer(said("Hel") if begun else [], then="stall", delay=0 if begun else 3600))
    async with client_of(server) as client:
        with anyio.move_on_after(0.1) as scope:
            async with client.stream("wire:any", "Hi") as stream:
                await stream.response()
        left = time.monotonic()
        assert scope.cancelled_caught
        assert await server.sees_the_client_go() - left < 0.5
        assert stream.snapshot.outcome == "cancelled"
        assert stream.snapshot.text == ("Hel" if begun else "")


async def test_a_cancelled_stream_without_its_block_closes_the_connection(
    server: TapeServer,
) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    async with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        with anyio.move_on_after(0.1):
            await stream.response()
        await server.sees_the_client_go()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancelled_asyncio_task_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="stall"))

    async def ask() -> None:
        async with client.stream("wire:any", "Hi") as stream:
            await stream.response()

    async with client_of(server) as client:
        task = asyncio.create_task(ask())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.sees_the_client_go()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_asyncio_timeout_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    async with client_of(server) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.complete("wire:any", "Hi")
        await server.sees_the_client_go()


async def test_cancelling_during_the_wait_for_another_attempt_sends_no_more(
    server: TapeServer,
) -> None:
    server.play(Answer(status=503, headers={"retry-after": "60"}))
    async with client_of(server) as client:
        with anyio.move_on_after(0.1) as scope:
            await client.complete("wire:any", "Hi")
        assert scope.cancelled_caught
    assert len(server.requests) == 1


async def test_a_dropped_stream_warns_and_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    async with client_of(server) as client:
        stream = client.stream("wire:any", "Hi")
        assert await anext(stream.text) == "Hel"
        with pytest.warns(ResourceWarning, match="Stream wire:any running> was not closed"):
            del stream
            gc.collect()
        await server.sees_the_client_go()


async def test_a_client_serves_on_after_a_stream_was_left_early(server: TapeServer) -> None:
    server.play(Answer([*said("Hel"), *said("lo") * 500], then="stall"), Answer(whole("Hi")))
    async with client_of(server) as client:
        async with client.stream("wire:any", "Hi") as stream:
            await anext(stream.text)
        assert (await client.complete("wire:any", "Hi")).text == "Hi"


async def test_a_client_serves_on_after_leaving_an_answer_that_had_all_arrived(
    server: TapeServer,
) -> None:
    arrived = Answer([b"".join(whole("Hel", "lo"))], length="content-length")
    server.play(arrived, Answer(whole("Hi")))
    async with client_of(server) as client:
        async with client.stream("wire:any", "Hi") as stream:
            await anext(stream.text)
        assert (await client.complete("wire:any", "Hi")).text == "Hi"


async def test_a_closed_client_refuses_a_stream(server: TapeServer) -> None:
    client = client_of(server)
    await client.aclose()
    async with client.stream("wire:any", "Hi") as stream:
        with pytest.raises(errors.ConfigurationError, match="the client is closed"):
            await stream.response()
    assert server.requests == []


async def test_closing_the_client_under_a_running_stream_ends_it_with_an_error(
    server: TapeServer,
) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    async with client_of(server) as client:
        async with client.stream("wire:any", "Hi") as stream:
            await anext(stream.text)
            await client.aclose()
            with pytest.raises(errors.StreamkitError):
                await stream.response()
        await server.sees_the_client_go()


# --- broken lines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error", "outcome"),
    [
        (Answer(said("Hel"), then="close"), errors.TruncatedError, "truncated"),
        (Answer(said("Hel"), then="close", ended=False), errors.ConnectionLostError, "truncated"),
        (Answer(said("Hel"), then="reset"), errors.ConnectionLostError, "truncated"),
        (
            Answer(said("Hel"), length="content-length", then="close", ended=False),
            errors.ConnectionLostError,
            "truncated",
        ),
        (Answer(said("Hel"), length="until-close"), errors.TruncatedError, "truncated"),
    ],
    ids=["clean end", "cut in chunked", "reset", "cut in content-length", "end of connection"],
)
async def test_a_broken_line_raises_with_the_partial_answer(
    server: TapeServer, answer: Answer, error: type[errors.StreamkitError], outcome: str
) -> None:
    server.play(answer)
    texts = []
    async with client_of(server, resume=False) as client, client.stream("wire:any", "Hi") as stream:
        with pytest.raises(error, match="after 3 characters of the answer") as caught:
            async for text in stream.text:
                texts.append(text)  # noqa: PERF401
    assert texts == ["Hel"]
    assert caught.value.partial.text == "Hel"
    assert caught.value.partial.outcome == stream.snapshot.outcome == outcome
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


async def test_iterating_on_after_an_error_raises_it_again(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="close"))
    async with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        for _ in range(2):
            with pytest.raises(errors.TruncatedError):
                await stream.response()


async def test_nobody_there_is_a_connect_error() -> None:
    adapter = Wire("http://127.0.0.1:1")
    async with streamkit.Client(adapters=[adapter], retry=Retry.never()) as client:
        with pytest.raises(errors.ConnectError, match="base URL"):
            await client.complete("wire:any", "Hi")


async def test_a_redirect_is_not_followed_and_not_tried_again(server: TapeServer) -> None:
    server.play(Answer(status=307, headers={"location": "https://elsewhere.invalid/"}))
    async with client_of(server) as client:
        with pytest.raises(errors.RequestError, match="base URL"):
            await client.complete("wire:any", "Hi")
    assert len(server.requests) == 1


# --- HTTP clients of the user's own --------------------------------------------------------------


@pytest.mark.parametrize("http", [httpx, httpx2])
async def test_a_client_of_the_users_own_is_used_and_left_open(
    server: TapeServer, http: Any
) -> None:
    server.play(
        Answer(whole("Hi")),
        Answer(whole("Hi")),
        Answer(said("Hel"), then="reset"),
        Answer(said("Hel"), then="stall"),
    )
    async with http.AsyncClient(headers={"x-mine": "1"}) as mine:
        async with client_of(server, http=mine, resume=False) as client:
            for _ in range(2):
                assert (await client.complete("wire:any", "Hi")).text == "Hi"
            with pytest.raises(errors.ConnectionLostError):
                await client.complete("wire:any", "Hi")
            async with client.stream("wire:any", "Hi") as stream:
                assert await anext(stream.text) == "Hel"
            await server.sees_the_client_go(connection=1)
        assert not mine.is_closed
    assert {r.headers["x-mine"] for r in server.requests} == {"1"}
    assert [r.connection for r in server.requests] == [0, 0, 0, 1]


@pytest.mark.parametrize("http", [httpx, httpx2])
async def test_a_vanished_connection_is_replaced_unnoticed_with_clients_of_the_users_own(
    server: TapeServer, http: Any
) -> None:
    server.play(Answer(whole("Hi"), then="vanish"))
    async with http.AsyncClient() as mine, client_of(server, http=mine) as client:
        for _ in range(3):
            async with client.stream("wire:any", "Hi") as stream:
                seen = [event.type async for event in stream]
            assert "interrupted" not in seen
            await anyio.sleep(0.04)


@pytest.mark.parametrize("http", [httpx, httpx2])
async def test_timers_hold_with_clients_of_the_users_own(server: TapeServer, http: Any) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    async with http.AsyncClient() as mine:
        for timer in ("no_bytes", "no_content"):
            timeouts = streamkit.Timeouts(**{timer: 0.1})
            async with client_of(server, http=mine, timeouts=timeouts) as client:
                with pytest.raises(errors.StreamTimeoutError) as caught:
                    await client.complete("wire:any", "Hi")
                assert caught.value.timer == timer


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_httpx_client_over_aiohttp_is_used(server: TapeServer) -> None:
    from httpx_aiohttp import AiohttpTransport

    server.play(
        Answer([*said("Hel"), 0.02, *whole("lo")]),
        Answer(said("Hel"), then="close"),
        Answer(said("Hel"), then="close", ended=False),
        Answer(said("Hel"), then="stall"),
    )
    async with httpx.AsyncClient(transport=AiohttpTransport()) as mine:
        timeouts = streamkit.Timeouts(no_content=0.1)
        async with client_of(server, http=mine, timeouts=timeouts, resume=False) as client:
            assert (await client.complete("wire:any", "Hi")).text == "Hello"
            for error in (
                errors.TruncatedError,
                errors.ConnectionLostError,
                errors.StreamTimeoutError,
            ):
                with pytest.raises(error) as caught:
                    await client.complete("wire:any", "Hi")
                assert caught.value.partial.text == "Hel"
            await server.sees_the_client_go(connection=server.connections - 1)
            async with client.stream("wire:any", "Hi") as stream:
                assert await anext(stream.text) == "Hel"
            await server.sees_the_client_go(connection=server.connections - 1)


async def test_a_compressed_body_is_read_all_the_same(server: TapeServer) -> None:
    import gzip

    body = gzip.compress(b"".join(whole("Hello")))
    server.play(Answer([body], headers={"content-encoding": "gzip"}))
    async with client_of(server) as client:
        assert (await client.complete("wire:any", "Hi")).text == "Hello"
        cut = body[: len(body) // 2]
        server.play(Answer([cut], headers={"content-encoding": "gzip"}))
        with pytest.raises(errors.StreamkitError):
            await client.complete("wire:any", "Hi", retry=Retry.never())


async def test_the_backend_is_the_one_the_test_names(anyio_backend_name: str) -> None:
    assert sniffio.current_async_library() == anyio_backend_name
