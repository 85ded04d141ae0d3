"""Messages and their parts, as Cohere's chat API carries them.

A turn that calls tools says why in its ``tool_plan``. Cohere's own plan is a provider item of this
dialect; the words beside another vendor's calls go there too. Thinking goes back as it came.
Source: docs.cohere.com, tool use; the SDK's message types.
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
from streamkit.writing import (
    Warnings,
    arguments_text_of,
    goes_back,
    refused,
    results_apart,
    words_of,
)
from streamkit_cohere._values import DIALECT, TOOL_PLAN

_Fields = dict[str, Any]


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
                wire.append({"role": role, "content": _content(parts)})
        return wire

    def _assistant(self, parts: Sequence[Part]) -> _Fields:
        pieces: list[_Fields] = []
        calls: list[_Fields] = []
        plan = ""
        for part in parts:
            if not goes_back(part, self._warnings, dialect=DIALECT, schemes=(None,)):
                continue
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces.append({"type": "thinking", "thinking": part.text})
                case ToolCall():
                    calls.append(_tool_call(part))
                case ProviderItem() if part.kind == TOOL_PLAN:
                    plan += str(part.payload.get(TOOL_PLAN, ""))
                case ProviderItem():
                    self._warnings.dropped(part, f"Cohere takes no {part.kind} back")
                case MediaPart():
                    self._warnings.dropped(part, "Cohere takes back no media that a model made")
                case _:
                    raise refused(part, "Cohere", "assistant", "put it into a user message")
        words = "".join(piece["text"] for piece in pieces if piece["type"] == "text")
        thinks = any(piece["type"] == "thinking" for piece in pieces)
        if calls and not plan and not thinks:
            plan, pieces, words = words, [], ""
        wire: _Fields = {"role": "assistant"}
        if thinks:
            wire["content"] = pieces
        elif words or not calls:
            wire["content"] = words
        if plan:
            wire["tool_plan"] = plan
        return wire | {"tool_calls": calls} if calls else wire


def _tool_call(call: ToolCall) -> _Fields:
    function = {"name": call.name, "arguments": arguments_text_of(call)}
    return {"id": call.id, "type": "function", "function": function}


def _tool_result(result: ToolResult) -> _Fields:
    """Each part of a result is a source of its own, which citations name."""
    content: Any = result.content
    if not isinstance(content, str):
        for part in content:
            if not isinstance(part, TextPart):
                raise refused(part, "Cohere", "tool", "put it into a user message after it")
        content = [_piece(part) for part in content]
    return {"role": "tool", "tool_call_id": result.call_id, "content": content}


def _content(parts: Sequence[Part]) -> str | list[_Fields]:
    words = words_of(parts)
    return [_piece(part) for part in parts] if words is None else words


def _piece(part: Part) -> _Fields:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart() if part.data_url is not None:
            return {"type": "image_url", "image_url": {"url": part.data_url}}
        case ImagePart():
            raise UnsupportedError("Cohere takes images by URL or data, not by file id")
        case _:
            cited = "texts to be cited go by extra_body={'documents': […]}"
            hint = cited if isinstance(part, DocumentPart) else ""
            raise refused(part, "Cohere", "user", hint)
