"""Messages and their parts, as Mistral's conversations carry them: a flat list of entries.

System messages are no entries: they are the conversation's instructions, wherever they stood. What
Mistral's own tools and handoffs left in an answer goes back as it came. What the model made and the
vendor cannot take back is dropped with a warning; what the caller wrote never is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
from streamkit_mistral._messages import content_of, fitting_id, thinking_of


class Entries:
    """Builds the ``inputs`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, dialect: str, warnings: list[Warned]) -> None:
        self._dialect = dialect
        self._warnings = warnings
        self.instructions: list[str] = []
        """The texts of system messages, in order."""

    def build(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        entries: list[dict[str, Any]] = []
        for message in messages:
            match message.role:
                case "assistant":
                    entries += self._assistant(message)
                case "system":
                    self.instructions.append(_words(message.content, "instructions"))
                case _:
                    entries += _from_caller(message)
        return entries

    def _assistant(self, message: Message) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        pieces: list[dict[str, Any]] = []  # of the message that is being built

        def ended() -> None:
            if pieces:
                entries.append(_output(pieces))
                pieces.clear()

        for part in message.content:
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces += thinking_of(part, self._warnings)
                case ToolCall():
                    ended()
                    entries.append(self._tool_call(part))
                case IncompleteToolCall():
                    self._drop(part, "a tool call that was cut is not sent back.")
                case ProviderItem():
                    ended()
                    entries += self._item(part)
                case MediaPart():
                    self._drop(part, "assistant messages carry no media the model made.")
                case _:
                    raise UnsupportedError(
                        f"an assistant message carries no {part.type.replace('_', ' ')}: "
                        "put it into a user message."
                    )
        ended()
        return entries

    def _tool_call(self, call: ToolCall) -> dict[str, Any]:
        arguments = call.arguments_text or "{}"
        if call.kind == "custom":  # the free text of another vendor's tool is no object
            arguments = json.dumps({"input": call.arguments_text}, ensure_ascii=False)
        own = (call.vendor or {}).get(self._dialect) or {}
        return {
            "type": "function.call",
            "tool_call_id": fitting_id(call.id),
            "name": call.name,
            "arguments": arguments,
            **own,
        }

    def _item(self, item: ProviderItem) -> list[dict[str, Any]]:
        if item.dialect != self._dialect:
            self._drop(item, f"an item of {item.dialect} means nothing to {self._dialect}.")
        elif not item.complete:
            self._drop(item, "an item that was cut is not sent back.")
        elif "." not in item.kind:  # a chunk of content, such as a file that a tool made
            return [_output([item.payload])]
        else:
            return [item.payload]
        return []

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.append(Warned("part_dropped", part.type, why))


def _output(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    content: str | list[dict[str, Any]] = list(pieces)
    if all(piece["type"] == "text" for piece in pieces):
        content = "".join(piece["text"] for piece in pieces)
    return {"type": "message.output", "role": "assistant", "content": content}


def _from_caller(message: Message) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    others: list[Part] = []
    for part in message.content:
        match part:
            case ToolResult(content=content):
                words = content if isinstance(content, str) else _words(content, "a tool result")
                id_ = fitting_id(part.call_id)
                entries.append({"type": "function.result", "tool_call_id": id_, "result": words})
            case MediaPart() | ImagePart(file_id=str()) | DocumentPart(file_id=str()):
                raise UnsupportedError(
                    "Mistral's conversations take images and documents by data or URL, and no "
                    "other media."
                )
            case _:
                others.append(part)
    if others:
        entries.append({"type": "message.input", "role": "user", "content": content_of(others)})
    return entries


def _words(parts: Sequence[Part], where: str) -> str:
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if len(texts) < len(parts):
        raise UnsupportedError(f"in Mistral's conversations, {where} can hold text only.")
    return "".join(texts)
