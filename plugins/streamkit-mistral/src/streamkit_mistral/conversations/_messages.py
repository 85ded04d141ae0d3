"""Messages and their parts, as Mistral's conversations carry them: a flat list of entries.

System messages are no entries: they are the conversation's instructions, wherever they stood. What
Mistral's own tools and handoffs left in an answer goes back as it came.
"""

from __future__ import annotations

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
from streamkit.writing import Warnings, arguments_text_of, goes_back, refused, words_of
from streamkit_mistral._messages import SCHEMES, call_id, content_of, joined, thinking_of
from streamkit_mistral.conversations._values import DIALECT

_Fields = dict[str, Any]


class Messages:
    """Builds the ``inputs`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, warnings: Warnings) -> None:
        self.system: list[str] = []
        """The texts of system messages, in order."""
        self._warnings = warnings

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        wire: list[_Fields] = []
        for message in messages:
            match message.role:
                case "assistant":
                    wire += self._assistant(message.content)
                case "system":
                    if wire:
                        how = "Mistral has one instruction: a later system message moved into it"
                        self._warnings.adjusted("messages", how)
                    self.system.append(_words(message.content, "instructions"))
                case _:
                    wire += _from_caller(message.content)
        return wire

    def _assistant(self, parts: Sequence[Part]) -> list[_Fields]:
        wire: list[_Fields] = []
        pieces: list[_Fields] = []  # of the message that is being built

        def ended() -> None:
            if pieces:
                wire.append(_output(pieces))
                pieces.clear()

        for part in parts:
            if not goes_back(part, self._warnings, dialect=DIALECT, schemes=SCHEMES):
                continue
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces.append(thinking_of(part))
                case ToolCall():
                    ended()
                    wire.append(_tool_call(part))
                case ProviderItem():
                    ended()
                    whole = "." in part.kind  # else a chunk of content, such as a file
                    wire.append(part.payload if whole else _output([part.payload]))
                case MediaPart():
                    self._warnings.dropped(part, "Mistral takes back no media that a model made")
                case _:
                    raise refused(part, "Mistral", "assistant", "put it into a user message")
        ended()
        return wire


def _output(pieces: list[_Fields]) -> _Fields:
    return {"type": "message.output", "role": "assistant", "content": joined(pieces)}


def _tool_call(call: ToolCall) -> _Fields:
    own = (call.vendor or {}).get(DIALECT) or {}
    return {
        "type": "function.call",
        "tool_call_id": call_id(call.id),
        "name": call.name,
        "arguments": arguments_text_of(call),
        **own,
    }


def _from_caller(parts: Sequence[Part]) -> list[_Fields]:
    wire: list[_Fields] = []
    others: list[Part] = []
    for part in parts:
        match part:
            case ToolResult(content=content):
                words = content if isinstance(content, str) else _words(content, "a tool result")
                id_ = call_id(part.call_id)
                wire.append({"type": "function.result", "tool_call_id": id_, "result": words})
            case MediaPart() | ImagePart(file_id=str()) | DocumentPart(file_id=str()):
                raise UnsupportedError(
                    "Mistral's conversations take images and documents by data or URL, and no "
                    "other media"
                )
            case _:
                others.append(part)
    if others:
        wire.append({"type": "message.input", "role": "user", "content": content_of(others)})
    return wire


def _words(parts: Sequence[Part], where: str) -> str:
    words = words_of(parts)
    if words is None:
        raise UnsupportedError(f"in Mistral's conversations, {where} can hold text only")
    return words
