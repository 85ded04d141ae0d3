"""A `ChatRequest` as a chat completions body."""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool
from streamkit.writing import Warnings, function_tool, merged, nearest_effort, put, without_none
from streamkit_openai._messages import Messages
from streamkit_openai.models import facts_of, takes
from streamkit_openai.profiles import OPTIONS, Profile


def build(profile: Profile, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request`` at the server of ``profile``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings, facts = Warnings(), facts_of(request.model, profile.models)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": Messages(profile, warnings).build(request.messages),
        "stream": True,
    }
    if profile.stream_options is not None:
        body["stream_options"] = dict(profile.stream_options)
    for option in OPTIONS:
        value, field = getattr(request, option), profile.option(option)
        if field is None or value is None or value == ():
            continue
        if takes(request, facts, option, warnings):
            put(body, field, _value(profile, request, option, warnings))
    if "top_logprobs" in body:
        body["logprobs"] = True
    return WireRequest(profile.path, merged(body, request), warnings=tuple(warnings))


def _value(profile: Profile, request: ChatRequest, option: str, warnings: Warnings) -> Any:
    value = getattr(request, option)
    match option:
        case "tools":
            return [function_tool(tool) for tool in value]
        case "tool_choice":
            return _tool_choice(profile, value, warnings)
        case "response_format":
            return _response_format(profile, value, warnings)
        case "reasoning_effort":
            return _effort(profile, request.model, value, warnings)
        case "stop":
            return list(value)
        case "prompt_cache_ttl":
            return {"type": "ephemeral", "ttl": value}
        case _:
            return value


def _tool_choice(profile: Profile, choice: str | NamedTool, warnings: Warnings) -> Any:
    wanted = "named" if isinstance(choice, NamedTool) else choice
    if wanted in profile.tool_choices:
        if isinstance(choice, NamedTool):
            return {"type": "function", "function": {"name": choice.name}}
        return choice
    instead = "auto"
    if wanted == "named" and "required" in profile.tool_choices:
        instead = "required"
    what = "a tool by name" if wanted == "named" else repr(wanted)
    how = f"{profile.name} does not take {what} as tool_choice: {instead!r} is sent"
    warnings.adjusted("tool_choice", how)
    return instead


def _response_format(profile: Profile, wanted: str | JsonSchema, warnings: Warnings) -> Any:
    if wanted == "text":
        return {"type": "text"}
    if isinstance(wanted, JsonSchema):
        if profile.json_schema:
            fields = {
                "name": wanted.name,
                "description": wanted.description,
                "schema": wanted.json_schema,
                "strict": wanted.strict,
            }
            return {"type": "json_schema", "json_schema": without_none(fields)}
        how = f"{profile.name} takes no JSON Schema: plain JSON is asked for instead"
        warnings.adjusted("response_format", how)
    return {"type": "json_object"}


def _effort(profile: Profile, model: str, wanted: str, warnings: Warnings) -> str:
    if efforts := facts_of(model, profile.models).efforts:
        return nearest_effort(wanted, efforts, warnings, model)
    if profile.efforts:
        return nearest_effort(wanted, profile.efforts, warnings, profile.name)
    return wanted
