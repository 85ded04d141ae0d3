"""Messages as Anthropic wants them: a system prompt, then turns of user and assistant.

- Turns of one role in a row are one turn; tool results stand first in a user turn.
- System messages before the first turn become ``system``. Later ones become system turns where the
  model has those and their place is legal (after a user turn, before an assistant's or the end);
  else they move to the front, with a warning.
- Thinking goes back byte-identical, and only if it is closed and signed by this dialect; blocks of
  the vendor's own go back in place, as received.
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
from streamkit_anthropic._values import DIALECT, SCHEME
from streamkit_anthropic.models import ModelFacts

_Fields = dict[str, Any]

# What a call carries beyond id, name and input: docs/en/api/messages, ToolUseBlockParam.
_CALL_EXTRAS = ("caller", "toolset_name")

_ID = re.compile("[a-zA-Z0-9_-]+")
"""Ids made by other vendors may be of another form, which is refused."""

_CACHEABLE = ("text", "image", "document", "tool_use", "tool_result")
_USUAL_TTL = "5m"


class Messages:
    """Builds the ``messages`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, facts: ModelFacts, warnings: Warnings, *, fetches: bool) -> None:
        self.names_files = False
        self._fetches = fetches
        self._facts = facts
        self._warnings = warnings
        self._turns: list[_Fields] = []
        self._system: list[str] = []
        self._late_system: list[str] = []
        self._cached: _Fields = {}

    def build(self, messages: Sequence[Message], cache_ttl: str | None) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        for message in messages:
            self._add(message)
        self._place_late_system()
        self._trim_prefill()
        if cache_ttl is not None:
            self._mark_for_cache(cache_ttl)
        return self._turns

    @property
    def system(self) -> str | list[_Fields]:
        """The system prompt: one text as a string; several, or one to be cached, as blocks."""
        if len(self._system) < 2 and not self._cached:
            return "".join(self._system)
        blocks = [_text_block(text) for text in self._system]
        return [*blocks[:-1], blocks[-1] | self._cached] if blocks else ""

    # --- turns ---------------------------------------------------------------------------------

    def _add(self, message: Message) -> None:
        if message.role == "system":
            texts = [_system_text(part) for part in message.content]
            (self._late_system if self._turns else self._system).extend(t for t in texts if t)
        elif message.role == "assistant":
            blocks = [b for part in message.content if (b := self._said(part)) is not None]
            if blocks:
                self._place_late_system()
                self._append("assistant", blocks)
        else:
            blocks = [b for part in message.content if (b := self._given(part)) is not None]
            if blocks:
                self._append("user", blocks)

    def _append(self, role: str, blocks: list[_Fields]) -> None:
        if self._turns and self._turns[-1]["role"] == role:
            blocks = self._turns.pop()["content"] + blocks
        if role == "user":
            blocks = sorted(blocks, key=lambda block: block["type"] != "tool_result")
        self._turns.append({"role": role, "content": blocks})

    def _place_late_system(self) -> None:
        texts, self._late_system = self._late_system, []
        if not texts:
            return
        if self._facts.system_turns and self._turns[-1]["role"] == "user":
            content = [_text_block(text) for text in texts]
            self._turns.append({"role": "system", "content": content})
            return
        self._system += texts
        how = "no system message can stand there with this model; it moved into the system prompt"
        self._warnings.adjusted("messages", how)

    def _trim_prefill(self) -> None:
        """A last assistant message is continued, and refused if it ends in white space."""
        if not self._turns or self._turns[-1]["role"] != "assistant":
            return
        content, trimmed = self._turns[-1]["content"], False
        while content and content[-1]["type"] == "text":
            text = content[-1]["text"].rstrip()
            if text == content[-1]["text"]:
                break
            trimmed = True
            if text:
                content[-1]["text"] = text
            else:
                content.pop()
        if not trimmed:
            return
        if not content:
            self._turns.pop()
        how = "white space at the end of the text to continue is refused and was taken off"
        self._warnings.adjusted("messages", how)

    def _mark_for_cache(self, ttl: str) -> None:
        """At the end of the system prompt, which other conversations share, and of the last turn.

        On blocks, since clouds and imitators do not know the mark of a whole request. Source:
        https://platform.claude.com/docs/en/build-with-claude/prompt-caching
        """
        lasting = {} if ttl == _USUAL_TTL else {"ttl": ttl}
        self._cached = {"cache_control": {"type": "ephemeral", **lasting}}
        content = self._turns[-1]["content"] if self._turns else []
        for place in reversed(range(len(content))):
            if content[place]["type"] in _CACHEABLE:
                content[place] = content[place] | self._cached
                return

    # --- parts ---------------------------------------------------------------------------------

    def _said(self, part: Part) -> _Fields | None:
        """A block of an assistant turn; None if there is nothing to send."""
        if not goes_back(part, self._warnings, dialect=DIALECT, schemes=(SCHEME,)):
            return None
        match part:
            case TextPart(text="") | RefusalPart(text=""):
                return None
            case TextPart():
                cited = _citations(part.citations)
                return _text_block(part.text) | ({"citations": cited} if cited else {})
            case RefusalPart():
                return _text_block(part.text)
            case ReasoningPart(signature=None):
                self._warnings.dropped(part, "thinking without its signature is refused")
                return None
            case ReasoningPart(kind="redacted"):
                return {"type": "redacted_thinking", "data": part.signature}
            case ReasoningPart():
                return {"type": "thinking", "thinking": part.text, "signature": part.signature}
            case ToolCall():
                return _tool_call(part)
            case ProviderItem():
                return part.payload
            case MediaPart():
                self._warnings.dropped(part, "Anthropic takes back no media that a model made")
                return None
        raise refused(part, "Anthropic", "assistant", "put it into a user message")

    def _given(self, part: Part) -> _Fields | None:
        """A block of a user turn; None if there is nothing to send."""
        match part:
            case TextPart(text=text):
                return _text_block(text) if text else None
            case ImagePart():
                return {"type": "image", "source": self._source(part)}
            case DocumentPart():
                return self._document(part)
            case ToolResult():
                return self._result(part)
        raise refused(part, "Anthropic", "user")

    def _result(self, part: ToolResult) -> _Fields:
        content: Any = part.content
        if not isinstance(content, str):
            content = [block for p in content if (block := self._given(p)) is not None]
        result = {
            "type": "tool_result",
            "tool_use_id": fitting_id(part.call_id, _ID),
            "content": content,
        }
        return result | ({"is_error": True} if part.is_error else {})

    def _document(self, part: DocumentPart) -> _Fields:
        if part.data is not None and part.media_type != "application/pdf":
            source = _plain_text(part.data, part.media_type or "")
        else:
            source = self._source(part)
        named = {"title": part.name} if part.name is not None else {}
        return {"type": "document", "source": source, **named}

    def _source(self, part: ImagePart | DocumentPart) -> _Fields:
        if part.file_id is not None:
            self.names_files = True
            return {"type": "file", "file_id": part.file_id}
        if part.data is not None:
            media_type = (part.media_type or "").lower()
            return {"type": "base64", "media_type": media_type, "data": part.data}
        if not self._fetches:
            what = part.type.title() + "Part"
            raise UnsupportedError(
                f"Claude fetches no URLs at this server: send the {part.type}'s bytes, "
                f"{what}(data=..., media_type=...) or {what}.from_bytes(...)"
            )
        return {"type": "url", "url": part.url}


def _tool_call(call: ToolCall) -> _Fields:
    own = (call.vendor or {}).get(SCHEME) or {}
    extras = {name: value for name, value in own.items() if name in _CALL_EXTRAS}
    block = {"type": "tool_use", "id": fitting_id(call.id, _ID), "name": call.name}
    return {**block, "input": arguments_of(call), **extras}


def _text_block(text: str) -> _Fields:
    return {"type": "text", "text": text}


def _system_text(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text
    raise refused(part, "Anthropic", "system")


def _citations(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """Those of this dialect, as received but for ``file_id``, which requests have no field for."""
    return [
        {k: v for k, v in c.raw.items() if k != "file_id"}
        for c in citations
        if str(c.raw.get("type", "")).endswith("_location")
    ]


def _plain_text(data: str, media_type: str) -> _Fields:
    """A document of words: Anthropic takes PDFs as base64, and everything else as plain text."""
    if media_type.startswith("text/") or media_type == "application/json":
        try:
            words = b64decode(data, validate=True).decode("utf-8")
        except ValueError as error:
            raise UnsupportedError(f"the {media_type} document is no UTF-8") from error
        return {"type": "text", "media_type": "text/plain", "data": words}
    raise UnsupportedError(f"Anthropic takes PDF and text documents, no {media_type}")
