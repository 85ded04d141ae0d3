"""Messages and their parts, as Ollama's chat API carries them.

A message is one string, and a list of images beside it. A tool result becomes a message of its own,
which names its tool: older servers know no call ids. What the model made and the server cannot take
back is dropped with a warning; what the caller wrote never is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streamkit.adapter import Warned
from streamkit.errors import UnsupportedError
from streamkit.messages import (
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


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, dialect: str, warnings: list[Warned]) -> None:
        self._dialect = dialect
        self._warnings = warnings
        self._names: dict[str, str] = {}
        """Tools by the id of their call."""

    def build(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Raises UnsupportedError for content of the caller's that the server cannot take."""
        wire: list[dict[str, Any]] = []
        for message in messages:
            if message.role == "assistant":
                wire.append(self._assistant(message))
                continue
            results = [p for p in message.content if isinstance(p, ToolResult)]
            others = [p for p in message.content if not isinstance(p, ToolResult)]
            wire.extend(self._tool_result(result) for result in results)
            if others:
                role = "user" if message.role == "tool" else message.role
                wire.append({"role": role, **_content(others)})
        return wire

    def _tool_result(self, result: ToolResult) -> dict[str, Any]:
        parts = result.content
        content = {"content": parts} if isinstance(parts, str) else _content(parts)
        name = result.name or self._names.get(result.call_id)
        named = {"tool_name": name} if name else {}
        return {"role": "tool", **content, **named, "tool_call_id": result.call_id}

    def _assistant(self, message: Message) -> dict[str, Any]:
        texts: list[str] = []
        thinking: list[str] = []
        calls: list[dict[str, Any]] = []
        for part in message.content:
            match part:
                case TextPart() | RefusalPart():
                    texts.append(part.text)
                case ReasoningPart():
                    thinking.extend(self._reasoning(part))
                case ToolCall():
                    self._names[part.id] = part.name
                    calls.append(self._tool_call(part))
                case IncompleteToolCall():
                    self._drop(part, "a tool call that was cut is not sent back.")
                case ProviderItem():
                    self._drop(part, f"an item of {part.dialect} means nothing to Ollama.")
                case MediaPart():
                    self._drop(part, "assistant messages carry no media the model made.")
                case _:
                    raise UnsupportedError(
                        f"an assistant message carries no {part.type.replace('_', ' ')}: "
                        "put it into a user message."
                    )
        wire: dict[str, Any] = {"role": "assistant", "content": "".join(texts)}
        if thinking:
            wire["thinking"] = "".join(thinking)
        return wire | {"tool_calls": calls} if calls else wire

    def _reasoning(self, part: ReasoningPart) -> Iterable[str]:
        if not part.closed:
            self._drop(part, "reasoning that was cut is not sent back.")
        elif part.scheme is not None:
            self._drop(part, f"this reasoning is signed for {part.scheme.partition(':')[0]}.")
        else:
            return (part.text,)
        return ()

    def _tool_call(self, call: ToolCall) -> dict[str, Any]:
        # The free text of another vendor's custom tool is no object.
        arguments = {"input": call.arguments_text} if call.arguments is None else call.arguments
        own = (call.vendor or {}).get(self._dialect) or {}
        function = {"name": call.name, "arguments": arguments, **(own.get("function") or {})}
        return {**own, "id": call.id, "type": "function", "function": function}

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.append(Warned("part_dropped", part.type, why))


def _content(parts: Sequence[Part]) -> dict[str, Any]:
    texts: list[str] = []
    images: list[str] = []
    for part in parts:
        match part:
            case TextPart():
                texts.append(part.text)
            case ImagePart(data=str(data)):
                images.append(data)
            case ImagePart():
                raise UnsupportedError("Ollama takes images as data, not by URL or file id.")
            case _:
                raise UnsupportedError(
                    f"Ollama takes no {part.type.replace('_', ' ')} from a user, only text, images "
                    "and tool results."
                )
    content: dict[str, Any] = {"content": "".join(texts)}
    return content | {"images": images} if images else content
