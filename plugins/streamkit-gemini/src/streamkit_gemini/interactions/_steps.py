"""The steps of one interaction: thoughts, output, calls, and what the vendor's own tools do.

A step begins with what is known of it, gets deltas, and stops. Thoughts and output are words; a
call's arguments are pieces of JSON; every other step is collected, to go back as it came.
"""

from __future__ import annotations

import json
from typing import Any

from streamkit.adapter import parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Key,
    Media,
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
from streamkit.reading import items, mapping, rest, text
from streamkit_gemini.interactions._values import SCHEME, citation_of

_CALL_FIELDS = frozenset({"type", "id", "name", "arguments"})
_MEDIA = frozenset({"image", "audio", "video", "document"})
_WORDS = frozenset({"type", "text", "annotations"})


class Step:
    """One step as far as it has been received. ``number`` counts the steps of the stream."""

    def __init__(self, number: int, announced: dict[str, Any]) -> None:
        self.number = number
        self.type = text(announced.get("type")) or "step"
        self._payload = dict(announced)
        self._key: Key = ("step", number)
        self._pieces: list[str] = []
        self._parts = 0
        self._part: tuple[str, Key] | None = None
        """Kind and key of the content that runs on, in a step of output."""
        self._words = bytearray()
        self._thought = False

    @property
    def is_call(self) -> bool:
        """Whether it is for the caller to act on."""
        return self.type == "function_call"

    # --- begin and end ---------------------------------------------------------------------

    def start(self, out: list[Chunk]) -> None:
        """What its announcement says. Content that is whole already is told at once."""
        payload = self._payload
        id_ = text(payload.get("id")) or None
        match self.type:
            case "thought":
                for content in items(payload.get("summary")):
                    self.delta({"type": "thought_summary", "content": content}, out)
                self._sign(text(payload.get("signature")), out)
            case "model_output":
                for content in items(payload.get("content")):
                    self.delta(mapping(content), out)
                if payload.get("error"):
                    out.append(Notice("model_output.error", data=mapping(payload["error"])))
            case "function_call":
                own = rest(payload, _CALL_FIELDS)
                vendor = {SCHEME: own} if own else None
                out.append(ToolOpened(self._key, text(payload.get("name")), id_, vendor=vendor))
            case kind:
                name = text(payload.get("name")) or None
                out.append(ServerToolOpened(self._key, kind, id_, name))

    def stop(self, out: list[Chunk]) -> None:
        """The vendor says that the step is whole."""
        match self.type:
            case "thought":
                if self._thought:
                    out.append(Closed(self._key))
            case "model_output":
                self._end_part(out)
            case "function_call":
                announced = self._payload.get("arguments")
                if not self._pieces and isinstance(announced, dict) and announced:
                    source = json.dumps(announced, ensure_ascii=False)
                    out.append(ToolArguments(self._key, source))
                out.append(Closed(self._key))
            case _:
                self._collected(out)

    def _collected(self, out: list[Chunk]) -> None:
        payload = self._payload
        if self._pieces:
            source = "".join(self._pieces)
            try:
                payload = payload | {"arguments": parse_json(source)}
            except ValueError:
                # What could not be sent back is not whole: the part stays open.
                out.append(Opaque(self.type, payload | {"arguments": source}))
                return
        id_ = text(payload.get("id")) or None
        out.append(Item(self.type, payload, self._key, id_, text(payload.get("name")) or None))

    # --- deltas ----------------------------------------------------------------------------

    def delta(self, delta: dict[str, Any], out: list[Chunk]) -> None:
        """One piece."""
        match self.type, text(delta.get("type")):
            case "model_output", "text":
                self._text(delta, out)
            case "model_output", "text_annotation_delta":
                self._cite(delta.get("annotations"), out)
            case "model_output", kind if kind in _MEDIA:
                self._media(kind, delta, out)
            case "thought", "thought_summary":
                self._think(delta, out)
            case "thought", "thought_signature":
                self._sign(text(delta.get("signature")), out)
            case (("thought" | "model_output"), kind):
                out.append(Opaque(kind or "delta", delta))
            case _, "arguments_delta" if isinstance(delta.get("arguments"), str):
                self._arguments(delta["arguments"], out)
            case "function_call", kind:
                out.append(Opaque(kind or "delta", delta))
            case _:
                self._collect(delta)

    def _text(self, delta: dict[str, Any], out: list[Chunk]) -> None:
        if self._part is None or self._part[0] != "text":
            self._begin_part("text", out)
        key = self._part[1] if self._part else None
        words = text(delta.get("text"))
        if words:
            self._words += words.encode("utf-8", "surrogatepass")
            out.append(Text(words, key))
        if len(delta) > 2:
            self._cite(delta.get("annotations"), out)
            if extra := rest(delta, _WORDS):
                out.append(Opaque("text", extra))

    def _cite(self, annotations: Any, out: list[Chunk]) -> None:
        key = self._part[1] if self._part and self._part[0] == "text" else None
        for annotation in items(annotations):
            citation = citation_of(mapping(annotation), key, self._words)
            out.append(Cited(citation, key))

    def _media(self, kind: str, delta: dict[str, Any], out: list[Chunk]) -> None:
        media_type, url = text(delta.get("mime_type")) or kind, text(delta.get("uri")) or None
        if kind == "audio":
            named = {"rate": "sample_rate", "channels": "channels"}
            facts = [f"{n}={delta[f]}" for n, f in named.items() if isinstance(delta.get(f), int)]
            media_type = ";".join([media_type, *facts])
        data = "" if url else text(delta.get("data"))
        if not (data or url):
            out.append(Opaque(kind, delta))
            return
        if self._part is None or self._part[0] != media_type or kind != "audio":
            self._begin_part(media_type, out)
        out.append(Media(media_type, data, url, self._part[1] if self._part else None))

    def _begin_part(self, kind: str, out: list[Chunk]) -> None:
        self._end_part(out)
        self._parts += 1
        self._part = (kind, ("content", self.number, self._parts))
        self._words = bytearray()

    def _end_part(self, out: list[Chunk]) -> None:
        if self._part is not None:
            out.append(Closed(self._part[1]))
            self._part = None

    def _think(self, delta: dict[str, Any], out: list[Chunk]) -> None:
        content = mapping(delta.get("content"))
        if words := text(content.get("text")):
            out.append(Reasoning(words, self._key, 0, "summary"))
            if not self._thought:
                out.append(Signature("", SCHEME, self._key))  # says whose thoughts they are
            self._thought = True
        elif content:
            out.append(Opaque("thought_summary", delta))

    def _sign(self, signature: str, out: list[Chunk]) -> None:
        if not signature:
            return
        if not self._thought:  # summaries are off: a signature is all there is
            out.append(Reasoning("", self._key, 0, "redacted"))
            self._thought = True
        out.append(Signature(signature, SCHEME, self._key))

    def _arguments(self, piece: str, out: list[Chunk]) -> None:
        if piece:
            self._pieces.append(piece)
            kind = ToolArguments if self.is_call else ServerToolArguments
            out.append(kind(self._key, piece))

    def _collect(self, delta: dict[str, Any]) -> None:
        """Fields of the step itself; lists grow."""
        for name, value in delta.items():
            if name == "type" or value in (None, ""):
                continue
            known = self._payload.get(name)
            if isinstance(known, list) and isinstance(value, list):
                self._payload[name] = known + value
            elif isinstance(known, dict) and isinstance(value, dict):
                self._payload[name] = known | value
            else:
                self._payload[name] = value
