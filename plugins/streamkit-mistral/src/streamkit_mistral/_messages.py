"""Messages and their parts, as Mistral's chat completions carry them.

Content is a string, or a list of chunks of several types. Thinking goes back as a chunk, with its
signature as it came. Source: docs.mistral.ai; the SDK's message and chunk types.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from streamkit.errors import UnsupportedError
from streamkit.messages import (
    DocumentPart,
    ImagePart,
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
from streamkit.writing import (
    Warnings,
    arguments_text_of,
    fitting_id,
    goes_back,
    refused,
    results_apart,
    words_of,
)
from streamkit_mistral._values import DIALECT, SCHEME

SCHEMES = (None, SCHEME)
"""Reasoning that Mistral takes back: its own, and what nobody signed."""

_Fields = dict[str, Any]

_OWN_ID = re.compile("[a-zA-Z0-9]{9}")


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        wire: list[_Fields] = []
        for role, parts in results_apart(messages):
            if role == "assistant":
                wire.append(self._assistant(parts))
            elif isinstance(parts[0], ToolResult):
                wire.append(_tool_result(parts[0]))
            else:
                wire.append({"role": role, "content": content_of(parts)})
        return wire

    def _assistant(self, parts: Sequence[Part]) -> _Fields:
        pieces: list[_Fields] = []
        calls: list[_Fields] = []
        for part in parts:
            if not goes_back(part, self._warnings, dialect=DIALECT, schemes=SCHEMES):
                continue
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces.append(thinking_of(part))
                case ToolCall():
                    calls.append(_tool_call(part))
                case ProviderItem():  # a chunk of a type that is no part of ours
                    pieces.append(part.payload)
                case MediaPart():
                    self._warnings.dropped(part, "Mistral takes back no media that a model made")
                case _:
                    raise refused(part, "Mistral", "assistant", "put it into a user message")
        wire: _Fields = {"role": "assistant", "content": joined(pieces)}
        return wire | {"tool_calls": calls} if calls else wire


def joined(pieces: list[_Fields]) -> str | list[_Fields]:
    """The content of an assistant's message: one text where it is nothing else."""
    if all(piece["type"] == "text" for piece in pieces):
        return "".join(piece["text"] for piece in pieces)
    return list(pieces)


def thinking_of(part: ReasoningPart) -> _Fields:
    """The chunk of thinking that goes back."""
    words = [{"type": "text", "text": part.text}] if part.text else []
    signed = {"signature": part.signature} if part.signature else {}
    return {"type": "thinking", "thinking": words, **signed, "closed": True}


def _tool_call(call: ToolCall) -> _Fields:
    function = {"name": call.name, "arguments": arguments_text_of(call)}
    return {"id": call_id(call.id), "type": "function", "function": function}


def _tool_result(result: ToolResult) -> _Fields:
    content = result.content
    named = {"name": result.name} if result.name else {}
    return {
        "role": "tool",
        "tool_call_id": call_id(result.call_id),
        **named,
        "content": content if isinstance(content, str) else content_of(content),
    }


def call_id(id_: str) -> str:
    """The id, or nine letters and digits in place of one of another form, the same every time.

    Mistral refuses others, even those of models that it hosts itself: "Tool call id was … but must
    be a-z, A-Z, 0-9, with a length of 9" (mistral-common, its validator; error 3280 of the API).
    """
    return fitting_id(id_, _OWN_ID, 9)


def content_of(parts: Sequence[Part]) -> str | list[_Fields]:
    """The content of a message of the caller's."""
    words = words_of(parts)
    return [_piece(part) for part in parts] if words is None else words


def _piece(part: Part) -> _Fields:
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
                "Mistral takes audio by data or URL, with its media type, and no other media"
            )
        case _:
            raise refused(part, "Mistral", "user")
