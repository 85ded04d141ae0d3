"""A `ChatRequest` as the body of ``POST /api/chat``.

Source: docs.ollama.com, API reference and the pages on thinking, tools and structured outputs;
``api/types.go`` of ollama/ollama, November 2026. Fields that the server does not know, it ignores.
"""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema
from streamkit.writing import Warnings, function_tool, merged, nearest_effort, renamed
from streamkit_ollama._messages import Messages

_PLAIN = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Options whose values go out as they are, and their names in ``options``."""

OPTIONS = frozenset({*_PLAIN, "tools", "response_format", "logprobs", "reasoning_effort"})

_LEVELS = ("low", "medium", "high", "max")
"""Those that every server takes; a model may have names of its own (``thinking.values`` in what
``/api/show`` says of it), which go out by ``extra_body={"think": …}``."""


def build(request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the server cannot take.
    """
    warnings = Warnings()
    body: dict[str, Any] = {
        "model": request.model,
        "messages": Messages(warnings).build(request.messages),
        "stream": True,
    }
    if request.tools:
        body["tools"] = [function_tool(tool, strict=False) for tool in request.tools]
    if isinstance(request.response_format, JsonSchema):
        body["format"] = request.response_format.json_schema
    elif request.response_format == "json":
        body["format"] = "json"
    if request.reasoning_effort == "none":
        body["think"] = False
    elif request.reasoning_effort is not None:
        body["think"] = nearest_effort(request.reasoning_effort, _LEVELS, warnings, "Ollama")
    if request.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    if options := renamed(request, _PLAIN):
        body["options"] = options
    return WireRequest(
        "/api/chat",
        merged(body, request),
        headers={"accept": "application/x-ndjson"},
        framing="jsonl",
        # Proxies call the lines JSON, or gather them; for event streams see `_either`.
        framing_by_type={"application/json": "jsonl", "text/event-stream": "sse"},
        warnings=tuple(warnings),
    )
