"""One choice of an answer, as far as it has been received."""

from __future__ import annotations

import json
from typing import Any

from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Key,
    Media,
    Opaque,
    Reasoning,
    Signature,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
)
from streamkit.reading import entries, text
from streamkit.values import Citation
from streamkit_mistral._values import SCHEME, finish_reason

_CALL_FIELDS = frozenset({"id", "type", "index", "function"})


class _Call:
    __slots__ = ("key", "name")

    def __init__(self, key: Key, name: str) -> None:
        self.key = key
        self.name = name


class Choice:
    """Reads the deltas of one choice. Chunks go to the list ``out`` that each method is given."""

    __slots__ = ("_at_index", "_by_id", "_calls", "_images", "index", "stop")

    def __init__(self, index: int) -> None:
        self._calls: list[_Call] = []
        self._at_index: dict[int | str, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._images = 0
        self.index = index
        self.stop: Stop | None = None

    # --- content ---------------------------------------------------------------------------

    def content(self, content: Any, logprobs: list[Any] | None, out: list[Chunk]) -> None:
        """A string, or a list of chunks."""
        if content and isinstance(content, str):
            out.append(Text(content, None, self.index, logprobs))
            return
        for piece in entries(content):
            type_ = piece.get("type") if isinstance(piece, dict) else None
            words = piece.get("text") if type_ == "text" else piece
            if isinstance(words, str):
                if words:
                    out.append(Text(words, None, self.index, logprobs))
                    logprobs = None
            elif type_ == "thinking":
                self._thinking(piece, out)
            elif type_ in ("reference", "tool_reference"):
                out.append(Cited(citation_of(piece), None, self.index))
            elif type_ == "image_url":
                self._image(piece, out)
            elif isinstance(type_, str) and type_ != "text":
                out.append(Item(type_, piece, choice=self.index))
            else:
                out.append(Opaque("content", piece))
        if logprobs:
            out.append(Opaque("logprobs", logprobs))  # of other tokens than visible text

    def _thinking(self, piece: dict[str, Any], out: list[Chunk]) -> None:
        """A piece of thinking. ``closed`` does not end it: it stands on middle pieces, too."""
        for part in entries(piece.get("thinking")):
            words = part.get("text") if isinstance(part, dict) else part
            if words and isinstance(words, str):
                out.append(Reasoning(words, None, self.index))
            elif words != "":
                out.append(Opaque("thinking", part))
        signature = text(piece.get("signature"))
        if signature:
            out.append(Signature(signature, SCHEME, None, self.index))

    def _image(self, piece: dict[str, Any], out: list[Chunk]) -> None:
        image = piece.get("image_url")
        url = text(image.get("url") if isinstance(image, dict) else image)
        if not url:
            out.append(Opaque("content", piece))
            return
        key = ("image", self._images)
        self._images += 1
        head, comma, data = url.partition(";base64,")
        if comma and head.startswith("data:"):
            out.append(Media(head.removeprefix("data:"), data, None, key, self.index))
        else:
            out.append(Media("image/*", "", url, key, self.index))
        out.append(Closed(key, self.index))

    # --- tools -----------------------------------------------------------------------------

    def tool_call(self, delta: Any, out: list[Chunk]) -> None:
        """A call, whole or the next piece of one.

        An id that is new begins a call. Without an id, so does a name, except that of the call at
        this index. Without either, the piece belongs to the call at its index, or to the newest.
        """
        function = delta.get("function") if isinstance(delta, dict) else None
        if not isinstance(function, dict) or self.stop is not None:
            out.append(Opaque("tool_call", delta))
            return
        id_, name = text(delta.get("id")), text(function.get("name"))
        if id_ == "null":  # the vendor's SDK writes so for none
            id_ = ""
        index = delta.get("index")
        if not isinstance(index, int | str):
            index = None
        call = self._find(id_, name, index)
        if call is None:
            if not name:
                out.append(Opaque("tool_call", delta))
                return
            call = self._begin(id_, name, out)
        if index is not None:
            self._at_index[index] = call
        for field, value in delta.items():
            if field not in _CALL_FIELDS and value is not None:
                out.append(Opaque(f"tool_call.{field}", value))
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if arguments:
            out.append(ToolArguments(call.key, arguments, self.index))

    def _find(self, id_: str, name: str, index: int | str | None) -> _Call | None:
        if id_:
            return self._by_id.get(id_)
        if index is not None:
            call = self._at_index.get(index)
            return call if call and name in ("", call.name) else None
        return self._calls[-1] if self._calls and not name else None

    def _begin(self, id_: str, name: str, out: list[Chunk]) -> _Call:
        call = _Call(("call", len(self._calls)), name)
        self._calls.append(call)
        if id_:
            self._by_id[id_] = call
        out.append(ToolOpened(call.key, name, id_ or None, self.index))
        return call

    # --- the end ---------------------------------------------------------------------------

    def stopped(self, raw: str, out: list[Chunk]) -> None:
        """The vendor told why the choice stopped: its calls are whole."""
        reason = finish_reason(raw)
        if reason in ("stop", "tool_call"):
            reason = "tool_call" if self._calls else "stop"
        if self.stop is None:
            out.extend(Closed(call.key, self.index) for call in self._calls)
        stop = Stop(reason, raw, self.index)
        if stop != self.stop:
            self.stop = stop
            out.append(stop)


def citation_of(piece: dict[str, Any]) -> Citation:
    """What stands before it rests on sources that the caller's tools returned, by their ids."""
    return Citation(
        kind=piece["type"],
        url=text(piece.get("url")) or None,
        title=text(piece.get("title")) or None,
        raw=piece,
    )
