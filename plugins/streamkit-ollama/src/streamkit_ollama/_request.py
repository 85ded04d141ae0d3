"""A `ChatRequest` as the body of ``POST /api/chat``.

Source: docs.ollama.com, API reference and the pages on thinking, tools and structured outputs;
``api/types.go`` of ollama/ollama, November 2026. Fields that the server does not know, it ignores.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from streamkit.adapter import Warned, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, Tool, VendorTool
from streamkit_ollama._messages import Messages

_SAMPLING = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Options of ours, and their names in ``options``."""

OPTIONS = frozenset({*_SAMPLING, "tools", "response_format", "logprobs", "reasoning_effort"})

# Levels that every server takes; a model may have names of its own (`thinking.values` in what
# `/api/show` says of it), which go out by extra_body={"think": …}.
_LEVELS = frozenset({"low", "medium", "high", "max"})
_NEAREST = {"minimal": "low", "xhigh": "max"}


def build(dialect: str, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings: list[Warned] = []
    body: dict[str, Any] = {
        "model": request.model,
        "messages": Messages(dialect, warnings).build(request.messages),
        "stream": True,
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if isinstance(request.response_format, JsonSchema):
        body["format"] = request.response_format.json_schema
    elif request.response_format == "json":
        body["format"] = "json"
    if request.reasoning_effort is not None:
        body["think"] = _think(request.reasoning_effort, warnings)
    if request.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    sampling = {field: getattr(request, option) for option, field in _SAMPLING.items()}
    options = {field: value for field, value in sampling.items() if value not in (None, ())}
    if options:
        body["options"] = options
    return WireRequest(
        path="/api/chat",
        body=deepcopy(body | request.extra_body),  # shares nothing with the request
        headers={"accept": "application/x-ndjson"},
        framing="jsonl",
        # Proxies call the lines JSON, or gather them; for event streams see `_either`.
        framing_by_type={"application/json": "jsonl", "text/event-stream": "sse"},
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _think(effort: str, warnings: list[Warned]) -> str | bool:
    if effort == "none":
        return False
    if effort in _LEVELS:
        return effort
    nearest = _NEAREST[effort]
    why = f"Ollama has no thinking level {effort!r}; {nearest!r} is sent."
    warnings.append(Warned("option_adjusted", "reasoning_effort", why))
    return nearest
