"""Messages and their parts as the steps of an interaction's ``input``.

What the model made goes back as it came: thoughts with their signatures, calls, and the steps of
the vendor's own tools. Parts from elsewhere travel as plain words and calls.

Source: https://ai.google.dev/gemini-api/docs/interactions and google-genai 3.4, StepParam.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from streamkit.reading import mapping
from streamkit.writing import Warnings, arguments_of, goes_back, refused
from streamkit_gemini._messages import media_type_of
from streamkit_gemini.interactions._values import DIALECT, SCHEME

_Fields = dict[str, Any]
_MEDIA = frozenset({"image", "audio", "video", "document"})


class Messages:
    """Builds the ``input`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, warnings: Warnings) -> None:
        self.system: list[str] = []
        self._warnings = warnings
        self._steps: list[_Fields] = []
        self._names: dict[str, str] = {}
        """Of functions, by the id of their call."""

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        for message in messages:
            self._add(message)
        return self._steps

    def _add(self, message: Message) -> None:
        if message.role == "system":
            if self._steps:
                how = "Gemini has one system instruction: a later system message moved into it"
                self._warnings.adjusted("messages", how)
            self.system += [_system_text(part) for part in message.content]
            return
        convert = self._said if message.role == "assistant" else self._given
        words: _Fields = {}
        for part in message.content:
            step = convert(part)
            if step is None:
                continue
            if words and not isinstance(part, ProviderItem) and step["type"] == words["type"]:
                words["content"] += step["content"]
                continue
            self._steps.append(step)
            spoken = not isinstance(part, ProviderItem) and "content" in step
            words = step if spoken else {}

    # --- from the caller -------------------------------------------------------------------

    def _given(self, part: Part) -> _Fields | None:
        """A step of the caller's; None if there is nothing to send."""
        match part:
            case TextPart(text=""):
                return None
            case TextPart() | ImagePart() | DocumentPart() | MediaPart():
                return {"type": "user_input", "content": [_content(part)]}
            case ToolResult():
                return self._result(part)
        raise refused(part, "Gemini", "user")

    def _result(self, result: ToolResult) -> _Fields:
        step: _Fields = {"type": "function_result", "call_id": result.call_id}
        if name := result.name or self._names.get(result.call_id):
            step["name"] = name
        words = result.content
        step["result"] = words if isinstance(words, str) else [_content(part) for part in words]
        return step | ({"is_error": True} if result.is_error else {})

    # --- from the model --------------------------------------------------------------------

    def _said(self, part: Part) -> _Fields | None:
        """A step of the model's; None if there is nothing to send."""
        if not goes_back(part, self._warnings, dialect=DIALECT, schemes=(SCHEME,)):
            return None
        match part:
            case TextPart(text="") | RefusalPart(text=""):
                return None
            case TextPart() | RefusalPart() | MediaPart():
                return {"type": "model_output", "content": [_content(part)]}
            case ReasoningPart():
                summary = [{"type": "text", "text": part.text}] if part.text else []
                step: _Fields = {"type": "thought", "summary": summary}
                return step | ({"signature": part.signature} if part.signature else {})
            case ToolCall():
                return self._call(part)
            case ProviderItem():
                return part.payload
        raise refused(part, "Gemini", "assistant", "put it into a user message")

    def _call(self, call: ToolCall) -> _Fields:
        self._names[call.id] = call.name
        own = mapping((call.vendor or {}).get(SCHEME))
        step = {"type": "function_call", "id": call.id, "name": call.name}
        return {**step, "arguments": arguments_of(call), **own}


def _content(part: TextPart | RefusalPart | ImagePart | DocumentPart | MediaPart) -> _Fields:
    """Words, embedded data, or the URI of a file."""
    if isinstance(part, TextPart | RefusalPart):
        return {"type": "text", "text": part.text}
    if part.data is not None:
        media_type, source = part.media_type, {"data": part.data}
    else:
        url = part.url or part.file_id or ""
        media_type, source = part.media_type or media_type_of(url), {"uri": url}
    kind: str = part.type
    if isinstance(part, MediaPart):
        kind = (media_type or "").partition("/")[0]
    named = {"mime_type": media_type.partition(";")[0]} if media_type else {}
    return {"type": kind if kind in _MEDIA else "document", **source, **named}


def _system_text(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text
    raise refused(part, "Gemini", "system")
