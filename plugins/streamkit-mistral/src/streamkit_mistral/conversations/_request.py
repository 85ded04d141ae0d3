"""A `ChatRequest` as the body of ``POST /conversations``.

Source: docs.mistral.ai, agents API; Mistral's Python SDK 3.7 (`ConversationStreamRequest`).
"""

from __future__ import annotations

from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, NamedTool
from streamkit.writing import Warnings, function_tool, merged, renamed
from streamkit_mistral._request import format_of
from streamkit_mistral.conversations._messages import Messages

_ARGUMENTS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
    "seed": "random_seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "reasoning_effort": "reasoning_effort",
}
"""Options whose values go out as they are, and their names in ``completion_args``."""

OPTIONS = frozenset({*_ARGUMENTS, "tools", "tool_choice", "response_format", "metadata"})


def build(request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings = Warnings()
    messages = Messages(warnings)
    agent = request.model.startswith(("ag_", "ag:"))
    body: dict[str, Any] = {
        "agent_id" if agent else "model": request.model,
        "inputs": messages.build(request.messages),
        "stream": True,
        "store": False,
    }
    if messages.system:
        body["instructions"] = "\n\n".join(messages.system)
    if request.tools:
        body["tools"] = [function_tool(tool) for tool in request.tools]
    if request.metadata is not None:
        body["metadata"] = request.metadata
    arguments = renamed(request, _ARGUMENTS)
    if request.tool_choice is not None:
        arguments["tool_choice"] = _tool_choice(request.tool_choice, warnings)
    if request.response_format is not None:
        arguments["response_format"] = format_of(request.response_format)
    if arguments:
        body["completion_args"] = arguments
    return WireRequest("/conversations", merged(body, request), warnings=tuple(warnings))


def _tool_choice(choice: str | NamedTool, warnings: Warnings) -> str:
    if isinstance(choice, NamedTool):
        how = "Mistral's conversations take no tool by name: a call of any tool is demanded"
        warnings.adjusted("tool_choice", how)
        return "any"
    return "any" if choice == "required" else choice
