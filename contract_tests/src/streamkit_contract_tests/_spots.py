"""What a frame would say if one of its values were another: the laws ask decoders that way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamkit.adapter import Decoder, Frame
from streamkit.chunks import (
    Chunk,
    Closed,
    End,
    Fault,
    Meta,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
)

from ._case import Case, said

Way = tuple[str | int, ...]
"""The names and numbers that lead to a value inside JSON."""

Words = Text | Reasoning | Refusal | ToolArguments
"""Chunks whose text a user reads as it comes, or whose tool runs on it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One value in one frame of a recording."""

    number: int
    frame: Frame
    way: Way
    value: Any

    @property
    def path(self) -> str:
        """The place as messages and `Case.leaves` write it: ``choices[0].delta.content``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.way)
        return "".join(steps).removeprefix(".")

    @property
    def pattern(self) -> Way:
        """The place without the numbers of list elements: all elements are alike."""
        return tuple("[]" if isinstance(step, int) else step for step in self.way)

    @property
    def name(self) -> str:
        """The field that holds it."""
        return next((step for step in reversed(self.way) if isinstance(step, str)), "")

    def saying(self, other: Any) -> Frame:
        """The frame with ``other`` in this place."""
        return replace(self.frame, data=_replaced(self.frame.data, self.way, other))


def spots(case: Case) -> Iterator[Spot]:
    """Every value of the frames that the core reads: texts, numbers, lists, objects."""
    for number, frame in enumerate(case.frames[: case.last_read + 1]):
        try:
            value = json.loads(frame.data)
        except ValueError:
            continue
        yield from (Spot(number, frame, way, inner) for way, inner in _inside(value))


def says(decoder: Decoder, frame: Frame, number: int) -> list[Chunk]:
    """What the decoder says of the frame, without what says nothing."""
    return [chunk for chunk in said(decoder, frame, number) if not is_empty(chunk)]


def rest(case: Case, decoder: Decoder, number: int) -> list[list[Chunk]]:
    """What the decoder says from this frame of the recording on; last that of `close`."""
    steps = [said(decoder, frame, i) for i, frame in enumerate(case.frames[number:], number)]
    return [*steps, list(decoder.close())]


def is_empty(chunk: Chunk) -> bool:
    """Whether a user learns nothing of it."""
    match chunk:
        case Meta(id=id_, model=model, vendor=vendor):
            return not (id_ or model or vendor)
        case Text(logprobs=logprobs):
            return not (chunk.text or logprobs)
        case Reasoning() | Refusal() | ToolArguments():
            return not chunk.text
    return False


def ends_only(chunks: Sequence[Chunk]) -> bool:
    """Whether they say how something ends, and nothing else."""
    return all(isinstance(chunk, Closed | End | Fault) for chunk in chunks)


def _inside(value: Any) -> Iterator[tuple[Way, Any]]:
    """Every value inside, with the way to it."""
    entries: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        entries = iter(value.items())
    elif isinstance(value, list):
        entries = iter(enumerate(value))
    for key, inner in entries:
        yield (key,), inner
        yield from (((key, *way), v) for way, v in _inside(inner))


def _replaced(data: str, way: Way, other: Any) -> str:
    value = json.loads(data)
    *before, last = way
    holder = value
    for step in before:
        holder = holder[step]
    holder[last] = other
    return json.dumps(value)
