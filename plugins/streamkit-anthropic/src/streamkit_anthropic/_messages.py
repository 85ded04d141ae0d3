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
from streamkit.values import Citation

from ._blocks import SCHEME
from .models import ModelFacts

DIALECT = "anthropic-messages"

_Block = dict[str, Any]

# What a call carries beyond id, name and input: docs/en/api/messages, ToolUseBlockParam.
_CALL_EXTRAS = ("caller", "toolset_name")


class Conversation:
    """``system`` and ``turns`` of a request's messages, and what could not be carried over."""

    def __init__(self, messages: Sequence[Message], facts: ModelFacts) -> None:
        self.turns: list[dict[str, Any]] = []
        self.warnings: list[Warned] = []
        self.names_files = False
        self._facts = facts
        self._system: list[str] = []
        self._late_system: list[str] = []
        for number, message in enumerate(messages):
            self._add(message, f"messages[{number}]")
        self._place_late_system()
        self._trim_prefill()

    @property
    def system(self) -> str | list[_Block]:
        """The system prompt: one text as a string, several as blocks."""
        if len(self._system) < 2:
            return "".join(self._system)
        return [_text_block(text) for text in self._system]

    # --- turns ---------------------------------------------------------------------------------

    def _add(self, message: Message, where: str) -> None:
        if message.role == "system":
            texts = [_system_text(part, where) for part in message.content]
            (self._late_system if self.turns else self._system).extend(t for t in texts if t)
        elif message.role == "assistant":
            blocks = [b for part in message.content if (b := self._said(part, where)) is not None]
            if blocks:
                self._place_late_system()
                self._append("assistant", blocks)
        else:
            blocks = [b for part in message.content if (b := self._given(part, where)) is not None]
            if blocks:
                self._append("user", blocks)

    def _append(self, role: str, blocks: list[_Block]) -> None:
        if self.turns and self.turns[-1]["role"] == role:
            blocks = self.turns.pop()["content"] + blocks
        if role == "user":
            blocks = sorted(blocks, key=lambda block: block["type"] != "tool_result")
        self.turns.append({"role": role, "content": blocks})

    def _place_late_system(self) -> None:
        texts, self._late_system = self._late_system, []
        if not texts:
            return
        if self._facts.system_turns and self.turns[-1]["role"] == "user":
            content = [_text_block(text) for text in texts]
            self.turns.append({"role": "system", "content": content})
            return
        self._system += texts
        why = "no system message can stand there with this model; it moved into the system prompt"
        self.warnings.append(Warned("option_adjusted", "messages", why))

    def _trim_prefill(self) -> None:
        """A last assistant message is continued, and refused if it ends in white space."""
        if not self.turns or self.turns[-1]["role"] != "assistant":
            return
        content, trimmed = self.turns[-1]["content"], False
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
            self.turns.pop()
        why = "white space at the end of the text to continue is refused and was taken off"
        self.warnings.append(Warned("option_adjusted", "messages", why))

    # --- parts ---------------------------------------------------------------------------------

    def _said(self, part: Part, where: str) -> _Block | None:
        """A block of an assistant turn; None if there is nothing to send."""
        match part:
            case TextPart(text=text) | RefusalPart(text=text):
                if not text:
                    return None
                block = _text_block(text)
                if isinstance(part, TextPart) and (cited := _citations(part.citations)):
                    block["citations"] = cited
                return block
            case ReasoningPart():
                return self._thought(part, where)
            case ToolCall():
                own = (part.vendor or {}).get(SCHEME) or {}
                extras = {k: v for k, v in own.items() if k in _CALL_EXTRAS}
                arguments = part.arguments
                if arguments is None:  # free text of another vendor's custom tool
                    arguments = {"input": part.arguments_text}
                return {
                    "type": "tool_use",
                    "id": _call_id(part.id),
                    "name": part.name,
                    "input": arguments,
                    **extras,
                }
            case ProviderItem():
                if part.dialect == DIALECT and part.complete and part.payload:
                    return part.payload
                owner = part.dialect if part.dialect != DIALECT else "an unfinished block"
                self._drop(part, where, f"{part.kind} of {owner} cannot be sent back")
                return None
            case IncompleteToolCall():
                self._drop(part, where, "a tool call that was never finished")
                return None
            case MediaPart():
                self._drop(part, where, "an assistant turn holds no media that a model made")
                return None
        raise UnsupportedError(f"{where}: an assistant turn of Anthropic's holds no {part.type}")

    def _given(self, part: Part, where: str) -> _Block | None:
        """A block of a user turn; None if there is nothing to send."""
        match part:
            case TextPart(text=text):
                return _text_block(text) if text else None
            case ImagePart():
                return self._image(part)
            case DocumentPart():
                return self._document(part, where)
            case ToolResult(content=content):
                result: _Block = {"type": "tool_result", "tool_use_id": _call_id(part.call_id)}
                if isinstance(content, str):
                    result["content"] = content
                else:
                    given = (self._given(p, where) for p in content)
                    result["content"] = [block for block in given if block is not None]
                if part.is_error:
                    result["is_error"] = True
                return result
        raise UnsupportedError(f"{where}: a user turn of Anthropic's holds no {part.type}")

    def _thought(self, part: ReasoningPart, where: str) -> _Block | None:
        if not part.closed or part.signature is None or part.scheme != SCHEME:
            self._drop(part, where, "only whole thinking signed by Anthropic goes back")
            return None
        if part.kind == "redacted":
            return {"type": "redacted_thinking", "data": part.signature}
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}

    def _drop(self, part: Part, where: str, why: str) -> None:
        self.warnings.append(Warned("part_dropped", f"{where} {part.type}", why))

    # --- media ---------------------------------------------------------------------------------

    def _image(self, part: ImagePart) -> _Block:
        return {"type": "image", "source": self._source(part)}

    def _document(self, part: DocumentPart, where: str) -> _Block:
        block: _Block = {"type": "document", "source": self._source(part)}
        source = block["source"]
        if source["type"] == "base64" and source["media_type"] != "application/pdf":
            block["source"] = _plain_text(source, where)
        if part.name is not None:
            block["title"] = part.name
        return block

    def _source(self, part: ImagePart | DocumentPart) -> dict[str, str]:
        if part.file_id is not None:
            self.names_files = True
            return {"type": "file", "file_id": part.file_id}
        url = part.data_url or ""
        if match := re.match(r"data:([^;,]+);base64,", url):
            data = url[match.end() :]
            return {"type": "base64", "media_type": match[1].lower(), "data": data}
        return {"type": "url", "url": url}


