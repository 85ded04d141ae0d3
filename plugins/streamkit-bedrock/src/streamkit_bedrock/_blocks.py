"""Content blocks of one Converse message, as chunks.

Text and reasoning begin with their first delta; calls, results of Bedrock's own tools and images
are announced. Only an index names a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamkit.adapter import parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Media,
    Opaque,
    Reasoning,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Text,
    ToolArguments,
    ToolOpened,
)
from streamkit.reading import count, items, mapping, text
from streamkit_bedrock._values import PADDING, SCHEME, citation_of, rest

SERVER_TOOL = "server_tool_use"

_NONE: Sequence[Chunk] = ()


@dataclass(slots=True)
class _Block:
    """An open block. ``kind`` is the field that its deltas come in; ``payload`` its start."""

    key: int
    kind: str
    payload: dict[str, Any]
    pieces: list[Any] = field(default_factory=list)

    @property
    def runs_on_server(self) -> bool:
        return self.payload.get("type") == SERVER_TOOL


class Blocks:
    """The open blocks, by the index the vendor gave them."""

    __slots__ = ("_count", "_open")

    def __init__(self) -> None:
        self._open: dict[int | None, _Block] = {}
        self._count = 0

    # --- events ----------------------------------------------------------------------------------

    def start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        announced = mapping(event.get("start"))
        kind = next((kind for kind in _STARTS if isinstance(announced.get(kind), dict)), None)
        if kind is None:
            told = rest(event)
            # An empty start says no more than that text or reasoning follows.
            empty = rest(told, "contentBlockIndex") == {"start": {}}
            return _NONE if empty else [Opaque("contentBlockStart", told)]
        index = count(event.get("contentBlockIndex"))
        chunks = self._end(index)
        block = self._begin(index, kind, announced[kind])
        chunks += _STARTS[kind](block)
        unknown = rest(announced, kind) | rest(event, "contentBlockIndex", "start")
        return [*chunks, Opaque("contentBlockStart", unknown)] if unknown else chunks

    def delta(self, event: dict[str, Any]) -> Sequence[Chunk]:
        index, delta = count(event.get("contentBlockIndex")), event.get("delta")
        if not isinstance(delta, dict):
            return [Opaque("contentBlockDelta", rest(event))]
        words = delta.get("text")
        if type(words) is str and len(delta) == 1 and len(event) == 2 + (PADDING in event):
            return self._text(index, words)
        chunks: list[Chunk] = []
        for kind, value in delta.items():
            read = _DELTAS.get(kind)
            chunks += read(self, index, value) if read else [Opaque(kind, delta)]
        unknown = rest(event, "contentBlockIndex", "delta")
        return [*chunks, Opaque("contentBlockDelta", unknown)] if unknown else chunks

    def stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        chunks = self._end(count(event.get("contentBlockIndex")))
        unknown = rest(event, "contentBlockIndex")
        return [*chunks, Opaque("contentBlockStop", unknown)] if unknown else chunks

    # --- blocks ----------------------------------------------------------------------------------

    def _begin(self, index: int | None, kind: str, payload: dict[str, Any]) -> _Block:
        # Keys count blocks, so that an index that is used twice mixes nothing up.
        block = self._open[index] = _Block(self._count, kind, payload)
        self._count += 1
        return block

    def _at(self, index: int | None, kind: str) -> _Block | None:
        block = self._open.get(index)
        return block if block is not None and block.kind == kind else None

    def _end(self, index: int | None) -> list[Chunk]:
        block = self._open.pop(index, None)
        if block is None:
            return []
        if block.kind == "toolResult":
            content = [{"text": "".join(p)} if isinstance(p, list) else p for p in block.pieces]
            result = {"toolResult": block.payload | {"content": content}}
            return [Item("toolResult", result, block.key)]
        if block.kind == "toolUse" and block.runs_on_server:
            return [_server_call(block)]
        return [Closed(block.key)]

    # --- deltas ----------------------------------------------------------------------------------

    def _unannounced(self, index: int | None, kind: str) -> tuple[_Block, list[Chunk]]:
        """The open block of text or reasoning; it begins here, and ends another, if need be."""
        block = self._at(index, kind)
        if block is not None:
            return block, []
        chunks = self._end(index)
        return self._begin(index, kind, {}), chunks

    def _text(self, index: int | None, words: Any) -> Sequence[Chunk]:
        block = self._open.get(index)
        chunks: list[Chunk] = []
        if block is None or block.kind != "text":
            block, chunks = self._unannounced(index, "text")
        if not isinstance(words, str):
            return [*chunks, Opaque("text", words)]
        return [*chunks, Text(words, block.key)] if words else chunks

    def _cited(self, index: int | None, citation: Any) -> Sequence[Chunk]:
        block, chunks = self._unannounced(index, "text")
        return [*chunks, Cited(citation_of(mapping(citation)), block.key)]

    def _reasoning(self, index: int | None, value: Any) -> Sequence[Chunk]:
        piece = mapping(value)
        block, chunks = self._unannounced(index, "reasoningContent")
        if words := text(piece.get("text")):
            chunks.append(Reasoning(words, block.key))
        if signature := text(piece.get("signature")):
            chunks.append(Signature(signature, SCHEME, block.key))
        if hidden := text(piece.get("redactedContent")):
            chunks.append(Reasoning("", block.key, 0, "redacted"))
            chunks.append(Signature(hidden, SCHEME, block.key))
        unknown = rest(piece, "text", "signature", "redactedContent")
        return [*chunks, Opaque("reasoningContent", unknown)] if unknown else chunks

    def _tool_use(self, index: int | None, value: Any) -> Sequence[Chunk]:
        block, piece = self._at(index, "toolUse"), mapping(value)
        unknown = piece if block is None else rest(piece, "input")
        chunks: list[Chunk] = [Opaque("toolUse", unknown)] if unknown else []
        words = text(piece.get("input"))
        if block is None or not words:
            return chunks
        if not block.runs_on_server:
            return [ToolArguments(block.key, words), *chunks]
        block.pieces.append(words)
        return [ServerToolArguments(block.key, words), *chunks]

    def _tool_result(self, index: int | None, value: Any) -> Sequence[Chunk]:
        block = self._at(index, "toolResult")
        if block is None:
            return [Opaque("toolResult", value)]
        chunks: list[Chunk] = []
        for piece in items(value):
            match piece:
                case {"text": str(words), **others} if not others:
                    # Words come in pieces of one block.
                    if not block.pieces or not isinstance(block.pieces[-1], list):
                        block.pieces.append([])
                    block.pieces[-1].append(words)
                case dict():
                    block.pieces.append(piece)
                case _:
                    chunks.append(Opaque("toolResult", piece))
        return chunks

    def _image(self, index: int | None, value: Any) -> Sequence[Chunk]:
        block, piece = self._at(index, "image"), mapping(value)
        if block is None:
            return [Opaque("image", value)]
        source = mapping(piece.get("source"))
        url = text(mapping(source.get("s3Location")).get("uri")) or None
        data = text(source.get("bytes"))
        chunks: list[Chunk] = []
        if data or url:
            media_type = f"image/{text(block.payload.get('format')) or 'png'}"
            chunks.append(Media(media_type, data, url, block.key))
        unknown = rest(piece, "source")  # an error, in place of the image
        return [*chunks, Opaque("image", unknown)] if unknown else chunks


# --- what a start announces ----------------------------------------------------------------------


def _tool_opened(block: _Block) -> list[Chunk]:
    id_, name = text(block.payload.get("toolUseId")) or None, text(block.payload.get("name"))
    if block.runs_on_server:
        return [ServerToolOpened(block.key, SERVER_TOOL, id_, name or None)]
    unknown = rest(block.payload, "toolUseId", "name", "type")
    opened = ToolOpened(block.key, name, id_)
    return [opened, Opaque("toolUse", unknown)] if unknown else [opened]


def _result_opened(block: _Block) -> list[Chunk]:
    return [ServerToolOpened(block.key, "toolResult")]


def _image_opened(block: _Block) -> list[Chunk]:
    unknown = rest(block.payload, "format")
    return [Opaque("image", unknown)] if unknown else []


def _server_call(block: _Block) -> Chunk:
    source = "".join(block.pieces)
    try:
        called = block.payload | {"input": parse_json(source) if source else {}}
    except ValueError:
        # What could not be sent back is not whole: the part stays open, the words stay known.
        return Opaque(SERVER_TOOL, block.payload | {"input": source})
    id_, name = text(called.get("toolUseId")) or None, text(called.get("name")) or None
    return Item(SERVER_TOOL, {"toolUse": called}, block.key, id_, name)


_STARTS: dict[str, Callable[[_Block], list[Chunk]]] = {
    "toolUse": _tool_opened,
    "toolResult": _result_opened,
    "image": _image_opened,
}

_DELTAS: dict[str, Callable[[Blocks, int | None, Any], Sequence[Chunk]]] = {
    "text": Blocks._text,
    "toolUse": Blocks._tool_use,
    "toolResult": Blocks._tool_result,
    "reasoningContent": Blocks._reasoning,
    "citation": Blocks._cited,
    "image": Blocks._image,
}
