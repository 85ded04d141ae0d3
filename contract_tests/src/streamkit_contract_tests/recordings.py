"""Recordings: a body as the vendor sent it, and beside it what it means.

``NAME.sse``, ``.jsonl``, ``.json``, ``.aws``, ``.eventstream``, ``.html`` or ``.txt`` holds an
answer in the format of `streamkit.testing.Recording`; ``NAME.expect.json`` says what a user must
get, see `Expected`. Whether a body is a stream, and how it is cut, the adapter's request says.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from streamkit.errors import ConfigurationError
from streamkit.testing import Recording as Recorded

from .expected import Call, Expected

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EXPECT: Final = ".expect.json"
CONTENT_TYPES: Final = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".aws": "application/vnd.amazon.eventstream",
    ".eventstream": "application/vnd.amazon.eventstream",
    ".html": "text/html",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded answer and its meaning. ``lost``: its line broke, instead of ending cleanly."""

    name: str
    body: bytes
    expected: Expected
    content_type: str
    status: int = 200
    lost: bool = False


class BadRecording(ValueError):
    """A recording that cannot be used, with what to do about it."""


def load(folder: Path) -> tuple[Recording, ...]:
    """The recordings of a folder, by name. Raises BadRecording that says what to mend."""
    if not folder.is_dir():
        raise BadRecording(f"there is no folder {folder}")
    bodies: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in CONTENT_TYPES and not path.name.endswith(EXPECT):
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


def _in_words(told: ErrorDetails) -> str:
    *way, field = told["loc"] or ("",)
    at = ".".join(map(str, told["loc"]))
    if told["type"] != "extra_forbidden":
        return f"{at}: {told['msg']}" if at else told["msg"]
    known = Call.model_fields if "tool_calls" in way else Expected.model_fields
    close = get_close_matches(str(field), known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
    return f"{at} is no field of an expectation{hint}"


def _looks_right(path: Path) -> None:
    """Raise BadRecording for what a name or a first line says and the rest does not."""
    first = path.read_bytes().lstrip(b"\xef\xbb\xbf \r\n")[:200]
    if first.startswith(b"@") and not first.startswith(b"@recording"):
        head = first.split()[0].decode("ascii", "replace")
        raise BadRecording(
            f"{path.name} begins with {head}, which is a line of a recording's head, but a head "
            "begins with @recording 1: put that line before it"
        )
    if path.suffix in (".txt", ".html", ".json") and first.startswith((b"data:", b"event:")):
        raise BadRecording(
            f"{path.name} holds server-sent events: call it {path.stem}.sse, for the suffix says "
            f"how the body came, and {path.suffix} is {CONTENT_TYPES[path.suffix]}"
        )


def _read(name: str, path: Path, expect: Path) -> Recording:
    try:
        expected = Expected.model_validate_json(expect.read_bytes())
    except ValidationError as error:
        lines = "; ".join(_in_words(told) for told in error.errors())
        raise BadRecording(f"{expect.name} cannot be read: {lines}") from None
    _looks_right(path)
    try:
        recorded = Recorded.load(path)
    except ConfigurationError as error:
        raise BadRecording(f"{path.name} cannot be read: {error}") from None
    told = recorded.headers.get("content-type")
    status = recorded.status if recorded.headers else None
    for what, here in (("status", status), ("content_type", told)):
        if what in expected.model_fields_set and here not in (None, getattr(expected, what)):
            raise BadRecording(
                f"{what} is {here} in {path.name}, but {getattr(expected, what)} in {expect.name}"
            )
    return Recording(
        name=name,
        body=recorded.body,
        expected=expected,
        content_type=told or expected.content_type or CONTENT_TYPES[path.suffix],
        status=status or expected.status,
        lost=recorded.lost,
    )
