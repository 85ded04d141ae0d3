"""A `ChatRequest` as the body of ``POST /v1/responses``.

Source: OpenAI's API reference, create a response; SDK 3.54. What a model refuses is in `models`.
Reasoning summaries are not asked for: some models give them only to verified organisations. Ask
with ``extra_body={"reasoning": {"summary": "auto"}}``.
"""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit.writing import Warnings, merged, nearest_effort, put, without_none
from streamkit_openai.models import facts_of, takes
from streamkit_openai.responses._messages import Messages
from streamkit_openai.responses.profiles import OPTIONS, ResponsesProfile


def build(profile: ResponsesProfile, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request`` at the server of ``profile``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings = Warnings()
    stored = request.extra_body.get("store") is not False
    messages = Messages(profile, warnings, stored=stored)
    body: dict[str, Any] = {
        "model": request.model,
        "input": messages.build(request.messages),
        "stream": True,
    }
    if profile.stream_options is not None:
        body["stream_options"] = dict(profile.stream_options)
    for option, value in _options(profile, request, warnings).items():
        put(body, profile.option(option) or option, value)
    include = _include(profile, request, "top_logprobs" in body)
    if include:
        body["include"] = include
    return WireRequest(profile.path, merged(body, request), warnings=tuple(warnings))


def _include(profile: ResponsesProfile, request: ChatRequest, logprobs: bool) -> list[str]:
    include = []
    if facts_of(request.model, profile.models).encrypted:
        include.append("reasoning.encrypted_content")
    if logprobs:
        include.append("message.output_text.logprobs")
    return include


def _options(profile: ResponsesProfile, request: ChatRequest, warnings: Warnings) -> dict[str, Any]:
    """The options that go out, in the words of the API."""
    facts = facts_of(request.model, profile.models)
    found: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(request, option)
        if value is None or value == () or profile.option(option) is None:
            continue
        if not takes(request, facts, option, warnings):
            continue
        match option:
            case "tools":
                value = [_tool(tool) for tool in value]
            case "tool_choice":
                value = _tool_choice(profile, value, request, warnings)
            case "response_format":
                value = _format(value)
            case "reasoning_effort" if facts.efforts:
                value = nearest_effort(value, facts.efforts, warnings, request.model)
        found[option] = value
    return found


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    fields = {"type": "function", "name": tool.name, "description": tool.description}
    # Without a word the API makes every parameter required (guide, function calling); a `Tool`
    # means the schema it gives.
    strict = {"parameters": tool.parameters, "strict": tool.strict or False}
    return without_none(fields) | strict


def _tool_choice(
    profile: ResponsesProfile,
    choice: str | NamedTool,
    request: ChatRequest,
    warnings: Warnings,
) -> Any:
    if not isinstance(choice, NamedTool):
        return choice
    if not profile.named_tool_choice:
        how = f"{profile.name} has no tool choice by name: 'required' is sent"
        warnings.adjusted("tool_choice", how)
        return "required"
    for tool in request.tools:
        if isinstance(tool, VendorTool):
            type_ = tool.payload.get("type")
            if tool.payload.get("name") == choice.name:
                return {"type": type_, "name": choice.name}
            if type_ == choice.name:  # the server's own tools are named by their type
                return {"type": type_}
    return {"type": "function", "name": choice.name}


def _format(wanted: str | JsonSchema) -> dict[str, Any]:
    if isinstance(wanted, JsonSchema):
        fields = {
            "type": "json_schema",
            "name": wanted.name,
            "description": wanted.description,
            "schema": wanted.json_schema,
            "strict": wanted.strict,
        }
        return without_none(fields)
    return {"type": "json_object" if wanted == "json" else "text"}
