"""Converse's usage, citations and guardrail verdicts, read into the common words."""

from __future__ import annotations

from typing import Any

from streamkit.chunks import Safety
from streamkit.values import Citation, FinishReason, Usage

from ._wire import count, items, mapping, text

# The service model's StopReason.
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}

_CITATION_KINDS = {
    "web": "url",
    "documentChar": "document",
    "documentPage": "document",
    "documentChunk": "document",
    "searchResultLocation": "search_result",
}


def usage_of(raw: dict[str, Any]) -> Usage:
    """``inputTokens`` leaves out what was read from and written to the cache; it is added here.

    Source: docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    fresh = count(raw.get("inputTokens"))
    read, written = count(raw.get("cacheReadInputTokens")), count(raw.get("cacheWriteInputTokens"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=count(raw.get("outputTokens")),
        total_tokens=count(raw.get("totalTokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
        raw=raw,
    )


def citation_of(raw: dict[str, Any]) -> Citation:
    """One citation. It supports the whole block it came in, so it has no start or end there.

    The positions in ``raw`` are those in the *source*.
    """
    location = mapping(raw.get("location"))
    kind = next(iter(location), "")
    place = mapping(location.get(kind))
    cited = "".join(text(mapping(piece).get("text")) for piece in items(raw.get("sourceContent")))
    return Citation(
        kind=_CITATION_KINDS.get(kind, kind or "document"),
        url=text(place.get("url")) or text(raw.get("source")) or None,
        title=text(raw.get("title")) or None,
        cited_text=cited or None,
        raw=raw,
    )


def guardrail_verdict(trace: dict[str, Any]) -> Safety:
    """What a guardrail found. ``blocked`` if any of its policies blocked something."""
    return Safety("guardrail", _blocks(trace), data=trace)


def _blocks(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("action") == "BLOCKED" or any(map(_blocks, value.values()))
    return isinstance(value, list) and any(map(_blocks, value))
