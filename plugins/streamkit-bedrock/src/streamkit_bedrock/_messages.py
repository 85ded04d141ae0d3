"""Messages as Converse wants them: system blocks, then turns of user and assistant in alternation.

- Turns of one role in a row are one turn; tool results stand first in a user turn.
- System messages go to the front; of those that stood later, a warning tells.
- Blank text is refused, and left out: it says nothing.
- Reasoning goes back byte-identical, and only if it is closed and signed by this dialect; blocks of
  the vendor's own go back in place, as received. Any block of Converse's can be written by hand as
  a `ProviderItem`: a cache point, a guarded text, a search result.
"""

from __future__ import annotations

import re
from base64 import b64decode
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
from streamkit.values import Citation
from streamkit.writing import Warnings, arguments_of, fitting_id, goes_back, refused
from streamkit_bedrock._values import DIALECT, SCHEME

_Fields = dict[str, Any]

_ID = re.compile("[a-zA-Z0-9_.:-]{1,64}")
"""The service model's ToolUseId; ids made by other vendors may be of another form."""

# The service model's DocumentFormat; VideoFormat and AudioFormat where they are not the subtype.
_DOCUMENTS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
}
_MEDIA = {
    "3gpp": "three_gp",
    "quicktime": "mov",
    "x-flv": "flv",
    "x-m4a": "m4a",
    "x-matroska": "mkv",
    "x-ms-wmv": "wmv",
    "x-wav": "wav",
}
_IMAGES = ("gif", "jpeg", "png", "webp")


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, model: str, warnings: Warnings) -> None:
        self.system: list[_Fields] = []
        self._model = model
        self._warnings = warnings
        self._turns: list[_Fields] = []
        self._called: dict[str, None] = {}
        self._documents: set[str] = set()

    def build(self, messages: Sequence[Message], cache_point: _Fields | None) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        for message in messages:
            self._add(message)
        if "claude-" in self._model:
            self._trim_prefill()
        if cache_point is not None:
            self._mark_for_cache(cache_point)
        return self._turns

    @property
    def called(self) -> tuple[str, ...]:
        """Names of the tools that the conversation holds calls of."""
        return tuple(self._called)

    # --- turns -----------------------------------------------------------------------------------

    def _add(self, message: Message) -> None:
        if message.role == "system":
            blocks = [b for part in message.content if (b := self._told(part)) is not None]
            if blocks and self._turns:
                how = "no system message can stand there; it moved to the front"
                self._warnings.adjusted("messages", how)
            self.system += blocks
            return
        role = "assistant" if message.role == "assistant" else "user"
        read = self._said if role == "assistant" else self._given
        blocks = [b for part in message.content if (b := read(part)) is not None]
        if not blocks:
            return
        if self._turns and self._turns[-1]["role"] == role:
            blocks = self._turns.pop()["content"] + blocks
        if role == "user":
            blocks = sorted(blocks, key=lambda block: "toolResult" not in block)
        self._turns.append({"role": role, "content": blocks})

    def _trim_prefill(self) -> None:
        """A last assistant message is continued, and refused if it ends in white space."""
        last = self._turns[-1] if self._turns else None
        if last is None or last["role"] != "assistant" or "text" not in last["content"][-1]:
            return
        block = last["content"][-1]
        if block["text"] != (trimmed := block["text"].rstrip()):
            block["text"] = trimmed
            how = "white space at the end of the text to continue is refused and was taken off"
            self._warnings.adjusted("messages", how)

    def _mark_for_cache(self, cache_point: _Fields) -> None:
        """At the end of the system prompt, which other conversations share, and of the last turn.

        A text to be continued must stand last, so the mark is put into the user's turn before it.
        """
        if self.system:
            self.system.append(cache_point)
        for turn in reversed(self._turns):
            if turn["role"] == "user":
                turn["content"].append(cache_point)
                return

    # --- parts -----------------------------------------------------------------------------------

    def _told(self, part: Part) -> _Fields | None:
        """A block of the system prompt; None if there is nothing to send."""
        match part:
            case TextPart(text=text):
                return _text_block(text)
            case ProviderItem():
                return part.payload if self._returns(part) else None
        raise refused(part, "Converse", "system")

    def _said(self, part: Part) -> _Fields | None:
        """A block of an assistant turn; None if there is nothing to send."""
        if not self._returns(part):
            return None
        match part:
            case TextPart(text=text, citations=citations):
                block = _text_block(text)
                if block is None or not (own := _citations(citations)):
                    return block
                return {"citationsContent": {"content": [block], "citations": own}}
            case RefusalPart(text=text):
                return _text_block(text)
            case ReasoningPart():
                return self._thought(part)
            case ToolCall():
                self._called[part.name] = None
                id_, arguments = fitting_id(part.id, _ID), arguments_of(part)
                return {"toolUse": {"toolUseId": id_, "name": part.name, "input": arguments}}
            case ImagePart():
                return _media(part)
            case MediaPart():
                try:
                    return _media(part)
                except UnsupportedError as error:  # another model made it, and words go on
                    self._warnings.dropped(part, error.message)
                    return None
            case ProviderItem():
                return part.payload
        raise refused(part, "Converse", "assistant", "put it into a user message")

    def _given(self, part: Part) -> _Fields | None:
        """A block of a user turn; None if there is nothing to send."""
        match part:
            case TextPart(text=text):
                return _text_block(text)
            case ImagePart() | MediaPart():
                return _media(part)
            case DocumentPart():
                return self._document(part)
            case ToolResult():
                return self._result(part)
            case ProviderItem():
                return part.payload if self._returns(part) else None
        raise refused(part, "Converse", "user")

    def _returns(self, part: Part) -> bool:
        return goes_back(part, self._warnings, dialect=DIALECT, schemes=(SCHEME,))

    def _result(self, part: ToolResult) -> _Fields:
        parts = [TextPart(text=part.content)] if isinstance(part.content, str) else part.content
        content = [b for p in parts if (b := self._given(p)) is not None]
        result: _Fields = {"toolUseId": fitting_id(part.call_id, _ID), "content": content}
        if part.is_error:
            # An error without words is refused.
            result |= {"status": "error", "content": content or [{"text": "error"}]}
        return {"toolResult": result}

    def _thought(self, part: ReasoningPart) -> _Fields | None:
        if part.signature is None:
            self._warnings.dropped(part, "reasoning without its signature is refused")
            return None
        if part.kind == "redacted":
            return {"reasoningContent": {"redactedContent": part.signature}}
        thought = {"text": part.text, "signature": part.signature}
        return {"reasoningContent": {"reasoningText": thought}}

    def _document(self, part: DocumentPart) -> _Fields:
        media_type, source = _source(part)
        format_ = _DOCUMENTS.get((media_type or _guessed(part)).lower())
        if format_ is None:
            raise UnsupportedError(f"Converse takes no {media_type or 'unnamed'} document")
        if "bytes" in source and format_ == "txt":
            source = _words(source["bytes"]) or source
        return {"document": {"format": format_, "name": self._name(part.name), "source": source}}

    def _name(self, given: str | None) -> str:
        """A name that is allowed (DocumentBlock.name) and that no other document has."""
        words = re.sub(r"[^\w\s()\[\]-]|_", "-", given or "document", flags=re.ASCII)
        name = base = re.sub(r"\s+", " ", words)[:180] or "document"
        while name in self._documents:
            name = f"{base} ({len(self._documents) + 1})"
        self._documents.add(name)
        return name


