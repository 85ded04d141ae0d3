"""Values off the wire in the common form: finish reasons, token counts, text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.reading import count, mapping
from streamkit.values import FinishReason, Usage

DIALECT = "openai-chat"

FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",  # Together
    "length": "length",
    "model_length": "length",  # Mistral
    "model_context_window_exceeded": "length",  # Z.ai
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # Z.ai
    "error": "error",  # OpenRouter, Mistral
    "network_error": "error",  # Z.ai
    "insufficient_system_resource": "error",  # DeepSeek
    "eos_token": "stop",  # Text Generation Inference, which hosts at Hugging Face run
    "stop_sequence": "stop",
    # The words of the vendor behind a gateway, unchanged: Anthropic's and Google's.
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
}


def finish_reason(raw: str, *, called: bool, refused: bool) -> FinishReason:
    """The common word for ``raw``, given whether the choice called tools or refused.

    Ollama says ``stop`` after tool calls and Cerebras may say ``tool_calls`` after an answer in
    words, so what came decides between these two.
    """
    reason = FINISH_REASONS.get(raw.lower(), "other")
    if reason in {"stop", "tool_call"}:
        if called:
            return "tool_call"
        return "content_filter" if refused else "stop"
    return reason


def usage_of(raw: Mapping[str, Any], *, reasoning_apart: bool = False) -> Usage:
    """Token counts out of a usage object.

    ``reasoning_apart``: ``completion_tokens`` leaves reasoning out, and ``prompt_tokens`` may leave
    out the cached ones (xAI: 12 + 1 + 290 = 303 on a recording). Where others serve such a model,
    the total tells (Grok on Azure: 20 + 11 + 365 = 396).
    """
    prompt = mapping(raw.get("prompt_tokens_details"))
    completion = mapping(raw.get("completion_tokens_details"))
    cache_read = _first(
        prompt.get("cached_tokens"),
        raw.get("prompt_cache_hit_tokens"),  # DeepSeek
        raw.get("cached_tokens"),  # Moonshot, Together
        raw.get("cache_read_input_tokens"),  # Databricks
        raw.get("num_cached_tokens"),  # Mistral
    )
    cache_write = _first(
        prompt.get("cache_write_tokens"),
        prompt.get("cache_creation_input_tokens"),  # Qwen
        raw.get("cache_creation_input_tokens"),  # Databricks
    )
    reasoning = _first(completion.get("reasoning_tokens"), raw.get("reasoning_tokens"))
    tokens_in, tokens_out = count(raw.get("prompt_tokens")), count(raw.get("completion_tokens"))
    total = count(raw.get("total_tokens"))
    if reasoning and total == (tokens_in or 0) + (tokens_out or 0) + reasoning:
        reasoning_apart = True
    if reasoning_apart:
        if tokens_out is not None:
            tokens_out += reasoning or 0
        if tokens_in is not None and cache_read is not None and cache_read > tokens_in:
            tokens_in += cache_read
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=total,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
        raw=dict(raw),
    )


def _first(*values: Any) -> int | None:
    """The first whole number."""
    return next((number for value in values if (number := count(value)) is not None), None)
