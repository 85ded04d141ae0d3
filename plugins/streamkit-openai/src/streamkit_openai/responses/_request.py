"""A `ChatRequest` as the body of ``POST /v1/responses``.

Source: OpenAI's API reference, create a response; SDK 3.54. What a model refuses is in `models`.
Reasoning summaries are not asked for: some models give them only to verified organisations. Ask
with ``extra_body={"reasoning": {"effort": "high", "summary": "auto"}}``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from streamkit.adapter import Warned, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit_openai.responses._messages import InputItems
from streamkit_openai.responses.models import facts_of
from streamkit_openai.responses.profiles import OPTIONS, ResponsesProfile

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_SAMPLING = frozenset({"temperature", "top_p", "logprobs"})


def build(profile: ResponsesProfile, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request`` at the server of ``profile``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings: list[Warned] = []
    stored = request.extra_body.get("store") is not False
    items = InputItems(profile, warnings, stored=stored)
    body: dict[str, Any] = {
        "model": request.model,
        "input": items.build(request.messages),
        "stream": True,
    }
    if profile.stream_options is not None:
        body["stream_options"] = dict(profile.stream_options)
    for option, value in _options(profile, request, warnings).items():
        _put(body, profile.option(option) or option, value)
    include = _include(profile, request, "top_logprobs" in body)
    if include:
        body["include"] = include
    return WireRequest(
        path=profile.path,
        body=deepcopy(body | request.extra_body),  # shares nothing with the request
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _put(body: dict[str, Any], field: str, value: Any) -> None:
    """Sets ``field``, a dotted path into objects."""
    *above, last = field.split(".")
    for name in above:
        body = body.setdefault(name, {})
    body[last] = value


def _include(profile: ResponsesProfile, request: ChatRequest, logprobs: bool) -> list[str]:
    include = []
    if facts_of(request.model, profile.models).encrypted:
        include.append("reasoning.encrypted_content")
    if logprobs:
        include.append("message.output_text.logprobs")
    return include


def _options(
    profile: ResponsesProfile, request: ChatRequest, warnings: list[Warned]
) -> dict[str, Any]:
    """The options that go out, in the words of the API."""
    facts = facts_of(request.model, profile.models)
    reasons = facts.sampling == "no" or (
        facts.sampling == "not_reasoning" and request.reasoning_effort != "none"
    )
    found: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(request, option)
        if value is None or value == () or profile.option(option) is None:
            continue
        if option in _SAMPLING and reasons:
            why = f"{request.model} takes no sampling options"
            if facts.sampling == "not_reasoning":
                why += ' unless reasoning_effort is "none"'
            warnings.append(Warned("option_ignored", option, f"{why}."))
            continue
        match option:
            case "tools":
                value = [_tool(tool) for tool in value]
            case "tool_choice":
                value = _tool_choice(profile, value, request, warnings)
            case "response_format":
                value = _format(value)
            case "reasoning_effort":
                value = _effort(request.model, facts.efforts, value, warnings)
        found[option] = value
    return found


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    fields = {"type": "function", "name": tool.name, "description": tool.description}
    # Without a word the API makes every parameter required (guide, function calling); a `Tool`
    # means the schema it gives.
    strict = {"parameters": tool.parameters, "strict": tool.strict or False}
    return _without_none(fields) | strict


def _tool_choice(
    profile: ResponsesProfile,
    choice: str | NamedTool,
    request: ChatRequest,
    warnings: list[Warned],
) -> Any:
    if not isinstance(choice, NamedTool):
        return choice
    if not profile.named_tool_choice:
        why = f"{profile.name} has no tool choice by name; 'required' is sent."
        warnings.append(Warned("option_adjusted", "tool_choice", why))
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
        return _without_none(fields)
    return {"type": "json_object" if wanted == "json" else "text"}


def _effort(model: str, efforts: tuple[str, ...], wanted: str, warnings: list[Warned]) -> str:
    if not efforts or wanted in efforts:
        return wanted
    place = _EFFORTS.index(wanted)
    nearest = min(efforts, key=lambda effort: abs(_EFFORTS.index(effort) - place))
    why = f"{model} has no reasoning effort {wanted!r}; {nearest!r} is sent."
    warnings.append(Warned("option_adjusted", "reasoning_effort", why))
    return nearest


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
