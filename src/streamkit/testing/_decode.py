"""What streamkit makes of bytes: the whole engine, played in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Final

from streamkit._commands import Locate, Lost, Open, Opened, Read, Reply
from streamkit._flow import Flow
from streamkit._framing import framer
from streamkit._policy import Retry
from streamkit._setup import Messages, Setup
from streamkit._target import Target
from streamkit.adapter import Adapter, Endpoint, Frame, Framing
from streamkit.errors import ConfigurationError, ConnectionLostError, StreamkitError
from streamkit.events import Event
from streamkit.messages import ChatResponse

_FRAMING_OF: Final[Mapping[str, Framing]] = {
    "text/event-stream": "sse",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/stream+json": "jsonl",
    "application/json": "json-array",
    "application/vnd.amazon.eventstream": "aws-event-stream",
}

Splits = int | Iterable[int] | None
"""Where a body is cut into reads: None in one piece, an int every so many bytes, else offsets."""


@dataclass(slots=True)
class Decoded:
    """What a caller would have got: the events, the answer (whole or partial), and the error."""

    events: list[Event]
    response: ChatResponse
    error: StreamkitError | None


class Frames(list[Frame]):
    """The frames of a body; ``rest`` is what its end left without a terminator, or None."""

    rest: Frame | None = None


def pieces(body: bytes, splits: Splits) -> list[bytes]:
    """The body as the reads it arrives in. Offsets outside the body are ignored."""
    if isinstance(splits, int):
        splits = range(splits, len(body), splits)
    inner = sorted({x for x in splits or () if 0 < x < len(body)})
    return [body[a:b] for a, b in pairwise([0, *inner, len(body)]) if b > a]


def frames(body: bytes, *, content_type: str, splits: Splits = None) -> Frames:
    """What the framing layer makes of a body of this content type.

    Raises:
        ConfigurationError: streamkit has no framing for the content type.
        ProtocolError: a frame is longer than the limit.
    """
    framing = _FRAMING_OF.get(content_type.partition(";")[0].strip().lower())
    if framing is None:
        known = ", ".join(_FRAMING_OF)
        raise ConfigurationError(f"no framing for {content_type!r}; there is one for: {known}")
    cut, found = framer(framing), Frames()
    for piece in pieces(body, splits):
        found.extend(cut.feed(piece))
    found.rest = cut.end()
    return found


@dataclass(slots=True)
class _Tape:
    """Plays one recorded answer to a flow."""

    status: int
    headers: Mapping[str, str]
    reads: list[bytes]
    lost: bool = False
    position: int = field(default=0)

    def reply(self, command: object) -> Reply:
        match command:
            case Locate():
                return None
            case Open():
                return Opened(self.status, {k.lower(): v for k, v in self.headers.items()})
            case Read() if self.position < len(self.reads):
                self.position += 1
                return self.reads[self.position - 1]
            case Read() if self.lost:
                return Lost(ConnectionLostError("connection reset by peer"))
            case Read():
                return b""
        return None


def decode(
    adapter: Adapter | str,
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    splits: Splits = None,
    lost: bool = False,
    messages: Messages = "(recorded)",
) -> Decoded:
    """Run the whole engine on a recorded answer, without network, key or retry.

    Args:
        adapter: an adapter, or a model id such as ``"anthropic:any"``.
        body: the response body, as it came over the wire.
        status: the HTTP status it came with.
        headers: its headers.
        splits: where the body is cut into reads; see `Splits`.
        lost: the connection breaks behind the body, instead of ending cleanly.
        messages: the request that was answered, where the decoder wants to know.
    """
    by_hand = [] if isinstance(adapter, str) else [adapter]
    model = adapter if isinstance(adapter, str) else f"{adapter.name}:any"
    call = Setup(adapters=by_hand, retry=Retry.never()).call(model, messages, {})
    call.estimates = False
    call.target = lambda _located: Target("https://recorded.invalid", Endpoint())
    tick = count()
    flow = Flow(call, lambda: next(tick) / 1000)
    tape = _Tape(status, headers or {}, pieces(body, splits), lost)
    run, reply = flow.run(), None
    try:
        command = run.send(None)
        while True:
            reply = tape.reply(command)
            command = run.send(reply)
    except StopIteration:
        return Decoded(list(flow.events), flow.snapshot(), flow.error)
