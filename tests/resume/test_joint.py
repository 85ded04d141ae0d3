"""Where two attempts meet: what of the second one's words is new, and how they are joined."""

from __future__ import annotations

import pytest

from streamkit._joint import Join, Joint, StartedAnewError, safe_length

SKY = "The sky is blue because air scatters short waves more than long ones"


def joined(
    sent: str,
    came: str,
    *,
    shown: str = "",
    dropped: str = "",
    how: str = "prefix",
    stops: tuple[str, ...] = (),
) -> str:
    """The whole text, which must not depend on the pieces in which ``came`` comes."""
    found = {_joined(sent, came, shown, dropped, how, stops, size) for size in (1, 3, 1000)}
    assert len(found) == 1, found
    return found.pop()


def _joined(
    sent: str, came: str, shown: str, dropped: str, how: str, stops: tuple[str, ...], size: int
) -> str:
    joint, rest = Joint(sent, shown, dropped, how, stops), came
    join = None
    while join is None and rest:
        join, rest = joint.feed(rest[:size]), rest[size:]
    if join is None:
        join = joint.end()
    kept = sent + shown
    assert 0 <= join.rewind <= max(len(shown), max(map(len, stops), default=0))
    text = kept[: len(kept) - join.rewind] + join.text
    return text if join.stopped is not None else text + rest


HONEST = [
    ("The quick brown", " fox jumps", " fo"),
    ("The quick brown", " dog sleeps", " fo"),
    ("The end", ".", "."),
    ("It is", "n't so", ""),
    ("def f():", "\n    return 1", "\n    ret"),
    ("one\n\n", "two", "t"),
    ("空は青い。", "なぜなら", "なぜ"),
    ("Well done 👍", "🏽 indeed", "🏽"),
    ("naive cafe", "\u0301 au lait", "\u0301"),
    ("https://example.org/" + "a" * 80, "bc/d", ""),
    ("| a | b |", "\n|---|---|\n| 1 | 2 |", "\n|---"),
]


@pytest.mark.parametrize(("sent", "came", "dropped"), HONEST)
def test_what_goes_on_is_joined_as_it_came(sent: str, came: str, dropped: str) -> None:
    assert joined(sent, came, dropped=dropped) == sent + came


@pytest.mark.parametrize("how", ["prefix", "instruct"])
@pytest.mark.parametrize(("sent", "came", "dropped"), HONEST[:3])
def test_a_server_that_gives_the_whole_again_is_followed_in_silence(
    how: str, sent: str, came: str, dropped: str
) -> None:
    assert joined(sent, sent + came, dropped=dropped, how=how) == sent + came


@pytest.mark.parametrize("how", ["prefix", "instruct"])
@pytest.mark.parametrize("size", [32, 40, len(SKY) - 1])
def test_an_end_that_is_repeated_is_stripped_once(how: str, size: int) -> None:
    assert joined(SKY, SKY[-size:] + " do.", dropped=" d", how=how) == SKY + " do."


@pytest.mark.parametrize("came", ["ones do.", "long ones do.", " than long ones do."])
def test_a_model_that_was_asked_to_go_on_may_repeat_a_word_or_two(came: str) -> None:
    assert joined(SKY, came, dropped=" d", how="instruct") == SKY + " do."


def test_a_repeated_word_is_stripped_where_it_is_no_part_of_a_longer_one() -> None:
    assert joined("It is a scatter", "scatter plot" + "." * 40, how="instruct") == (
        "It is a scatter plot" + "." * 40
    )
    assert joined("It is a scatter", "scattering medium" + "." * 40, how="instruct") == (
        "It is a scatter scattering medium" + "." * 40
    )


@pytest.mark.parametrize("count", [3, 30, 300])
def test_a_text_that_repeats_itself_is_not_taken_for_an_echo(count: int) -> None:
    text = "ha " * count + "ha"
    assert joined(text, " ha" * count, dropped=" h") == text + " ha" * count
    assert joined(text, " ha" * count + "!") == text + " ha" * count + "!"


