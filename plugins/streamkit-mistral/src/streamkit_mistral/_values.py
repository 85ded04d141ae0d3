"""Values off the wire in the common form: finish reasons, token counts."""

from __future__ import annotations

from typing import Any

from streamkit.reading import count, mapping
from streamkit.values import FinishReason, Usage

DIALECT = "mistral-chat"
SCHEME = "mistral"
"""Who can read the signatures of thinking; `streamkit_openai` names it so, too."""

FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "tool_calls": "tool_call",
    "length": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "error": "error",
}


def finish_reason(raw: str) -> FinishReason:
    return FINISH_REASONS.get(raw, "other")


def usage_of(raw: dict[str, Any]) -> Usage:
    """Counts of the whole answer, on the chunk that has the finish reason."""
    cached = mapping(raw.get("prompt_tokens_details")).get("cached_tokens")
    return Usage(
        input_tokens=count(raw.get("prompt_tokens")),
        output_tokens=count(raw.get("completion_tokens")),
        total_tokens=count(raw.get("total_tokens")),
        cache_read_tokens=count(raw.get("num_cached_tokens") if cached is None else cached),
        raw=raw,
    )