def _text_block(text: str) -> _Fields | None:
    return {"text": text} if text.strip() else None


def _citations(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """Those of this dialect, as received."""
    return [c.raw for c in citations if isinstance(c.raw.get("location"), dict)]


def _media(part: ImagePart | MediaPart) -> _Fields:
    media_type, source = _source(part)
    kind, _, subtype = (media_type or _guessed(part)).lower().partition("/")
    format_ = _MEDIA.get(subtype, "jpeg" if subtype == "jpg" else subtype)
    if kind not in ("image", "audio", "video") or (kind == "image" and format_ not in _IMAGES):
        takes = "audio, video, and images of " + ", ".join(sorted(_IMAGES))
        raise UnsupportedError(f"Converse takes {takes}, not {media_type or 'unnamed data'}")
    return {kind: {"format": format_, "source": source}}


def _source(part: ImagePart | DocumentPart | MediaPart) -> tuple[str, _Fields]:
    """The media type, "" if it is not known, and where the bytes are."""
    if part.data is not None:
        return (part.media_type or "").partition(";")[0], {"bytes": part.data}
    url = part.url or part.file_id or ""
    if url.startswith("s3://"):
        return part.media_type or "", {"s3Location": {"uri": url}}
    raise UnsupportedError(
        f"Converse fetches nothing but s3:// addresses; send the {part.type} as data"
    )


def _guessed(part: ImagePart | DocumentPart | MediaPart) -> str:
    """The media type of an address, by its ending."""
    ending = (part.url or part.file_id or "").rpartition(".")[2].lower()
    if isinstance(part, DocumentPart):
        return next((type_ for type_, name in _DOCUMENTS.items() if name == ending), "")
    return f"image/{ending}" if isinstance(part, ImagePart) else ""


def _words(data: str) -> _Fields | None:
    """Plain text as itself, of which the model can cite; None if it is no UTF-8."""
    try:
        return {"text": b64decode(data, validate=True).decode("utf-8")}
    except ValueError:
        return None
