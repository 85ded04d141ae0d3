"""Where things stand in the body of a request: the laws look for words that they put in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamkit.adapter import WireRequest

Way = tuple[str | int, ...]
"""The names and numbers that lead to a value."""


def leaves(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every text, number and flag inside, with the way to it."""
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from leaves(inner, (*way, str(name)))
        case str():
            yield way, value
        case Sequence():
            for i, inner in enumerate(value):
                yield from leaves(inner, (*way, i))
        case _:
            yield way, value


def place_of(body: Any, word: str) -> Way | None:
    """The way to the first text that holds the word."""
    found = (way for way, value in leaves(body) if isinstance(value, str) and word in value)
    return next(found, None)


def at(body: Any, way: Way) -> Any:
    """The value that this way leads to."""
    for step in way:
        body = body[step]
    return body


def around(body: Any, way: Way) -> Iterator[Mapping[str, Any]]:
    """The objects that hold the place, the nearest first."""
    for length in range(len(way) - 1, -1, -1):
        value = at(body, way[:length])
        if isinstance(value, Mapping):
            yield value


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object inside, itself included."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from objects(inner)


def written(value: Any) -> str:
    """As JSON, to look for words in."""
    return json.dumps(value, ensure_ascii=False, default=str)


def sent(wire: WireRequest) -> str:
    """All of a request, to look for words in."""
    return written([wire.path, wire.body, dict(wire.headers)])


def path(way: Way) -> str:
    """The place for a message: ``messages[0].content``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)
    return "".join(steps).removeprefix(".")


def words_of(*names: str | int) -> frozenset[str]:
    """The words that names are made of: ``max_tokens`` and ``maxTokens`` are of the same two."""
    return frozenset(
        word.lower()
        for name in names
        if isinstance(name, str)
        for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)
    )
