"""Values off the wire in the common form: finish reasons, token counts, citations."""

from __future__ import annotations

from typing import Any

from streamkit.reading import count, mapping, text
from streamkit.values import Citation, FinishReason, Usage

DIALECT = "cohere-v2"

TOOL_PLAN = "tool_plan"
"""The field, and the kind of the provider item, that holds the words before tool calls."""

FINISH_REASONS: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_call",
    "ERROR": "error",
    "ERROR_LIMIT": "length",  # version 1, as is the next
    "ERROR_TOXIC": "content_filter",
    "TIMEOUT": "error",
}


def finish_reason(raw: str) -> FinishReason:
    return FINISH_REASONS.get(raw.upper(), "other")


def usage_of(raw: dict[str, Any]) -> Usage:
    """``tokens`` is what the model read and wrote, ``billed_units`` what is paid for.

    ``cached_tokens`` are among the input tokens, and stand beside both.
    """
    tokens = mapping(raw.get("tokens")) or mapping(raw.get("billed_units"))
    tokens_in, tokens_out = count(tokens.get("input_tokens")), count(tokens.get("output_tokens"))
    both = tokens_in is not None and tokens_out is not None
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=(tokens_in or 0) + (tokens_out or 0) if both else None,
        cache_read_tokens=count(raw.get("cached_tokens")),
        reasoning_tokens=count(tokens.get("reasoning_tokens")),
        raw=raw,
    )


def citation_of(raw: dict[str, Any]) -> Citation:
    """``start`` and ``end`` are positions in the text of its content block.

    Where several sources stand behind one stretch, the first names it; ``raw`` has all.
    """
    sources = raw.get("sources")
    source = mapping(sources[0]) if isinstance(sources, list) and sources else {}
    document = mapping(source.get("document"))
    return Citation(
        kind=text(source.get("type")) or "document",
        url=text(document.get("url")) or None,
        title=text(document.get("title")) or None,
        cited_text=text(raw.get("text")) or None,
        start=count(raw.get("start")),
        end=count(raw.get("end")),
        raw=raw,
    )
