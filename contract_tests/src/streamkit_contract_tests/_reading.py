"""Laws about reading a recording: the same wire always says the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from streamkit.adapter import Frame, parse_json
from streamkit.chunks import Chunk, End, Fault
from streamkit.events import Notice, OpaqueEvent
from streamkit.testing import Decoded

from ._case import (
    Case,
    bug,
    feed,
    first_difference,
    response_difference,
    run,
    same,
)
from ._registry import for_recordings
from ._violation import Violation, clip
from ._wire import insert, some
from .expected import Expected

Leaf = tuple[str, str]
"""A path in a frame, and the value there."""

MANY = 200
"""How many places of a body are tried; all of them where it has no more."""

SPLITS = 100
"""The same for reads, which are the core's to put together: fewer will do."""


@for_recordings(1, "the recorded result", streams_only=False)
def recorded_result(case: Case) -> None:
    """What the vendor said is what the user gets: words, calls, stop, usage, error, outcome."""
    got = case.whole
    seen = Expected.seen(got)
    differences = sorted(case.recording.expected.differences(seen))
    words = case.recording.expected.error_says
    if words not in str(got.error or ""):
        differences.append(f"error: {words!r} is not in it")
    if differences:
        cause = f"\nthe error was: {got.error}" if got.error is not None else ""
        raise Violation(
            "\n".join(clip(d, 300) for d in differences) + cause,
            where=f"the whole body against {case.recording.name}.expect.json",
            user="something else than the vendor said",
            mend="look at the frames that say it; or, if the adapter is right, at what you expect",
        )


@for_recordings(2, "any split")
def any_split(case: Case) -> None:
    """Networks cut a body anywhere; where they do must change nothing. Every split in two is tried
    on small bodies, a fixed sample on larger ones, and byte by byte.
    """
    same(case, case.decode(case.body, splits=1), "read byte by byte")
    for cut in some(range(1, len(case.body)), SPLITS):
        same(case, case.decode(case.body, splits=[cut]), f"split behind byte {cut}")


@for_recordings(3, "any line end")
def any_line_end(case: Case) -> None:
    """CR, LF, CRLF and a byte-order mark say the same; proxies and servers change them."""
    for name, body in case.wire.spellings(case.body).items():
        same(case, case.decode(body), f"the body with {name}")


@for_recordings(4, "noise changes nothing")
def noise(case: Case) -> None:
    """Keep-alives come at any time and vendors add events and fields without notice. Comments and
    declared keep-alives change nothing; an unknown event shows as one and changes nothing else; an
    unknown field does not disturb what it stands beside.
    """
    places = case.wire.places(case.body)
    for piece in (*case.wire.comments, *case.subject.suite.keep_alives):
        got = case.decode(insert(case.body, places, piece))
        same(case, got, f"{piece!r} between all messages")
    read = [p for p in places if len(case.wire.frames(case.body[:p])) <= case.last_read]
    for place in some(read, MANY):
        got = case.decode(insert(case.body, [place], case.wire.unknown))
        where = f"an unknown event inserted at byte {place}: {case.wire.unknown!r}"
        _same_but_for_the_unknown(case, got, where)
        if not _unknown_shows(case, got):
            raise Violation(
                "the unknown event is neither in the events (as Opaque or Notice) nor in "
                "response.vendor",
                where=where,
                user="nothing of what the vendor sent, and nobody would know",
                mend="return Opaque(kind, data) for every frame that has no mapping",
            )
    if case.wire.frames(case.body).rest is None or case.expected_complete:
        # A frame that was cut off would be whole in a body that is put together anew.
        extended = [Frame(_with_unknown_field(f.data), f.event, f.id) for f in case.frames]
        got = case.decode(case.wire.body_of(extended))
        where = "an unknown field added to the JSON object of every frame"
        _same_but_for_the_unknown(case, got, where)


def _with_unknown_field(data: str) -> str:
    try:
        value = parse_json(data)
    except ValueError:
        return data
    if not isinstance(value, dict):
        return data
    head = data.rstrip().removesuffix("}").rstrip()
    return f'{head}{"," if value else ""}"streamkit_unknown":{{"n":1}}}}'


