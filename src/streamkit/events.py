"""Events: what a caller sees while a stream runs.

Two families. *Parts*: `PartStarted`, deltas, `PartEnded`, with ``part`` a stable index into
``response.choices[choice].parts``; joined deltas of a part equal its final text. *Life*:
`StreamStarted`, `AttemptStarted`, `Interrupted`, `Resumed`, `Notice`, and at the end exactly one
`StreamEnded` with the outcome. `Rewound` takes back what an earlier event has shown: cut it off
what you keep, and joined deltas equal the final text again.

``seq`` counts the events of one stream from 0 without gaps. ``type`` tells events apart in JSON;
in Python, ``match`` on the class. New event types may be added: ignore those you do not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator

from streamkit.messages import Part, ToolCall
from streamkit.values import Citation, FaultInfo, FinishReason, Outcome, Timings, Usage

SCHEMA_VERSION = 2
"""Version of the published JSON Schema; goes up with every change that a reader could notice."""

Strategy = Literal["replay", "prefix", "instruct", "restart"]
"""How a broken answer went on: see `Resumed`."""

Fidelity = Literal["exact", "seamless", "approximate", "restarted"]
"""How sure it is that the answer is what it would have been without the break: see `Resumed`."""

PartKind = Literal["text", "reasoning", "refusal", "tool_call", "provider_item", "media"]


# --- life of the stream ------------------------------------------------------------------------


@dataclass(slots=True)
class StreamStarted:
    """Always the first event. ``model`` is the id as asked for, with its prefix."""

    seq: int
    model: str
    dialect: str
    type: Literal["stream.started"] = "stream.started"


@dataclass(slots=True)
class AttemptStarted:
    """The request is sent, for the ``attempt``-th time (from 1)."""

    seq: int
    attempt: int
    type: Literal["attempt.started"] = "attempt.started"


@dataclass(slots=True)
class Interrupted:
    """An attempt failed and another follows after ``retry_in`` seconds.

    ``delivered`` counts the characters of text and reasoning that events have carried so far.
    """

    seq: int
    attempt: int
    fault: FaultInfo
    delivered: int
    retry_in: float
    type: Literal["interrupted"] = "interrupted"


@dataclass(slots=True)
class Resumed:
    """The answer goes on after a break, in ``part`` behind its first ``offset`` characters.

    ``exact``: the server sent the rest of the same answer (``replay``). ``seamless``: the model
    went on from the text itself (``prefix``). ``approximate``: it was asked to go on
    (``instruct``). ``restarted``: the request was sent anew, for no text had been shown
    (``restart``).
    """

    seq: int
    strategy: Strategy
    fidelity: Fidelity
    part: int
    offset: int
    type: Literal["resumed"] = "resumed"


@dataclass(slots=True)
class Rewound:
    """The last ``length`` characters of ``part`` are taken back; more may follow in their place.

    ``dropped``: the whole part is taken back, and another may come under its index.
    """

    seq: int
    part: int
    length: int
    dropped: bool
    choice: int = 0
    type: Literal["rewound"] = "rewound"


@dataclass(slots=True)
class ResponseInfo:
    """The vendor named the answer: its id, the model that serves it. May repeat."""

    seq: int
    id: str | None
    model: str | None
    type: Literal["response.info"] = "response.info"


@dataclass(slots=True)
class Notice:
    """Something to know that is not part of the answer.

    ``level`` is ``warning`` when something asked for is not honoured: ``code`` is then
    ``option_ignored``, ``option_adjusted`` or ``part_dropped``, and ``data`` names which. Or when
    the vendor sent half a character (half of an emoji's JSON escape): ``half_character``.
    """

    seq: int
    level: Literal["info", "warning"]
    code: str
    message: str
    data: dict[str, Any] | None = None
    type: Literal["notice"] = "notice"


@dataclass(slots=True)
class SafetyReported:
    """The vendor's content filter said something; ``data`` as received."""

    seq: int
    scope: str
    blocked: bool
    data: Any = None
    choice: int = 0
    type: Literal["safety"] = "safety"


@dataclass(slots=True)
class UsageUpdated:
    """Token counts so far: a running total that replaces the one before."""

    seq: int
    usage: Usage
    type: Literal["usage"] = "usage"


@dataclass(slots=True)
class OpaqueEvent:
    """Something the vendor sent that the adapter does not know, as received."""

    seq: int
    kind: str
    data: Any = None
    type: Literal["opaque"] = "opaque"


@dataclass(slots=True)
class ChoiceEnded:
    """One choice has stopped; its parts are whole if the stream then ends ``complete``."""

    seq: int
    choice: int
    finish_reason: FinishReason
    raw_finish_reason: str | None
    type: Literal["choice.ended"] = "choice.ended"


@dataclass(slots=True)
class StreamEnded:
    """Always the last event, exactly once. ``fault`` is set unless complete or cancelled."""

    seq: int
    outcome: Outcome
    finish_reason: FinishReason | None
    attempts: int
    timings: Timings
    usage: Usage | None = None
    fault: FaultInfo | None = None
    type: Literal["stream.ended"] = "stream.ended"


# --- parts -------------------------------------------------------------------------------------


@dataclass(slots=True)
class PartStarted:
    """A new part of the answer. ``id`` and ``name`` are those of a tool call or provider item."""

    seq: int
    part: int
    kind: PartKind
    choice: int = 0
    id: str | None = None
    name: str | None = None
    type: Literal["part.started"] = "part.started"


@dataclass(slots=True)
class TextDelta:
    """More visible text. ``logprobs`` as the vendor sent them, if asked for."""

    seq: int
    part: int
    text: str
    choice: int = 0
    logprobs: list[Any] | None = None
    type: Literal["text.delta"] = "text.delta"


@dataclass(slots=True)
class ReasoningDelta:
    """More of the model's thinking."""

    seq: int
    part: int
    text: str
    choice: int = 0
    type: Literal["reasoning.delta"] = "reasoning.delta"


@dataclass(slots=True)
class RefusalDelta:
    """More of the model's refusal."""

    seq: int
    part: int
    text: str
    choice: int = 0
    type: Literal["refusal.delta"] = "refusal.delta"


@dataclass(slots=True)
class ToolArgumentsDelta:
    """More of the arguments of the caller's (``tool_call``) or the vendor's own tool.

    Never run anything on these: wait for `ToolCallReady`.
    """

    seq: int
    part: int
    text: str
    choice: int = 0
    type: Literal["tool_arguments.delta"] = "tool_arguments.delta"


@dataclass(slots=True)
class MediaDelta:
    """More of a generated image, audio or video, as base64 text."""

    seq: int
    part: int
    data: str
    choice: int = 0
    type: Literal["media.delta"] = "media.delta"


@dataclass(slots=True)
class CitationAdded:
    """A source for the text of ``part``."""

    seq: int
    part: int
    citation: Citation
    choice: int = 0
    type: Literal["citation"] = "citation"


@dataclass(slots=True)
class ToolCallReady:
    """A finished call, safe to run: closed by the vendor and strictly parsed."""

    seq: int
    part: int
    call: ToolCall
    choice: int = 0
    type: Literal["tool_call.ready"] = "tool_call.ready"


@dataclass(slots=True)
class PartEnded:
    """The part is closed; ``content`` is the whole of it."""

    seq: int
    part: int
    content: Part
    choice: int = 0
    type: Literal["part.ended"] = "part.ended"


Event = Annotated[
    StreamStarted
    | AttemptStarted
    | Interrupted
    | Resumed
    | Rewound
    | ResponseInfo
    | Notice
    | SafetyReported
    | UsageUpdated
    | OpaqueEvent
    | ChoiceEnded
    | StreamEnded
    | PartStarted
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolArgumentsDelta
    | MediaDelta
    | CitationAdded
    | ToolCallReady
    | PartEnded,
    Discriminator("type"),
]


def json_schema() -> dict[str, Any]:
    """JSON Schema of one event, as `streamkit ask --json` prints it. Published in ``docs/``."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Event).json_schema(mode="serialization")
    title = f"streamkit event, schema version {SCHEMA_VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
