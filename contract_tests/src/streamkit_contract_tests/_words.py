"""The laws about words: said as they come, each time they come, and told when they are new."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from streamkit.adapter import Frame
from streamkit.chunks import (
    Chunk,
    Closed,
    End,
    Fault,
    Reasoning,
    Refusal,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
)

from ._case import Case, said
from ._probes import word
from ._registry import for_recordings
from ._spots import Spot, Way, ends_only, is_empty, rest, says, spots
from ._violation import Violation, clip

FRAMES: Final = 20_000
"""How many frames a decoder is fed, at most, to find what it keeps back."""

A_NAME: Final = 40
"""How many letters a value has, at most, that could name a kind of event, block or reason."""


@for_recordings(22, "words come as they come")
def words_come_as_they_come(case: Case) -> None:
    """An answer is read while it is written. So what a frame holds of the answer, of the thinking
    or of a call's arguments is said with that frame, not kept until later; and it is said again
    when the vendor says the same again. In place of each text of each frame a new word is put: one
    that shows at all must show at once.
    """
    new, left = word("piece"), FRAMES
    before: dict[Way, Spot] = {}
    for spot in spots(case):
        if not isinstance(spot.value, str) or not spot.value or left < 0:
            continue
        decoder = case.decoder_before(spot.number)
        now = said(decoder, spot.saying(new), spot.number)
        if _tells(now, new):
            last = before.get(spot.pattern)
            before[spot.pattern] = spot
            if last is not None and not _grows(last, spot):
                left -= spot.number - last.number
                _told_again(case, last, spot, new)
            continue
        left -= len(case.frames) - spot.number
        for i, step in enumerate(rest(case, decoder, spot.number + 1), spot.number + 1):
            if _tells(step, new):
                where = "close()" if i == len(case.frames) else f"frame {i}"
                raise Violation(
                    f"{spot.path} = {clip(spot.value)} is part of the answer, but is said with "
                    f"{where} only",
                    where=case.place(spot.number),
                    user="a pause, and then many words at once: no stream",
                    mend="return the chunk of a piece from the feed() that reads it",
                )


def _tells(step: Sequence[Chunk], new: str) -> bool:
    texts = (c.text for c in step if isinstance(c, Text | Reasoning | Refusal | ToolArguments))
    return any(new in text for text in texts)


def _grows(last: Spot, spot: Spot) -> bool:
    """Whether the field holds the text so far, and no piece of it; or is no list of its own."""
    return bool(spot.value != last.value and spot.value.startswith(last.value))


def _told_again(case: Case, last: Spot, spot: Spot, new: str) -> None:
    if last.number == spot.number:
        return
    decoder = case.decoder_before(last.number)
    said(decoder, last.saying(new), last.number)
    for i in range(last.number + 1, spot.number):
        said(decoder, case.frames[i], i)
    if not _tells(said(decoder, spot.saying(new), spot.number), new):
        raise Violation(
            f"where {spot.path} is what it was in frame {last.number}, it is not said again",
            where=case.place(spot.number),
            user="'ha' in place of 'ha ha ha'",
            mend="say every piece that comes. What the vendor repeats, such as the whole text at "
            "the end, is told from a piece by its field or its event, not by its words",
        )


@for_recordings(23, "what is new is told")
def new_is_told(case: Case) -> None:
    """Vendors add kinds of events and of blocks, fields and stop reasons, and nobody is asked. In
    place of each short text of a frame a word is put that no vendor knows yet, and each frame is
    given a field that is new: the stream goes on, the frame is not passed over in silence, the
    field is told beside the known ones, and an unknown reason to stop is no "stop".
    """
    new = word("kind")
    may_be_call = any(isinstance(c, ToolOpened) for step in case.steps for c in step)
    for i, frame in enumerate(case.frames[: case.last_read + 1]):
        usual = case.steps[i]
        if any(isinstance(chunk, Fault) for chunk in usual):
            continue
        if frame.event:
            _goes_on(case, i, replace(frame, event=new), f"the type of the event is {new!r}")
        if not ends_only(usual):
            _field_shows(case, i)
    for spot in spots(case):
        usual = case.steps[spot.number]
        if not isinstance(spot.value, str) or not 0 < len(spot.value) <= A_NAME:
            continue
        if any(isinstance(chunk, Fault) for chunk in usual) or spot.name.lower().endswith("id"):
            continue  # an id is no kind: another one may mean another answer
        step = _goes_on(case, spot.number, spot.saying(new), f"{spot.path} is {new!r}")
        for chunk in step:
            if isinstance(chunk, Stop) and new in (chunk.raw or ""):
                _honest(case, spot, chunk, may_be_call)


def _goes_on(case: Case, number: int, frame: Frame, what: str) -> list[Chunk]:
    step = says(case.decoder_before(number), frame, number)
    where = f"{case.place(number)}\nwith a change: {what}"
    fault = next((chunk for chunk in step if isinstance(chunk, Fault)), None)
    if fault is not None:
        raise Violation(
            f"the stream fails: {clip(fault)}",
            where=where,
            user="an error in place of the answer, on the day the vendor says more",
            mend="return Opaque(kind, data) for what has no mapping; a Fault is for what is no "
            "frame of the dialect at all",
        )
    usual = case.steps[number]
    if not step and not ends_only(usual) and not all(is_empty(chunk) for chunk in usual):
        raise Violation(
            f"the frame is passed over in silence; it used to say {clip(usual)}",
            where=where,
            user="nothing of what the vendor sent, and nobody would know",
            mend="return Opaque(kind, data) for every event and block that has no mapping",
        )
    return step


def _honest(case: Case, spot: Spot, stop: Stop, may_be_call: bool) -> None:
    if stop.reason in ("stop", "length") or (stop.reason == "tool_call" and not may_be_call):
        raise Violation(
            f"a reason that nobody knows becomes {stop.reason!r}: {clip(stop)}",
            where=f"{case.place(spot.number)}\nwith {spot.path} = {stop.raw!r}",
            user="an answer that seems to have ended well",
            mend='look reasons up in a table, and take "other" for those that are not in it',
        )


def _field_shows(case: Case, number: int) -> None:
    frame, new = case.frames[number], word("field")
    try:
        value = json.loads(frame.data)
    except ValueError:
        return
    if not isinstance(value, dict):
        return
    extended = replace(frame, data=json.dumps({**value, new: {word("value"): 1}}))
    decoder = case.decoder_before(number)
    told = said(decoder, extended, number)
    if new not in repr(told) and new not in repr(rest(case, decoder, number + 1)):
        raise Violation(
            "a new field of the frame is passed over in silence; what is said is "
            + (clip([c for c in told if not isinstance(c, Closed | End)]) or "nothing"),
            where=f"{case.place(number)}\nwith the new field {new!r}",
            user="nothing of what the vendor added, and nobody would know",
            mend="hand on the fields that have no mapping: Meta(vendor={name: value, …}) beside "
            "the chunks of those that have one",
        )
