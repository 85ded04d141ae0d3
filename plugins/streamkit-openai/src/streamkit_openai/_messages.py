"""Messages and their parts, as chat completions carry them.

Texts of one message are joined with nothing between, as `Message.text` does: many servers take only
a string. A tool result becomes a message of its own; its ``is_error`` has no field here, so the
content should say it in words.
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
    Role,
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
from streamkit_openai._details import detail_of
from streamkit_openai.profiles import Profile

_Fields = dict[str, Any]

_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
# Pieces of content that servers modelled on Mistral send, and take back as they were.
_CONTENT_PIECES = frozenset({"document_url", "file", "resource", "resource_link", "input_audio"})


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, profile: Profile, warnings: Warnings) -> None:
        self._profile = profile
        self._warnings = warnings

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the server cannot take."""
        wire: list[_Fields] = []
        for role, parts in results_apart(messages):
            if role == "assistant":
                wire.append(self._assistant(parts))
                continue
            for part in parts:
                self._check(part, role)
            if isinstance(parts[0], ToolResult):
                wire.append(self._tool_result(parts[0]))
            else:
                wire.append({"role": role, "content": self._content(parts)})
        return wire

    def _check(self, part: Part, role: Role) -> None:
        if part.type not in self._profile.parts:
            raise refused(part, self._profile.name, role)

    # --- from the caller -------------------------------------------------------------------

    def _content(self, parts: Sequence[Part]) -> str | list[_Fields]:
        words = words_of(parts)
        return [self._piece(part) for part in parts] if words is None else words

    def _piece(self, part: Part) -> _Fields:
        match part:
            case TextPart():
                return {"type": "text", "text": part.text}
            case ImagePart():
                return self._image(part)
            case DocumentPart():
                return self._document(part)
            case MediaPart():
                return self._media(part)
            case _:
                raise refused(part, self._profile.name, "user")

    def _image(self, part: ImagePart | MediaPart) -> _Fields:
        if part.data_url is None:
            raise UnsupportedError("chat completions take images by URL or data, not by file id")
        return {"type": "image_url", "image_url": {"url": part.data_url}}

    def _document(self, part: DocumentPart) -> _Fields:
        if part.file_id is not None:
            return {"type": "file", "file": {"file_id": part.file_id}}
        if part.data is None:
            raise UnsupportedError("chat completions take documents by data or file id, not URL")
        name = part.name or "document.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": part.data_url}}

    def _media(self, part: MediaPart) -> _Fields:
        media_type = part.media_type or ""
        if media_type.startswith("image/"):
            return self._image(part)
        if part.data is None or media_type not in _AUDIO_FORMATS:
            raise UnsupportedError(
                "chat completions take audio as embedded wav or mp3 "
                f"(not {media_type or 'an unnamed type'} by URL or file id), and no video"
            )
        audio = {"data": part.data, "format": _AUDIO_FORMATS[media_type]}
        return {"type": "input_audio", "input_audio": audio}

    def _tool_result(self, result: ToolResult) -> _Fields:
        words = words_of(result.content)
        if words is None:
            raise UnsupportedError(
                "a tool message carries text only: return the text here and put pictures or "
                "documents into a user message after it"
            )
        return {"role": "tool", "tool_call_id": result.call_id, "content": words}

    # --- from the model --------------------------------------------------------------------

    def _assistant(self, parts: Sequence[Part]) -> _Fields:
        texts: list[str] = []
        pieces: list[_Fields] = []  # what makes the content a list
        calls: list[_Fields] = []
        fields: _Fields = {}
        for part in parts:
            # Of reasoning it depends on the server.
            if not isinstance(part, ReasoningPart) and not self._returns(part):
                continue
            match part:
                case TextPart():
                    texts.append(part.text)
                    pieces.append({"type": "text", "text": part.text})
                case RefusalPart():
                    pieces.append({"type": "refusal", "refusal": part.text})
                case ReasoningPart():
                    self._reasoning(part, fields, pieces)
                case ToolCall():
                    self._check(part, "assistant")
                    calls.append(self._tool_call(part))
                case ProviderItem():
                    self._item(part, fields, pieces)
                case MediaPart():
                    self._drop(part, f"{self._profile.name} takes back no media that a model made")
                case _:
                    hint = "put it into a user message"
                    raise refused(part, self._profile.name, "assistant", hint)
        content: str | list[_Fields] | None = "".join(texts)
        if len(pieces) > len(texts):
            content = pieces
        elif not texts and (calls or "audio" in fields):
            content = None
        wire: _Fields = {"role": "assistant", "content": content, **fields}
        return wire | {"tool_calls": calls} if calls else wire

    def _tool_call(self, call: ToolCall) -> _Fields:
        if call.kind == "custom":
            body = {"name": call.name, "input": call.arguments_text}
        else:
            body = {"name": call.name, "arguments": arguments_text_of(call)}
        own = (call.vendor or {}).get(self._profile.name) or {}
        return {"id": call.id, "type": call.kind, call.kind: body, **own}

    def _reasoning(self, part: ReasoningPart, fields: _Fields, pieces: list[_Fields]) -> None:
        replay = self._profile.replay
        detail = detail_of(part)
        if not part.closed:
            self._drop(part, "reasoning that was cut is not sent back")
        elif detail is not None and replay == "reasoning_details":
            fields.setdefault("reasoning_details", []).append(detail)
        elif replay == "thinking" and part.scheme in {None, "mistral"}:
            thinking = {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}
            pieces.append(thinking | ({"signature": part.signature} if part.signature else {}))
        elif replay == "summary" and part.scheme == self._profile.name:
            words = {"type": "summary_text", "text": part.text, "signature": part.signature}
            pieces.append({"type": "reasoning", "summary": [words]})
        elif replay == "thinking_blocks" and part.scheme == self._profile.name:
            fields.setdefault("thinking_blocks", []).append(_thinking_block(part))
        elif replay in {"no", "thinking", "summary", "thinking_blocks"}:
            self._drop(part, f"{self._profile.name} does not take reasoning back")
        elif part.scheme is not None:
            self._drop(part, f"this reasoning is signed for {part.scheme.partition(':')[0]}")
        else:
            field = "reasoning" if replay == "reasoning_details" else replay
            fields[field] = fields.get(field, "") + part.text

    def _item(self, item: ProviderItem, fields: _Fields, pieces: list[_Fields]) -> None:
        if item.kind == "audio":
            fields["audio"] = item.payload
        elif item.kind in _CONTENT_PIECES:
            pieces.append(item.payload)
        else:
            self._drop(item, f"chat completions take no {item.kind} back")

    def _returns(self, part: Part) -> bool:
        return goes_back(part, self._warnings, dialect=self._profile.name)

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.dropped(part, why)


def _thinking_block(part: ReasoningPart) -> _Fields:
    if part.kind == "redacted":
        return {"type": "redacted_thinking", "data": part.signature}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}
