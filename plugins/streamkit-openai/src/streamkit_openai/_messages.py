"""Messages and their parts, as chat completions carry them.

Texts of one message are joined with nothing between, as `Message.text` does: many servers take only
a string. A tool result becomes a message of its own; its ``is_error`` has no field here, so the
content should say it in words. What the model made and the server cannot take back (reasoning,
foreign items) is dropped with a warning; what the caller wrote never is.
"""

from __future__ import annotations

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
from streamkit_openai._details import detail_of
from streamkit_openai.profiles import Profile

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

    def __init__(self, profile: Profile, warnings: list[Warned]) -> None:
        self._profile = profile
        self._warnings = warnings

    def build(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Raises UnsupportedError for content of the caller's that the server cannot take."""
        wire: list[dict[str, Any]] = []
        for message in messages:
            if message.role == "assistant":
                wire.append(self._assistant(message))
            else:
                for part in message.content:
                    self._check(part)
                results = [p for p in message.content if isinstance(p, ToolResult)]
                others = [p for p in message.content if not isinstance(p, ToolResult)]
                wire.extend(self._tool_result(result) for result in results)
                if others:
                    role = "user" if message.role == "tool" else message.role
                    wire.append({"role": role, "content": self._content(others)})
        return wire

    def _check(self, part: Part) -> None:
        if part.type not in self._profile.parts:
            raise UnsupportedError(
                f"{self._profile.name} takes no {part.type.replace('_', ' ')} in messages."
            )

    def _drop(self, part: Part, why: str) -> None:
        self._warnings.append(Warned("part_dropped", part.type, why))

    # --- from the caller -------------------------------------------------------------------

    def _content(self, parts: Sequence[Part]) -> str | list[dict[str, Any]]:
        texts = [p.text for p in parts if isinstance(p, TextPart)]
        if len(texts) == len(parts):
            return "".join(texts)
        return [self._piece(part) for part in parts]

    def _piece(self, part: Part) -> dict[str, Any]:
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
                raise UnsupportedError(
                    f"a {part.type.replace('_', ' ')} belongs in an assistant message."
                )

    def _image(self, part: ImagePart | MediaPart) -> dict[str, Any]:
        if part.data_url is None:
            raise UnsupportedError("chat completions take images by URL or data, not by file id.")
        return {"type": "image_url", "image_url": {"url": part.data_url}}

    def _document(self, part: DocumentPart) -> dict[str, Any]:
        if part.file_id is not None:
            return {"type": "file", "file": {"file_id": part.file_id}}
        if part.data is None:
            raise UnsupportedError("chat completions take documents by data or file id, not URL.")
        name = part.name or "document.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": part.data_url}}

    def _media(self, part: MediaPart) -> dict[str, Any]:
        media_type = part.media_type or ""
        if media_type.startswith("image/"):
            return self._image(part)
        if part.data is None or media_type not in _AUDIO_FORMATS:
            raise UnsupportedError(
                "chat completions take audio as embedded wav or mp3 "
                f"(not {media_type or 'an unnamed type'} by URL or file id), and no video."
            )
        audio = {"data": part.data, "format": _AUDIO_FORMATS[media_type]}
        return {"type": "input_audio", "input_audio": audio}

    def _tool_result(self, result: ToolResult) -> dict[str, Any]:
        content = result.content
        if not isinstance(content, str):
            if not all(isinstance(p, TextPart) for p in content):
                raise UnsupportedError(
                    "a tool message carries text only: return the text here and put pictures or "
                    "documents into a user message after it."
                )
            content = "".join(p.text for p in content if isinstance(p, TextPart))
        return {"role": "tool", "tool_call_id": result.call_id, "content": content}

    # --- from the model --------------------------------------------------------------------

    def _assistant(self, message: Message) -> dict[str, Any]:
        texts: list[str] = []
        pieces: list[dict[str, Any]] = []  # what makes the content a list
        calls: list[dict[str, Any]] = []
        fields: dict[str, Any] = {}
        for part in message.content:
            match part:
                case TextPart():
                    texts.append(part.text)
                    pieces.append({"type": "text", "text": part.text})
                case RefusalPart():
                    pieces.append({"type": "refusal", "refusal": part.text})
                case ReasoningPart():
                    self._reasoning(part, fields, pieces)
                case ToolCall():
                    self._check(part)
                    calls.append(self._tool_call(part))
                case IncompleteToolCall():
                    self._drop(part, "a tool call that was cut is not sent back.")
                case ProviderItem():
                    self._item(part, fields, pieces)
                case MediaPart():
                    self._drop(part, "assistant messages carry no media the model made.")
                case ImagePart() | DocumentPart() | ToolResult():
                    raise UnsupportedError(
                        f"an assistant message carries no {part.type.replace('_', ' ')}: "
                        "put it into a user message."
                    )
        content: str | list[dict[str, Any]] | None = "".join(texts)
        if len(pieces) > len(texts):
            content = pieces
        elif not texts and (calls or "audio" in fields):
            content = None
        wire = {"role": "assistant", "content": content, **fields}
        return wire | {"tool_calls": calls} if calls else wire

    def _tool_call(self, call: ToolCall) -> dict[str, Any]:
        if call.kind == "custom":
            body = {"name": call.name, "input": call.arguments_text}
        else:
            body = {"name": call.name, "arguments": call.arguments_text or "{}"}
        own = (call.vendor or {}).get(self._profile.name) or {}
        return {"id": call.id, "type": call.kind, call.kind: body, **own}

    def _reasoning(
        self, part: ReasoningPart, fields: dict[str, Any], pieces: list[dict[str, Any]]
    ) -> None:
        replay = self._profile.replay
        detail = detail_of(part)
        if not part.closed:
            self._drop(part, "reasoning that was cut is not sent back.")
        elif detail is not None and replay == "reasoning_details":
            fields.setdefault("reasoning_details", []).append(detail)
        elif replay == "thinking" and part.scheme in {None, "mistral"}:
            thinking = {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}
            pieces.append(thinking | ({"signature": part.signature} if part.signature else {}))
        elif replay == "summary" and part.scheme == self._profile.name:
            words = {"type": "summary_text", "text": part.text, "signature": part.signature}
            pieces.append({"type": "reasoning", "summary": [words]})
        elif replay in {"no", "thinking", "summary"}:
            self._drop(part, f"{self._profile.name} does not take reasoning back.")
        elif part.scheme is not None:
            self._drop(part, f"this reasoning is signed for {part.scheme.partition(':')[0]}.")
        else:
            field = "reasoning" if replay == "reasoning_details" else replay
            fields[field] = fields.get(field, "") + part.text

    def _item(
        self, item: ProviderItem, fields: dict[str, Any], pieces: list[dict[str, Any]]
    ) -> None:
        if item.dialect != self._profile.name:
            self._drop(item, f"an item of {item.dialect} means nothing to {self._profile.name}.")
        elif not item.complete:
            self._drop(item, "an item that was cut is not sent back.")
        elif item.kind == "audio":
            fields["audio"] = item.payload
        elif item.kind in _CONTENT_PIECES:
            pieces.append(item.payload)
        else:
            self._drop(item, f"chat completions take no {item.kind} back.")
