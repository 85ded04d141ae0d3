"""The last word of a running answer waits until it is whole, but not long."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import Resume
from streamkit import chunks as c
from streamkit._joint import HELD_CHARACTERS, HoldBack, boundary
from streamkit.adapter import ResumeBy
from tests.resume.going import Answer, Going, ask, chunks, words
from tests.resume.going import whole as ended
from wire import DONE, STOP, said


def deltas(told: Any) -> list[str]:
    return [event.text for event in told.of("text.delta")]


def test_the_first_word_comes_at_once_and_then_whole_words() -> None:
    told = ask(ended("Wh", "y is", " the s", "ky bl", "ue?"))
    assert deltas(told) == ["Wh", "y", " is the", " sky", " blue?"]


def test_what_waits_comes_before_the_part_ends() -> None:
    kinds = [e.type for e in ask(ended("One", " two")).events]
    assert kinds[-4:] == ["text.delta", "part.ended", "choice.ended", "stream.ended"]


@pytest.mark.parametrize(
    "adapter",
    [Going(ways=()), Going(ways=("replay",))],
    ids=["no way", "replay"],
)
def test_nothing_waits_where_no_model_will_have_to_go_on(adapter: Going) -> None:
    assert deltas(ask(ended("Wh", "y is", " th"), adapter=adapter)) == ["Wh", "y is", " th"]


@pytest.mark.parametrize(
    "policy", [Resume(hold_back=False), Resume(attempts=1), Resume(min_fidelity="exact"), False]
)
def test_nothing_waits_where_the_caller_does_not_want_it(policy: Any) -> None:
    told = ask(ended("Wh", "y is", " th"), policies={"resume": policy})
    assert deltas(told) == ["Wh", "y is", " th"]


def test_logprobs_are_not_lost_with_the_words_that_wait() -> None:
    scored = [c.Text("Wh", logprobs=[1]), c.Text("y is", logprobs=[2]), c.Text(" th")]
    told = ask(chunks(*scored, ended=True))
    assert [e.logprobs for e in told.of("text.delta") if e.logprobs] == [[1], [2]]
    assert told.text == "Why is th"


def test_a_word_waits_150_milliseconds() -> None:
    told = ask(Answer([*said("One", " two"), 0.1, b": ping\n\n", 0.2, STOP, DONE]))
    assert [(round(at, 3), text) for at, text in told.heard.arrivals][2:4] == [
        (0.1, "One"),
        (0.3, "One two"),
    ]


def test_the_wait_ends_after_150_milliseconds_and_not_later() -> None:
    for pause, shown in ((0.149, "One"), (0.151, "One two")):
        told = ask(Answer([*said("One", " two"), pause, b": ping\n\n", STOP, DONE]))
        assert next(text for at, text in told.heard.arrivals if at > 0) == shown


def test_each_word_waits_for_itself() -> None:
    pause = 0.1
    reads = [x for word in said("One", " two", " three", " four") for x in (word, pause)]
    told = ask(Answer([*reads, STOP, DONE]))
    assert [text for _, text in told.heard.arrivals][:5] == [
        "",
        "One",
        "One",
        "One two",
        "One two three",
    ]


def test_a_half_word_that_was_shown_in_time_must_come_again() -> None:
    half = Answer([*said("One", " tw"), 0.2])
    told = ask(half, ended(" two three"))
    assert (told.text, told.of("rewound")) == ("One two three", [])
    assert told.bodies[1]["turns"][-1] == ["assistant", "One"]


def test_what_waited_is_not_lost_when_nothing_goes_on() -> None:
    for answers in ([words("One", " two", " th")], [words("One", " two", " th"), words()]):
        told = ask(*answers)
        assert told.error is not None
        assert told.text == "One two th"


# --- where text is cut ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One tw", "One"),
        ("One two ", "One two"),
        ("One\n\n  two", "One"),
        ("Tw", ""),
        ("def f():\n    return 1\n", "def f():\n    return 1"),
        ("空は青い。なぜ", "空は青い。"),
        ("「空」と、なぜ", "「空」と、"),
        ("青い 空は、な", "青い 空は、"),
        ("🌤👍", ""),
    ],
)
def test_text_is_cut_between_words(text: str, shown: str) -> None:
    assert text[: boundary(text)] == shown


@pytest.mark.parametrize("unit", ["x", "é", "e\u0301", "👍🏽", "👩\u200d🚀", "🇩🇪", "語", "नि"])
def test_a_long_word_is_cut_between_characters_that_people_see(unit: str) -> None:
    hold, shown = HoldBack(), ""
    for character in unit * 40:
        shown += hold.admit(character)
        assert len(hold.held) <= HELD_CHARACTERS
        assert (shown + hold.held) == (unit * 40)[: len(shown) + len(hold.held)]
        assert shown == unit * (len(shown) // len(unit))
    assert shown


def test_what_is_held_is_given_in_the_end() -> None:
    hold = HoldBack()
    assert hold.admit("One tw") == "One"
    assert (hold.release(), hold.release()) == (" tw", "")


def test_the_adapter_decides_by_the_request() -> None:
    class ForText(Going):
        def resume_by(self, request: Any) -> tuple[ResumeBy, ...]:
            return () if request.response_format == "json" else super().resume_by(request)

    assert deltas(ask(ended("O", "n e"), adapter=ForText())) == ["O", "n", " e"]
    told = ask(ended("O", "n e"), adapter=ForText(), response_format="json")
    assert deltas(told) == ["O", "n e"]
