"""Messages and their parts, as Mistral's chat completions carry them.

Content is a string, or a list of chunks of several types. Thinking goes back as a chunk, with its
signature as it came. What the model made and the vendor cannot take back is dropped with a warning;
what the caller wrote never is. Source: docs.mistral.ai; the SDK's message and chunk types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from streamkit.adapter import Warned
from streamkit.errors import UnsupportedError
from streamkit.messages import (
    DocumentPart,
    ImagePart,
    IncompleteToolCall,
    MediaPart,
    Message,
    Part,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResult,
)
from streamkit_mistral._values import SCHEME

_OWN_ID = re.compile("[a-zA-Z0-9]{9}")


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, dialect: str, warnings: list[Warned]) -> None:
        self._dialect = dialect
        self._warnings = warnings

    def build(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        wire: list[dict[str, Any]] = []
        for message in messages:
            if message.role == "assistant":
                wire.append(self._assistant(message))
                continue
            results = [p for p in message.content if isinstance(p, ToolResult)]
            others = [p for p in message.content if not isinstance(p, ToolResult)]
            wire.extend(_tool_result(result) for result in results)
            if others:
                role = "user" if message.role == "tool" else message.role
                wire.append({"role": role, "content": content_of(others)})
        return wire

    def _assistant(self, message: Message) -> dict[str, Any]:
        pieces: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        for part in message.content:
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces += thinking_of(part, self._warnings)
                case ToolCall():
                    calls.append(_tool_call(part))
                case IncompleteToolCall():
                    self._drop(part, "a tool call that was cut is not sent back.")
                case ProviderItem():
                    pieces += self._item(part)
                case MediaPart():
                    self._drop(part, "assistant messages carry no media the model made.")
                case _:
                    raise UnsupportedError(
                        f"an assistant message carries no {part.type.replace('_', ' ')}: "
                        "put it into a user message."
                    )
        content: str | list[dict[str, Any]] = pieces
        if all(piece["type"] == "text" for piece in pieces):
            content = "".join(piece["text"] for piece in pieces)
        wire = {"role": "assistant", "content": content}
        return wire | {"tool_calls": calls} if calls else wire

    def _item(self, item: ProviderItem) -> list[dict[str, Any]]:
        """A chunk of a type that is no part of ours, such as a document."""
        if item.dialect != self._dialect:
            self._drop(item, f"an item of {item.dialect} means nothing to {self._dialect}.")
        elif not item.complete:
            self._drop(item, "an item that was cut is not sent back.")
        else:
            return [item.payload]
        return []

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.append(Warned("part_dropped", part.type, why))


def thinking_of(part: ReasoningPart, warnings: list[Warned]) -> list[dict[str, Any]]:
    """The chunk of thinking; none, and a warning, if Mistral cannot take it back."""
    if part.closed and part.scheme in (None, SCHEME):
        words = [{"type": "text", "text": part.text}] if part.text else []
        signed = {"signature": part.signature} if part.signature else {}
        return [{"type": "thinking", "thinking": words, **signed, "closed": True}]
    why = "reasoning that was cut is not sent back."
    if part.closed:
        why = f"this reasoning is signed for {(part.scheme or '').partition(':')[0]}."
    warnings.append(Warned("part_dropped", part.type, why))
    return []


def _tool_call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments_text or "{}"
    if call.kind == "custom":  # the free text of another vendor's tool is no object
        arguments = json.dumps({"input": call.arguments_text}, ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {"id": fitting_id(call.id), "type": "function", "function": function}


def _tool_result(result: ToolResult) -> dict[str, Any]:
    content = result.content
    named = {"name": result.name} if result.name else {}
    return {
        "role": "tool",
        "tool_call_id": fitting_id(result.call_id),
        **named,
        "content": content if isinstance(content, str) else content_of(content),
    }


def fitting_id(id_: str) -> str:
    """The id, or nine letters and digits in place of one of another form, the same every time.

    Mistral refuses others, even those of models that it hosts itself: "Tool call id was … but must
    be a-z, A-Z, 0-9, with a length of 9" (mistral-common, its validator; error 3280 of the API).
    """
    return id_ if _OWN_ID.fullmatch(id_) else sha256(id_.encode("utf-8", "replace")).hexdigest()[:9]


def content_of(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    texts = [p.text for p in parts if isinstance(p, TextPart)]
    if len(texts) == len(parts):
        return "".join(texts)
    return [_piece(part) for part in parts]


def _piece(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart(file_id=str(id_)) | DocumentPart(file_id=str(id_)):
            return {"type": "file", "file_id": id_}
        case ImagePart():
            return {"type": "image_url", "image_url": {"url": part.data_url}}
        case DocumentPart():
            named = {"document_name": part.name} if part.name else {}
            return {"type": "document_url", "document_url": part.data_url, **named}
        case MediaPart(media_type=str(type_), file_id=None) if type_.startswith("audio/"):
            return {"type": "input_audio", "input_audio": part.data or part.url}
        case MediaPart():
            raise UnsupportedError(
                "Mistral takes audio by data or URL, with its media type, and no other media."
            )
        case _:
            raise UnsupportedError(
                f"a {part.type.replace('_', ' ')} belongs in an assistant message."
            )
