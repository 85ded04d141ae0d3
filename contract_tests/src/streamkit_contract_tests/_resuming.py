"""The law about going on where an answer broke off: whatever is claimed, must carry it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from streamkit.adapter import Frame, ResumeBy, WireRequest
from streamkit.chunks import Chunk, Cursor, Fault
from streamkit.messages import ChatRequest, Message

from ._case import Case, Subject, feed, words
from ._registry import for_adapter
from ._violation import Violation, clip, counted

BEGUN = "Streamkit-probe: light scatters, and"
ANSWER = "streamkit-probe"
CURSOR = f"{ANSWER}:77"
SOONEST, LATEST = 0.1, 60.0
"""Bounds of the seconds between two looks at a kept answer."""
OVERLAP = 2
"""How many frames a server sends a second time, in the replays that are tried."""


@for_adapter(21, "ways to go on are honest")
def ways_to_go_on(subject: Subject) -> None:
    """Where a line breaks, streamkit goes on in the best way that `resume_by` claims for the
    request. Each claim says how it is known. A request that goes on by prefix, or by instruction,
    holds the words so far as they are; one that asks for a replay holds the cursor. In a replay, a
    recording is told once, though frames of it come twice, and a gap is a `Fault`. A request that
    asks for the whole of a kept answer says which, and how often it may be sent.
    """
    for request in (subject.request(), subject.replayed_request()):
        where = words(request)
        before = request.model_copy(deep=True)
        ways = subject.adapter.resume_by(request)
        if ways != subject.adapter.resume_by(request) or request != before:
            raise Violation(
                f"resume_by() says {clip(ways)} once, and something else the next time, or changes "
                "the request",
                where=where,
                user="an answer that goes on today and not tomorrow",
                mend="claim by what the request holds, and by nothing else",
            )
        for way in ways:
            _check(subject, request, way, where)


def _check(subject: Subject, request: ChatRequest, way: ResumeBy, where: str) -> None:
    if not way.source.strip():
        raise Violation(
            f"{way} has no source",
            where=where,
            user="a seam that nobody can vouch for",
            mend="name the vendor's page, or the measurement, that says that this way works",
        )
    begun = Message.assistant(BEGUN)
    adapter = subject.adapter
    match way.how:
        case "prefix":
            longer = request.model_copy(update={"messages": (*request.messages, begun)})
            _carries(_built(adapter.prefix_request, longer), BEGUN, way, where)
        case "instruct":
            asked = (*request.messages, begun, Message.user("Go on."))
            longer = request.model_copy(update={"messages": asked})
            _carries(_built(adapter.request, longer), BEGUN, way, where)
        case "replay":
            wire = _built(lambda kept: adapter.replay_request(kept, CURSOR), request)
            _carries(wire, "77", way, where)
            _replays(subject, request)
            _polls(adapter.poll_request, request, way, where)


def _built(build: Callable[[ChatRequest], WireRequest], request: ChatRequest) -> WireRequest:
    try:
        return build(request)
    except Exception as error:
        raise Violation(
            f"the request to go on raised {type(error).__name__}: {error}",
            where=words(request),
            user="the error of the broken line, though going on is claimed",
            mend="build it, or do not claim this way",
        ) from error


def _carries(wire: WireRequest, what: str, way: ResumeBy, where: str) -> None:
    sent = json.dumps([wire.path, dict(wire.body), dict(wire.headers)], ensure_ascii=False)
    if what not in sent:
        raise Violation(
            f"the request to go on by {way.how} does not hold {what!r}: {clip(sent, 300)}",
            where=where,
            user="an answer that begins again, glued to what was there",
            mend=f"send it, or do not claim {way.how}",
        )


def _polls(
    build: Callable[[ChatRequest, str], WireRequest | None],
    request: ChatRequest,
    way: ResumeBy,
    where: str,
) -> None:
    if build(request, CURSOR) is None:
        return
    wire = _built(lambda kept: build(kept, CURSOR) or WireRequest("", {}), request)
    _carries(wire, ANSWER, way, where)
    if wire.poll_every is None or not SOONEST <= wire.poll_every <= LATEST:
        raise Violation(
            f"the request for the whole answer has poll_every={wire.poll_every!r}",
            where=where,
            user="a vendor that is asked without a pause, or an answer that is over and not told",
            mend=f"say how many seconds to wait, from {SOONEST:g} to {LATEST:g}",
        )


def _replays(subject: Subject, request: ChatRequest) -> None:
    shown = False
    for case in subject.cases:
        if not case.is_stream:
            continue
        steps = list(_told(subject, request, case.frames))
        told = ((i, c) for i, step in enumerate(steps) for c in step if isinstance(c, Cursor))
        marked = {i: cursor.value for i, cursor in told}
        shown |= bool(marked)
        for i in marked:
            _replayed_from(case, request, steps, i)
            if _count_up(marked.get(i, ""), marked.get(i + 1, ""), marked.get(i + 2, "")):
                _gap_behind(case, request, i)
    if not shown:
        raise Violation(
            "replay is claimed, but no recording gives a Cursor",
            where=f"{words(request)}, {counted(subject.cases, 'recording')}",
            user="an answer that cannot go on after all",
            mend="say Cursor for every frame that a replay may start behind, and record one",
        )


def _count_up(*cursors: str) -> bool:
    """Whether they end in numbers that follow each other. Nobody sees a gap in opaque ids."""
    ends = [re.search(r"\d+$", cursor) for cursor in cursors]
    numbers = [int(end[0]) for end in ends if end]
    return len(numbers) == len(ends) and all(b == a + 1 for a, b in pairwise(numbers))


def _replayed_from(case: Case, request: ChatRequest, steps: list[list[Chunk]], last: int) -> None:
    again = max(0, last + 1 - OVERLAP)
    came = [*case.frames[: last + 1], *case.frames[again:]]
    want = _without_cursors(steps)
    have = _without_cursors(_told(case.subject, request, came))
    if want != have:
        raise Violation(
            f"the line broke behind frame {last}, the server sent frame {again} and those behind "
            f"it; what was told is not the recording: {clip(have[len(want) :] or have, 300)}",
            where=case.place(last),
            user="words that stand twice in the answer, or not at all",
            mend="pass over frames up to the last that was read, by the number the vendor gives",
        )


def _gap_behind(case: Case, request: ChatRequest, last: int) -> None:
    came = [*case.frames[: last + 1], case.frames[last + 2]]
    *_, told = _told(case.subject, request, came)
    if not any(isinstance(chunk, Fault) for chunk in told):
        raise Violation(
            f"frame {last + 1} never came, and {clip(told)} was told",
            where=case.place(last + 2),
            user="an answer with a hole that nobody sees",
            mend="answer a number that does not follow with a Fault",
        )


def _told(subject: Subject, request: ChatRequest, came: Iterable[Frame]) -> Iterator[list[Chunk]]:
    decoder = subject.adapter.decoder(request)
    for i, frame in enumerate(came):
        yield feed(decoder, frame, i)


def _without_cursors(steps: Iterable[list[Chunk]]) -> list[Chunk]:
    return [chunk for step in steps for chunk in step if not isinstance(chunk, Cursor)]
