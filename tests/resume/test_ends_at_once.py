"""An attempt that ends before words that had come already: nobody gets the shorter answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from streamkit import Resume, errors
from streamkit.messages import ChatRequest, Message
from streamkit_anthropic import AnthropicMessages
from tests.resume.dialects import DIALECTS, Story
from tests.resume.going import SOON, Answer, ask, words
from tests.resume.going import whole as ended
from tests.resume.lines import LINES, Heard, Wire, awaited
from wire import DONE, STOP

BROKEN = ["The dose is 50 ", "mg, never 500"]
HALF = words(*BROKEN)
ON: dict[str, Callable[..., None]] = {
    **LINES,
    "uvloop": lambda *arguments: uvloop.run(awaited(*arguments)),
}


def cut(name: str) -> Wire:
    frames, pieces = [], 0
    for frame in DIALECTS[name].frames(Story(BROKEN)):
        frames.append(frame)
        pieces += any(piece.encode() in frame for piece in BROKEN)
        if pieces == len(BROKEN):
            break
    return Wire(frames)


def told(line: str, name: str, *answers: Wire) -> tuple[Heard, int]:
    heard, asked = Heard(), list[str]()

    def vendor(url: str, _body: bytes) -> Wire:
        asked.append(url)
        return answers[min(len(asked), len(answers)) - 1]

    ON[line](vendor, DIALECTS[name], {"retry": SOON}, heard)
    return heard, len(asked)


SOLE = ["chat, prefix", "chat, instruct", "messages, prefix", "messages, instruct"]


@pytest.mark.parametrize("piece", [(), (" ",), (" 5",)], ids=repr)
@pytest.mark.parametrize("name", SOLE)
@pytest.mark.parametrize("line", ON)
def test_an_answer_that_ends_before_what_had_come_is_an_error_with_all_of_it(
    line: str, name: str, piece: tuple[str, ...]
) -> None:
    at_once = Wire(list(DIALECTS[name].frames(Story(piece))))
    heard, asked = told(line, name, cut(name), at_once)
    assert isinstance(heard.error, errors.StreamInterrupted)
    assert heard.error.partial is not None
    assert heard.error.partial.text == heard.response.text == "".join(BROKEN)
    assert heard.response.outcome == "failed"
    assert "ended its answer before words that had come already" in str(heard.error)
    assert heard.error.token is not None
    assert asked == (3 if "prefix" in name else 2)


@pytest.mark.parametrize("name", SOLE)
def test_an_answer_that_ends_behind_what_had_come_is_whole(name: str) -> None:
    heard, _ = told("memory", name, cut(name), Wire(list(DIALECTS[name].frames(Story([" 500"])))))
    assert (heard.response.outcome, heard.response.text) == ("complete", "".join(BROKEN))


def test_the_next_way_is_taken() -> None:
    heard = ask(HALF, Answer([STOP, DONE]), ended(" 500 mg."))
    assert (heard.text, heard.ways) == ("".join(BROKEN) + " mg.", ["prefix", "instruct"])
    assert heard.resumed == [("instruct", "approximate")]


def test_an_end_at_once_where_only_white_space_had_come_is_the_end() -> None:
    heard = ask(words("The sky is", " blue.\n"), Answer([STOP, DONE]))
    assert (heard.error, heard.text.rstrip()) == (None, "The sky is blue.")


def test_a_first_half_word_is_no_answer() -> None:
    heard = ask(words("Th"), Answer([STOP, DONE]), policies={"resume": Resume(attempts=9)})
    assert isinstance(heard.error, errors.StreamInterrupted)
    assert heard.text == "Th"


# --- what can be sent back -----------------------------------------------------------------------


def test_an_answer_with_thoughts_of_two_attempts_can_be_sent_back() -> None:
    """Anthropic refuses a turn whose last block is thinking."""
    name = "messages, instruct"
    frames = list(DIALECTS[name].frames(Story(["The sky is ", "blue ", "today"], ["Hm."])))
    first = Wire(frames[:-4])
    then = Wire(list(DIALECTS[name].frames(Story(["today and ", "here."], ["Go on."]))))
    heard, _ = told("memory", name, first, then)
    assert heard.response.text == "The sky is blue today and here."
    assert [part.type for part in heard.response.parts] == ["reasoning", "text", "reasoning"]
    back: Any = ChatRequest(
        model="claude-opus-4-6", messages=(Message.user("Hi"), heard.response.message)
    )
    wire = AnthropicMessages().request(back)
    assert [block["type"] for block in wire.body["messages"][1]["content"]] == ["thinking", "text"]
    assert [warned.code for warned in wire.warnings] == ["part_dropped"]
