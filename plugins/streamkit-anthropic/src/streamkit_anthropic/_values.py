"""Values off the wire in the common form: finish reasons, token counts, citations."""

from __future__ import annotations

from typing import Any

from streamkit.reading import count, items, mapping, text
from streamkit.values import Citation, FinishReason, Usage

DIALECT = "anthropic-messages"
SCHEME = "anthropic"
"""The scheme of thinking signatures, so that they go back only to those who can read them."""

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
    "pause_turn": "pause",
    "compaction": "pause",
}

_CITATION_KINDS = {
    # https://platform.claude.com/docs/en/build-with-claude/citations
    "char_location": "document",
    "page_location": "document",
    "content_block_location": "document",
    "web_search_result_location": "url",
    "search_result_location": "search_result",
}


def usage_of(raw: dict[str, Any]) -> Usage:
    """Totals of one answer.

    Anthropic's ``input_tokens`` leaves out what was read from and written to the cache, and all its
    totals leave out what compaction cost, which only ``iterations`` reports; both are added here.
    The advisor's iterations are not: another model at another price.
    Source: https://platform.claude.com/docs/en/build-with-claude/compaction#understanding-usage
    """
    iterations = [mapping(i) for i in items(raw.get("iterations"))]
    compactions = [i for i in iterations if i.get("type") == "compaction"]

    def total(name: str) -> int | None:
        counts = [count(source.get(name)) for source in (raw, *compactions)]
        known = [c for c in counts if c is not None]
        return sum(known) if known else None

    fresh = total("input_tokens")
    read, written = total("cache_read_input_tokens"), total("cache_creation_input_tokens")
    details = mapping(raw.get("output_tokens_details"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=total("output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=count(details.get("thinking_tokens")),
        raw=raw,
    )


def citation_of(raw: dict[str, Any]) -> Citation:
    """One citation. It supports the whole text block it came in, so it has no start or end there.

    The character and page numbers in ``raw`` are positions in the *source*.
    """
    type_ = text(raw.get("type")) or "unknown"
    return Citation(
        kind=_CITATION_KINDS.get(type_, type_),
        url=text(raw.get("url")) or text(raw.get("source")) or None,
        title=text(raw.get("title")) or text(raw.get("document_title")) or None,
        cited_text=text(raw.get("cited_text")) or None,
        raw=raw,
    )
