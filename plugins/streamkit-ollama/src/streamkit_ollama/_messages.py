"""Messages and their parts, as Ollama's chat API carries them.

A message is one string, and a list of images beside it. A tool result becomes a message of its own,
which names its tool: older servers know no call ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamkit.errors import UnsupportedError
from streamkit.messages import (
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
from streamkit.writing import Warnings, arguments_of, goes_back, refused, results_apart
from streamkit_ollama._values import DIALECT

_Fields = dict[str, Any]


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings
        self._names: dict[str, str] = {}
        """Tools by the id of their call."""

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the server cannot take."""
        wire: list[_Fields] = []
        for role, parts in results_apart(messages):
            if role == "assistant":
                wire.append(self._assistant(parts))
            elif isinstance(parts[0], ToolResult):
                wire.append(self._tool_result(parts[0]))
            else:
                wire.append({"role": role, **_content(parts)})
        return wire

    def _assistant(self, parts: Sequence[Part]) -> _Fields:
        texts: list[str] = []
        thinking: list[str] = []
        calls: list[_Fields] = []
        for part in parts:
            if not goes_back(part, self._warnings, dialect=DIALECT, schemes=(None,)):
                continue
            match part:
                case TextPart() | RefusalPart():
                    texts.append(part.text)
                case ReasoningPart():
                    thinking.append(part.text)
                case ToolCall():
                    self._names[part.id] = part.name
                    calls.append(_tool_call(part))
                case ProviderItem():
                    self._warnings.dropped(part, f"Ollama takes no {part.kind} back")
                case MediaPart():
                    self._warnings.dropped(part, "Ollama takes back no media that a model made")
                case _:
                    raise refused(part, "Ollama", "assistant", "put it into a user message")
        wire: _Fields = {"role": "assistant", "content": "".join(texts)}
        if thinking:
            wire["thinking"] = "".join(thinking)
        return wire | {"tool_calls": calls} if calls else wire

    def _tool_result(self, result: ToolResult) -> _Fields:
        parts = result.content
        content = {"content": parts} if isinstance(parts, str) else _content(parts)
        name = result.name or self._names.get(result.call_id)
        named = {"tool_name": name} if name else {}
        return {"role": "tool", **content, **named, "tool_call_id": result.call_id}


def _tool_call(call: ToolCall) -> _Fields:
    own = (call.vendor or {}).get(DIALECT) or {}
    function = {"name": call.name, "arguments": arguments_of(call), **(own.get("function") or {})}
    return {**own, "id": call.id, "type": "function", "function": function}


def _content(parts: Sequence[Part]) -> _Fields:
    texts: list[str] = []
    images: list[str] = []
    for part in parts:
        match part:
            case TextPart():
                texts.append(part.text)
            case ImagePart(data=str(data)):
                images.append(data)
            case ImagePart():
                raise UnsupportedError("Ollama takes images as data, not by URL or file id")
            case _:
                raise refused(part, "Ollama", "user")
    content: _Fields = {"content": "".join(texts)}
    return content | {"images": images} if images else content
