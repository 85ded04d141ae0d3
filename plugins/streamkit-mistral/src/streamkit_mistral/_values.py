"""Values off the wire in the common form: finish reasons, token counts, text."""

from __future__ import annotations

from typing import Any

from streamkit.values import FinishReason, Usage

SCHEME = "mistral"
"""Who can read the signatures of thinking; `streamkit_openai` names it so, too."""

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "tool_calls": "tool_call",
    "length": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "error": "error",
}


def finish_reason(raw: str) -> FinishReason:
    return _REASONS.get(raw, "other")


def usage_of(raw: dict[str, Any]) -> Usage:
    """Counts of the whole answer, on the chunk that has the finish reason."""
    details = raw.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(
        input_tokens=_count(raw.get("prompt_tokens")),
        output_tokens=_count(raw.get("completion_tokens")),
        total_tokens=_count(raw.get("total_tokens")),
        cache_read_tokens=_count(raw.get("num_cached_tokens") if cached is None else cached),
        raw=raw,
    )


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def entries(value: Any) -> list[Any]:
    """A list's entries; anything else is one entry, and nothing is none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _count(value: Any) -> int | None:
    return value if type(value) is int else None
