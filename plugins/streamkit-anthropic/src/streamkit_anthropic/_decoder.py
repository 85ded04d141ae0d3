"""Reads a stream of the Anthropic Messages API: one decoder serves one attempt.

    stream = message_start, { ping | block }, { message_delta }, message_stop
    block  = content_block_start, { content_block_delta | ping }, content_block_stop
    error  = "error" at any point; nothing follows

Source: https://platform.claude.com/docs/en/build-with-claude/streaming, and recorded streams. What
recordings taught beyond that page:

- ``message_start`` may hold finished blocks and the stop reason: a stream of two events.
- ``input`` of a tool block is ``{}`` where deltas follow, and whole where none do.
- Gateways repeat ``message_start``, leave out ``content_block_start``, drop event names, and send
  ``input_json_delta`` inside result blocks, where it means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    End,
    Fault,
    Item,
    Meta,
    Notice,
    Opaque,
    Reasoning,
    Refusal,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.faults import fault_from_error
from streamkit.values import FinishReason, ReasoningKind

from ._values import citation_of, usage_of

SCHEME = "anthropic"
"""The scheme of thinking signatures, so that they go back only to those who can read them."""

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
    "pause_turn": "pause",
    "compaction": "pause",
}

_NONE: Sequence[Chunk] = ()


@dataclass(slots=True)
class _Block:
    """A content block that the vendor has opened and not yet closed."""

    key: int
    type: str
    announced: dict[str, Any]
    streamed: bool = False
    pieces: list[str] = field(default_factory=list)

    @property
    def runs_on_server(self) -> bool:
        """``server_tool_use``, ``mcp_tool_use`` and whatever comes after them."""
        return self.type.endswith("_tool_use")


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
        "_keys",
        "_lenient_end",
        "_reasoning_kind",
        "_started",
        "_stopped",
        "_usage",
    )

    def __init__(self, *, lenient_end: bool = False, reasoning_kind: ReasoningKind = "raw") -> None:
        self._lenient_end = lenient_end
        self._reasoning_kind: ReasoningKind = reasoning_kind
        self._blocks: dict[int | None, _Block] = {}
        # Keys count blocks, since an index may be used twice (message_start's blocks have none).
        self._keys = 0
        self._started = False
        self._id: Any = None
        self._usage: dict[str, Any] = {}
        self._held_stop: Mapping[str, Any] = {}
        self._stopped: str | None = None
        self._done = False

    # --- the contract ------------------------------------------------------------------------

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
        kind = event.get("type") or frame.event
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is not None:
            return handler(self, event)
        if "error" in event and not event.get("type"):
            return self._error(event)
        return [Opaque(str(kind or "untyped"), event)]

    def close(self) -> Sequence[Chunk]:
        if self._done:
            return _NONE
        self._done = True
        chunks = self._stop(self._held_stop) if self._stopped is None else []
        if self._lenient_end and self._stopped is not None:
            chunks.append(End())
        return chunks

    # --- the message -------------------------------------------------------------------------

    def _message_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        message = _mapping(event.get("message"))
        if self._started:
            if message.get("id") == self._id:
                return _NONE
            return self._fail(
                Fault(
                    kind="protocol",
                    message="a second message_start with another id inside an open message",
                    body=event,
                )
            )
        self._started = True
        self._id = message.get("id")
        self._held_stop = message
        chunks: list[Chunk] = [
            Meta(
                id=_text(self._id) or None,
                model=_text(message.get("model")) or None,
                vendor=_rest(message, _MESSAGE_FIELDS) or None,
            )
        ]
        chunks += self._notices(message)
        chunks += self._count(message.get("usage"))
        for block in _list(message.get("content")):
            chunks += self._open(None, _mapping(block))
            chunks += self._close(None)
        return chunks

    def _message_delta(self, event: dict[str, Any]) -> Sequence[Chunk]:
        delta = _mapping(event.get("delta"))
        chunks: list[Chunk] = []
        vendor = _rest(event, _MESSAGE_DELTA_FIELDS) | _rest(delta, _STOP_FIELDS)
        if vendor:
            chunks.append(Meta(vendor=vendor))
        chunks += self._notices(event)
        chunks += self._count(event.get("usage"))
        chunks += self._stop(delta)
        return chunks

    def _message_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        self._done = True
        chunks: list[Chunk] = []
        if vendor := _rest(event, _TYPE):  # Bedrock attaches its invocation metrics here
            chunks.append(Meta(vendor=vendor))
        if self._stopped is None:
            chunks += self._stop(self._held_stop)
        chunks.append(End())
        return chunks

    def _stop(self, fields: Mapping[str, Any]) -> list[Chunk]:
        """The stop that ``fields`` (of a delta, or of message_start) report, if they do.

        Told at once rather than with message_stop: a line lost between the two cut nothing off.
        """
        reason = fields.get("stop_reason")
        if not isinstance(reason, str) or reason == self._stopped:
            return []
        self._stopped = reason
        chunks: list[Chunk] = []
        if reason == "refusal":
            details = _mapping(fields.get("stop_details"))
            chunks.append(Refusal(_text(details.get("explanation"))))
        sequence = _text(fields.get("stop_sequence")) or None
        chunks.append(Stop(FINISH_REASONS.get(reason, "other"), reason, sequence=sequence))
        return chunks

    def _count(self, usage: Any) -> list[Chunk]:
        """Later counts are running totals; what a later report leaves out or nulls still holds."""
        if not isinstance(usage, dict) or not usage:
            return []
        known = self._usage
        self._usage = known | {k: v for k, v in usage.items() if v is not None or k not in known}
        return [UsageReport(usage_of(self._usage))]

    def _notices(self, fields: Mapping[str, Any]) -> list[Chunk]:
        return [
            Notice(code, _NOTICES[code], data={code: fields[code]})
            for code in _NOTICES
            if fields.get(code) is not None
        ]

    def _ping(self, _event: dict[str, Any]) -> Sequence[Chunk]:
        return _NONE

    def _error(self, event: dict[str, Any]) -> Sequence[Chunk]:
        error = event.get("error") or _rest(event, _TYPE)
        request_id = _text(event.get("request_id")) or None
        return self._fail(fault_from_error(error, request_id=request_id))

    def _fail(self, fault: Fault) -> Sequence[Chunk]:
        self._done = True
        return [fault]

    # --- blocks ------------------------------------------------------------------------------

    def _block_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._open(_index(event), _mapping(event.get("content_block")))

    def _block_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._close(_index(event))

    def _enter(self, index: int | None, type_: str, announced: dict[str, Any]) -> _Block:
        block = self._blocks[index] = _Block(self._keys, type_, announced)
        self._keys += 1
        return block

    def _open(self, index: int | None, announced: dict[str, Any]) -> list[Chunk]:
        block = self._enter(index, _text(announced.get("type")) or "untyped", announced)
        key = block.key
        match block.type:
            case "text":
                chunks: list[Chunk] = [Text(_text(announced.get("text")), key)]
                cited = _list(announced.get("citations"))
                chunks += [Cited(citation_of(_mapping(c)), key) for c in cited]
                return chunks + _unmapped("text", announced, _TEXT_FIELDS)
            case "thinking":
                chunks = [Reasoning(_text(announced.get("thinking")), key, 0, self._reasoning_kind)]
                if signature := _text(announced.get("signature")):
                    chunks.append(Signature(signature, SCHEME, key))
                return chunks + _unmapped("thinking", announced, _THINKING_FIELDS)
            case "redacted_thinking":
                data = _text(announced.get("data"))
                chunks = [Reasoning("", key, 0, "redacted"), Signature(data, SCHEME, key)]
                return chunks + _unmapped("redacted_thinking", announced, _REDACTED_FIELDS)
            case "tool_use":
                name, id_ = _text(announced.get("name")), _text(announced.get("id"))
                vendor = _rest(announced, _TOOL_FIELDS)
                return [ToolOpened(key, name, id_ or None, vendor=vendor or None)]
            case "fallback":
                to = _text(_mapping(announced.get("to")).get("model"))
                return [
                    self._item(block, announced),
                    Notice("fallback", f"another model answers: {to}", data=announced),
                    Meta(model=to or None),
                ]
            case kind if kind == "compaction" or block.runs_on_server:
                id_, name = _text(announced.get("id")), _text(announced.get("name"))
                return [ServerToolOpened(key, kind, id_ or None, name or None)]
            case _:
                # Results and everything unknown come whole; deltas of theirs come as Opaque.
                return [self._item(block, announced)]

    def _close(self, index: int | None) -> list[Chunk]:
        block = self._blocks.pop(index, None)
        if block is None:
            return []
        if block.type in ("text", "thinking", "redacted_thinking"):
            return [Closed(block.key)]
        if block.type == "tool_use":
            chunks: list[Chunk] = []
            if not block.streamed and (whole := _whole_input(block.announced)):
                chunks.append(ToolArguments(block.key, whole))
            return [*chunks, Closed(block.key)]
        if block.type == "compaction":
            return [self._item(block, block.announced)]
        if block.runs_on_server:
            return self._close_server_tool(block)
        return []

    def _close_server_tool(self, block: _Block) -> list[Chunk]:
        if not block.pieces:
            chunks: list[Chunk] = []
            if whole := _whole_input(block.announced):
                chunks.append(ServerToolArguments(block.key, whole))
            return [*chunks, self._item(block, block.announced)]
        text = "".join(block.pieces)
        try:
            payload = block.announced | {"input": parse_json(text)}
        except ValueError:
            # A block that could not be sent back is not whole: the part stays open.
            return [Opaque(block.type, block.announced | {"input": text})]
        return [self._item(block, payload)]

    def _item(self, block: _Block, payload: dict[str, Any]) -> Item:
        id_ = _text(payload.get("id")) or _text(payload.get("tool_use_id")) or None
        return Item(block.type, payload, block.key, id_, _text(payload.get("name")) or None)

    # --- deltas ------------------------------------------------------------------------------

    def _block_delta(self, event: dict[str, Any]) -> Sequence[Chunk]:
        delta = _mapping(event.get("delta"))
        kind = delta.get("type")
        handler = _DELTAS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            return [Opaque(_text(kind) or "content_block_delta", event)]
        chunks = handler(self, _index(event), delta)
        if len(delta) > 2 or len(event) > 3:
            extra = _rest(delta, _DELTA_FIELDS) | _rest(event, _BLOCK_DELTA_FIELDS)
            if extra:
                return [*chunks, Opaque(str(kind), extra)]
        return chunks

    def _of_type(self, index: int | None, type_: str) -> _Block:
        """The open block at ``index`` if it is of this type, else a new one.

        A delta must never reach a block of another kind: it would close a tool call.
        """
        block = self._blocks.get(index)
        if block is None or block.type != type_:
            block = self._enter(index, type_, {})
        return block

    def _text_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        text = _text(delta.get("text"))
        return [Text(text, self._of_type(index, "text").key)] if text else _NONE

    def _thinking_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        text = _text(delta.get("thinking"))
        if not text:
            return _NONE
        return [Reasoning(text, self._of_type(index, "thinking").key, 0, self._reasoning_kind)]

    def _signature_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        signature = _text(delta.get("signature"))
        if not signature:
            return _NONE
        return [Signature(signature, SCHEME, self._of_type(index, "thinking").key)]

    def _input_json_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        text = _text(delta.get("partial_json"))
        block = self._blocks.get(index)
        if not text:
            return _NONE
        if block is None:
            return [Opaque("input_json_delta", delta)]
        if block.type == "tool_use":
            block.streamed = True
            return [ToolArguments(block.key, text)]
        if block.runs_on_server:
            block.pieces.append(text)
            return [ServerToolArguments(block.key, text)]
        return _NONE

    def _citations_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        citation = citation_of(_mapping(delta.get("citation")))
        return [Cited(citation, self._of_type(index, "text").key)]

    def _compaction_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        block = self._blocks.get(index)
        if block is None or block.type != "compaction":
            return [Opaque("compaction_delta", delta)]
        block.announced = block.announced | _rest(delta, _TYPE)
        return _NONE


_TYPE = frozenset({"type"})
_STOP_FIELDS = frozenset({"stop_reason", "stop_sequence"})
_NOTICES = {
    "context_management": "the vendor edited the context",
    "input_transformations": "the vendor changed the input",
}
_MESSAGE_FIELDS = (
    _STOP_FIELDS | frozenset(_NOTICES) | {"type", "role", "id", "model", "content", "usage"}
)
_MESSAGE_DELTA_FIELDS = frozenset(_NOTICES) | {"type", "delta", "usage"}
_BLOCK_DELTA_FIELDS = frozenset({"type", "index", "delta"})
_TEXT_FIELDS = frozenset({"type", "text", "citations"})
_THINKING_FIELDS = frozenset({"type", "thinking", "signature"})
_REDACTED_FIELDS = frozenset({"type", "data"})
_TOOL_FIELDS = frozenset({"type", "id", "name", "input"})
_DELTA_FIELDS = frozenset(
    {
        "type",
        "text",
        "thinking",
        "signature",
        "partial_json",
        "citation",
        "content",
        "encrypted_content",
    }
)

_HANDLERS: dict[str, Callable[[MessagesDecoder, dict[str, Any]], Sequence[Chunk]]] = {
    "message_start": MessagesDecoder._message_start,
    "content_block_start": MessagesDecoder._block_start,
    "content_block_delta": MessagesDecoder._block_delta,
    "content_block_stop": MessagesDecoder._block_stop,
    "message_delta": MessagesDecoder._message_delta,
    "message_stop": MessagesDecoder._message_stop,
    "ping": MessagesDecoder._ping,
    "error": MessagesDecoder._error,
}

_DELTAS: dict[str, Callable[[MessagesDecoder, int | None, dict[str, Any]], Sequence[Chunk]]] = {
    "text_delta": MessagesDecoder._text_delta,
    "thinking_delta": MessagesDecoder._thinking_delta,
    "signature_delta": MessagesDecoder._signature_delta,
    "input_json_delta": MessagesDecoder._input_json_delta,
    "citations_delta": MessagesDecoder._citations_delta,
    "compaction_delta": MessagesDecoder._compaction_delta,
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _index(event: dict[str, Any]) -> int | None:
    index = event.get("index")
    return index if isinstance(index, int) else None


def _rest(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if k not in known and v is not None}


def _unmapped(kind: str, fields: Mapping[str, Any], known: frozenset[str]) -> list[Chunk]:
    rest = _rest(fields, known)
    return [Opaque(kind, rest)] if rest else []


def _whole_input(announced: Mapping[str, Any]) -> str:
    """The input that came with the block's start, as JSON text; "" if there is none."""
    value = announced.get("input")
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""
