"""A `ChatRequest` as the body of ``POST /interactions``.

Source: https://ai.google.dev/gemini-api/docs/interactions and google-genai 3.4,
CreateModelInteraction. What a model refuses is in `streamkit_gemini.models`. Thought summaries are
asked for with an effort.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit.writing import Warnings, described_schema, merged, nearest_effort, renamed
from streamkit_gemini.interactions._messages import Messages
from streamkit_gemini.models import ModelFacts, facts_of

_PLAIN = {
    "max_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop_sequences",
    "seed": "seed",
}
"""Options whose values go out as they are, and their names in ``generation_config``."""

OPTIONS = frozenset({*_PLAIN, "tools", "tool_choice", "response_format", "reasoning_effort"}) | {
    *("metadata", "service_tier"),
}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def build(request: ChatRequest, models: Mapping[str, ModelFacts]) -> WireRequest:
    """The HTTP request for ``request``.

    An agent is asked with ``extra_body={"agent": …}``, which takes the place of the model.
    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings = Warnings()
    messages = Messages(warnings)
    steps = messages.build(request.messages)
    fields: dict[str, Any] = {"model": request.model, "input": steps, "stream": True}
    if "agent" in request.extra_body:
        del fields["model"]
    if messages.system:
        fields["system_instruction"] = "\n\n".join(messages.system)
    if request.tools:
        fields["tools"] = [_tool(tool) for tool in request.tools]
    if request.response_format not in (None, "text"):
        fields["response_format"] = _format(request.response_format)
    if config := _config(request, models, warnings):
        fields["generation_config"] = config
    if request.service_tier:
        fields["service_tier"] = request.service_tier
    if request.metadata:
        fields["labels"] = request.metadata
    return WireRequest("/interactions", merged(fields, request), warnings=tuple(warnings))


def _config(
    request: ChatRequest, models: Mapping[str, ModelFacts], warnings: Warnings
) -> dict[str, Any]:
    config = renamed(request, _PLAIN)
    if effort := request.reasoning_effort:
        facts = facts_of(request.model, models)
        if facts.levels or facts.budget:
            levels = facts.levels or _ANY_LEVEL
            level = nearest_effort(effort, levels, warnings, request.model)
            config |= {"thinking_level": level, "thinking_summaries": "auto"}
        else:
            warnings.ignored("reasoning_effort", f"{request.model} does not think")
    choice = _tool_choice(request)
    return config | ({} if choice is None else {"tool_choice": choice})


_ANY_LEVEL = ModelFacts().levels
"""This API has levels for the models with budgets as well."""


def _tool_choice(request: ChatRequest) -> Any:
    """``validated`` holds calls to their schema, which is what ``strict`` asks for."""
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        return {"allowed_tools": {"mode": "any", "tools": [choice.name]}}
    strict = any(isinstance(tool, Tool) and tool.strict for tool in request.tools)
    if strict and choice in (None, "auto"):
        return "validated"
    return None if choice is None else _CHOICES[choice]


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    described = {"description": tool.description} if tool.description is not None else {}
    return {"type": "function", "name": tool.name, **described, "parameters": tool.parameters}


def _format(wanted: Any) -> dict[str, Any]:
    format_: dict[str, Any] = {"type": "text", "mime_type": "application/json"}
    if isinstance(wanted, JsonSchema):
        format_["schema"] = described_schema(wanted)
    return format_
