"""What bounds going on, what a broken answer cost, and settings that are none."""

from __future__ import annotations

from typing import Any

import pytest
import tenacity

import streamkit
from streamkit import Resume, Retry, errors
from streamkit import chunks as c
from streamkit.values import Usage
from tests.resume.going import SOON, Answer, Going, ask, chunks, words
from tests.resume.going import whole as ended

HALF = words("The sky", " is", " blue", " to")
MORE = [words(f" {n} more", " words") for n in ("to", "too", "two")]
REST = ended(" today", " at", " noon.")
BUSY = Answer(status=503)


# --- the caller's own stop -----------------------------------------------------------------------


def stops(stop: Any, *answers: Answer, **policies: Any) -> Any:
    retry = Retry(stop=stop, wait=lambda _state: 1.0)
    return ask(*answers, policies={"retry": retry, **policies})


def test_a_stop_of_the_callers_bounds_going_on_over_all_attempts() -> None:
    told = stops(tenacity.stop_after_attempt(2), HALF, *MORE)
    assert len(told.urls) == told.error.attempts == 2
    assert "Retry(stop=...) forbids another attempt" in str(told.error)
    assert told.error.token is not None
    assert len(stops(tenacity.stop_after_attempt(2), BUSY, HALF, REST).urls) == 2
    assert stops(tenacity.stop_after_attempt(3), BUSY, HALF, REST).error is None


def test_a_stop_of_the_callers_sees_the_time_that_passed_and_the_wait() -> None:
    seen = list[tuple[int, float]]()

    def stop(state: tenacity.RetryCallState) -> bool:
        seen.append((state.attempt_number, state.upcoming_sleep))
        assert isinstance(state.outcome and state.outcome.exception(), errors.TruncatedError)
        return len(seen) == 2

    told = stops(stop, HALF, words(), REST)
    assert (len(told.urls), seen) == (2, [(1, 0.0), (2, 1.0)])


def test_a_default_stop_leaves_the_bounds_to_resume() -> None:
    many = ask(HALF, *MORE, ended("."), policies={"retry": SOON, "resume": Resume(attempts=9)})
    assert (many.error, len(many.urls)) == (None, 5)


# --- what counts as an attempt -------------------------------------------------------------------


def test_retries_before_anything_was_shown_leave_the_attempts_to_go_on() -> None:
    told = ask(BUSY, BUSY, BUSY, HALF, REST)
    assert (told.text, told.error) == ("The sky is blue today at noon.", None)
    told = ask(BUSY, BUSY, HALF, *MORE, policies={"resume": Resume(attempts=2)})
    assert len(told.urls) == 4
    assert "it was tried 2 times" in str(told.error)


def test_a_refused_connection_counts_among_the_attempts_of_the_error_alone() -> None:
    told = ask(HALF, Answer(status=0), policies={"resume": Resume(attempts=2)})
    assert told.error.attempts == len(told.of("attempt.started")) == 7


# --- what it cost --------------------------------------------------------------------------------


@pytest.mark.parametrize("resume", [False, Resume(attempts=1), Resume(attempts=2)])
def test_a_cut_answer_tells_an_estimate_of_its_cost(resume: Any) -> None:
    report = c.UsageReport(Usage(10, 1, raw={"out": 1}))
    told = ask(chunks(report, c.Text("The sky"), c.Text(" is")), policies={"resume": resume})
    usage = told.error.partial.usage
    attempts = len(told.urls)
    assert (usage.input_tokens, usage.estimated) == (10 * attempts, True)
    assert usage.output_tokens >= 3
    assert told.events[-1].usage == usage
    assert ask(HALF, policies={"resume": resume}).error.partial.usage.output_tokens >= 5


def test_what_the_vendor_counted_of_a_stopped_answer_is_no_estimate() -> None:
    counted = Usage(10, 9, raw={"out": 9})
    told = ask(chunks(c.Text("The sky."), c.Stop("stop", "stop"), c.UsageReport(counted)))
    assert told.error.partial.usage == counted


def test_the_token_does_not_count_the_cut_attempt_twice() -> None:
    told = ask(HALF, policies={"resume": False})
    spent = told.error.partial.usage.output_tokens
    again = ask(
        chunks(c.UsageReport(Usage(9, 2)), c.Text(" today."), ended=True), token=told.error.token
    )
    assert again.response.usage is not None
    assert again.response.usage.output_tokens == spent + 2


# --- settings that are none ----------------------------------------------------------------------


@pytest.mark.parametrize("resume", ["seamless", 3, 0, 1.5, {"attempts": 2}])
def test_what_is_no_resume_is_refused(resume: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="resume is True, False or a Resume"):
        streamkit.sync.Client(resume=resume)
    with streamkit.sync.Client(adapters=[Going()]) as client:
        with pytest.raises(errors.ConfigurationError, match="resume is True, False or a Resume"):
            client.stream("wire:any", "Hi", resume=resume)


@pytest.mark.parametrize(
    "settings",
    [
        {"attempts": 0},
        {"attempts": "2"},
        {"attempts": 2.5},
        {"attempts": True},
        {"idle_attempts": 0},
        {"idle_attempts": None},
        {"max_extra_input_tokens": -1},
        {"max_extra_input_tokens": "9"},
        {"hold_back": 1},
        {"min_fidelity": "perfect"},
        {"min_fidelity": []},
    ],
    ids=str,
)
def test_a_resume_of_other_values_is_refused_and_names_the_setting(settings: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Resume(**settings)
