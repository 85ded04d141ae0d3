"""What is wrong with the words of a request, and the form that is meant.

People bring the shapes of their vendor's own SDK; pydantic would say of one that it fits none of
ten classes. Nothing here shows what was given: it may be a prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

_OPTIONS: Final = {
    "tools": "a tool is Tool(name=…, description=…, parameters={…}), or VendorTool(payload={…}) "
    "in the vendor's own words",
    "tool_choice": "give 'auto', 'none', 'required' or NamedTool(name=…)",
    "response_format": "give 'text', 'json' or JsonSchema(json_schema={…})",
}

_MESSAGE: Final = "give Message.user(…), or a dict with role and content"
_CALL: Final = (
    "a call is a part of the content: append response.message, or write "
    "ToolCall(id=…, name=…, arguments={…}, arguments_text='{…}')"
)
_RESULT: Final = "a tool's result is Message.tool(ToolResult(call_id=…, content=…))"
_IMAGE: Final = "an image is ImagePart(url=…), or ImagePart.from_bytes(content, 'image/png')"
_DOCUMENT: Final = (
    "a document is DocumentPart(url=…), or DocumentPart.from_bytes(content, 'application/pdf')"
)
_TEXT: Final = "text is a str, or TextPart(text=…)"

_PARTS: Final = {
    "image_url": _IMAGE,
    "input_image": _IMAGE,
    "image": _IMAGE,
    "file": _DOCUMENT,
    "input_file": _DOCUMENT,
    "document": _DOCUMENT,
    "input_audio": "audio is MediaPart.from_bytes(content, 'audio/wav')",
    "input_text": _TEXT,
    "output_text": _TEXT,
    "tool_use": _CALL,
    "tool_result": _RESULT,
    "thinking": "thoughts go back by appending response.message",
}
"""By the ``type`` that vendors' APIs give them."""


def explain(error: ValidationError, messages: Sequence[Any]) -> str:
    """What to write instead of what was given, in words."""
    lines = dict.fromkeys(_lines(error, messages))
    return "the request is not valid: " + "; ".join(list(lines)[:5])


def _lines(error: ValidationError, messages: Sequence[Any]) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False):
        where = problem["loc"]
        if where[0] in _OPTIONS:
            yield f"{where[0]}: {_OPTIONS[str(where[0])]}"
            continue
        hint = None
        if where[0] == "messages" and len(where) > 1 and isinstance(where[1], int):
            hint = _hint(messages[where[1]])
            where = where[:2] if hint else where
        yield f"{'.'.join(map(str, where))}: {hint or problem['msg']}"


def _hint(message: Any) -> str | None:
    if not isinstance(message, Mapping):
        return _MESSAGE
    if message.get("role") == "developer":
        return "role 'developer' is 'system' here"
    if message.get("role") == "model":
        return "role 'model' is 'assistant' here"
    if "tool_calls" in message:
        return _CALL
    if "tool_call_id" in message:
        return _RESULT
    content = message.get("content")
    if not isinstance(content, Sequence):
        return None
    types = (part.get("type") for part in content if isinstance(part, Mapping))
    return next((_PARTS[type_] for type_ in types if type_ in _PARTS), None)
