"""A `ChatRequest` as the body of ``POST /chat/completions``.

Source: docs.mistral.ai, API reference; Mistral's Python SDK 3.7. Fields that the API does not know
are refused with a 422.
"""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool
from streamkit.writing import Warnings, function_tool, merged, renamed, tier_among, without_none
from streamkit_mistral._messages import Messages

_PLAIN = {
    "parallel_tool_calls": "parallel_tool_calls",
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "random_seed",
    "n": "n",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "reasoning_effort": "reasoning_effort",
    "metadata": "metadata",
    "prompt_cache_key": "prompt_cache_key",
}
"""Options whose values go out as they are, and their names."""

OPTIONS = frozenset({*_PLAIN, "tools", "tool_choice", "response_format", "logprobs"}) | {
    "service_tier"
}
_TIERS = ("auto", "standard_only")


def build(request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings = Warnings()
    body: dict[str, Any] = {
        "model": request.model,
        "messages": Messages(warnings).build(request.messages),
        "stream": True,
        **renamed(request, _PLAIN),
    }
    if request.tools:
        body["tools"] = [function_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_format is not None:
        body["response_format"] = format_of(request.response_format)
    if request.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    if request.service_tier is not None:
        body["service_tier"] = tier_among(_TIERS, request.service_tier, warnings, "Mistral")
    return WireRequest("/chat/completions", merged(body, request), warnings=tuple(warnings))


def _tool_choice(choice: str | NamedTool) -> Any:
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return "any" if choice == "required" else choice  # the older of two words for the same


def format_of(wanted: str | JsonSchema) -> dict[str, Any]:
    """``response_format``."""
    if isinstance(wanted, JsonSchema):
        fields = {
            "name": wanted.name,
            "description": wanted.description,
            "schema": wanted.json_schema,
            "strict": wanted.strict,
        }
        return {"type": "json_schema", "json_schema": without_none(fields)}
    return {"type": "json_object" if wanted == "json" else "text"}
