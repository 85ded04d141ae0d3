"""An answer breaks, and for a while nobody can be reached: it goes on once somebody can."""

from __future__ import annotations

import pytest

from streamkit import Resume, Retry, errors
from streamkit._flow import MISSES
from streamkit._setup import Setup
from tests.resume.going import Answer, Going, ask, words
from tests.resume.going import whole as ended

BROKEN = words("The sky is ", "blue ", end="rst")
NOBODY = Answer(status=0)
REST = ended(" today.")


@pytest.mark.parametrize("misses", range(MISSES))
def test_attempts_that_reach_nobody_are_not_counted(misses: int) -> None:
    policies = {"resume": Resume(attempts=2, idle_attempts=1)}
    told = ask(BROKEN, *[NOBODY] * misses, REST, policies=policies)
    assert told.text == "The sky is blue today."
    assert told.events[-1].attempts == 2 + misses


def test_the_waiting_for_somebody_has_an_end() -> None:
    told = ask(BROKEN, NOBODY)
    assert isinstance(told.error, errors.ConnectError)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert "6 times in a row no connection could be made" in str(told.error)
    assert told.error.attempts == 1 + MISSES
    assert told.error.token


def test_it_is_waited_longer_from_one_miss_to_the_next() -> None:
    retry = Retry(wait=lambda state: float(state.attempt_number))
    told = ask(BROKEN, NOBODY, setup=Setup(adapters=[Going()], retry=retry))
    assert [event.retry_in for event in told.of("interrupted")] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_attempts_that_bring_nothing_new_are_counted_all_the_same() -> None:
    """Also with misses between them: each of these is paid for."""
    told = ask(BROKEN, NOBODY, BROKEN, NOBODY, BROKEN, REST)
    assert "2 attempts in a row brought nothing new" in str(told.error)
    assert told.error.attempts == 5
