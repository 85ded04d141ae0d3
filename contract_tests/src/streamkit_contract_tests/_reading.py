"""Laws about reading a recording: the same wire always says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
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
    said,
    same,
)
from ._probes import number, word
from ._registry import for_recordings
from ._spots import is_empty, rest, spots
from ._types import mistyped
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
    return f'{head}{"," if value else ""}"{word("field")}":{{"n":1}}}}'


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
    """A value that stands nowhere else in the recordings, in a frame or in a part of one, must
    show: as chunks, or in what the decoder says later. So it is tried with another value in its
    place, and something of what is said must change. What earlier frames told may be repeated, and
    the names of structure (types, ids, indexes) and flags may be read over.
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
    news = [_news(case, i) for i in range(len(case.frames))]
    for i, frame in enumerate(case.frames[: case.last_read + 1]):
        silent = all(is_empty(chunk) for chunk in case.steps[i]) and not case.is_keep_alive(frame)
        if silent and news[i]:
            without = run(case.subject.decoder(), [f for k, f in enumerate(case.frames) if k != i])
            if _flat(case.steps) == _flat(without):
                path, value = min(news[i])
                what = f"{path} = {clip(value)} in it" if path else "all that is in it"
                raise _passed_over(case, i, f"the frame is passed over in silence, with {what}")
    for spot in spots(case):
        other = _other(spot.value)
        if other is None or (spot.path, str(spot.value)) not in news[spot.number]:
            continue
        if case.is_keep_alive(spot.frame) or _is_structure(spot.name):
            continue
        decoder = case.decoder_before(spot.number)
        if said(decoder, spot.saying(other), spot.number) != case.steps[spot.number]:
            continue
        if rest(case, decoder, spot.number + 1) == case.steps[spot.number + 1 :]:
            what = f"{spot.path} = {clip(spot.value)} is passed over in silence: whatever it is,"
            raise _passed_over(case, spot.number, f"{what} the same is said")


def _passed_over(case: Case, number: int, what: str) -> Violation:
    return Violation(
        f"{what}; and no other frame says it",
        where=case.place(number),
        user="nothing of it",
        mend="map it, or hand it on: Opaque for a frame or a block, Meta(vendor={…}) for a field. "
        "A message without meaning is declared in keep_alives, a field without meaning in "
        "padding_fields",
    )


def _flat(steps: list[list[Chunk]]) -> list[Chunk]:
    return [chunk for step in steps for chunk in step if not is_empty(chunk)]


def _other(value: Any) -> str | int | float | None:
    """Another value of the type, for one that could be news."""
    match value:
        case str() if value:
            return word("news")
        case int() | float() if value and not isinstance(value, bool):
            return value + number("news", 1000, 9999)
    return None


def _is_structure(name: str) -> bool:
    return name in ("object", "role") or name.lower().endswith(("type", "id", "index"))


def _news(case: Case, at: int) -> set[Leaf]:
    """What of the frame stands in no other frame, twice in none, and was not told by others."""
    leaves = case.leaves(case.frames[at])
    times = Counter(value for _, value in leaves)
    unique = {x for x in leaves if case.subject.suite.frequency[x] == 1 and times[x[1]] == 1}
    return unique - _repeated(case, at, unique) if unique else unique


def _repeated(case: Case, at: int, leaves: set[Leaf]) -> set[Leaf]:
    """Those that earlier frames told: in a text that came in pieces, or in a field of this name."""
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
    told = "\n".join(texts.values())
    return {(p, value) for p, value in leaves if value in told or (_name(p), value) in fields}


def _name(path: str) -> str:
    return path.rpartition(".")[2]


@for_recordings(20, "no frame breaks the decoder")
def never_raises(case: Case) -> None:
    """Vendors and gateways send what their documents exclude: null for a list, a number for a text.
    The decoder says `Opaque` or `Fault`, or leaves it out, but it never raises and never hands on a
    chunk of the wrong type: the user keeps the answer so far and learns what happened. Every field
    is tried with every kind of wrong value.
    """
    changes = list(_changes(case))
    through_the_core = set(some(range(len(changes)), MANY))
    for place, (i, data) in enumerate(changes):
        frame = replace(case.frames[i], data=data)
        where = f"frame {i} changed to {clip(frame.data, 300)}"
        try:
            wrong = mistyped(case.decoder_before(i).feed(frame))
        except Exception as error:
            raise _broken(error, where) from error
        if wrong:
            raise Violation(
                f"feed() hands on {wrong}",
                where=where,
                user="an answer that cannot be stored, or a wrong count on the bill",
                mend="check the type of a value before it goes into a chunk; True and False are "
                "numbers to int(n) in a pattern: `streamkit.reading.count` reads numbers",
            )
        if place in through_the_core:
            cause = bug(case.decode(case.wire.body_of([*case.frames[:i], frame])).error)
            if cause is not None:
                raise _broken(cause, where)


def _broken(cause: BaseException, where: str) -> Violation:
    return Violation(
        f"feed() failed with {type(cause).__name__}: {cause}",
        where=where,
        user="a ProtocolError that blames the adapter",
        mend='check the type of a value before using it: match with case {"id": str(id)} does that '
        "in passing",
    )


_NO_OBJECT = ("{", "null", "[]", "7", '"text"', "{}", "[null]", "garbage")
_WRONG: tuple[Any, ...] = (None, 7, "text", [], {}, [None], True, 0.5)


def _changes(case: Case) -> Iterator[tuple[int, str]]:
    """Ways to break a frame: no object at all, or one value replaced by one of a wrong type.

    Frames of one shape, of which the decoder says the same, are broken in the same ways: once.
    """
    known = set[tuple[object, ...]]()

    def is_new(i: int, *what: object) -> bool:
        kinds = tuple(type(chunk) for chunk in case.steps[i])
        fresh = (case.frames[i].event, kinds, *what) not in known
        known.add((case.frames[i].event, kinds, *what))
        return fresh

    for i, _ in enumerate(case.frames):
        yield from ((i, text) for text in _NO_OBJECT if is_new(i, text))
    for spot in spots(case):
        for wrong in _WRONG:
            if type(wrong) is not type(spot.value) and is_new(
                spot.number, spot.pattern, str(wrong)
            ):
                yield spot.number, spot.saying(wrong).data
