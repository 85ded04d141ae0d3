"""An answer that the server has kept goes on from where it was cut, as if nothing had been."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streamkit import chunks as c
from streamkit import errors
from tests.resume.going import Answer, Going, Told, ask, numbered, refusal, words
from tests.resume.going import whole as ended
from wire import DONE, STOP, frame, said, vendor_error

REPLAYS = Going(ways=("replay", "prefix"))
KEPT = numbered([*said("The s", "ky is", " bl", "ue."), STOP, DONE])


def asked(first: Sequence[bytes], *then: Answer, end: str = "rst") -> Told:
    return ask(Answer(first, end=end), *then, adapter=REPLAYS)


@pytest.mark.parametrize("cut", range(1, len(KEPT)))
@pytest.mark.parametrize("repeated", [0, 1, 9])
def test_it_goes_on_behind_the_newest_frame(cut: int, repeated: int) -> None:
    """Some servers send frames again that had come."""
    told = asked(KEPT[:cut], Answer(KEPT[max(0, cut - repeated) :]))
    assert told.error is None
    assert told.text == "The sky is blue."
    assert told.resumed == [("replay", "exact")]
    assert told.urls[1].endswith(f"/v1/answers/{cut - 1}")
    assert len(told.of("part.started")) == len(told.of("part.ended")) == 1
    assert told.of("rewound") == []


def test_a_finished_call_behind_which_it_was_cut_stands() -> None:
    call = [c.ToolOpened("t", "look", "1"), c.ToolArguments("t", "{}"), c.Closed("t")]
    kept = numbered([*(frame(chunk) for chunk in call), *said("Well."), STOP, DONE])
    for cut in range(1, len(kept)):
        told = asked(kept[:cut], Answer(kept[cut:]))
        assert [x.arguments for x in told.response.tool_calls] == [{}]
        assert len(told.of("tool_call.ready")) == 1
        assert told.text == "Well."


def test_an_answer_that_had_stopped_is_read_to_its_end_mark() -> None:
    told = asked(KEPT[:5], Answer(KEPT[5:]))
    assert (told.error, told.resumed) == (None, [("replay", "exact")])
    assert told.response.outcome == "complete"


@pytest.mark.parametrize("status", [404, 400])
def test_an_answer_that_the_server_no_longer_has_goes_on_otherwise(status: int) -> None:
    told = asked(KEPT[:3], refusal(status, "no such answer"), ended(" blue."))
    assert told.text == "The sky is blue."
    assert told.ways == ["replay", "prefix"]
    assert told.events[-1].attempts == 2


def test_a_gap_is_not_glued_over() -> None:
    told = asked(KEPT[:2], Answer(KEPT[3:]), ended(" is blue."))
    assert told.text == "The sky is blue."
    assert told.ways == ["replay", "prefix"]


def test_after_an_error_in_the_stream_another_way_is_taken() -> None:
    """The decoder is at its end: it could not tell what has come from what has not."""
    told = asked([*KEPT[:3], *numbered([vendor_error("overloaded_error")], 3)], ended(" blue."))
    assert (told.ways, told.text) == (["prefix"], "The sky is blue.")


def test_a_replay_may_be_cut_as_well() -> None:
    told = asked(
        KEPT[:1], Answer(KEPT[1:2], end="rst"), Answer(KEPT[2:4], end="rst"), Answer(KEPT[4:])
    )
    assert told.text == "The sky is blue."
    assert told.resumed == [("replay", "exact")] * 3
    assert [url.rpartition("/")[2] for url in told.urls[1:]] == ["0", "1", "3"]


def test_a_seam_that_is_cut_while_it_is_judged_is_judged_by_the_replay() -> None:
    onward = numbered([*said(" b", "lue and", " so on."), STOP, DONE])
    told = asked(said("The sky", " is", " bl"), Answer(onward[:1], end="rst"), Answer(onward[1:]))
    assert told.ways == ["prefix", "replay"]
    assert told.text == "The sky is blue and so on."


def test_a_cursor_of_a_decoder_that_read_nothing_is_not_used_twice() -> None:
    """From a token, a fresh decoder goes on; if it names no place, there is none."""
    told = asked(KEPT[:3], *[Answer(KEPT[3:3], end="rst")] * 3, end="rst")
    assert isinstance(told.error, errors.StreamInterrupted)
    on = ask(
        Answer(said("ue"), end="rst"), ended(" blue and white."),
        adapter=REPLAYS, token=told.error.token,
    )  # fmt: skip
    assert on.urls[0].endswith("/answers/2")
    assert on.ways == ["prefix"]
    assert on.text == "The sky is blue and white."


def test_words_without_numbers_are_not_replayed() -> None:
    told = ask(words("The sky", " is", " b"), ended(" blue."), adapter=REPLAYS)
    assert told.ways == ["prefix"]
