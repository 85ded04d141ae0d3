"""Messages and their parts, as Cohere's chat API carries them.

A turn that calls tools says why in its ``tool_plan``. Cohere's own plan is a provider item of this
dialect; the words beside another vendor's calls go there too. Thinking goes back as it came. What
the model made and the vendor cannot take back is dropped with a warning; what the caller wrote
never is. Source: docs.cohere.com, tool use; the SDK's message types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
from streamkit_cohere._values import TOOL_PLAN


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
                wire.append({"role": role, "content": _content(others)})
        return wire

    def _assistant(self, message: Message) -> dict[str, Any]:
        pieces: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        plan = ""
        for part in message.content:
            match part:
                case TextPart() | RefusalPart():
                    pieces.append({"type": "text", "text": part.text})
                case ReasoningPart():
                    pieces += self._reasoning(part)
                case ToolCall():
                    calls.append(_tool_call(part))
                case IncompleteToolCall():
                    self._drop(part, "a tool call that was cut is not sent back.")
                case ProviderItem():
                    plan += self._item(part)
                case MediaPart():
                    self._drop(part, "assistant messages carry no media the model made.")
                case _:
                    raise UnsupportedError(
                        f"an assistant message carries no {part.type.replace('_', ' ')}: "
                        "put it into a user message."
                    )
        words = "".join(piece["text"] for piece in pieces if piece["type"] == "text")
        thinks = any(piece["type"] == "thinking" for piece in pieces)
        if calls and not plan and not thinks:
            plan, pieces, words = words, [], ""
        wire: dict[str, Any] = {"role": "assistant"}
        if thinks:
            wire["content"] = pieces
        elif words or not calls:
            wire["content"] = words
        if plan:
            wire["tool_plan"] = plan
        return wire | {"tool_calls": calls} if calls else wire

    def _reasoning(self, part: ReasoningPart) -> list[dict[str, Any]]:
        if not part.closed:
            self._drop(part, "reasoning that was cut is not sent back.")
        elif part.scheme is not None:
            self._drop(part, f"this reasoning is signed for {part.scheme.partition(':')[0]}.")
        else:
            return [{"type": "thinking", "thinking": part.text}]
        return []

    def _item(self, item: ProviderItem) -> str:
        """The plan, if this is one."""
        if item.dialect != self._dialect:
            self._drop(item, f"an item of {item.dialect} means nothing to {self._dialect}.")
        elif not item.complete:
            self._drop(item, "an item that was cut is not sent back.")
        elif item.kind != TOOL_PLAN:
            self._drop(item, f"Cohere takes no {item.kind} back.")
        else:
            return str(item.payload.get(TOOL_PLAN, ""))
        return ""

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.append(Warned("part_dropped", part.type, why))


def _tool_call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments_text or "{}"
    if call.kind == "custom":  # the free text of another vendor's tool is no object
        arguments = json.dumps({"input": call.arguments_text}, ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_result(result: ToolResult) -> dict[str, Any]:
    """Each part of a result is a source of its own, which citations name."""
    content: Any = result.content
    if not isinstance(content, str):
        if not all(isinstance(part, TextPart) for part in content):
            raise UnsupportedError(
                "a tool message carries text only: return the text here and put pictures into a "
                "user message after it."
            )
        content = [{"type": "text", "text": p.text} for p in content if isinstance(p, TextPart)]
    return {"role": "tool", "tool_call_id": result.call_id, "content": content}


def _content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    texts = [p.text for p in parts if isinstance(p, TextPart)]
    if len(texts) == len(parts):
        return "".join(texts)
    return [_piece(part) for part in parts]


def _piece(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart() if part.data_url is not None:
            return {"type": "image_url", "image_url": {"url": part.data_url}}
        case ImagePart():
            raise UnsupportedError("Cohere takes images by URL or data, not by file id.")
        case _:
            raise UnsupportedError(
                f"Cohere takes no {part.type.replace('_', ' ')} in a user's message. Texts to be "
                "cited go by extra_body={'documents': […]}."
            )