def _text_block(text: str) -> _Block:
    return {"type": "text", "text": text}


def _system_text(part: Part, where: str) -> str:
    if isinstance(part, TextPart):
        return part.text
    raise UnsupportedError(f"{where}: a system message of Anthropic's holds text, no {part.type}")


def _citations(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """Those of this dialect, as received but for ``file_id``, which requests have no field for."""
    return [
        {k: v for k, v in c.raw.items() if k != "file_id"}
        for c in citations
        if str(c.raw.get("type", "")).endswith("_location")
    ]


def _call_id(id_: str) -> str:
    """Ids made by other vendors may hold what Anthropic refuses (``^[a-zA-Z0-9_-]+$``)."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", id_)


def _plain_text(source: dict[str, str], where: str) -> dict[str, str]:
    """A document of words: Anthropic takes PDFs as base64, and everything else as plain text."""
    media_type = source["media_type"]
    if media_type.startswith("text/") or media_type == "application/json":
        try:
            words = b64decode(source["data"], validate=True).decode("utf-8")
        except ValueError as error:
            raise UnsupportedError(f"{where}: the {media_type} document is no UTF-8") from error
        return {"type": "text", "media_type": "text/plain", "data": words}
    raise UnsupportedError(f"{where}: Anthropic takes PDF and text documents, no {media_type}")
