"""Messages and their parts as the steps of an interaction's ``input``.

What the model made goes back as it came: thoughts with their signatures, calls, and the steps of
the vendor's own tools. Parts from elsewhere travel as plain words and calls, or are dropped with a
warning; what the caller wrote never is.

Source: https://ai.google.dev/gemini-api/docs/interactions and google-genai 3.4, StepParam.
"""

from __future__ import annotations

import re
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
from streamkit_gemini._messages import media_type_of
from streamkit_gemini._wire import mapping
from streamkit_gemini.interactions._values import DIALECT, SCHEME

_Step = dict[str, Any]
_MEDIA = frozenset({"image", "audio", "video", "document"})


class Steps:
    """``steps`` and ``system`` of a request's messages, and what could not be carried over."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.steps: list[_Step] = []
        self.system: list[str] = []
        self.warnings: list[Warned] = []
        self._names: dict[str, str] = {}
        """Of functions, by the id of their call."""
        for number, message in enumerate(messages):
            self._add(message, f"messages[{number}]")

    def _add(self, message: Message, where: str) -> None:
        if message.role == "system":
            if self.steps:
                why = "Gemini has one system instruction; a later system message moved into it."
                self.warnings.append(Warned("option_adjusted", "messages", why))
            self.system += [_system_text(part, where) for part in message.content]
            return
        convert = self._said if message.role == "assistant" else self._given
        words: _Step = {}
        for part in message.content:
            step = convert(part, where)
            if step is None:
                continue
            if words and not isinstance(part, ProviderItem) and step["type"] == words["type"]:
                words["content"] += step["content"]
                continue
            self.steps.append(step)
            spoken = not isinstance(part, ProviderItem) and "content" in step
            words = step if spoken else {}

    def _given(self, part: Part, where: str) -> _Step | None:
        """A step of the caller's; None if there is nothing to send."""
        match part:
            case TextPart(text=""):
                return None
            case TextPart() | ImagePart() | DocumentPart() | MediaPart():
                return {"type": "user_input", "content": [_content(part)]}
            case ToolResult():
                return self._result(part)
        raise UnsupportedError(f"{where}: a user turn of Gemini's holds no {part.type}")

    def _result(self, result: ToolResult) -> _Step:
        step: _Step = {"type": "function_result", "call_id": result.call_id}
        if name := result.name or self._names.get(result.call_id):
            step["name"] = name
        words = result.content
        step["result"] = words if isinstance(words, str) else [_content(part) for part in words]
        return step | ({"is_error": True} if result.is_error else {})

    def _said(self, part: Part, where: str) -> _Step | None:
        """A step of the model's; None if there is nothing to send."""
        match part:
            case TextPart(text="") | RefusalPart(text=""):
                return None
            case TextPart() | RefusalPart() | MediaPart():
                return {"type": "model_output", "content": [_content(part)]}
            case ReasoningPart() if part.scheme == SCHEME and part.closed:
                summary = [{"type": "text", "text": part.text}] if part.text else []
                step: _Step = {"type": "thought", "summary": summary}
                return step | ({"signature": part.signature} if part.signature else {})
            case ReasoningPart():
                self._drop(part, where, "only whole thoughts of this API's own go back")
                return None
            case ToolCall():
                return self._call(part)
            case IncompleteToolCall():
                self._drop(part, where, "a tool call that was never finished")
                return None
            case ProviderItem() if part.dialect == DIALECT and part.complete and part.payload:
                return part.payload
            case ProviderItem():
                owner = part.dialect if part.dialect != DIALECT else "an unfinished step"
                self._drop(part, where, f"{part.kind} of {owner} cannot be sent back")
                return None
        raise UnsupportedError(f"{where}: an answer of Gemini's holds no {part.type}")

    def _call(self, call: ToolCall) -> _Step:
        self._names[call.id] = call.name
        arguments = call.arguments
        if arguments is None:  # free text of another vendor's custom tool
            arguments = {"input": call.arguments_text}
        own = mapping((call.vendor or {}).get(SCHEME))
        step = {"type": "function_call", "id": call.id, "name": call.name}
        return {**step, "arguments": arguments, **own}

    def _drop(self, part: Part, where: str, why: str) -> None:
        self.warnings.append(Warned("part_dropped", f"{where} {part.type}", why))


def _content(part: TextPart | RefusalPart | ImagePart | DocumentPart | MediaPart) -> dict[str, Any]:
    """Words, embedded data, or the URI of a file."""
    if isinstance(part, TextPart | RefusalPart):
        return {"type": "text", "text": part.text}
    url = part.data_url or part.file_id or ""
    media_type = part.media_type or media_type_of(url)
    if match := re.match(r"data:([^,]+);base64,", url):
        media_type, source = match[1], {"data": url[match.end() :]}
    else:
        source = {"uri": url}
    kind: str = part.type
    if isinstance(part, MediaPart):
        kind = (media_type or "").partition("/")[0]
    named = {"mime_type": media_type.partition(";")[0]} if media_type else {}
    return {"type": kind if kind in _MEDIA else "document", **source, **named}


def _system_text(part: Part, where: str) -> str:
    if isinstance(part, TextPart):
        return part.text
    raise UnsupportedError(f"{where}: a system message of Gemini's holds text, no {part.type}")
