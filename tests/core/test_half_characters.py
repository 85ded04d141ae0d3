"""An emoji whose halves come apart is one character; half of one is never shown."""

from __future__ import annotations

import io
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import streamkit
from streamkit import Resume
from streamkit import chunks as c
from streamkit._draft import Draft
from streamkit.sync import Client
from tape_server import Answer, TapeServer
from tests.resume.going import Answer as Halves
from tests.resume.going import Going, ask, numbered, whole, words
from wire import DONE, STOP, Wire, said

FIRST, SECOND = "\ud83d", "\ude00"
UNITS = st.lists(st.sampled_from(["a", "ü", "中", "😀", FIRST, SECOND]), max_size=12)
KINDS: dict[str, Any] = {"text": c.Text, "reasoning": c.Reasoning, "refusal": c.Refusal}


def repaired(units: str) -> str:
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def shown(events: Any) -> str:
    return "".join(event.text for event in events if event.type.endswith(".delta"))


@given(st.lists(UNITS.map("".join), max_size=8), st.sampled_from(sorted(KINDS)), st.booleans())
def test_however_a_text_is_cut_it_reads_as_one(deltas: list[str], kind: str, held: bool) -> None:
    draft = Draft(deque(), "test")
    if held:
        draft.seam.hold_back()
    for delta in deltas:
        draft.apply(KINDS[kind](delta))
        shown(draft.events).encode()
    draft.apply(c.Stop("stop", "stop"))
    draft.finish()
    answer = draft.response("complete")
    text = getattr(answer, kind) or ""
    assert text == shown(draft.events) == repaired("".join(deltas))
    told = [event.code for event in draft.events if event.type == "notice"]
    assert told == ["half_character"] * ("\ufffd" in text)


@given(st.lists(st.tuples(st.integers(0, 2), UNITS.filter(len).map("".join)), max_size=8))
def test_blocks_that_take_turns_keep_their_halves_apart(deltas: list[tuple[int, str]]) -> None:
    draft = Draft(deque(), "test")
    for key, delta in deltas:
        draft.apply(c.Text(delta, key))
    draft.finish()
    texts = {key: "".join(text for k, text in deltas if k == key) for key, _ in deltas}
    parts = [part.text for part in draft.response("complete").choices[0].parts]
    assert parts == [repaired(text) for text in texts.values()]


def test_words_can_be_printed_as_they_come(server: TapeServer) -> None:
    server.play(Answer([*said("Hi " + FIRST, SECOND + "! ", FIRST, " there ", FIRST), STOP, DONE]))
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with Client(adapters=[Wire(server.url)]) as client, client.stream("wire:any", "?") as stream:
        for text in stream.text:
            print(text, end="", file=screen)
    assert screen.buffer.getvalue().decode() == "Hi 😀! \ufffd there \ufffd"  # type: ignore[attr-defined]
    assert stream.snapshot.text == "Hi 😀! \ufffd there \ufffd"


def test_half_a_character_of_a_cut_answer_is_not_in_the_partial(server: TapeServer) -> None:
    server.play(Answer(said("Hi " + FIRST), ended=False, then="close"))
    with Client(adapters=[Wire(server.url)], resume=False) as client:
        with pytest.raises(streamkit.errors.ConnectionLostError) as caught:
            client.complete("wire:any", "?")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hi "


def test_logprobs_of_half_a_character_come_at_their_time() -> None:
    draft = Draft(deque(), "test")
    draft.apply(c.Text("a" + FIRST, logprobs=[{"token": "x"}]))
    draft.apply(c.Text(SECOND, logprobs=[{"token": "y"}]))
    deltas = [(x.text, x.logprobs) for x in draft.events if x.type == "text.delta"]
    assert deltas == [("a", [{"token": "x"}]), ("😀", [{"token": "y"}])]


def test_half_a_character_of_a_cut_answer_does_not_meet_the_next_attempts_words() -> None:
    told = ask(words("The sky", " is " + FIRST), whole(" 😀 today."))
    assert told.text == "The sky is 😀 today."
    assert told.bodies[1]["turns"][-1] == ["assistant", "The sky is"]


def test_a_replay_brings_the_other_half_also_to_another_process() -> None:
    kept = numbered([*said("Hi " + FIRST, SECOND + "!"), STOP, DONE])
    adapter = Going(ways=("replay",))
    assert ask(Halves(kept[:1]), Halves(kept[1:]), adapter=adapter).text == "Hi 😀!"
    once: dict[str, Any] = {"resume": Resume(attempts=1)}
    broken = ask(Halves(kept[:1]), adapter=adapter, policies=once)
    told = ask(Halves(kept[1:]), adapter=adapter, token=broken.error.token)
    assert told.text == "Hi 😀!"
