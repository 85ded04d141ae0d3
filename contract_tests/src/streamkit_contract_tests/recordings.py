"""Recordings: a body as the vendor sent it, and beside it what it means.

``NAME.sse`` or ``NAME.jsonl`` holds a stream, ``NAME.json``, ``.html`` or ``.txt`` an error answer;
``NAME.expect.json`` says what a user must get. A field left out of it means that there is nothing
of the kind: no text, no calls, no usage. Only the fields under "if given" are compared just when
they are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from streamkit.adapter import Framing
from streamkit.events import Notice, OpaqueEvent
from streamkit.messages import (
    Choice,
    IncompleteToolCall,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from streamkit.testing import Decoded
from streamkit.values import FaultKind, FinishReason, Outcome, Usage

EXPECT: Final = ".expect.json"
_CONTENT_TYPES: Final = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".html": "text/html",
    ".txt": "text/plain",
}
_FRAMINGS: Final[dict[str, Framing]] = {".sse": "sse", ".jsonl": "jsonl"}


class _Expected(BaseModel):
    """``IF_GIVEN`` are compared only when the author wrote them, ``DECLARED`` are no results."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    IF_GIVEN: ClassVar[frozenset[str]] = frozenset()
    DECLARED: ClassVar[frozenset[str]] = frozenset()

    def differences(self, have: Self, at: str = "") -> Iterator[str]:
        """Where ``have`` is not what is expected here, in words."""
        unsaid = self.IF_GIVEN - self.model_fields_set
        for name in type(self).model_fields.keys() - unsaid - self.DECLARED:
            yield from _differences(f"{at}{name}", getattr(self, name), getattr(have, name))


def _differences(at: str, want: Any, have: Any) -> Iterator[str]:
    if isinstance(want, _Expected) and isinstance(have, _Expected):
        yield from want.differences(have, f"{at}.")
    elif isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        for i, pair in enumerate(zip(want, have, strict=True)):
            yield from _differences(f"{at}[{i}]", *pair)
    elif want != have:
        yield f"{at}: expected {_shown(want)}, got {_shown(have)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(v) for v in value)}]"
    return value.model_dump_json() if isinstance(value, BaseModel) else repr(value)


class Call(_Expected):
    """A finished tool call. ``closed_by``: text that stands in the frame that closes it."""

    IF_GIVEN = frozenset({"arguments_text"})
    DECLARED = frozenset({"closed_by"})
    id: str
    name: str
    arguments: dict[str, Any] | None
    arguments_text: str = ""
    closed_by: str | None = None


class CutCall(_Expected):
    """A tool call that must not run."""

    IF_GIVEN = frozenset({"arguments_text"})
    id: str
    name: str
    arguments_text: str = ""


class Item(_Expected):
    """A vendor's own block."""

    IF_GIVEN = frozenset({"id", "name", "payload"})
    kind: str
    id: str | None = None
    name: str | None = None
    payload: dict[str, Any] = {}


class Counts(_Expected):
    """Token counts; all of them are compared."""

    IF_GIVEN = frozenset({"raw"})
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    raw: dict[str, Any] = {}


class Answer(_Expected):
    """What one choice holds. ``parts``, if given, are the types of its parts in order."""

    IF_GIVEN = frozenset({"parts", "stop_sequence"})
    text: str = ""
    reasoning: str = ""
    signatures: list[str] = []
    refusal: str | None = None
    tool_calls: list[Call] = []
    incomplete_tool_calls: list[CutCall] = []
    provider_items: list[Item] = []
    citations: int = 0
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None
    parts: list[str] = []


class Expected(Answer):
    """The content of a ``.expect.json``; the fields of `Answer` are those of choice 0.

    ``choices`` are the further ones. ``error`` is the kind of the error that the user gets.
    ``opaque`` and ``notices`` are the kinds and codes of such events. ``about`` says where the
    recording comes from. ``after_end`` counts the frames at the end of the body that the answer can
    do without: what a gateway puts behind the end mark, or usage behind it.
    """

    IF_GIVEN = frozenset({"parts", "stop_sequence", "id", "model", "vendor"})
    DECLARED = frozenset({"about", "status", "content_type", "after_end"})
    about: str = ""
    status: int = 200
    content_type: str | None = None
    outcome: Outcome = "complete"
    error: FaultKind | None = None
    usage: Counts | None = None
    opaque: list[str] = []
    notices: list[str] = []
    choices: list[Answer] = []
    id: str | None = None
    model: str | None = None
    vendor: dict[str, Any] = {}
    after_end: int = 0

    @classmethod
    def seen(cls, got: Decoded) -> Expected:
        """What came out, in the words of an expectation."""
        response = got.response
        first, *others = response.choices
        return cls(
            **_answer(first),
            outcome=response.outcome or "failed",
            error=got.error.kind if got.error else None,
            usage=_counts(response.usage),
            opaque=[e.kind for e in got.events if isinstance(e, OpaqueEvent)],
            notices=[e.code for e in got.events if isinstance(e, Notice)],
            choices=[Answer(**_answer(choice)) for choice in others],
            id=response.id,
            model=response.model,
            vendor=response.vendor,
        )


def _answer(choice: Choice) -> dict[str, Any]:
    def those(kind: type) -> list[Any]:
        return [p for p in choice.parts if isinstance(p, kind)]

    refusals = those(RefusalPart)
    return {
        "text": "".join(p.text for p in those(TextPart)),
        "reasoning": "".join(p.text for p in those(ReasoningPart)),
        "signatures": [s for p in choice.parts if (s := getattr(p, "signature", None)) is not None],
        "refusal": "".join(p.text for p in refusals) if refusals else None,
        "tool_calls": [
            Call(id=c.id, name=c.name, arguments=c.arguments, arguments_text=c.arguments_text)
            for c in those(ToolCall)
        ],
        "incomplete_tool_calls": [
            CutCall(id=c.id, name=c.name, arguments_text=c.arguments_text)
            for c in those(IncompleteToolCall)
        ],
        "provider_items": [
            Item(kind=p.kind, id=p.id, name=p.name, payload=p.payload) for p in those(ProviderItem)
        ],
        "citations": sum(len(p.citations) for p in those(TextPart)),
        "finish_reason": choice.finish_reason,
        "raw_finish_reason": choice.raw_finish_reason,
        "stop_sequence": choice.stop_sequence,
        "parts": [p.type for p in choice.parts],
    }


def _counts(usage: Usage | None) -> Counts | None:
    if usage is None:
        return None
    return Counts(**{name: getattr(usage, name) for name in Counts.model_fields})


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
    bodies = {p.stem: p for p in sorted(folder.iterdir()) if _is_body(p)}
    named = {p.name.removesuffix(EXPECT): p for p in sorted(folder.glob(f"*{EXPECT}"))}
    if not bodies and not named:
        raise BadRecording(f"{folder} holds no recording: nothing is proven by nothing")
    for name in sorted(bodies.keys() - named.keys()):
        raise BadRecording(f"{bodies[name].name} says nothing yet: write {name}{EXPECT} beside it")
    for name in sorted(named.keys() - bodies.keys()):
        raise BadRecording(f"{named[name].name} has no body ({name}.sse, .jsonl, …) beside it")
    return tuple(_read(name, path, named[name]) for name, path in bodies.items())


def _is_body(path: Path) -> bool:
    return path.suffix in _CONTENT_TYPES and not path.name.endswith(EXPECT)


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
