"""A request is sent again before its first content, and never after it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest
import tenacity

import streamkit
from streamkit import Retry, errors
from streamkit import chunks as c
from streamkit._policy import Budget, Retrying
from streamkit.testing import Err, Fake, Lose
from tape_server import Answer, TapeServer
from wire import PING, Wire, frame, said, vendor_error, whole

SOON = Retry(wait=tenacity.wait_none())


def client_of(server: TapeServer, **arguments: Any) -> streamkit.sync.Client:
    return streamkit.sync.Client(adapters=[Wire(server.url)], **{"retry": SOON, **arguments})


def refused(status: int, type_: str = "", **headers: str) -> Answer:
    body = json.dumps({"error": {"type": type_, "message": "scripted"}}).encode()
    return Answer(
        [body],
        status=status,
        headers={"content-type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )


def interruptions(stream: Any) -> list[Any]:
    return [event for event in stream if event.type == "interrupted"]


# --- which errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, "vendor_timeout"),
        (409, "invalid_request"),
        (429, "rate_limit"),
        (500, "server"),
        (502, "server"),
        (503, "overloaded"),
        (504, "vendor_timeout"),
        (529, "overloaded"),
    ],
)
def test_a_status_that_may_pass_is_tried_again(server: TapeServer, status: int, kind: str) -> None:
    server.play(refused(status), refused(status), Answer(whole("Hi")))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        seen = list(stream)
    assert [e.type for e in seen[:6]] == [
        "stream.started",
        "attempt.started",
        "interrupted",
        "attempt.started",
        "interrupted",
        "attempt.started",
    ]
    assert [e.attempt for e in seen[1:6]] == [1, 1, 2, 2, 3]
    assert (seen[2].fault.status, seen[2].fault.kind) == (status, kind)
    assert (seen[2].delivered, seen[2].retry_in) == (0, 0)
    assert seen[-1].attempts == 3
    assert [e.seq for e in seen] == list(range(len(seen)))
    assert stream.snapshot.text == "Hi"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (402, errors.BillingError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (413, errors.InvalidRequestError),
        (422, errors.InvalidRequestError),
    ],
)
def test_a_status_that_will_not_pass_is_not_tried_again(
    server: TapeServer, status: int, error: type[errors.StreamkitError]
) -> None:
    server.play(refused(status))
    with client_of(server) as client, pytest.raises(error, match=f"HTTP {status}") as caught:
        client.complete("wire:any", "Hi")
    assert (caught.value.status, caught.value.attempts, caught.value.retryable) == (
        status,
        1,
        False,
    )
    assert caught.value.partial.outcome == "failed"
    assert len(server.requests) == 1


def test_a_used_up_quota_is_no_rate_limit(server: TapeServer) -> None:
    server.play(refused(429, "insufficient_quota"))
    with client_of(server) as client, pytest.raises(errors.BillingError):
        client.complete("wire:any", "Hi")
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "hint", "asked"), [(400, "true", 2), (503, "false", 1)])
def test_x_should_retry_decides(server: TapeServer, status: int, hint: str, asked: int) -> None:
    server.play(refused(status, x_should_retry=hint), Answer(whole("Hi")))
    with client_of(server) as client:
        if asked == 1:
            with pytest.raises(errors.OverloadedError):
                client.complete("wire:any", "Hi")
        else:
            assert client.complete("wire:any", "Hi").text == "Hi"
    assert len(server.requests) == asked


@pytest.mark.parametrize("type_", ["overloaded_error", "rate_limit_error", "api_error"])
def test_an_overload_inside_the_stream_before_content_is_tried_again(
    server: TapeServer, type_: str
) -> None:
    begun = frame(c.Meta(id="a1", model="m1"))
    server.play(
        Answer([begun, PING, vendor_error(type_)], then="stall"),
        Answer([frame(c.Meta(id="a2")), *whole("Hi")]),
    )
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
        response = stream.snapshot
    assert interrupted.fault.status is None
    assert (response.text, response.id, response.model) == ("Hi", "a2", None)


def test_an_in_stream_error_that_will_not_pass_is_not_tried_again(server: TapeServer) -> None:
    server.play(Answer([vendor_error("invalid_request_error")]))
    with client_of(server) as client, pytest.raises(errors.InvalidRequestError):
        client.complete("wire:any", "Hi")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(then="close"),
        Answer(then="close", ended=False),
        Answer(then="reset"),
        Answer([frame(c.Meta(id="a1"))], then="reset"),
        Answer([PING, frame(c.Text("", key=0))], then="close"),
    ],
    ids=["clean end", "cut", "reset", "reset behind an id", "clean end behind an announcement"],
)
def test_a_line_lost_before_content_is_tried_again(server: TapeServer, answer: Answer) -> None:
    server.play(answer, Answer(whole("Hi")))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        assert len(interruptions(stream)) == 1
    assert stream.snapshot.text == "Hi"
    assert [part.text for part in stream.snapshot.parts] == ["Hi"]


@pytest.mark.parametrize(
    "shown",
    [
        c.Text("Hel"),
        c.Reasoning("Hmm"),
        c.Refusal("No"),
        c.ToolOpened(key=1, name="look"),
        c.Item("image", {"x": 1}),
        c.Media("image/png", "QQ=="),
        c.Stop("stop", "stop"),
    ],
    ids=lambda chunk: type(chunk).__name__,
)
@pytest.mark.parametrize(
    "end", [vendor_error("overloaded_error"), b"", b"data: {not json}\n\n"],
    ids=["overload", "clean end", "malformed"],
)  # fmt: skip
def test_nothing_is_tried_again_once_content_was_shown_or_the_model_stopped(
    server: TapeServer, shown: c.Chunk, end: bytes
) -> None:
    """Unless it may be gone on with, which is another matter."""
    server.play(Answer([frame(shown), *([end] if end else [])]), Answer(whole("twice")))
    with client_of(server, resume=False) as client, client.stream("wire:any", "Hi") as stream:
        with pytest.raises(errors.StreamkitError) as caught:
            stream.response()
    assert len(server.requests) == 1
    assert caught.value.attempts == 1
    assert caught.value.partial.text == ("Hel" if isinstance(shown, c.Text) else "")


def test_no_connection_is_tried_again() -> None:
    with streamkit.sync.Client(adapters=[Wire("http://127.0.0.1:1")], retry=SOON) as client:
        with pytest.raises(errors.ConnectError) as caught:
            client.complete("wire:any", "Hi")
    assert caught.value.attempts == 4


def test_the_fourth_failure_is_raised(server: TapeServer) -> None:
    server.play(refused(503))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        with pytest.raises(errors.OverloadedError) as caught:
            stream.response()
    assert (len(server.requests), caught.value.attempts) == (4, 4)
    assert stream.snapshot.outcome == "failed"


# --- how long to wait --------------------------------------------------------------------------


def test_waits_are_drawn_at_random_from_a_growing_range() -> None:
    def waits(attempt: int) -> list[float]:
        error = errors.ServerError("x")
        return [Retrying(Retry(), Budget(), 0.0).next_wait(error, attempt) for _ in range(200)]

    for attempt, most in ((1, 0.5), (2, 1), (3, 2)):
        drawn = waits(attempt)
        assert 0 <= min(drawn) < 0.2 * most
        assert 0.8 * most < max(drawn) <= most


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after_ms": "150"},
        {"retry_after": "0.15"},
        {"retry_after_ms": "soon", "retry_after": "0.15"},
        {"retry_after_ms": "150", "retry_after": "60"},
    ],
    ids=repr,
)
def test_the_vendors_wait_is_kept(server: TapeServer, headers: dict[str, str]) -> None:
    server.play(refused(429, **headers), Answer(whole("Hi")))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
    assert interrupted.retry_in == interrupted.fault.retry_after == 0.15
    first, second = server.requests
    assert 0.14 < second.at - first.at < 1


def test_a_date_to_wait_for_is_taken_against_the_answers_own_date(server: TapeServer) -> None:
    wrong_clock = datetime(2031, 5, 1, tzinfo=UTC)
    until = format_datetime(wrong_clock + timedelta(seconds=1), usegmt=True)
    server.play(
        refused(503, retry_after=until, date=format_datetime(wrong_clock, usegmt=True)),
        Answer(whole("Hi")),
    )
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
    assert interrupted.retry_in == 1


def test_a_date_to_wait_for_is_taken_against_the_clock_where_the_answer_has_none(
    server: TapeServer,
) -> None:
    # Such a date has whole seconds: up to one is cut off here, and the call takes its time, too.
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    server.play(refused(503, retry_after=until), Answer(whole("Hi")))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
    assert 1 <= interrupted.retry_in <= 3


@pytest.mark.parametrize("hint", ["0", "-5", "nan", "inf", "tomorrow", "", "Thu, 99 Foo 2020"])
def test_a_wait_that_is_none_does_no_harm(server: TapeServer, hint: str) -> None:
    server.play(refused(503, retry_after=hint), Answer(whole("Hi")))
    with client_of(server) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
    assert interrupted.retry_in == 0


def test_a_wait_of_more_than_two_minutes_is_given_up(server: TapeServer) -> None:
    server.play(refused(429, retry_after="121"))
    with client_of(server) as client, pytest.raises(errors.RateLimitError) as caught:
        client.complete("wire:any", "Hi")
    assert caught.value.retry_after == 121
    assert len(server.requests) == 1


def test_the_vendors_wait_never_shortens_the_users(server: TapeServer) -> None:
    server.play(refused(503, retry_after_ms="1"), Answer(whole("Hi")))
    retry = Retry(wait=tenacity.wait_fixed(0.1))
    with client_of(server, retry=retry) as client, client.stream("wire:any", "Hi") as stream:
        [interrupted] = interruptions(stream)
    assert interrupted.retry_in == 0.1


# --- objects of tenacity -----------------------------------------------------------------------


def test_retry_never_sends_once(server: TapeServer) -> None:
    server.play(refused(503))
    with client_of(server) as client, pytest.raises(errors.OverloadedError):
        client.complete("wire:any", "Hi", retry=Retry.never())
    assert len(server.requests) == 1


def test_stop_after_delay_counts_the_time_of_the_whole_call(server: TapeServer) -> None:
    server.play(refused(503))
    retry = Retry(stop=tenacity.stop_after_delay(0.25), wait=tenacity.wait_fixed(0.1))
    before = time.monotonic()
    with client_of(server, retry=retry) as client, pytest.raises(errors.OverloadedError):
        client.complete("wire:any", "Hi")
    assert 0.2 < time.monotonic() - before < 0.6
    assert 3 <= len(server.requests) <= 4


def test_stop_before_delay_does_not_begin_a_wait_that_would_pass_it(server: TapeServer) -> None:
    server.play(refused(503, retry_after="30"))
    retry = Retry(stop=tenacity.stop_before_delay(5))
    before = time.monotonic()
    with client_of(server, retry=retry) as client, pytest.raises(errors.OverloadedError):
        client.complete("wire:any", "Hi")
    assert time.monotonic() - before < 2


def test_stops_and_waits_combine(server: TapeServer) -> None:
    server.play(refused(503))
    retry = Retry(
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(60),
        wait=tenacity.wait_fixed(0.01) + tenacity.wait_fixed(0.02),
    )
    before = time.monotonic()
    with client_of(server, retry=retry) as client, pytest.raises(errors.OverloadedError):
        client.complete("wire:any", "Hi")
    assert len(server.requests) == 3
    assert time.monotonic() - before > 0.06


@pytest.mark.parametrize(
    ("predicate", "asked"),
    [
        (tenacity.retry_if_exception_type(errors.RateLimitError), {429: 4, 503: 1, 400: 1}),
        (tenacity.retry_if_exception_type(errors.RequestError), {429: 1, 503: 1, 400: 4}),
        (tenacity.retry_if_exception_message(match=r".*HTTP 503"), {429: 1, 503: 4, 400: 1}),
        (tenacity.retry_if_exception(lambda e: e.status == 400), {429: 1, 503: 1, 400: 4}),
        (tenacity.retry_always, {429: 4, 400: 4}),
    ],
    ids=["type", "branch", "message", "function", "always"],
)
def test_a_predicate_sees_our_errors(
    server: TapeServer, predicate: Any, asked: dict[int, int]
) -> None:
    retry = Retry(retry=predicate, wait=tenacity.wait_none())
    for status, times in asked.items():
        server.play(refused(status))
        with client_of(server, retry=retry) as client, pytest.raises(errors.StreamkitError):
            client.complete("wire:any", "Hi")
        assert len(server.requests) == times, status


def test_even_a_predicate_that_always_says_yes_repeats_no_content(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="close"))
    retry = Retry(retry=tenacity.retry_always, wait=tenacity.wait_none())
    with client_of(server, retry=retry, resume=False) as client:
        with pytest.raises(errors.TruncatedError):
            client.complete("wire:any", "Hi")
    assert len(server.requests) == 1


def test_a_predicate_that_fails_raises_and_leaves_nothing_open(server: TapeServer) -> None:
    server.play(refused(503))

    def predicate(state: tenacity.RetryCallState) -> bool:
        raise ZeroDivisionError

    with client_of(server, retry=Retry(retry=predicate)) as client:
        with pytest.raises(ZeroDivisionError):
            client.complete("wire:any", "Hi")


def test_a_call_may_have_a_policy_of_its_own(server: TapeServer) -> None:
    server.play(refused(503))
    once_more = Retry(stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_none())
    with client_of(server) as client:
        for policy, asked in ((once_more, 2), (None, 4)):
            server.requests.clear()
            with pytest.raises(errors.OverloadedError):
                client.complete("wire:any", "Hi", retry=policy)
            assert len(server.requests) == asked


# --- the budget --------------------------------------------------------------------------------


def test_a_failing_vendor_soon_gets_no_second_attempts(server: TapeServer) -> None:
    server.play(refused(503))
    asked = []
    with client_of(server) as client:
        for _ in range(9):
            server.requests.clear()
            with pytest.raises(errors.OverloadedError):
                client.complete("wire:any", "Hi")
            asked.append(len(server.requests))
    assert asked == [4] * 6 + [3, 1, 1]  # 20 retries in all


def test_answers_refill_the_budget(server: TapeServer) -> None:
    server.play(refused(503))
    with client_of(server) as client:
        for _ in range(8):
            with pytest.raises(errors.OverloadedError):
                client.complete("wire:any", "Hi")
        server.play(Answer(whole("Hi")))
        for _ in range(5):
            client.complete("wire:any", "Hi")
        server.play(refused(503))
        with pytest.raises(errors.OverloadedError):
            client.complete("wire:any", "Hi")
        assert len(server.requests) == 2


def test_each_host_has_a_budget_of_its_own(server: TapeServer) -> None:
    server.play(refused(503))
    down = Wire("http://127.0.0.1:1", name="down")
    with streamkit.sync.Client(adapters=[Wire(server.url), down], retry=SOON) as client:
        for _ in range(8):
            with pytest.raises(errors.ConnectError):
                client.complete("down:any", "Hi")
        with pytest.raises(errors.OverloadedError):
            client.complete("wire:any", "Hi")
    assert len(server.requests) == 4


# --- connections that died in the pool ---------------------------------------------------------


async def test_twenty_calls_over_connections_that_vanish_are_all_answered_unnoticed(
    server: TapeServer,
) -> None:
    server.play(Answer(whole("Hi"), then="vanish"))
    async with streamkit.Client(adapters=[Wire(server.url)]) as client:
        for _ in range(20):
            async with client.stream("wire:any", "Hi") as stream:
                kinds = [event.type async for event in stream]
            assert kinds.count("attempt.started") == 1
            assert "interrupted" not in kinds
            await anyio.sleep(0.03)
    assert server.connections == 20


async def test_a_connection_that_closes_on_the_request_is_replaced_unnoticed(
    server: TapeServer,
) -> None:
    """The close crosses the request: the pool could not see it."""
    server.play(Answer(whole("Hi")))
    server.silent = {1}
    async with streamkit.Client(adapters=[Wire(server.url)], retry=Retry.never()) as client:
        assert (await client.complete("wire:any", "Hi")).text == "Hi"
        async with client.stream("wire:any", "Hi") as stream:
            kinds = [event.type async for event in stream]
    assert "interrupted" not in kinds
    assert len(server.requests) == 3
    assert [r.connection for r in server.requests] == [0, 0, 1]


async def test_a_fresh_connection_that_closes_without_an_answer_is_an_attempt(
    server: TapeServer,
) -> None:
    server.play(Answer(), Answer(whole("Hi")))
    server.silent = {0}
    async with streamkit.Client(adapters=[Wire(server.url)], retry=SOON) as client:
        async with client.stream("wire:any", "Hi") as stream:
            kinds = [event.type async for event in stream]
    assert kinds.count("interrupted") == 1


async def test_attempts_are_the_same_on_every_backend(server: TapeServer) -> None:
    server.play(refused(503), Answer(then="reset"), Answer(whole("Hi")))
    async with streamkit.Client(adapters=[Wire(server.url)], retry=SOON) as client:
        async with client.stream("wire:any", "Hi") as stream:
            faults = [e.fault.kind async for e in stream if e.type == "interrupted"]
    assert faults == ["overloaded", "connection_lost"]
    assert stream.snapshot.text == "Hi"


async def test_a_fake_can_fail_first() -> None:
    fake = Fake([Err(429, headers={"retry-after-ms": "1"})], [Lose()], ["Hello"])
    async with fake.client(retry=SOON) as client:
        response = await client.complete("fake:any", "Hi")
    assert response.text == "Hello"
    assert len(fake.requests) == 1, "a request is built once, and sent as often as need be"