def _same_but_for_the_unknown(case: Case, got: Decoded, where: str) -> None:
    difference = first_difference(_known(case.whole.events), _known(got.events))
    want = case.whole.response.model_copy(update={"vendor": {}, "outcome": None})
    have = got.response.model_copy(update={"vendor": {}, "outcome": None})
    if difference is None and _parts(want) != _parts(have):
        difference = response_difference(want, have)
    if difference is not None:
        raise Violation(
            difference, where=where, user="an answer that breaks on the day the vendor says more"
        )


def _parts(response: Any) -> Any:
    # Payloads are the vendor's own and hold the unknown field where there is one.
    return [[p for p in choice.parts if p.type != "provider_item"] for choice in response.choices]


def _known(events: list[Any]) -> list[Any]:
    """What the events say, without those that are there for the unknown and without numbers."""
    told = []
    for event in events:
        if isinstance(event, OpaqueEvent | Notice):
            continue
        if event.type == "part.ended" and event.content.type == "provider_item":
            continue
        told.append(replace(event, seq=0))
        if getattr(event, "usage", None) is not None:  # the vendor's own object, unknown and all
            told[-1].usage = replace(event.usage, raw={})
    return told


def _unknown_shows(case: Case, got: Decoded) -> bool:
    def count(decoded: Decoded) -> int:
        return sum(isinstance(e, OpaqueEvent | Notice) for e in decoded.events)

    return count(got) > count(case.whole) or got.response.vendor != case.whole.response.vendor


@for_recordings(6, "streams do not disturb each other")
def no_shared_state(case: Case) -> None:
    """One adapter serves all streams of a program at once, so what belongs to one stream lives in
    its decoder: two streams read in turns, or one behind the other, say what each says alone.
    """
    others = list(case.subject.suite.cases.values())
    neighbour = others[(others.index(case) + 1) % len(others)]
    for other in (case, neighbour):
        if not other.is_stream:
            continue
        mine, theirs = case.subject.decoder(), other.subject.decoder()
        for i in range(max(len(case.frames), len(other.frames))):
            where = f"frame {i}, read in turns with a stream of {other.recording.name!r}"
            if i < len(case.frames):
                _as_alone(case.steps[i], feed(mine, case.frames[i], i), where)
            if i < len(other.frames):
                _as_alone(other.steps[i], feed(theirs, other.frames[i], i), where)
    for i, step in enumerate(run(case.subject.decoder(), case.frames)):
        _as_alone(case.steps[i], step, f"frame {i} of a second stream, behind the first")


def _as_alone(want: list[Chunk], have: list[Chunk], where: str) -> None:
    if want != have:
        raise Violation(
            f"the decoder said {clip(have)}; in a stream alone it says {clip(want)}",
            where=where,
            user="words of somebody else's answer, or none",
            mend="make a fresh decoder in decoder(), and keep what it learns in its own attributes",
        )


@for_recordings(7, "nothing after the end")
def nothing_after_the_end(case: Case) -> None:
    """`End` is said once and is the last word, for the core stops reading there: what comes with it
    or behind it is lost. The same holds for what stands behind a `Fault`.
    """
    for i, step in enumerate(case.steps):
        for place, chunk in enumerate(step):
            if isinstance(chunk, End | Fault) and place + 1 < len(step):
                raise Violation(
                    f"{clip(step[place + 1])} stands behind {type(chunk).__name__}",
                    where=case.place(i),
                    user=f"nothing of it: streamkit stops reading at {type(chunk).__name__}",
                    mend="say first what the frame says, then how it ends",
                )
    if case.end_frame is None:
        return
    decoder = case.subject.decoder()
    run_frames = case.frames[: case.end_frame + 1]
    for i, frame in enumerate(run_frames):
        feed(decoder, frame, i)
    if case.end_frame == len(case.frames):
        decoder.close()
    for i, frame in enumerate([*case.frames, Frame("garbage"), Frame("[DONE]")]):
        _silent(feed(decoder, frame, i), f"frame {i} fed again behind the end: {clip(frame.data)}")
    _silent(list(decoder.close()), "close() behind the end")


def _silent(chunks: list[Chunk], where: str) -> None:
    if chunks:
        raise Violation(
            f"the decoder said {clip(chunks)} after End",
            where=where,
            user="nothing of it, but a decoder that goes on has not understood the end",
            mend="remember that End (or a Fault) was said, and return [] from then on",
        )


