"""What a signal handler raises in plain code comes through as itself, and nothing stays open."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import pytest
import tenacity

from streamkit import Retry, errors
from streamkit import chunks as c
from streamkit.sync import Client
from tape_server import Answer, TapeServer
from wire import Wire, frame, said, whole


class OutOfTime(Exception):
    """A program's own."""


class _Limit:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._give_up()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.on_signal(number, frame)

    def _give_up(self) -> None:
        raise self._error


HANDLERS: dict[str, Callable[[_Limit], Any]] = {
    "a method": lambda limit: limit.on_signal,
    "an object": lambda limit: limit,
    "a partial": lambda limit: partial(limit.on_signal),
}


@contextmanager
def limited(server: TapeServer, error: Exception, handler: str = "a method") -> Iterator[None]:
    """The signal comes once the server has been asked; its handler raises ``error``."""

    def send() -> None:
        while not server.requests and not over.wait(0.005):
            pass
        if not over.wait(0.05):
            os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, HANDLERS[handler](_Limit(error)))
    over, sender = threading.Event(), threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
        signal.signal(signal.SIGUSR1, before)


ANSWERS = {
    "no answer": Answer(delay=3600),
    "in mid-answer": Answer(said("Hel", "lo"), then="stall"),
    "before another attempt": Answer(status=429, headers={"retry-after": "30"}),
}
ERRORS = [OutOfTime("enough"), TimeoutError("enough"), OSError("enough"), ValueError("enough")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_exception_of_a_handler_comes_through_as_itself(
    server: TapeServer, answer: Answer, error: Exception
) -> None:
    server.play(answer)
    with Client(adapters=[Wire(server.url)]) as client:
        with limited(server, error), pytest.raises(type(error)) as caught:
            client.complete("wire:any", "Hi")
        assert caught.value is error
        server.play(Answer(whole("Hello")))
        assert client.complete("wire:any", "Hi").text == "Hello"
        assert (server.connections == 1) is (answer.status == 429)  # which was read to its end
    server.waits_for_the_client_to_go()


@pytest.mark.parametrize("handler", HANDLERS)
def test_handlers_of_any_kind_are_known(server: TapeServer, handler: str) -> None:
    server.play(ANSWERS["in mid-answer"])
    with Client(adapters=[Wire(server.url)]) as client:
        with limited(server, TimeoutError("enough"), handler):
            with client.stream("wire:any", "Hi") as stream, pytest.raises(TimeoutError):
                stream.response()
    server.waits_for_the_client_to_go()
    assert stream.snapshot.outcome == "cancelled"


def test_a_stream_that_was_left_so_is_over_and_not_whole(server: TapeServer) -> None:
    """Also where the handler came while an event was decoded."""
    server.play(Answer([*said("Hel"), frame(c.Meta("slow")), *whole("lo")]))
    error = OutOfTime("enough")
    before = signal.signal(signal.SIGUSR1, _Limit(error).on_signal)
    try:
        with Client(adapters=[_Signalling(server.url)]) as client:
            with client.stream("wire:any", "Hi") as stream:
                with pytest.raises(OutOfTime):
                    stream.response()
                with pytest.raises(errors.ConfigurationError, match="closed before its end"):
                    stream.response()
                server.waits_for_the_client_to_go()
    finally:
        signal.signal(signal.SIGUSR1, before)


class _Signalling(Wire):
    """Its decoder happens to run when the signal comes."""

    def decoder(self, request: Any) -> Any:
        inner = super().decoder(request)
        feed = inner.feed

        def interrupted(frame: Any) -> Any:
            if "slow" in frame.data:
                signal.raise_signal(signal.SIGUSR1)
            return feed(frame)

        inner.feed = interrupted
        return inner


def test_an_older_exception_of_a_handler_is_not_raised_again(server: TapeServer) -> None:
    """A program asks another model once its time for the first is over, and that one fails."""
    server.play(ANSWERS["no answer"])
    with Client(adapters=[Wire(server.url)], retry=Retry(wait=tenacity.wait_none())) as client:
        try:
            with limited(server, TimeoutError("enough")):
                client.complete("wire:any", "Hi")
        except TimeoutError:
            server.play(Answer(status=0, then="close"))
            with pytest.raises(errors.ConnectionLostError):
                client.complete("wire:any", "Hi")
