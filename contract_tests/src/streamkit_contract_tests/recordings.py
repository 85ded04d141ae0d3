"""Recordings: a body as the vendor sent it, and beside it what it means.

``NAME.sse`` or ``NAME.jsonl`` holds a stream, ``NAME.json``, ``.html`` or ``.txt`` an error answer;
``NAME.expect.json`` says what a user must get, see `Expected`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from streamkit.adapter import Framing

from .expected import Expected

EXPECT: Final = ".expect.json"
_CONTENT_TYPES: Final = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".html": "text/html",
    ".txt": "text/plain",
}
_FRAMINGS: Final[dict[str, Framing]] = {".sse": "sse", ".jsonl": "jsonl"}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded answer and its meaning. ``framing`` is None for an answer that is no stream."""

    name: str
    body: bytes
    expected: Expected
    content_type: str
    framing: Framing | None


class BadRecording(ValueError):
    """A recording that cannot be used, with what to do about it."""


def load(folder: Path) -> tuple[Recording, ...]:
    """The recordings of a folder, by name. Raises BadRecording that says what to mend."""
    if not folder.is_dir():
        raise BadRecording(f"there is no folder {folder}")
    bodies: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _CONTENT_TYPES and not path.name.endswith(EXPECT):
            if path.stem in bodies:
                raise BadRecording(f"{path.name} and {bodies[path.stem].name} have one name")
            bodies[path.stem] = path
    named = {p.name.removesuffix(EXPECT): p for p in sorted(folder.glob(f"*{EXPECT}"))}
    if not bodies and not named:
        raise BadRecording(f"{folder} holds no recording: nothing is proven by nothing")
    for name in sorted(bodies.keys() - named.keys()):
        raise BadRecording(f"{bodies[name].name} says nothing yet: write {name}{EXPECT} beside it")
    for name in sorted(named.keys() - bodies.keys()):
        raise BadRecording(f"{named[name].name} has no body ({name}.sse, .jsonl, …) beside it")
    return tuple(_read(name, path, named[name]) for name, path in bodies.items())


def _read(name: str, path: Path, expect: Path) -> Recording:
    try:
        expected = Expected.model_validate_json(expect.read_bytes())
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadRecording(f"{expect.name} cannot be read: {lines}") from None
    return Recording(
        name=name,
        body=path.read_bytes(),
        expected=expected,
        content_type=expected.content_type or _CONTENT_TYPES[path.suffix],
        framing=_FRAMINGS.get(path.suffix) if expected.status == 200 else None,
    )
