"""A server that takes no prefix and does not say so: no more is promised than is known."""

from __future__ import annotations

import pytest

from streamkit import Resume, errors
from streamkit import chunks as c
from tests.resume.going import Going, ask, chunks, words
from tests.resume.going import whole as ended

HALF = words("The sky ", "is blue")
OTHER = ended("Blue light", " is scattered more than", " any other.")


def test_what_may_be_another_answer_is_called_approximate() -> None:
    told = ask(HALF, OTHER)
    assert told.resumed == [("prefix", "approximate")]
    assert told.text == "The sky is Blue light is scattered more than any other."


def test_what_surely_goes_on_is_seamless() -> None:
    assert ask(HALF, ended("blue today.")).resumed == [("prefix", "seamless")]
    assert ask(HALF, ended(" Blue today.")).resumed == [("prefix", "seamless")]


def test_who_demands_more_gets_an_error() -> None:
    told = ask(HALF, OTHER, policies={"resume": Resume(min_fidelity="seamless")})
    assert isinstance(told.error, errors.StreamInterrupted)
    assert (told.text, told.resumed) == ("The sky is blue", [])


def test_where_seamless_was_told_already_the_next_way_is_taken() -> None:
    then = chunks(c.Reasoning("Hm."), c.Text("Blue light is scattered more than any other."))
    told = ask(HALF, then, ended(" blue."))
    assert told.resumed == [("prefix", "seamless"), ("instruct", "approximate")]
    assert told.text == "The sky is blue."


@pytest.mark.parametrize("ways", [("prefix",), ("prefix", "instruct"), ("instruct",)])
def test_an_answer_that_begins_with_the_same_two_words_in_mid_sentence_is_not_glued_on(
    ways: tuple[str, ...],
) -> None:
    told = ask(HALF, ended("The sky", " appears green."), adapter=Going(ways=ways))
    assert isinstance(told.error, errors.StreamInterrupted)
    assert told.text == "The sky is blue"
    assert "began another answer" in str(told.error)
