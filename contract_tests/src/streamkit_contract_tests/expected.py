"""What a recording must give: the content of a ``.expect.json``, and how it is compared.

A field left out means that there is nothing of the kind: no text, no calls, no usage. Only fields
in ``IF_GIVEN`` are compared just when they are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from streamkit.events import Notice, OpaqueEvent, SafetyReported, TextDelta, UsageUpdated
from streamkit.messages import (
    Choice,
    IncompleteToolCall,
    MediaPart,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from streamkit.testing import Decoded
from streamkit.values import FaultKind, FinishReason, Outcome, Usage


class _Expected(BaseModel):
    """``IF_GIVEN`` are compared only when the author wrote them, ``DECLARED`` are no results.

    Of ``PARTLY`` only what is given is compared, however deep.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    IF_GIVEN: ClassVar[frozenset[str]] = frozenset()
    PARTLY: ClassVar[frozenset[str]] = frozenset()
    DECLARED: ClassVar[frozenset[str]] = frozenset()

    def differences(self, have: Self, at: str = "") -> Iterator[str]:
        """Where ``have`` is not what is expected here, in words."""
        unsaid = (self.IF_GIVEN | self.PARTLY) - self.model_fields_set
        for name in type(self).model_fields.keys() - unsaid - self.DECLARED:
            want, got = getattr(self, name), getattr(have, name)
            yield from _differences(f"{at}{name}", want, got, partly=name in self.PARTLY)


def _differences(at: str, want: Any, have: Any, *, partly: bool) -> Iterator[str]:
    if isinstance(want, _Expected) and isinstance(have, _Expected):
        yield from want.differences(have, f"{at}.")
    elif isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        for i, (a, b) in enumerate(zip(want, have, strict=True)):
            yield from _differences(f"{at}[{i}]", a, b, partly=partly)
    elif partly and isinstance(want, dict) and isinstance(have, dict):
        for name, inner in want.items():
            yield from _differences(f"{at}.{name}", inner, have.get(name), partly=True)
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

    IF_GIVEN = frozenset({"arguments_text", "reason"})
    id: str
    name: str
    arguments_text: str = ""
    reason: str = ""


class Item(_Expected):
    """A vendor's own block."""

    IF_GIVEN = frozenset({"id", "name", "payload"})
    kind: str
    id: str | None = None
    name: str | None = None
    payload: dict[str, Any] = {}


class Verdict(_Expected):
    """A verdict of the vendor's content filter."""

    scope: str
    blocked: bool


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
    """What one choice holds.

    ``media`` are the media types of generated images and sounds. ``parts`` are the parts in order,
    as `streamkit.ChatResponse` has them in JSON, with as many of their fields as are of interest.
    """

    IF_GIVEN = frozenset({"stop_sequence"})
    PARTLY = frozenset({"parts"})
    text: str = ""
    reasoning: str = ""
    signatures: list[str] = []
    refusal: str | None = None
    tool_calls: list[Call] = []
    incomplete_tool_calls: list[CutCall] = []
    provider_items: list[Item] = []
    media: list[str | None] = []
    citations: int = 0
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None
    parts: list[dict[str, Any]] = []

    @classmethod
    def held(cls, choice: Choice) -> Answer:
        """What this choice holds."""
        return cls(**_answer(choice))


class Expected(Answer):
    """A whole ``.expect.json``; the fields of `Answer` are those of choice 0.

    ``choices`` are the further ones. ``error`` is the kind of the error that the user gets, and
    ``error_says`` the vendor's words in it. ``opaque``, ``notices`` and ``safety`` are the events
    of these types, ``logprobs`` those of all text deltas that have some. ``variant`` names the
    adapter among `AdapterContract.variants` that reads it. ``about`` says where the recording comes
    from. ``after_end`` counts the frames at the end of the body that the answer can do without.
    """

    IF_GIVEN = frozenset({"stop_sequence", "id", "model", "error_code", "logprobs"})
    PARTLY = frozenset({"parts", "vendor"})
    DECLARED = frozenset({"about", "error_says", "variant", "status", "content_type", "after_end"})
    about: str = ""
    variant: str | None = None
    status: int = 200
    content_type: str | None = None
    outcome: Outcome = "complete"
    error: FaultKind | None = None
    error_code: str | None = None
    error_says: str = ""
    usage: Counts | None = None
    opaque: list[str] = []
    notices: list[str] = []
    safety: list[Verdict] = []
    logprobs: list[Any] = []
    choices: list[Answer] = []
    id: str | None = None
    model: str | None = None
    vendor: dict[str, Any] = {}
    after_end: int = 0

    @classmethod
    def seen(cls, got: Decoded) -> Expected:
        """What came out, in the words of an expectation."""
        response, error = got.response, got.error
        first, *others = response.choices
        safety = [e for e in got.events if isinstance(e, SafetyReported)]
        told = [e.usage for e in got.events if isinstance(e, UsageUpdated)]
        return cls(
            **_answer(first),
            outcome=response.outcome or "failed",
            error=error.kind if error else None,
            error_code=error.code if error else None,
            usage=_counts(told[-1] if told else None),
            opaque=[e.kind for e in got.events if isinstance(e, OpaqueEvent)],
            notices=[e.code for e in got.events if isinstance(e, Notice)],
            safety=[Verdict(scope=e.scope, blocked=e.blocked) for e in safety],
            logprobs=[x for e in got.events if isinstance(e, TextDelta) for x in e.logprobs or ()],
            choices=[Answer.held(choice) for choice in others],
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
            CutCall(id=c.id, name=c.name, arguments_text=c.arguments_text, reason=c.reason)
            for c in those(IncompleteToolCall)
        ],
        "provider_items": [
            Item(kind=p.kind, id=p.id, name=p.name, payload=p.payload) for p in those(ProviderItem)
        ],
        "media": [p.media_type for p in those(MediaPart)],
        "citations": sum(len(p.citations) for p in those(TextPart)),
        "finish_reason": choice.finish_reason,
        "raw_finish_reason": choice.raw_finish_reason,
        "stop_sequence": choice.stop_sequence,
        "parts": [p.model_dump(mode="json") for p in choice.parts],
    }


def _counts(usage: Usage | None) -> Counts | None:
    if usage is None:
        return None
    return Counts(**{name: getattr(usage, name) for name in Counts.model_fields})