LINES = {
    "JSON": "[\n" + '  {"a": 0, "b": [1, 2, 3], "name": "x"},\n' * 3 + "]",
    "code": "for x in y:\n" + "    assert_equal(answer(x), 42)\n" * 2 + "done()\n",
    "table": "| of | is |\n" + "| the same name | the same value |\n" * 3,
}


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_a_line_that_an_honest_server_says_twice_is_not_taken_for_an_echo(text: str) -> None:
    for place in [n for n in range(1, len(text)) if text[n].isspace() and text[n - 1].isalnum()]:
        assert joined(text[:place], text[place:]) == text


@pytest.mark.parametrize("size", [9, 19, 31])
def test_an_echo_that_begins_inside_a_word_needs_no_more_proof(size: int) -> None:
    assert SKY[-size].isalnum()
    assert joined(SKY, SKY[-size:] + " do.") == SKY + " do."


@pytest.mark.parametrize("how", ["prefix", "instruct"])
def test_an_answer_that_starts_again_and_differs_is_no_continuation(how: str) -> None:
    with pytest.raises(StartedAnewError):
        joined(SKY, SKY[:30] + " green, and so on, and so on, and on", dropped=" d", how=how)


def test_the_next_of_many_lines_that_begin_alike_is_no_other_answer() -> None:
    lines = [f"INSERT INTO users VALUES ({n}, 'user number {n}');" for n in range(9)]
    sent, came = "\n".join(lines[:4]), "\n".join(lines[4:])
    assert joined(sent, came, how="instruct", dropped="\n") == "\n".join(lines)
    other = came.replace("VALUES (4", "VALUES (0, 'nobody');\nINSERT INTO users VALUES (4")
    with pytest.raises(StartedAnewError):
        joined(sent, other, how="instruct", dropped="\n")


def test_white_space_does_not_hide_that_it_starts_again() -> None:
    with pytest.raises(StartedAnewError):
        joined(SKY, SKY.replace(" ", "\n", 2) + " do.", dropped=" d")


@pytest.mark.parametrize("how", ["prefix", "instruct"])
@pytest.mark.parametrize(
    ("sent", "dropped", "came"),
    [
        ("The sky is", " bl", "The sky appears blue."),
        ("The sky is", " bl", "The sky appears blue, because short waves are scattered."),
        ("The quick brown fox jumps,", " over", "Sure! The quick brown fox jumps over the dog."),
    ],
)
def test_a_sentence_that_begins_again_in_mid_sentence_is_another_answer(
    sent: str, dropped: str, came: str, how: str
) -> None:
    with pytest.raises(StartedAnewError):
        joined(sent, came, dropped=dropped, how=how)


@pytest.mark.parametrize(
    ("sent", "dropped", "came", "doubtful"),
    [
        ("The sky is", " bl", "Blue is what it appears to be.", True),
        ("Bill Gates met", " Bil", "Bill Gates senior at a dinner.", False),
        ("Bill Gates met", " Bil", " Bill Gates senior at a dinner.", False),
        ("Bill Gates met", " Tim", " Bill Gates senior at a dinner.", False),
        ("The end.", " An", "The end is near, or so they say.", False),
        ("The sky is", " bl", "blue, as The sky is wont to be.", False),
    ],
)
def test_a_capital_in_mid_sentence_is_in_doubt(
    sent: str, dropped: str, came: str, doubtful: bool
) -> None:
    joint = Joint(sent, "", dropped, "prefix")
    join = joint.feed(came) or joint.end()
    assert join.doubtful == doubtful
    assert join.text.strip() == came.strip()


def test_a_few_words_before_it_do_not_hide_that_it_starts_again() -> None:
    with pytest.raises(StartedAnewError):
        joined(SKY, "Sure! Here it is: " + SKY + " do.", dropped=" d", how="instruct")


