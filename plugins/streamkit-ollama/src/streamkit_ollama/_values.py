"""Values off the wire in the common form: finish reasons, token counts."""

from __future__ import annotations

from typing import Any

from streamkit.reading import count
from streamkit.values import FinishReason, Usage

DIALECT = "ollama-chat"

FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


def finish_reason(raw: str, *, called: bool) -> FinishReason:
    """Tools are called with the reason ``stop``; before ollama/ollama#4235 there was none."""
    reason = FINISH_REASONS.get(raw, "other")
    return "tool_call" if called and reason != "length" else reason


def usage_of(raw: dict[str, Any]) -> Usage:
    """Counts of the last line. A cached prompt may have no ``prompt_eval_count``."""
    tokens_in, tokens_out = count(raw.get("prompt_eval_count")), count(raw.get("eval_count"))
    both = tokens_in is not None and tokens_out is not None
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=(tokens_in or 0) + (tokens_out or 0) if both else None,
        raw=raw,
    )
