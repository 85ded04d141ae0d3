"""Reads a stream of the Anthropic Messages API: one decoder serves one attempt.

    stream = message_start, { ping | block }, { message_delta }, message_stop
    block  = content_block_start, { content_block_delta | ping }, content_block_stop
    error  = "error" at any point; nothing follows

Source: https://platform.claude.com/docs/en/build-with-claude/streaming. What recorded streams
taught beyond that page: ``message_start`` may hold finished blocks and the stop reason, which makes
a stream of two events; gateways repeat ``message_start``, and drop event names or types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    End,
    Fault,
    Meta,
    Notice,
    Opaque,
    Refusal,
    Stop,
    UsageReport,
)
from streamkit.faults import fault_from_error
from streamkit.reading import items, mapping, rest, text
from streamkit.values import ReasoningKind
from streamkit_anthropic._blocks import Blocks
from streamkit_anthropic._values import FINISH_REASONS, usage_of

_NOTICES = {
    "context_management": "the vendor edited the context",
    "input_transformations": "the vendor changed the input",
}
_TYPE = frozenset({"type"})
_START_EVENT_FIELDS = frozenset({"type", "message"})
_STOP_FIELDS = frozenset({"stop_reason", "stop_sequence"})
_MESSAGE_FIELDS = _STOP_FIELDS.union(_NOTICES, {"type", "role", "id", "model", "content", "usage"})
_DELTA_EVENT_FIELDS = frozenset({"type", "delta", "usage"}).union(_NOTICES)

# Far more than there are. Merging a usage object that grows with every event would be quadratic.
_MAX_USAGE_FIELDS = 256

_NONE: Sequence[Chunk] = ()


class MessagesDecoder(Decoder):
    """Decodes one attempt.

    With ``lenient_end`` a clean end of the body after a stop reason counts as the end mark: some
    imitators never send ``message_stop``. ``reasoning_kind`` is what thinking text is (the wire
    does not say: it depends on the ``display`` asked for).
    """

    __slots__ = (
        "_blocks",
        "_done",
        "_held_stop",
        "_id",
        "_lenient_end",
        "_started",
        "_stopped",
        "_usage",
    )

    def __init__(self, *, lenient_end: bool = False, reasoning_kind: ReasoningKind = "raw") -> None:
        self._lenient_end = lenient_end
        self._blocks = Blocks(reasoning_kind)
        self._started = False
        self._id: Any = None
        self._usage: dict[str, Any] = {}
        # What message_start said of a stop: content may follow it, so it counts only at the end.
        self._held_stop: Mapping[str, Any] = {}
        self._stopped: str | None = None
        self._done = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._done or not frame.data:
            return _NONE
        try:
            event = parse_json(frame.data)
        except ValueError:
            if frame.data.startswith("[DONE]"):  # OpenAI's sentinel, from gateways that add it
                return [Opaque("[DONE]", frame.data)]
            return self._fail(malformed(frame, "an event that is not JSON"))
        if not isinstance(event, dict):
            return self._fail(malformed(frame, "an event that is not a JSON object"))
        type_ = event.get("type") or frame.event
        if type_ == "content_block_delta":
            return self._blocks.delta(event)
        handler = _HANDLERS.get(type_) if isinstance(type_, str) else None
        if handler is not None:
            return handler(self, event)
        if event.get("error") and not event.get("type"):
            return self._error(event)
        return [Opaque(str(type_ or "untyped"), event)]

    def close(self) -> Sequence[Chunk]:
        if self._done:
            return _NONE
        self._done = True
        chunks = self._stop(self._held_stop) if self._stopped is None else []
        if self._lenient_end and self._stopped is not None:
            chunks.append(End())
        return chunks

    # --- events ------------------------------------------------------------------------------

    def _message_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        message = mapping(event.get("message"))
        id_ = message.get("id")
        if self._started:
            if id_ is None or id_ == self._id:
                return _NONE
            problem = "a second message_start, with another id, inside an open message"
            return self._fail(Fault(kind="protocol", message=problem, body=event))
        self._started = True
        self._id = id_
        self._held_stop = message
        vendor = rest(event, _START_EVENT_FIELDS) | rest(message, _MESSAGE_FIELDS)
        model = text(message.get("model")) or None
        chunks: list[Chunk] = [Meta(text(id_) or None, model, vendor or None)]
        chunks += _notices(message)
        chunks += self._count(message.get("usage"))
        for block in items(message.get("content")):
            chunks += self._blocks.whole(mapping(block))
        return chunks

    def _message_delta(self, event: dict[str, Any]) -> Sequence[Chunk]:
        delta = mapping(event.get("delta"))
        vendor = rest(event, _DELTA_EVENT_FIELDS) | rest(delta, _STOP_FIELDS)
        chunks: list[Chunk] = [Meta(vendor=vendor)] if vendor else []
        chunks += _notices(event)
        chunks += self._count(event.get("usage"))
        chunks += self._stop(delta)
        return chunks

    def _message_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        self._done = True
        vendor = rest(event, _TYPE)  # Bedrock attaches its invocation metrics here
        chunks: list[Chunk] = [Meta(vendor=vendor)] if vendor else []
        if self._stopped is None:
            chunks += self._stop(self._held_stop)
        chunks.append(End())
        return chunks

    def _block_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._blocks.start(event)

    def _block_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._blocks.stop(event)

    def _ping(self, _event: dict[str, Any]) -> Sequence[Chunk]:
        return _NONE

    def _vertex_event(self, event: dict[str, Any]) -> Sequence[Chunk]:
        """Google's own, on Vertex AI and behind proxies to it: usage by tiers (vercel/ai#11309)."""
        return [Notice("vertex_event", data=rest(event, _TYPE))]

    def _error(self, event: dict[str, Any]) -> Sequence[Chunk]:
        error = event.get("error") or rest(event, _TYPE)
        return self._fail(fault_from_error(error, request_id=text(event.get("request_id")) or None))

    def _fail(self, fault: Fault) -> Sequence[Chunk]:
        self._done = True
        return [fault]

    # --- usage and stop ----------------------------------------------------------------------

    def _count(self, usage: Any) -> list[Chunk]:
        """Later counts are running totals; what a later report leaves out or nulls still holds."""
        if not isinstance(usage, dict) or not usage:
            return []
        known = self._usage if len(self._usage) < _MAX_USAGE_FIELDS else {}
        self._usage = known | {k: v for k, v in usage.items() if v is not None or k not in known}
        return [UsageReport(usage_of(self._usage))]

    def _stop(self, fields: Mapping[str, Any]) -> list[Chunk]:
        """The stop that ``fields`` report, if they do.

        Told at once rather than with message_stop: a line lost between the two cut nothing off.
        """
        reason = fields.get("stop_reason")
        if not isinstance(reason, str) or reason == self._stopped:
            return []
        self._stopped = reason
        chunks: list[Chunk] = []
        if reason == "refusal":
            chunks.append(Refusal(text(mapping(fields.get("stop_details")).get("explanation"))))
        sequence = text(fields.get("stop_sequence")) or None
        return [*chunks, Stop(FINISH_REASONS.get(reason, "other"), reason, sequence=sequence)]


_HANDLERS: dict[str, Callable[[MessagesDecoder, dict[str, Any]], Sequence[Chunk]]] = {
    "message_start": MessagesDecoder._message_start,
    "content_block_start": MessagesDecoder._block_start,
    "content_block_stop": MessagesDecoder._block_stop,
    "message_delta": MessagesDecoder._message_delta,
    "message_stop": MessagesDecoder._message_stop,
    "ping": MessagesDecoder._ping,
    "vertex_event": MessagesDecoder._vertex_event,
    "error": MessagesDecoder._error,
}


def _notices(fields: Mapping[str, Any]) -> list[Chunk]:
    return [
        Notice(code, message, data={code: fields[code]})
        for code, message in _NOTICES.items()
        if fields.get(code) is not None
    ]
