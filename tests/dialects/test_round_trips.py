"""What a vendor said goes back to it as it came, and to any other vendor without what was its own.

What may not travel is shown by two conversations that differ in nothing else: the one as it was
received, and one whose hidden data (signatures, ids, items, what is to be echoed with a call) is
made of paste. A vendor that reads none of it must be sent the same body for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streamkit.errors import UnsupportedError
from streamkit.messages import (
    DocumentPart,
    ImagePart,
    Message,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResult,
)
from tests.dialects.takers import DIALECTS, Dialect, answers, dropped, hollow, leaves, objects

HELLO = Message.user("Hi")
NAMED = {"ids": lambda dialect: dialect.name}
PAIRS = [pair for pair in product(DIALECTS, DIALECTS) if pair[0] is not pair[1]]
PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PAGE = "JVBERi0xLjcKJcK1wrYKCg=="

# What a vendor sends and does not take back, even its own; each is told.
_NEVER_BACK = {"media", "incomplete_tool_call"}
_UNSIGNED = {"openai", "local"}
"""Recordings of many servers are read as if from these; they know the reasoning of none."""


@pytest.mark.parametrize("dialect", DIALECTS, **NAMED)
def test_an_answer_goes_back_to_its_vendor_whole(dialect: Dialect) -> None:
    turns = answers(dialect)
    assert turns
    for name, turn in turns.items():
        wire = dialect.sends(HELLO, turn)
        sent, told = set(leaves(wire.body)), dropped(wire)
        for part in turn.content:
            match part:
                case TextPart() | RefusalPart():
                    assert any(part.text.strip() in words for words in sent), name
                case ToolCall():
                    assert part.name in sent, name
                    assert not part.arguments or part.arguments in objects(wire.body), name
                case ProviderItem() if part.type not in told:
                    kept = [o for o in objects(wire.body) if part.payload.items() <= o.items()]
                    assert kept, f"{name}: {part.kind}"
            signature = getattr(part, "signature", None)
            if signature and dialect.owns(part):
                assert signature in sent, f"{name}: {part.type}"
        if dialect.name not in _UNSIGNED:
            unsigned = {p.type for p in turn.content if isinstance(p, ReasoningPart)
                        and not p.signature and not p.scheme}  # fmt: skip
            assert set(told) <= _NEVER_BACK | unsigned, f"{name}: {wire.warnings}"


@pytest.mark.parametrize("dialect", DIALECTS, **NAMED)
def test_what_a_vendor_wants_back_with_a_call_goes_back(dialect: Dialect) -> None:
    calls = [p for turn in answers(dialect).values() for p in turn.content if p.type == "tool_call"]
    for call in calls:
        for owner, own in (call.vendor or {}).items():
            assert owner in dialect.reads
            # Ids of calls go back beside the reasoning of their turn only.
            sent = set(leaves(dialect.sends(HELLO, Message.assistant(call)).body))
            assert {
                words for key, value in own.items() if key != "id" for words in leaves(value)
            } <= sent


@pytest.mark.parametrize("taker", DIALECTS, **NAMED)
@pytest.mark.parametrize("giver", DIALECTS, **NAMED)
def test_what_was_a_vendors_own_reaches_no_other(giver: Dialect, taker: Dialect) -> None:
    for name, turn in answers(giver).items():
        wire = taker.sends(HELLO, turn)
        pasted = taker.sends(HELLO, hollow(turn, giver, taker))
        assert wire.body == pasted.body, name
        foreign = [
            part.type
            for part in turn.content
            if isinstance(part, ReasoningPart | ProviderItem) and not taker.owns(part)
        ]
        assert set(foreign) <= set(dropped(wire)), f"{name}: dropped in silence"
        sent = list(leaves(wire.body))
        for part in turn.content:
            match part:
                case TextPart() | RefusalPart():
                    assert any(part.text.strip() in words for words in sent), name
                case ToolCall():
                    assert part.name in sent, name
                    assert not part.arguments or part.arguments in objects(wire.body), name


# --- conversations that nobody recorded ------------------------------------------------------

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=3, max_size=12
)  # fmt: skip
values = st.recursive(
    words | st.integers(-(2**31), 2**31) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
names = st.from_regex(r"[a-z]{3,8}", fullmatch=True)


@st.composite
def conversations(draw: st.DrawFn, giver: Dialect, taker: Dialect) -> list[Message]:
    """Turns of a user, tools and a model; the model's are recorded, generated, or both."""
    recorded = [
        turn for turn in answers(giver).values() if any(p.type == "text" for p in turn.content)
    ]
    messages = [Message.system(draw(words))] if draw(st.booleans()) else []
    for turn in range(draw(st.integers(1, 3))):
        said = [draw(words)]
        if "image" in taker.adapter.supports.parts and draw(st.booleans()):
            said.append(ImagePart(data=PIXEL, media_type="image/gif"))
        if "document" in taker.adapter.supports.parts and draw(st.booleans()):
            said.append(DocumentPart(data=PAGE, media_type="application/pdf", name="a.pdf"))
        messages.append(Message.user(*said))
        answer = draw(st.sampled_from(recorded)) if recorded else Message.assistant("Well.")
        calls = [part for part in answer.content if isinstance(part, ToolCall)]
        made = []
        for number in range(draw(st.integers(0, 2))):
            arguments = draw(st.dictionaries(words, values, max_size=2))
            text = TypeAdapter(dict).dump_json(arguments).decode()
            id_ = f"call_{turn}_{number}"
            made.append(
                ToolCall(id=id_, name=draw(names), arguments=arguments, arguments_text=text)
            )
        messages.append(Message.assistant(*answer.content, *made))
        results = [ToolResult(call_id=call.id, content=draw(words)) for call in [*calls, *made]]
        if results:
            messages.append(Message.tool(*results))
    return [*messages, Message.user(draw(words))]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(data=st.data(), pair=st.sampled_from([*PAIRS, *((d, d) for d in DIALECTS)]))
