"""A `ChatRequest` as the body of ``POST /conversations``.

Source: docs.mistral.ai, agents API; Mistral's Python SDK 3.7 (`ConversationStreamRequest`).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from streamkit.adapter import Warned, WireRequest
from streamkit.messages import ChatRequest, NamedTool
from streamkit_mistral._request import format_of, tool_of
from streamkit_mistral.conversations._entries import Entries

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


def build(dialect: str, request: ChatRequest) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings: list[Warned] = []
    entries = Entries(dialect, warnings)
    agent = request.model.startswith(("ag_", "ag:"))
    body: dict[str, Any] = {
        "agent_id" if agent else "model": request.model,
        "inputs": entries.build(request.messages),
        "stream": True,
        "store": False,
    }
    if entries.instructions:
        body["instructions"] = "\n\n".join(entries.instructions)
    if request.tools:
        body["tools"] = [tool_of(tool) for tool in request.tools]
    if request.metadata is not None:
        body["metadata"] = request.metadata
    values = {field: getattr(request, option) for option, field in _ARGUMENTS.items()}
    arguments = {field: value for field, value in values.items() if value not in (None, ())}
    if request.tool_choice is not None:
        arguments["tool_choice"] = _tool_choice(request.tool_choice, warnings)
    if request.response_format is not None:
        arguments["response_format"] = format_of(request.response_format)
    if arguments:
        body["completion_args"] = arguments
    return WireRequest(
        path="/conversations",
        body=deepcopy(body | request.extra_body),  # shares nothing with the request
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _tool_choice(choice: str | NamedTool, warnings: list[Warned]) -> str:
    if isinstance(choice, NamedTool):
        why = "Mistral's conversations take no tool by name; a call of any tool is demanded."
        warnings.append(Warned("option_adjusted", "tool_choice", why))
        return "any"
    return "any" if choice == "required" else choice
