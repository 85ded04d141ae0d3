"""Whatever two or three attempts say in whatever order: events and answer stay one."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from test_draft import CHUNKS, KIND_OF, Reader, parts_of, words_of

from streamkit import Resume
from streamkit import chunks as c
from streamkit import events as e
from streamkit._checkpoint import dump, load
from streamkit._draft import Draft
from streamkit._joint import StartedAnewError
from streamkit._resume import Leg, Resuming
from streamkit._seam import StopString
from streamkit._target import encode_body
from streamkit.messages import ChatRequest, Message
from tests.resume.going import Going

ATTEMPT = st.lists(CHUNKS | st.just("released"), max_size=12)
MANY = Resume(attempts=99, idle_attempts=99)
REQUEST = ChatRequest(model="x", messages=(Message.user("Hi"),), stop=("a b",))


class Following(Reader):
    """A reader who cuts off what is taken back."""

    def read(self, event: Any) -> None:
        if not isinstance(event, e.Rewound | e.Resumed):
            super().read(event)
            return
        assert event.seq == self.seq
        self.seq += 1
        if isinstance(event, e.Resumed):
            return
        place = (event.choice, event.part)
        text = "".join(self.pieces[place])
        if event.dropped:  # thoughts that were whole go as well when all is asked anew
            self.ended.pop(place, None)
        assert place not in self.ended, "of what has ended nothing is taken back"
        assert place not in self.ready, "a call that may run is not taken back"
        assert event.length <= len(text)
        self.pieces[place] = [text[: len(text) - event.length]]
        if event.dropped:
            assert self.pieces.pop(place) == [""]
            del self.kinds[place]


def attempt(draft: Draft, reader: Following, chunks: list[Any]) -> bool:
    """Fold one attempt; whether its answer is at its end."""
    ended = False
    try:
        for chunk in chunks:
            if chunk == "released":
                draft.seam.release()
            else:
                draft.apply(chunk)
    except KeyError:  # arguments of a call that is not open
        pass
    except StartedAnewError:
        pass
    except StopString:
        ended = True
    while draft.events:
        reader.read(draft.events.popleft())
    return ended


def agree(reader: Following, draft: Draft) -> None:
    response = draft.response(None)
    parts = parts_of(response)
    assert parts.keys() == reader.kinds.keys()
    for place, part in parts.items():
        assert KIND_OF[type(part)] == reader.kinds[place]
        if reader.kinds[place] in ("text", "reasoning", "refusal"):
            assert words_of(part) == "".join(reader.pieces[place])
    text = "".join(
        "".join(pieces)
        for place, pieces in sorted(reader.pieces.items())
        if place[0] == 0 and reader.kinds[place] == "text"
    )
    assert draft.text == text


@settings(deadline=None, max_examples=500)
@given(st.lists(ATTEMPT, min_size=2, max_size=4), st.booleans(), st.booleans(), st.booleans())
def test_joined_deltas_are_the_answer_through_every_seam(
    attempts: list[list[Any]], instruct: bool, saved: bool, append_only: bool
) -> None:
    adapter = Going(ways=("instruct",) if instruct else ("prefix",))
    wire = adapter.request(REQUEST)
    ladder = Resuming(Leg(REQUEST, wire, encode_body(wire.body)), adapter, MANY, "x", set())
    draft, reader = Draft(deque(), "test"), Following()
    draft.seam.hold_back()
    draft.seam.append_only = append_only
    for number, chunks in enumerate(attempts):
        if number:
            leg = ladder.next(draft, number, 0)
            if leg is None:
                break
            ladder.begin(draft, leg)
        if attempt(draft, reader, chunks):
            break
        agree(reader, draft)
        if saved:
            draft.seam.give_back()
            attempt(draft, reader, [])
            draft = load(json.loads(json.dumps(dump(draft))), draft.events, "test")
            draft.seam.hold_back()
            draft.seam.append_only = append_only
            agree(reader, draft)
    draft.seam.give_back()
    attempt(draft, reader, [])
    agree(reader, draft)
    with contextlib.suppress(StartedAnewError):  # the last attempt is not believed
        draft.finish()
    attempt(draft, reader, [])
    agree(reader, draft)
    assert reader.ended.keys() <= reader.kinds.keys()


def test_the_chunks_can_break_and_go_on() -> None:
    """So that the law above is about something."""
    told: list[Any] = [c.Text("a b "), c.Text("c")]
    draft, reader = Draft(deque(), "test"), Following()
    draft.seam.hold_back()
    assert not attempt(draft, reader, told)
    assert draft.text == "a b "
    assert draft.seam.behind == "c"
