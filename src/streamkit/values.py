"""The words shared by chunks, events and responses: finish reasons, usage, citations, faults.

Nothing here imports anything of ours, so every other module may import it.
Names follow the OpenTelemetry GenAI conventions where those have a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

Outcome = Literal["complete", "truncated", "cancelled", "failed"]
"""How a stream ended.

``complete``: the vendor's end mark was read. ``truncated``: the line ended without it.
``cancelled``: the caller left. ``failed``: the vendor (or the set-up) reported an error.
"""

FinishReason = Literal[
    "stop", "length", "tool_call", "content_filter", "error", "pause", "cancelled", "other"
]
"""Why the model stopped, the same for every vendor; the vendor's own word stays in
``raw_finish_reason``.

``stop``: the model was done, or wrote a stop sequence. ``length``: a limit on tokens, the model's
window or its time cut it off. ``tool_call``: it waits for results of tools. ``content_filter``: the
vendor held the answer back. ``error``: the vendor failed, and calls that a reason to stop.
``pause``: the vendor wants the same conversation sent again to go on. ``cancelled``: somebody ended
it. ``other``: a word that streamkit does not know.
"""

FaultKind = Literal[
    # the caller's
    "configuration",
    "authentication",
    "permission",
    "billing",
    "not_found",
    "invalid_request",
    "content_filter",
    # the vendor's
    "rate_limit",
    "overloaded",
    "server",
    "vendor_timeout",
    # the line's
    "connect",
    "connection_lost",
    "truncated",
    "timeout",
    # the adapter's
    "protocol",
]
"""What went wrong; `streamkit.errors` has one exception class for each."""

ReasoningKind = Literal["raw", "summary", "redacted"]
ToolKind = Literal["function", "custom"]


class _Lazy:
    """Makes a `Usage` read its counts when the first of them is asked for."""

    __slots__ = ("_read",)
    _read: Callable[[dict[str, Any]], Usage]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in Usage.__match_args__)

    if not TYPE_CHECKING:  # it would take any name for a field

        def __getattr__(self, name: str) -> Any:
            """Python asks here for a slot that is empty."""
            if name not in Usage.__match_args__:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            usage = self._read(self.raw)
            for count in Usage.__match_args__:
                setattr(self, count, getattr(usage, count))
            return getattr(self, name)


@dataclass(slots=True)
class Usage(_Lazy):
    """Token counts of one answer. Every count is a number of tokens; None means "not reported".

    ``input_tokens`` counts the whole prompt, cached tokens included; ``output_tokens`` everything
    generated, reasoning included. The cache and reasoning counts are subsets of those two.
    ``raw`` is the usage object exactly as the vendor sent it. After a resumed break, the counts are
    the sum over all attempts, ``raw`` is the last one's, and ``estimated`` is True: what a broken
    attempt cost is reckoned from its text, at four bytes a token.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    estimated: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def lazy(cls, read: Callable[[dict[str, Any]], Usage], raw: dict[str, Any]) -> Usage:
        """What ``read`` makes of ``raw``, once a count is asked for.

        For vendors that tell new counts with every delta, most of which nobody looks at.
        """
        usage = cls.__new__(cls)
        usage._read, usage.raw = read, raw
        return usage


@dataclass(slots=True)
class Citation:
    """A source the vendor named for a stretch of the answer.

    ``start`` and ``end`` are positions in the cited part's text, in Unicode code points, where the
    vendor gives them. ``raw`` is the citation as the vendor sent it.
    """

    # Else the config of the model that is built first rules in the published schema.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "ignore"}

    kind: str = "url"
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class FaultInfo:
    """A fault as plain data: what an event can carry and JSON can hold. Never holds a key."""

    kind: FaultKind
    message: str
    status: int | None = None
    code: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something asked for that could not be honoured as asked: a warning event, and in a response.

    ``code`` is ``option_ignored``, ``option_adjusted`` or ``part_dropped``; ``what`` names the
    option or the type of part. Or ``half_character``: the vendor sent half of one in such a part.
    """

    code: Literal["option_ignored", "option_adjusted", "part_dropped", "half_character"]
    what: str
    message: str


@dataclass(slots=True)
class Timings:
    """When things happened, in seconds since the call was made; None where it did not happen.

    ``gap_p50`` and ``gap_p95`` are percentiles of the time between two arrivals of content.
    ``tokens_per_second`` is output tokens (as reported by the vendor) over the time from the
    first content to the last.
    """

    first_event: float | None = None
    first_text: float | None = None
    total: float | None = None
    gap_p50: float | None = None
    gap_p95: float | None = None
    tokens_per_second: float | None = None
