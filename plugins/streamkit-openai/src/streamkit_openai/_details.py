"""OpenRouter's ``reasoning_details``: reasoning that must go back as it came.

    {"type": "reasoning.text" | "reasoning.summary" | "reasoning.encrypted",
     "format": "anthropic-claude-v1", "index": 0, "id": …, "text" | "summary" | "data": …,
     "signature": …}

A detail is a piece of the block (type, index): one index can hold a text and an encrypted block.
What a reasoning part has no field for, format, index and id, is kept in the scheme of its
signature, ``openrouter:FORMAT:INDEX[:ID]``, so that the same list can be sent with the next turn.
Source: OpenRouter, "Reasoning tokens"; Snowflake Cortex sends the same for Claude models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.chunks import Chunk, Closed, Key, Opaque, Reasoning, Signature
from streamkit.messages import ReasoningPart
from streamkit.values import ReasoningKind

SCHEME = "openrouter"

# type: (kind of reasoning, the field with the words, the field with the token)
_TYPES: dict[str, tuple[ReasoningKind, str, str]] = {
    "reasoning.text": ("raw", "text", "signature"),
    "reasoning.summary": ("summary", "summary", "signature"),
    "reasoning.encrypted": ("redacted", "", "data"),
}
_TYPE_OF: dict[ReasoningKind, str] = {kind: type_ for type_, (kind, _, _) in _TYPES.items()}


class ReasoningDetails:
    """The details of one choice that are being received."""

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self.open: set[Key] = set()
        self._signed: set[Key] = set()

    def read(self, details: Any, out: list[Chunk]) -> bool:
        """Reads ``delta.reasoning_details``. True if there were words in it."""
        words = False
        for position, detail in enumerate(details if isinstance(details, list) else ()):
            type_ = detail.get("type") if isinstance(detail, Mapping) else None
            if not isinstance(type_, str) or type_ not in _TYPES:
                out.append(Opaque("reasoning_detail", detail))
                continue
            words |= self._read(detail, type_, position, out)
        return words

    def close(self, out: list[Chunk]) -> None:
        """Other content has begun, or the choice has stopped."""
        out.extend(Closed(key, self._choice) for key in sorted(self.open, key=str))
        self.open.clear()

    def _read(self, detail: Mapping[str, Any], type_: str, position: int, out: list[Chunk]) -> bool:
        kind, words_field, token_field = _TYPES[type_]
        index = detail.get("index")
        if not isinstance(index, int):
            index = position
        key: Key = (type_, index)
        text, token = detail.get(words_field), detail.get(token_field)
        text = text if isinstance(text, str) else ""
        if text or token:
            self.open.add(key)
        if text or kind == "redacted":
            out.append(Reasoning(text, key, self._choice, kind))
        # The scheme is told with the first piece, a token takes its place when it comes.
        if token or (text and key not in self._signed):
            self._signed.add(key)
            out.append(Signature(str(token or ""), _scheme(detail, index), key, self._choice))
        return bool(text)


def _scheme(detail: Mapping[str, Any], index: int) -> str:
    scheme = f"{SCHEME}:{detail.get('format') or 'unknown'}:{index}"
    return f"{scheme}:{detail['id']}" if detail.get("id") else scheme


def detail_of(part: ReasoningPart) -> dict[str, Any] | None:
    """The detail to send back for a part, or None if the part did not come from one."""
    owner, format_, index, *rest = [*(part.scheme or "").split(":", 3), "", ""][:4]
    if owner != SCHEME or not index.isdecimal():
        return None
    type_ = _TYPE_OF[part.kind]
    _, words_field, token_field = _TYPES[type_]
    detail: dict[str, Any] = {"type": type_}
    if words_field:
        detail[words_field] = part.text
    if part.signature:
        detail[token_field] = part.signature
    return detail | {"format": format_, "index": int(index)} | ({"id": rest[0]} if rest[0] else {})
