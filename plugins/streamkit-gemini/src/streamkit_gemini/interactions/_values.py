"""Values of the Interactions API in the common form."""

from __future__ import annotations

from typing import Any

from streamkit.chunks import Key
from streamkit.reading import count, text
from streamkit.values import Citation, FinishReason
from streamkit_gemini._values import Buffers, position

DIALECT = "gemini-interactions"
SCHEME = DIALECT
"""The scheme of thought signatures, so that they go back only to those who can read them."""

# google-genai 3.4, types.interactions.InteractionSseEventInteractionStatus
FINISH_REASONS: dict[str, FinishReason] = {
    "completed": "stop",
    "requires_action": "tool_call",
    "incomplete": "length",
    "budget_exceeded": "length",
    "requires_continuation": "pause",
    "failed": "error",
    "cancelled": "cancelled",
}


def finish_reason(status: str, *, called: bool) -> FinishReason:
    """The common word for a status. ``completed`` may follow calls, too (vercel/ai)."""
    reason = FINISH_REASONS.get(status, "other")
    return "tool_call" if called and reason == "stop" else reason


def citation_of(raw: dict[str, Any], key: Key, words: bytearray) -> Citation:
    """An annotation of the text ``words``; its indexes are bytes (the same SDK, URLCitation)."""
    kind = text(raw.get("type"))
    start, end = count(raw.get("start_index")), count(raw.get("end_index"))
    cited, place = None, None
    if start is not None and end is not None and 0 <= start < end <= len(words):
        cited = words[start:end].decode("utf-8", "replace")
        texts: Buffers = [(key, words)]
        place = position(texts, start, end, cited)
    return Citation(
        kind="url" if kind == "url_citation" else kind or "annotation",
        url=text(raw.get("url")) or text(raw.get("document_uri")) or None,
        title=text(raw.get("title")) or text(raw.get("file_name")) or None,
        cited_text=cited if place else None,
        start=place[1] if place else None,
        end=place[2] if place else None,
        raw=raw,
    )
