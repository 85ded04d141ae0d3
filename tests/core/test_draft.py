"""The fold, under any chunks in any order: what events say and what the answer holds are one."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import chunks as c
from streamkit import events as e
from streamkit._draft import Draft
from streamkit.messages import (
    ChatResponse,
    IncompleteToolCall,
    MediaPart,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from streamkit.values import Citation, Usage

KEYS = st.none() | st.integers(0, 2)
NAMED = st.integers(0, 2)
CHOICES = st.sampled_from([0, 0, 0, 1])
WORDS = st.sampled_from(
    ["", "a", "b ", "ü", "{", "}", '{"a": 1}', '"', "[]", "null", "\ud83d", "\ude00", " "]
)
TOOLS = st.sampled_from([("t", 0), ("t", 1)])
REASONS = st.sampled_from(["stop", "length", "tool_call", "content_filter", "pause", "error"])

CHUNKS: st.SearchStrategy[Any] = st.one_of(
    st.builds(c.Text, WORDS, KEYS, CHOICES),
    st.builds(c.Text, WORDS, KEYS, CHOICES),
    st.builds(c.Reasoning, WORDS, KEYS, CHOICES, st.sampled_from(["raw", "summary", "redacted"])),
    st.builds(c.Refusal, WORDS, KEYS, CHOICES),
    st.builds(c.Signature, st.just("sig"), st.just("scheme"), KEYS, CHOICES),
    st.builds(
        c.ToolOpened, TOOLS, st.just("f"), st.none() | st.just("id"), CHOICES,
        st.sampled_from(["function", "custom"]),
    ),
    st.builds(c.ToolArguments, TOOLS, WORDS, CHOICES),
    st.builds(c.ServerToolOpened, NAMED, st.just("search"), choice=CHOICES),
    st.builds(c.Item, st.just("search"), st.just({"x": 1}), KEYS, choice=CHOICES),
    st.builds(c.Cited, st.just(Citation(url="https://x")), KEYS, CHOICES),
    st.builds(c.Media, st.just("image/png"), st.just("aGk="), st.none(), NAMED, CHOICES),
    st.builds(c.Closed, NAMED | TOOLS, CHOICES),
    st.builds(c.Stop, REASONS, st.just("raw"), CHOICES),
    st.builds(c.Meta, st.none() | st.just("id"), st.none() | st.just("m")),
    st.builds(c.UsageReport, st.builds(Usage, st.integers(0, 2))),
    st.builds(c.Opaque, st.just("new"), st.just({"y": 2})),
    st.builds(c.Notice, st.just("code")),
    st.builds(c.Safety, st.just("prompt"), st.booleans()),
)  # fmt: skip

KIND_OF = {
    TextPart: "text", ReasoningPart: "reasoning", RefusalPart: "refusal", MediaPart: "media",
    ToolCall: "tool_call", IncompleteToolCall: "tool_call", ProviderItem: "provider_item",
}  # fmt: skip
KINDS_OF_DELTA = {
    e.TextDelta: {"text"}, e.ReasoningDelta: {"reasoning"}, e.RefusalDelta: {"refusal"},
    e.ToolArgumentsDelta: {"tool_call", "provider_item"}, e.MediaDelta: {"media"},
}  # fmt: skip


class Reader:
    """Follows the events as a careful caller would, and complains of any that cannot be."""

    def __init__(self) -> None:
        self.seq = 0
        self.kinds: dict[tuple[int, int], str] = {}
        self.pieces: dict[tuple[int, int], list[str]] = {}
        self.ended: dict[tuple[int, int], Any] = {}
        self.ready: dict[tuple[int, int], ToolCall] = {}
        self.stopped: set[int] = set()

    def read(self, event: Any) -> None:
        assert event.seq == self.seq
        self.seq += 1
        if isinstance(event, e.ChoiceEnded):
            assert event.choice not in self.stopped, "a choice stops once"
            self.stopped.add(event.choice)
        elif isinstance(event, e.PartStarted):
            place = (event.choice, event.part)
            assert place not in self.kinds, "a part starts once"
            assert event.part == sum(choice == event.choice for choice, _ in self.kinds)
            self.kinds[place], self.pieces[place] = event.kind, []
        elif hasattr(event, "part"):
            self.read_of_part(event, (event.choice, event.part))

    def read_of_part(self, event: Any, place: tuple[int, int]) -> None:
        assert place in self.kinds, "a part starts before anything else of it"
        if isinstance(event, e.CitationAdded):  # which may come behind the text it is of
            assert self.kinds[place] == "text"
            return
        assert place not in self.ended, "nothing of a part follows its end"
        match event:
            case e.PartEnded():
                self.ended[place] = event.content
                assert KIND_OF[type(event.content)] == self.kinds[place]
            case e.ToolCallReady():
                assert place not in self.ready, "a call is ready once"
                assert self.kinds[place] == "tool_call"
                self.ready[place] = event.call
            case _:
                assert self.kinds[place] in KINDS_OF_DELTA[type(event)]
                self.pieces[place].append(event.data if is_media(event) else event.text)


def is_media(event: Any) -> bool:
    return isinstance(event, e.MediaDelta)


def fold(chunks: list[Any], *, whole: bool = True) -> tuple[Draft, Reader, ChatResponse]:
    draft, reader = Draft(deque(), "test"), Reader()
    for chunk in chunks:
        try:
            draft.apply(chunk)
        except KeyError:  # arguments of a call that is not open: the engine gives up there
            assert isinstance(chunk, c.ToolArguments)
        while draft.events:
            reader.read(draft.events.popleft())
    if whole:
        draft.finish()
        while draft.events:
            reader.read(draft.events.popleft())
    return draft, reader, draft.response("complete" if whole else None)


def parts_of(response: ChatResponse) -> dict[tuple[int, int], Any]:
    return {(choice.index, n): p for choice in response.choices for n, p in enumerate(choice.parts)}


def words_of(part: Any) -> str:
    match part:
        case ToolCall() | IncompleteToolCall():
            return part.arguments_text
        case MediaPart():
            return part.data or ""
        case ProviderItem():
            return ""
    return part.text


thorough = settings(deadline=None, max_examples=400)
ANY = st.lists(CHUNKS, max_size=25)


@thorough
@given(ANY, st.booleans())
def test_events_and_answer_are_one(chunks: list[Any], whole: bool) -> None:
    _, reader, response = fold(chunks, whole=whole)
    parts = parts_of(response)
    assert parts.keys() == reader.kinds.keys()
    for place, part in parts.items():
        kind = reader.kinds[place]
        assert KIND_OF[type(part)] == kind
        said = "".join(reader.pieces[place])
        if kind == "tool_call" and said.strip() == "" and place in reader.ready:
            assert words_of(part) in ("{}", said)  # a call without arguments
        elif kind == "media":
            assert (part.data == "") == (said == "")
        elif kind != "provider_item":
            assert words_of(part) == said


@thorough
@given(ANY)
def test_what_a_part_was_at_its_end_it_stays_but_for_late_signatures_and_sources(
    chunks: list[Any],
) -> None:
    _, reader, response = fold(chunks)
    parts = parts_of(response)
    assert reader.ended.keys() == parts.keys(), "each part of a whole answer ends, once"
    late = {"signature": None, "scheme": None, "citations": ()}
    for place, value in reader.ended.items():
        had, has = (x.model_dump() for x in (value, parts[place]))
        assert had | late == has | late if "signature" in had else had == has


@thorough
@given(ANY, st.booleans())
def test_only_a_closed_call_that_is_a_json_object_may_run(chunks: list[Any], whole: bool) -> None:
    _, reader, response = fold(chunks, whole=whole)
    closed = {x.choice for x in chunks if isinstance(x, c.Closed)}
    for place, part in parts_of(response).items():
        assert isinstance(part, ToolCall) == (place in reader.ready)
        if isinstance(part, ToolCall):
            assert reader.ready[place] == part
            assert place[0] in closed
            if part.kind == "function":
                assert (json.loads(part.arguments_text) or {}) == part.arguments
                assert type(part.arguments) is dict


@thorough
@given(ANY)
def test_a_snapshot_at_any_moment_changes_nothing(chunks: list[Any]) -> None:
    watched = Draft(deque(), "test")
    for chunk in chunks:
        try:
            watched.apply(chunk)
        except KeyError:
            continue
        watched.response(None)
    watched.finish()
    draft, reader, response = fold(chunks)
    assert watched.response("complete") == response
    assert len(watched.events) == reader.seq == draft.seq


@thorough
@given(st.lists(st.text(max_size=3), max_size=3000), st.integers(1, 50))
def test_however_many_pieces_a_text_has_it_is_their_sum(words: list[str], every: int) -> None:
    draft = Draft(deque(), "test")
    for number, word in enumerate(words * 3):
        draft.apply(c.Text(word))
        if number % (every * 100) == 0:
            assert draft.response(None).text == "".join((words * 3)[: number + 1])
    assert draft.response(None).text == "".join(words * 3)


def test_many_small_pieces_take_little_more_room_than_their_text() -> None:
    draft = Draft(deque(), "test")
    draft.apply(c.Text("x"))
    [choice] = draft.choices.values()
    for _ in range(50_000):
        draft.apply(c.Text("word"))
        draft.events.clear()
    held = choice.parts[0]
    assert len(held.pieces) + len(held.blocks) < 2500
    assert draft.response(None).text == "x" + "word" * 50_000


def test_null_for_arguments_is_a_call_without_any_once_the_model_has_stopped() -> None:
    """Groq and Cohere say so; behind a token limit it may be the beginning of something else."""
    asked = [c.ToolOpened(("t", 0), "ping", "id"), c.ToolArguments(("t", 0), "null")]
    for stop in (c.Stop("tool_call", "raw"), c.Stop("length", "raw")):
        _, _, response = fold([*asked, c.Closed(("t", 0)), stop])
        runs = stop.reason == "tool_call"
        assert [call.arguments for call in response.tool_calls] == [{}] * runs
        assert len(response.incomplete_tool_calls) == (not runs)


SOURCE = Citation(url="https://x", raw={"url": "https://x"})


def test_a_citation_of_a_block_that_is_not_text_is_the_newest_texts() -> None:
    _, _, response = fold([c.Text("a", 0), c.Reasoning("b", 1), c.Cited(SOURCE, 1)])
    assert [type(part) for part in response.parts] == [TextPart, ReasoningPart]
    assert response.citations == (SOURCE,)


def test_a_citation_that_no_text_can_carry_opens_none_and_is_told() -> None:
    draft = Draft(deque(), "test")
    for chunk in (c.Reasoning("b", 1), c.Cited(SOURCE, 1)):
        draft.apply(chunk)
    assert draft.events[-1].data == SOURCE.raw
    assert [type(part) for part in draft.response(None).parts] == [ReasoningPart]


def test_a_citation_before_its_text_opens_that_text() -> None:
    _, _, response = fold([c.Cited(SOURCE, 0), c.Text("a", 0), c.Closed(0)])
    assert [(part.type, response.text) for part in response.parts] == [("text", "a")]
    assert response.citations == (SOURCE,)
