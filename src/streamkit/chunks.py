"""Chunks: the facts an adapter reads off the wire, in wire order.

An adapter's decoder turns each frame into chunks; the core turns chunks into events and into the
response. A chunk states what the vendor said and nothing more: no sequence numbers, no start/end
bookkeeping, no accumulated text. The core derives all structure, once.

**Keys.** Where the vendor names its content blocks (an index, an id), the chunk carries that name
as ``key`` and the part stays open until `Closed` with the same key. Where the vendor has no block
names, ``key`` is None: the part runs on until content of another kind follows, or the choice stops.

Chunks are slotted dataclasses, one small object per delta (frozen ones cost more than twice as
much to build); treat them as immutable all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streamkit.values import Citation, FaultKind, FinishReason, ReasoningKind, ToolKind, Usage

Key = int | str | tuple[int | str, ...] | None


# --- content ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Text:
    """A piece of the visible answer. May be empty: that opens the part the vendor announced."""

    text: str
    key: Key = None
    choice: int = 0
    logprobs: list[Any] | None = None


@dataclass(slots=True)
class Reasoning:
    """A piece of the model's thinking: ``raw`` words, a ``summary``, or ``redacted`` (no words)."""

    text: str
    key: Key = None
    choice: int = 0
    kind: ReasoningKind = "raw"


@dataclass(slots=True)
class Signature:
    """The opaque token that must go back with a part, byte-identical; replaces an earlier one.

    Belongs to the part with this key; with key None, to the newest part of the choice.
    ``scheme`` names the dialect that can read it (``anthropic``, ``openrouter:…``).
    """

    value: str
    scheme: str
    key: Key = None
    choice: int = 0


@dataclass(slots=True)
class Refusal:
    """A piece of the model's refusal to answer."""

    text: str
    key: Key = None
    choice: int = 0


@dataclass(slots=True)
class ToolOpened:
    """The model begins a call of one of the *caller's* tools.

    ``key`` is required: one per call. ``id`` is None if the vendor sends none (the core makes one).
    ``vendor`` is what else must be sent back with the call, as received, under the name of the
    dialect or profile that may have it back: ``{"anthropic": {…}}``.
    """

    key: Key
    name: str
    id: str | None = None
    choice: int = 0
    kind: ToolKind = "function"
    vendor: dict[str, Any] | None = None


@dataclass(slots=True)
class ToolArguments:
    """A piece of a call's arguments: JSON source text, or free text for a ``custom`` tool."""

    key: Key
    text: str
    choice: int = 0


@dataclass(slots=True)
class ServerToolOpened:
    """The vendor begins to run one of its *own* tools. Never a call for the caller to run."""

    key: Key
    kind: str
    id: str | None = None
    name: str | None = None
    choice: int = 0


@dataclass(slots=True)
class ServerToolArguments:
    """A piece of the input of the vendor's own tool, for display; `Item` carries the whole."""

    key: Key
    text: str
    choice: int = 0


@dataclass(slots=True)
class Item:
    """A whole vendor block that is neither text, reasoning nor a call for the caller.

    Server-tool calls and results, images, compaction, anything new. ``kind`` is the vendor's word
    for it and ``payload`` the block as it must be sent back. Closes the part with this key.
    """

    kind: str
    payload: dict[str, Any]
    key: Key = None
    id: str | None = None
    name: str | None = None
    choice: int = 0


@dataclass(slots=True)
class Cited:
    """A citation; belongs to the text part with this key, or to the newest one.

    The newest counts with None, and with the key of a block that is not text. If such a block has
    no text beside it, the citation comes through as an opaque event.
    """

    citation: Citation
    key: Key = None
    choice: int = 0


@dataclass(slots=True)
class Media:
    """A piece of generated image, audio or video: base64 text to append, or a ``url``."""

    media_type: str
    data: str = ""
    url: str | None = None
    key: Key = None
    choice: int = 0


@dataclass(slots=True)
class Closed:
    """The vendor says the block with this key is whole."""

    key: Key
    choice: int = 0


# --- about the stream --------------------------------------------------------------------------


@dataclass(slots=True)
class Meta:
    """Facts about the answer; later values that are not None win. ``vendor``: unmapped fields."""

    id: str | None = None
    model: str | None = None
    vendor: dict[str, Any] | None = None


@dataclass(slots=True)
class UsageReport:
    """The newest usage, as a running total for the whole answer: replaces the one before."""

    usage: Usage


@dataclass(slots=True)
class Cursor:
    """Where the vendor's server could replay this stream from."""

    value: str


@dataclass(slots=True)
class Notice:
    """Something the vendor wants known that is not part of the answer."""

    code: str
    message: str = ""
    data: dict[str, Any] | None = None


@dataclass(slots=True)
class Safety:
    """A verdict of the vendor's content filter."""

    scope: str
    blocked: bool
    data: Any = None
    choice: int = 0


@dataclass(slots=True)
class Opaque:
    """A frame, or a part of one, that the adapter has no mapping for. Nothing is lost."""

    kind: str
    data: Any = None


@dataclass(slots=True)
class Stop:
    """One choice has stopped. ``raw`` is the vendor's own word, ``sequence`` the stop string hit.

    Says nothing about the stream being whole: that is `End`.
    """

    reason: FinishReason
    raw: str | None = None
    choice: int = 0
    sequence: str | None = None


@dataclass(slots=True)
class Fault:
    """The vendor reported an error, over HTTP or inside the stream. Ends the attempt.

    ``kind`` picks the exception class; ``retryable`` and ``retry_after`` (seconds) are the vendor's
    hints where it gave any, ``body`` its own words as received.
    """

    kind: FaultKind
    message: str
    code: str | None = None
    status: int | None = None
    retryable: bool | None = None
    retry_after: float | None = None
    request_id: str | None = None
    body: Any = field(default=None, repr=False)


@dataclass(slots=True)
class End:
    """The adapter's declared end mark was read: the answer is whole. The only proof of that."""


Chunk = (
    Text
    | Reasoning
    | Signature
    | Refusal
    | ToolOpened
    | ToolArguments
    | ServerToolOpened
    | ServerToolArguments
    | Item
    | Cited
    | Media
    | Closed
    | Meta
    | UsageReport
    | Cursor
    | Notice
    | Safety
    | Opaque
    | Stop
    | Fault
    | End
)
