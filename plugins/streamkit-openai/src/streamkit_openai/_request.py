"""A `ChatRequest` as a chat completions body."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from streamkit.adapter import Warned, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit_openai._messages import Messages
from streamkit_openai.profiles import OPTIONS, Profile

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def build(profile: Profile, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request`` at the server of ``profile``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings: list[Warned] = []
    body: dict[str, Any] = {
        "model": request.model,
        "messages": Messages(profile, warnings).build(request.messages),
        "stream": True,
    }
    if profile.stream_options is not None:
        body["stream_options"] = dict(profile.stream_options)
    for option in OPTIONS:
        value = getattr(request, option)
        field = profile.option(option)
        if field is not None and value is not None and value != ():
            _put(body, field, _value(profile, option, value, warnings))
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
    if field == "top_logprobs":
        body["logprobs"] = True


def _value(profile: Profile, option: str, value: Any, warnings: list[Warned]) -> Any:
    match option:
        case "tools":
            return [_tool(tool) for tool in value]
        case "tool_choice":
            return _tool_choice(profile, value, warnings)
        case "response_format":
            return _response_format(profile, value, warnings)
        case "reasoning_effort":
            return _effort(profile, value, warnings)
        case "stop":
            return list(value)
        case _:
            return value


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    fields = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
    return {"type": "function", "function": _without_none(fields)}


def _tool_choice(profile: Profile, choice: str | NamedTool, warnings: list[Warned]) -> Any:
    wanted = "named" if isinstance(choice, NamedTool) else choice
    if wanted in profile.tool_choices:
        if isinstance(choice, NamedTool):
            return {"type": "function", "function": {"name": choice.name}}
        return choice
    instead = "auto"
    if wanted == "named" and "required" in profile.tool_choices:
        instead = "required"
    what = "a tool by name" if wanted == "named" else repr(wanted)
    warnings.append(
        Warned(
            "option_adjusted",
            "tool_choice",
            f"{profile.name} does not take {what} as tool_choice; {instead!r} is sent.",
        )
    )
    return instead


def _response_format(profile: Profile, wanted: str | JsonSchema, warnings: list[Warned]) -> Any:
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
            return {"type": "json_schema", "json_schema": _without_none(fields)}
        warnings.append(
            Warned(
                "option_adjusted",
                "response_format",
                f"{profile.name} takes no JSON Schema; plain JSON is asked for instead.",
            )
        )
    return {"type": "json_object"}


def _effort(profile: Profile, wanted: str, warnings: list[Warned]) -> str:
    if not profile.efforts or wanted in profile.efforts:
        return wanted
    place = _EFFORTS.index(wanted)
    nearest = min(profile.efforts, key=lambda effort: abs(_EFFORTS.index(effort) - place))
    warnings.append(
        Warned(
            "option_adjusted",
            "reasoning_effort",
            f"{profile.name} has no reasoning effort {wanted!r}; {nearest!r} is sent.",
        )
    )
    return nearest


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
