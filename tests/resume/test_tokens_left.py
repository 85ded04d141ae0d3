"""How many tokens an answer that goes on has left: never fewer than can be justified."""

from __future__ import annotations

import pytest

from streamkit import Resume
from streamkit import chunks as c
from streamkit._spent import tokens_taken
from streamkit.values import Usage
from tests.resume.going import Answer, ask, chunks
from tests.resume.going import whole as ended

REST = ended(" rest", " of it.")


def left(first: Answer, *others: Answer, hold_back: bool = True) -> list[int]:
    """``max_tokens`` of each request, the first of which had 100."""
    policies = {"resume": Resume(hold_back=hold_back)}
    return [
        b["max_tokens"] for b in ask(first, *others, REST, max_tokens=100, policies=policies).bodies
    ]


def pieces(*texts: str, counted: tuple[int | None, int | None] | None = None) -> Answer:
    """``counted``: what the vendor reports along with them, tokens of output and of thoughts."""
    report = (
        ()
        if counted is None
        else (c.UsageReport(Usage(9, counted[0], reasoning_tokens=counted[1])),)
    )
    return chunks(*(c.Text(text) for text in texts), *report)


def test_a_token_comes_in_each_piece_as_a_rule() -> None:
    assert left(pieces(*[" No", " way"] * 20, " a")) == [100, 60]


def test_what_is_not_sent_again_is_not_counted() -> None:
    """Half of the pieces were of a word that was held back."""
    assert left(pieces("One", " two", " th", "re", "e", "fold")) == [100, 98]


def test_pieces_are_counted_over_all_attempts() -> None:
    assert left(pieces(*[" No", " way"] * 20, " "), pieces(*[" Yes", " so"] * 10, " ")) == [
        100,
        60,
        39,
    ]


@pytest.mark.parametrize("hold_back", [True, False])
def test_of_long_pieces_the_script_tells_what_they_hold_at_least(hold_back: bool) -> None:
    assert left(pieces("word " * 20), hold_back=hold_back) == [100, 84]
    assert left(pieces("слово " * 20), hold_back=hold_back) == [100, 69]


def test_what_the_vendor_has_counted_is_believed() -> None:
    assert left(pieces("word " * 20, counted=(30, 0))) == [100, 71]
    assert left(
        pieces("word " * 20, counted=(30, None)), pieces(" " + "more " * 20, counted=(30, 0))
    ) == [
        100,
        71,
        41,
    ]


def test_thoughts_that_the_vendor_has_counted_are_not_of_the_text() -> None:
    assert left(pieces("word " * 20, counted=(90, 60))) == [100, 84]
    thought = chunks(c.Reasoning("Hm."), c.Text("word " * 20), c.UsageReport(Usage(9, 90)))
    assert left(thought) == [100, 84]


def test_one_token_is_asked_for_at_least() -> None:
    assert left(pieces("word " * 200)) == [100, 1]


@pytest.mark.parametrize(
    ("text", "pieces", "tokens"),
    [
        ("It is said that the sky is blue.", 32, 5),  # by a gateway that sends letter by letter
        ("空が青い", 4, 4),  # a letter may well be a token
        ("", 0, 0),
        ("\ud83d", 1, 0),
    ],
)
def test_pieces_too_small_for_tokens_are_not_counted(text: str, pieces: int, tokens: int) -> None:
    assert tokens_taken(text, pieces, len(text)) == tokens
