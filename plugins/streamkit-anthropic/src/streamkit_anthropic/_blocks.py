"""Content blocks of one Anthropic message, as chunks.

Text and thinking stream; so does the ``input`` of tool calls, the caller's and the vendor's own.
``input`` at a block's start is ``{}`` where deltas follow, and whole where none do. Every other
block comes whole at its start: results of the vendor's tools and all that this file does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamkit.adapter import parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Meta,
    Notice,
    Opaque,
    Reasoning,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Text,
    ToolArguments,
    ToolOpened,
)
from streamkit.reading import count, items, mapping, rest, text
from streamkit.values import ReasoningKind
from streamkit_anthropic._values import SCHEME, citation_of

_NONE: Sequence[Chunk] = ()

_START_FIELDS = frozenset({"type", "index", "content_block"})
_DELTA_FIELDS = frozenset({"type", "index", "delta"})
_STOP_FIELDS = frozenset({"type", "index"})
_TEXT_FIELDS = frozenset({"type", "text", "citations"})
_THINKING_FIELDS = frozenset({"type", "thinking", "signature"})
_REDACTED_FIELDS = frozenset({"type", "data"})
_TOOL_FIELDS = frozenset({"type", "id", "name", "input"})


@dataclass(slots=True)
class _Block:
    """A block that the vendor has opened and not yet closed."""

    key: int
    type: str
    announced: dict[str, Any]
    streamed: bool = False
    pieces: list[str] = field(default_factory=list)

    @property
    def runs_on_server(self) -> bool:
        """``server_tool_use``, ``mcp_tool_use`` and whatever comes after them."""
        return self.type.endswith("_tool_use")


class Blocks:
    """The open blocks, by the index the vendor gave them."""

    __slots__ = ("_count", "_open", "_reasoning_kind")

    def __init__(self, reasoning_kind: ReasoningKind) -> None:
        self._reasoning_kind: ReasoningKind = reasoning_kind
        self._open: dict[int | None, _Block] = {}
        self._count = 0

    # --- events ------------------------------------------------------------------------------

    def start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        chunks = self._begin(count(event.get("index")), mapping(event.get("content_block")))
        return chunks + _unmapped("content_block_start", event, _START_FIELDS)

    def delta(self, event: dict[str, Any]) -> Sequence[Chunk]:
        delta = mapping(event.get("delta"))
        kind = text(delta.get("type"))
        known = _DELTAS.get(kind)
        if known is None:
            return [Opaque(kind or "content_block_delta", event)]
        handler, fields = known
        chunks = handler(self, count(event.get("index")), delta)
        if len(delta) > 2 or len(event) > 3:
            extra = rest(delta, fields) | rest(event, _DELTA_FIELDS)
            if extra:
                return [*chunks, Opaque(kind, extra)]
        return chunks

    def stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        chunks = self._end(count(event.get("index")))
        return chunks + _unmapped("content_block_stop", event, _STOP_FIELDS)

    def whole(self, block: dict[str, Any]) -> list[Chunk]:
        """A finished block, as ``message_start`` may hold them."""
        return self._begin(None, block) + self._end(None)

    # --- start and stop ----------------------------------------------------------------------

    def _begin(self, index: int | None, announced: dict[str, Any]) -> list[Chunk]:
        # Keys count blocks: gateways use an index twice, and blocks in message_start have none.
        key = self._count
        self._count += 1
        block = _Block(key, text(announced.get("type")) or "untyped", announced)
        self._open[index] = block
        match block.type:
            case "text":
                chunks: list[Chunk] = [Text(text(announced.get("text")), key)]
                cited = items(announced.get("citations"))
                chunks += [Cited(citation_of(mapping(c)), key) for c in cited]
                return chunks + _unmapped("text", announced, _TEXT_FIELDS)
            case "thinking":
                chunks = [Reasoning(text(announced.get("thinking")), key, 0, self._reasoning_kind)]
                if signature := text(announced.get("signature")):
                    chunks.append(Signature(signature, SCHEME, key))
                return chunks + _unmapped("thinking", announced, _THINKING_FIELDS)
            case "redacted_thinking":
                chunks = [Reasoning("", key, 0, "redacted")]
                if data := text(announced.get("data")):
                    chunks.append(Signature(data, SCHEME, key))
                return chunks + _unmapped("redacted_thinking", announced, _REDACTED_FIELDS)
            case "tool_use":
                name, id_ = text(announced.get("name")), text(announced.get("id")) or None
                own = rest(announced, _TOOL_FIELDS)
                return [ToolOpened(key, name, id_, vendor={SCHEME: own} if own else None)]
            case "fallback":
                model = text(mapping(announced.get("to")).get("model"))
                notice = Notice("fallback", f"another model answers: {model}", data=announced)
                return [_item(block, announced), notice, Meta(model=model or None)]
            case kind if kind == "compaction" or block.runs_on_server:
                id_, name = text(announced.get("id")) or None, text(announced.get("name"))
                return [ServerToolOpened(key, kind, id_, name or None)]
            case _:
                return [_item(block, announced)]

    def _end(self, index: int | None) -> list[Chunk]:
        block = self._open.pop(index, None)
        if block is None:
            return []
        if block.type in ("text", "thinking", "redacted_thinking"):
            return [Closed(block.key)]
        if block.type == "tool_use":
            whole = "" if block.streamed else _input_text(block.announced)
            closed = Closed(block.key)
            return [ToolArguments(block.key, whole), closed] if whole else [closed]
        if block.type == "compaction":
            return [_item(block, block.announced)]
        return _end_server_tool(block) if block.runs_on_server else []

    # --- deltas ------------------------------------------------------------------------------

    def _key(self, index: int | None, type_: str) -> int | None:
        """The key of the open block at ``index`` if it is of this type.

        Without one the delta stands for itself: it must not reach a block of another type, and
        gateways that leave out content_block_start still bring words.
        """
        block = self._open.get(index)
        return block.key if block is not None and block.type == type_ else None

    def _text_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        words = text(delta.get("text"))
        return [Text(words, self._key(index, "text"))] if words else _NONE

    def _thinking_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        words = text(delta.get("thinking"))
        if not words:
            return _NONE
        return [Reasoning(words, self._key(index, "thinking"), 0, self._reasoning_kind)]

    def _signature_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        signature = text(delta.get("signature"))
        block = self._open.get(index)
        key = None if block is None else block.key
        return [Signature(signature, SCHEME, key)] if signature else _NONE

    def _citations_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        return [Cited(citation_of(mapping(delta.get("citation"))), self._key(index, "text"))]

    def _input_json_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        piece = text(delta.get("partial_json"))
        if not piece:
            return _NONE
        block = self._open.get(index)
        if block is None:
            return [Opaque("input_json_delta", delta)]
        if block.type == "tool_use":
            block.streamed = True
            return [ToolArguments(block.key, piece)]
        if block.runs_on_server:
            block.pieces.append(piece)
            return [ServerToolArguments(block.key, piece)]
        # Gateways send these for result blocks, where they belong to nothing.
        return [Opaque("input_json_delta", delta)]

    def _compaction_delta(self, index: int | None, delta: dict[str, Any]) -> Sequence[Chunk]:
        block = self._open.get(index)
        if block is None or block.type != "compaction":
            return [Opaque("compaction_delta", delta)]
        block.announced.update(rest(delta, frozenset({"type"})))
        return _NONE


_DeltaHandler = Callable[[Blocks, int | None, dict[str, Any]], Sequence[Chunk]]

_DELTAS: dict[str, tuple[_DeltaHandler, frozenset[str]]] = {
    "text_delta": (Blocks._text_delta, frozenset({"type", "text"})),
    "thinking_delta": (Blocks._thinking_delta, frozenset({"type", "thinking"})),
    "signature_delta": (Blocks._signature_delta, frozenset({"type", "signature"})),
    "citations_delta": (Blocks._citations_delta, frozenset({"type", "citation"})),
    "input_json_delta": (Blocks._input_json_delta, frozenset({"type", "partial_json"})),
    "compaction_delta": (
        Blocks._compaction_delta,
        frozenset({"type", "content", "encrypted_content"}),
    ),
}


def _end_server_tool(block: _Block) -> list[Chunk]:
    if not block.pieces:
        whole = _input_text(block.announced)
        item = _item(block, block.announced)
        return [ServerToolArguments(block.key, whole), item] if whole else [item]
    source = "".join(block.pieces)
    try:
        return [_item(block, block.announced | {"input": parse_json(source)})]
    except ValueError:
        # What could not be sent back is not whole: the part stays open, the words stay known.
        return [Opaque(block.type, block.announced | {"input": source})]


def _item(block: _Block, payload: dict[str, Any]) -> Item:
    id_ = text(payload.get("id")) or text(payload.get("tool_use_id"))
    return Item(block.type, payload, block.key, id_ or None, text(payload.get("name")) or None)


def _input_text(announced: Mapping[str, Any]) -> str:
    """The input that came with the block's start, as JSON text; "" if there is none."""
    value = announced.get("input")
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""


def _unmapped(kind: str, fields: Mapping[str, Any], known: frozenset[str]) -> list[Chunk]:
    extra = rest(fields, known)
    return [Opaque(kind, extra)] if extra else []