def test_what_people_and_tools_said_reaches_every_vendor(
    data: st.DataObject, pair: tuple[Dialect, Dialect]
) -> None:
    giver, taker = pair
    messages = data.draw(conversations(giver, taker))
    wire = taker.sends(*messages)
    sent, written = list(leaves(wire.body)), list(objects(wire.body))
    for message in messages:
        for part in message.content:
            match part:
                case TextPart():
                    assert any(part.text.strip() in words for words in sent)
                case ImagePart():
                    assert any(words.endswith(PIXEL) for words in sent)
                case DocumentPart():
                    assert any(words.endswith(PAGE) for words in sent)
                case ToolResult():
                    assert part.content in sent
                case ToolCall():
                    assert part.name in sent
                    assert not part.arguments or part.arguments in written
    hollowed = [hollow(m, giver, taker) if m.role == "assistant" else m for m in messages]
    assert wire.body == taker.sends(*hollowed).body


@pytest.mark.parametrize("dialect", DIALECTS, **NAMED)
def test_results_go_to_their_calls(dialect: Dialect) -> None:
    """By id, whatever signs another vendor's ids are made of; without ids, by their order."""
    numbers = ["first", "second"]
    calls = [
        ToolCall(
            id=f"call:{n}/ä|1", name="look", arguments={"n": n}, arguments_text=f'{{"n":"{n}"}}'
        )
        for n in numbers
    ]
    results = [
        ToolResult(call_id=call.id, content=f"{n}-result", name="look")
        for call, n in zip(calls, numbers, strict=True)
    ]
    body = dialect.sends(HELLO, Message.assistant(*calls), Message.tool(*reversed(results))).body
    asked = [_around(body, lambda o, n=n: {"n": n} in objects(o)) for n in numbers]
    told = [_around(body, lambda o, r=r: r.content in leaves(o)) for r in results]
    shared = [[set(leaves(call)) & set(leaves(result)) for result in told] for call in asked]
    if shared[0][0] != shared[0][1]:
        assert shared[0][0] - shared[0][1]
        assert shared[1][1] - shared[1][0]
    else:
        sent = [words for words in leaves(body) if words.endswith("-result")]
        assert sent == [result.content for result in results]


def _around(body: Any, holds: Callable[[Any], bool]) -> Any:
    """The largest object that holds the one and nothing of the other: a call, or a result."""
    found = [o for o in objects(body) if holds(o)]
    other = [o for o in found if not {"first", "second"} <= set(re.findall("first|second", str(o)))]
    return max(other, key=lambda o: len(str(o)))


@pytest.mark.parametrize("dialect", DIALECTS, **NAMED)
def test_what_a_vendor_cannot_take_from_a_person_is_refused(dialect: Dialect) -> None:
    document = DocumentPart(data=PAGE, media_type="application/pdf", name="a.pdf")
    image = ImagePart(data=PIXEL, media_type="image/gif")
    for part in (document, image):
        if part.type in dialect.adapter.supports.parts:
            sent = leaves(dialect.sends(Message.user("Look:", part)).body)
            assert any(words.endswith(part.data) for words in sent)
        else:
            with pytest.raises(UnsupportedError):
                dialect.sends(Message.user("Look:", part))


@pytest.mark.parametrize("dialect", DIALECTS, **NAMED)
def test_a_picture_or_document_that_a_tool_returned_is_sent_or_refused(dialect: Dialect) -> None:
    call = ToolCall(id="call_1", name="look", arguments={}, arguments_text="{}")
    document = DocumentPart(data=PAGE, media_type="application/pdf", name="a.pdf")
    for part in (document, ImagePart(data=PIXEL, media_type="image/gif")):
        result = ToolResult(call_id=call.id, content=(TextPart(text="See below:"), part))
        try:
            wire = dialect.sends(HELLO, Message.assistant(call), Message.tool(result))
        except UnsupportedError:
            continue
        sent = list(leaves(wire.body))
        assert any(words.endswith(part.data) for words in sent)
        assert any("See below:" in words for words in sent)