@for_recordings(11, "no frame lost")
def no_frame_lost(case: Case) -> None:
    """A frame that says what no other frame of the recordings says must show: as chunks, or in
    what the decoder says later. A decoder that passes over it in silence loses what the vendor
    sent, today or after a change. What earlier frames told may be repeated.
    """
    after_end = case.recording.expected.after_end
    if case.end_frame is not None and case.end_frame < len(case.frames) - 1 - after_end:
        raise Violation(
            f"End was said at frame {case.end_frame} of {len(case.frames)}; what comes then is "
            "not read",
            where=case.place(case.end_frame + 1),
            user="nothing of this frame and those behind it",
            mend="say End at the vendor's end mark and not before. Where the frames behind it are "
            "of no interest, count them in .expect.json as after_end",
        )
    told = [chunk for step in case.steps for chunk in step]
    for i, frame in enumerate(case.frames[: case.last_read + 1]):
        if case.steps[i] or case.is_keep_alive(frame):
            continue
        unique = {x for x in case.leaves(frame) if case.subject.suite.frequency[x] == 1}
        news = unique - _repeated(case, i, unique) if unique else unique
        if not news:
            continue
        without = run(case.subject.decoder(), [f for k, f in enumerate(case.frames) if k != i])
        if told == [chunk for step in without for chunk in step]:
            path, value = min(news)
            raise Violation(
                f"the frame is passed over in silence, with {path} = {clip(value)} in it, which no "
                "other frame says",
                where=case.place(i),
                user="nothing of it",
                mend="map it, or return Opaque for it. A message without meaning is declared in "
                "keep_alives, a field without meaning in padding_fields",
            )


def _repeated(case: Case, at: int, leaves: set[Leaf]) -> set[Leaf]:
    """Those that earlier frames told: as a text in pieces, or in a field of the same name."""
    texts: dict[tuple[object, ...], str] = {}
    fields: set[Leaf] = set()
    for frame, step in zip(case.frames[:at], case.steps, strict=False):
        if step:
            fields |= {(_name(path), value) for path, value in case.leaves(frame)}
        for chunk in step:
            text = getattr(chunk, "text", None)
            if isinstance(text, str):
                part = (type(chunk), getattr(chunk, "choice", 0), getattr(chunk, "key", None))
                texts[part] = texts.get(part, "") + text
    said = set(texts.values())
    return {(p, value) for p, value in leaves if value in said or (_name(p), value) in fields}


def _name(path: str) -> str:
    return path.rpartition(".")[2]


@for_recordings(20, "no frame breaks the decoder")
def never_raises(case: Case) -> None:
    """Vendors and gateways send what their documents exclude: null for a list, a number for a text.
    The decoder says `Opaque` or `Fault`, or leaves it out, but it never raises and never hands on a
    chunk of the wrong type: the user keeps the answer so far and learns what happened.
    """
    variants = [(i, change) for i, f in enumerate(case.frames) for change in _changes(f.data)]
    for place in some(range(len(variants)), MANY):
        i, change = variants[place]
        frame = Frame(change(), case.frames[i].event)
        error = case.decode(case.wire.body_of([*case.frames[:i], frame])).error
        cause = bug(error)
        if cause is not None:
            raise Violation(
                f"feed() failed with {type(cause).__name__}: {cause}",
                where=f"frame {i} changed to {clip(frame.data, 300)}",
                user="a ProtocolError that blames the adapter",
                mend='check the type of a value before using it: match with case {"id": str(id)} '
                "does that in passing",
            ) from cause


_NO_OBJECT = ("{", "null", "[]", "7", '"text"', "{}", "[null]", "garbage")
_WRONG: tuple[Any, ...] = (None, 7, "text", [], {}, [None], True)


def _changes(data: str) -> Iterator[Callable[[], str]]:
    """Ways to break the frame: no object at all, or one value replaced by one of a wrong type."""
    yield from (partial(str, text) for text in _NO_OBJECT)
    try:
        value = json.loads(data)
    except ValueError:
        return
    for path, inner in _paths(value):
        yield from (
            partial(_replaced, data, path, wrong)
            for wrong in _WRONG
            if type(wrong) is not type(inner)
        )


def _replaced(data: str, path: tuple[Any, ...], wrong: Any) -> str:
    value = json.loads(data)
    *way, last = path
    holder = value
    for step in way:
        holder = holder[step]
    holder[last] = wrong
    return json.dumps(value)


def _paths(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value inside, with the way to it."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, inner in entries:
        yield (key,), inner
        yield from (((key, *rest), v) for rest, v in _paths(inner))
