"""Anthropic's usage and citation objects, read into the common words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.values import Citation, Usage

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
    iterations = raw.get("iterations")
    compactions = [
        i
        for i in (iterations if isinstance(iterations, list) else ())
        if isinstance(i, dict) and i.get("type") == "compaction"
    ]

    def total(name: str) -> int | None:
        counts = [_count(source, name) for source in (raw, *compactions)]
        known = [c for c in counts if c is not None]
        return sum(known) if known else None

    fresh = total("input_tokens")
    read, written = total("cache_read_input_tokens"), total("cache_creation_input_tokens")
    details = raw.get("output_tokens_details")
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=total("output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(details, "thinking_tokens") if isinstance(details, dict) else None,
        raw=raw,
    )


def _count(source: Mapping[str, Any], name: str) -> int | None:
    value = source.get(name)
    return value if isinstance(value, int) else None


def citation_of(raw: dict[str, Any]) -> Citation:
    """One citation. It supports the whole text block it came in, so it has no start or end there.

    The character and page numbers in ``raw`` are positions in the *source*.
    """
    type_ = raw.get("type")
    words = {k: v for k, v in raw.items() if isinstance(v, str)}
    return Citation(
        kind=_CITATION_KINDS.get(str(type_), str(type_ or "unknown")),
        url=words.get("url") or words.get("source"),
        title=words.get("title") or words.get("document_title"),
        cited_text=words.get("cited_text"),
        raw=raw,
    )
