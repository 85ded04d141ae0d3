"""What errors say, as users read them: what happened, after how much, what to do. No network."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest

from streamkit import Resume, Retry, Timeouts, errors
from streamkit._commands import SILENT, TIMED_OUT, Command, Lost, Open, Opened, Read, Reply
from streamkit._flow import Flow
from streamkit._policy import Budget
from streamkit._setup import Setup
from streamkit.events import Interrupted

from .vendors import ANTHROPIC, OPENAI, Vendor, sse

STREAM = {"content-type": "text/event-stream", "x-request-id": "req_7"}
BEGUN = Opened(200, STREAM)
RESET = Lost(errors.ConnectionLostError("the connection broke: reset"))
HALF = ("The sky ", "is bl")


def play(*replies: Reply, vendor: Vendor = OPENAI, prompt: str = "Hi", **options: Any) -> Flow:
    """A whole stream, from what came of its requests and reads in turn."""
    setup = Setup(api_key={vendor.prefix: "sk-1"}, base_url={vendor.prefix: "https://x.invalid"})
    flow = Flow(setup.call(f"{vendor.prefix}:any", prompt, {}, **options), lambda: 0.0)
    fresh = (Lost(copy(reply.error)) if isinstance(reply, Lost) else reply for reply in replies)
    coming: Iterator[Reply] = iter(fresh)
    run = flow.run()
    command: Command = next(run)
    try:
        while True:
            wanted = isinstance(command, Open | Read)
            command = run.send(next(coming) if wanted else None)
    except StopIteration:
        assert next(coming, None) is None, "the stream ended early"
    return flow


def failed(*replies: Reply, **options: Any) -> errors.StreamkitError:
    error = play(*replies, **{"retry": Retry.never(), **options}).error
    assert error is not None
    assert str(error).endswith(error.advice)
    return error


def refused(status: int, message: str = "no", **headers: str) -> tuple[Reply, ...]:
    body = json.dumps({"error": {"message": message}}).encode()
    return Opened(status, {"content-type": "application/json", **headers}), body, b""


# --- what to do next ------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [b"", RESET, SILENT], ids=["end", "reset", "silence"])
def test_nobody_is_told_to_ask_again_for_a_tool_call_that_is_finished(cut: Reply) -> None:
    calls = [*ANTHROPIC.tool(), sse({"type": "content_block_stop", "index": 1})]
    pieces = [*ANTHROPIC.began(), *calls]
    error = failed(BEGUN, *pieces, cut, vendor=ANTHROPIC)
    assert error.partial is not None
    assert [call.name for call in error.partial.tool_calls] == ["delete_files"]
    assert "run it and send its result" in error.advice
    assert "Ask again" not in str(error)


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({}, "Send fewer requests, or have the limit raised."),
        (
            {"retry-after-ms": "11500"},
            "Send fewer requests, or have the limit raised. The vendor asks to wait 12 s.",
        ),
    ],
)
def test_a_limit_is_told_with_the_wait_that_the_vendor_asks_for(
    headers: dict[str, str], advice: str
) -> None:
    assert failed(*refused(429, **headers)).advice == advice


def test_a_wait_that_is_too_long_is_told_once() -> None:
    said = str(failed(*refused(429, **{"retry-after": "600"}), retry=Retry()))
    assert "It was not sent again: the vendor asks to wait 600 s, which is too long." in said
    assert said.count("600") == 1


def test_a_budget_that_is_used_up_is_told() -> None:
    setup = Setup(api_key={"openai": "sk-1"}, base_url={"openai": "https://x.invalid"})
    call = setup.call("openai:any", "Hi", {})
    call.budget = lambda _host: Budget(capacity=0.0)
    flow = Flow(call, lambda: 0.0)
    run = flow.run()
    next(run)
    run.send(Lost(errors.ConnectionLostError("reset")))
    with pytest.raises(StopIteration):
        run.send(None)
    assert "It was not sent again: the budget of retries for this host is used up" in str(
        flow.error
    )


def test_a_redirect_is_told_with_its_host_and_nothing_else_of_it() -> None:
    place = "https://api.new.example/v2/chat?token=secret-of-theirs"
    error = failed(Opened(301, {"location": place}), b"", resume=False)
    assert isinstance(error, errors.NotFoundError)
    assert "to api.new.example, which is not followed" in str(error)
    assert "set the base URL" in str(error)
    assert "OPENAI_BASE_URL" in error.advice
    assert "model's name" not in str(error)
    assert "secret-of-theirs" not in str(error)
    assert "/v2/chat" not in str(error)


def test_a_page_in_place_of_a_stream_is_no_matter_for_a_report() -> None:
    page = Opened(200, {"content-type": "text/html"})
    error = failed(page, b"<html>Please log in</html>", b"")
    assert "OPENAI_BASE_URL" in error.advice
    assert "Report it" not in str(error)
    assert error.body == "<html>Please log in</html>"
    assert "error.body holds what was read." in error.advice


def test_a_body_is_spoken_of_only_where_there_is_one() -> None:
    garbled = Lost(errors.ProtocolError("the body's content-encoding is broken"))
    error = failed(BEGUN, garbled)
    assert error.body is None
    assert "error.body" not in str(error)
    assert "Report it" in error.advice


def test_another_answer_is_no_defect_and_is_not_called_one() -> None:
    text = "The sky is blue because of the air. "
    cut: tuple[Reply, ...] = (BEGUN, *OPENAI.said(text, "And "), RESET)
    anew: tuple[Reply, ...] = (BEGUN, *OPENAI.said("Sure! " + text))
    error = failed(*cut, *anew, resume=Resume(attempts=2))
    assert error.code == "started_anew"
    assert "Report" not in str(error)
    assert error.public() == "The answer could not be produced."
    assert "could not be read" not in pickle.loads(pickle.dumps(error)).public()


def test_a_client_that_was_closed_is_not_asked_to_go_on() -> None:
    closed = Lost(errors.ConfigurationError("the client was closed while this answer was read"))
    error = failed(BEGUN, *OPENAI.said(*HALF), closed)
    assert "client.resume(error.token) of a new client goes on from there." in error.advice


# --- which request, after how much ----------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["x-request-id", "request-id", "x-amzn-requestid", "mistral-correlation-id", "apim-request-id"],
)
@pytest.mark.parametrize(
    "ending",
    [(b"",), (RESET,), (SILENT,), (OPENAI.failed("api_error", "broken"),), (b"data: {\n\n",)],
    ids=["cut", "reset", "silence", "in-band", "garbled"],
)
def test_what_breaks_behind_a_200_has_the_request_id_of_its_headers(
    name: str, ending: tuple[Reply, ...]
) -> None:
    head = Opened(200, {"content-type": "text/event-stream", name: "req_9"})
    assert failed(head, *OPENAI.said(*HALF), *ending).request_id == "req_9"


def test_a_request_that_was_not_answered_has_no_id_of_an_earlier_one() -> None:
    again = {"resume": Resume(attempts=2)}
    error = failed(BEGUN, *OPENAI.said(*HALF), RESET, RESET, **again)
    assert error.request_id is None
    assert isinstance(error.__cause__, errors.ConnectionLostError)
    assert error.__cause__.request_id == "req_7"


def test_what_meets_a_later_attempt_is_told_with_what_came_before() -> None:
    unanswered = Lost(errors.ConnectionLostError("the connection broke before an answer began: x"))
    for reply in (unanswered, Lost(errors.ConnectError("no connection could be made: x"))):
        flow = play(
            BEGUN, *OPENAI.said(*HALF), RESET, reply, BEGUN, *OPENAI.whole(" blue"),
            resume=Resume(attempts=4), retry=Retry(),
        )  # fmt: skip
        second = [event for event in flow.events if isinstance(event, Interrupted)][1]
        said = second.fault.message
        assert "after 13 characters of the answer, the attempt to go on failed: " in said
        assert "before any text" not in said


@pytest.mark.parametrize("ending", [b"", RESET, SILENT], ids=["cut", "reset", "silence"])
def test_the_characters_told_are_those_of_the_partial(ending: Reply) -> None:
    error = failed(BEGUN, *OPENAI.said(*HALF), ending)
    assert error.partial is not None
    assert error.partial.text == "The sky is bl"
    assert "after 13 characters of the answer" in str(error)


# --- timers ---------------------------------------------------------------------------------------


def test_the_connect_timer_is_told_with_its_host_seconds_and_setting() -> None:
    timer = Lost(errors.StreamTimeoutError("no connection", timer="connect"))
    error = failed(timer, timeouts=Timeouts(connect=2.5))
    assert str(error).startswith(
        "openai:any: no connection to x.invalid within 2.5 s "
        "(timer 'connect'; set it with Timeouts(connect=...))."
    )
    assert "network" in error.advice
    assert "model" not in error.advice


@pytest.mark.parametrize("life", [b": ping\n\n", b"\n\n", b"event: ping\ndata: {}\n\n"])
def test_a_keep_alive_is_a_sign_of_life_and_no_content(life: bytes) -> None:
    patience = Timeouts(first_event=1, first_content=20)
    error = failed(BEGUN, life, TIMED_OUT, vendor=ANTHROPIC, timeouts=patience)
    assert isinstance(error, errors.StreamTimeoutError)
    assert error.timer == "first_content"
    assert "no content came within 20 s" in str(error)
    assert "Timeouts(first_content=...)" in str(error)


def test_silence_is_none() -> None:
    error = failed(BEGUN, TIMED_OUT, timeouts=Timeouts(first_event=1, first_content=20))
    assert isinstance(error, errors.StreamTimeoutError)
    assert error.timer == "first_event"
    assert "nothing was heard from the vendor within 1 s" in str(error)


# --- the prompt -----------------------------------------------------------------------------------

LONG = "Tell me, in the words of a child, why the sky over Zanzibar is blue at noon."


@pytest.mark.parametrize(
    ("prompt", "vendors_words", "said"),
    [
        (LONG, f"cannot serve '{LONG}' today", "cannot serve '[prompt]' today"),
        (LONG, f"cannot serve {LONG[9:50]}... today", "cannot serve [prompt]... today"),
        ("Say hi to Bob", "blocked: Say hi to Bob", "blocked: [prompt]"),
        ("Hi", "Hi there is no such field", "Hi there is no such field"),
        (LONG, "the sky is blue", "the sky is blue"),
    ],
    ids=["all", "a run", "a short one", "too short", "a few words"],
)
def test_a_prompt_that_the_vendor_quotes_is_cut_out_of_the_message(
    prompt: str, vendors_words: str, said: str
) -> None:
    error = failed(*refused(400, vendors_words), prompt=prompt)
    assert f": {said}." in str(error)
    assert error.body == {"message": vendors_words}
    if said != vendors_words:
        assert prompt not in repr(error)
        assert prompt not in error.info().message


def test_a_very_long_message_of_the_vendor_is_told_in_part() -> None:
    error = failed(*refused(400, "no. " * 50_000))
    assert len(str(error)) < 5000
    assert len(error.body["message"]) == 200_000