@pytest.mark.parametrize(
    ("sent", "dropped", "came", "whole"),
    [
        ("The sky", " is", "is blue", "The sky is blue"),
        ("The sky", " is", "  is blue", "The sky is blue"),
        ("The sky", " (is", "(is) blue", "The sky (is) blue"),
        ("The sky", " ", "was blue", "The sky was blue"),
        ("The sky", " ", "🌤 blue", "The sky 🌤 blue"),
        ("The sky", " ", ", blue", "The sky, blue"),
        ("if x:", "\n    y", "y = 1", "if x:\n    y = 1"),
        ("if x:", "\n    y", " y = 1", "if x:\n    y = 1"),
        ("if x:", "\n    y", "    z = 1", "if x:\n    z = 1"),
        ("End.", "\n\nNew", " New part", "End.\n\nNew part"),
        ("End.", "\n\n", "New part", "End.\n\nNew part"),
    ],
)
def test_white_space_that_the_server_swallows_or_changes_is_as_it_was(
    sent: str, dropped: str, came: str, whole: str
) -> None:
    assert joined(sent, came, dropped=dropped) == whole


def test_a_word_is_not_joined_to_a_word_without_evidence() -> None:
    rest = "because air scatters short waves, as they say"
    assert joined("The sky is blue", rest, how="instruct") == f"The sky is blue {rest}"


def test_scripts_without_spaces_get_none() -> None:
    rest = "なぜなら、空気が短い波長の光をよく散らすからです。" * 2
    assert joined("空は青いです", rest, how="instruct") == "空は青いです" + rest


def test_what_was_shown_behind_the_prefix_comes_again_unnoticed() -> None:
    assert joined("The quick", " brown fox", shown=" bro", dropped="w") == "The quick brown fox"


def test_what_was_shown_and_does_not_come_again_is_taken_back() -> None:
    assert joined("The quick", " black fox", shown=" bro", dropped="w") == "The quick black fox"


@pytest.mark.parametrize("how", ["prefix", "instruct"])
@pytest.mark.parametrize("came", ["", " ", " 5", "5", "\n"])
@pytest.mark.parametrize("shown", ["", " 5", " 500"])
def test_an_end_before_what_had_come_already_is_not_believed(
    shown: str, came: str, how: str
) -> None:
    with pytest.raises(StartedAnewError, match="ended its answer"):
        joined("50 mg, never", came, shown=shown, dropped=" 5000"[len(shown) :], how=how)


@pytest.mark.parametrize("came", ["", " ", "\n", " 5000", "5000", " 600", "."])
def test_an_end_behind_what_had_come_or_other_words_is_believed(came: str) -> None:
    dropped = " 5000" if came.strip() else " \n"
    whole = joined("50 mg, never", came, dropped=dropped)
    assert whole.split() == f"50 mg, never {came}".replace(" .", ".").split()


def test_a_call_may_come_in_place_of_words() -> None:
    assert Joint("Let me", " look", " it", "prefix").end(over=False) == Join(0, "")


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_stop_string_across_the_seam_ends_the_answer(cut: int) -> None:
    stop = "\nUser:"
    assert joined("Good bye" + stop[:cut], stop[cut:] + " no", stops=(stop,)) == "Good bye"


def test_a_stop_string_that_is_not_completed_is_text() -> None:
    assert joined("Good bye\nUs", "e it", stops=("\nUser:",)) == "Good bye\nUse it"


def test_a_stop_string_may_begin_in_what_was_shown() -> None:
    assert joined("A", "ND!", shown=" E", dropped="", stops=("END",)) == "A ND!"
    assert joined("A", " END!", shown=" E", dropped="", stops=("END",)) == "A "


# --- where an answer can be cut ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "held", "sent"),
    [
        ("The quick bro", "", "The quick"),
        ("The quick brown", " fox", "The quick brown"),
        ("The quick brown ", "", "The quick brown"),
        ("def f():\n    ", "", "def f():"),
        ("Hel", "", ""),
        ("空は青い。なぜ", "", "空は青い。"),
        ("x" * 100, "", "x" * 100),
        ("word " + "x" * 100, "", "word " + "x" * 100),
    ],
)
def test_a_prefix_ends_with_a_whole_word_and_without_white_space(
    text: str, held: str, sent: str
) -> None:
    assert text[: safe_length(text, held)].rstrip() == sent
