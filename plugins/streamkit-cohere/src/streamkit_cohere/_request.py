"""A `ChatRequest` as the body of ``POST /v2/chat``.

Source: docs.cohere.com, API reference, chat with streaming; Cohere's Python SDK 7.3.
"""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool
from streamkit.writing import Warnings, function_tool, merged, renamed
from streamkit_cohere._messages import Messages

_PLAIN = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "stop": "stop_sequences",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Options whose values go out as they are, and their names."""

OPTIONS = frozenset({*_PLAIN, "tools", "tool_choice", "response_format", "logprobs"}) | {
    *("reasoning_effort", "reasoning_budget"),
}


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
        **_tools(request),
        **_logprobs(request, warnings),
        **_thinking(request, warnings),
    }
    if request.response_format is not None:
        body["response_format"] = _format(request.response_format)
    return WireRequest("/v2/chat", merged(body, request), warnings=tuple(warnings))


def _tools(request: ChatRequest) -> dict[str, Any]:
    """Tools and whether to call one.

    A tool cannot be demanded by name: it is sent alone, with the demand to call one. ``strict``
    holds for all tools or for none.
    """
    tools, choice = request.tools, request.tool_choice
    fields: dict[str, Any] = {}
    if isinstance(choice, NamedTool):
        named = tuple(t for t in tools if isinstance(t, Tool) and t.name == choice.name)
        tools, choice = named or tools, "required"
    if tools:
        fields["tools"] = [function_tool(tool, strict=False) for tool in tools]
    if any(isinstance(tool, Tool) and tool.strict for tool in tools):
        fields["strict_tools"] = True
    if choice in ("required", "none"):
        fields["tool_choice"] = choice.upper()
    return fields


def _format(wanted: str | JsonSchema) -> dict[str, Any]:
    if isinstance(wanted, JsonSchema):
        return {"type": "json_object", "json_schema": wanted.json_schema}
    return {"type": "json_object" if wanted == "json" else "text"}


def _logprobs(request: ChatRequest, warnings: Warnings) -> dict[str, Any]:
    if request.logprobs is None:
        return {}
    if request.logprobs:
        how = "Cohere tells the probability of the tokens it chose, and of no others"
        warnings.adjusted("logprobs", how)
    return {"logprobs": True}


def _thinking(request: ChatRequest, warnings: Warnings) -> dict[str, Any]:
    """``thinking``: on by default where a model can; a budget is a positive number."""
    effort, budget = request.reasoning_effort, request.reasoning_budget
    if effort is None and budget is None:
        return {}
    if effort == "none" or budget == 0:
        return {"thinking": {"type": "disabled"}}
    if effort is not None:
        how = "Cohere has no levels of thinking, only reasoning_budget: thinking is turned on"
        warnings.adjusted("reasoning_effort", how)
    limit = {} if budget is None else {"token_budget": budget}
    return {"thinking": {"type": "enabled", **limit}}
