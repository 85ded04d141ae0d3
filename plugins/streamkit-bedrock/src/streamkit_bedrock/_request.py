"""A `ChatRequest` as the body of ``POST /model/{modelId}/converse-stream``.

Source: the service model of bedrock-runtime (botocore 1.44), ConverseStreamRequest. What a model
takes beyond that is in `models`; for Claude, the Anthropic plugin says what can be sent, and it is
put into Converse's words here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, Message, NamedTool, Tool, VendorTool
from streamkit.writing import Warnings, merged, nearest_effort, put, tier_among, without_none
from streamkit_anthropic import AnthropicMessages
from streamkit_bedrock._endpoint import EVENT_STREAM, path
from streamkit_bedrock._messages import Messages
from streamkit_bedrock.models import ModelFacts, facts_of

OPTIONS = frozenset(
    {
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "max_tokens"),
        *("temperature", "top_p", "top_k", "stop", "reasoning_effort", "reasoning_budget"),
        *("metadata", "service_tier", "prompt_cache_ttl"),
    }
)
TIERS = ("default", "priority", "flex", "reserved")

# Of a request to Claude, what the Anthropic plugin must not see: Converse has it in another way.
_NOT_FOR_CLAUDE: dict[str, Any] = {
    "messages": (Message.user("?"),),
    "response_format": None,
    "metadata": None,
    "service_tier": None,
    "prompt_cache_ttl": None,
    "extra_body": {},
}


def build(
    request: ChatRequest, models: Mapping[str, ModelFacts], claude: AnthropicMessages
) -> WireRequest:
    """The HTTP request for ``request``; ``claude`` knows what each of Claude's models takes.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    facts, told = facts_of(request.model, models), None
    if facts.reasoning == "claude":
        told = claude.request(request.model_copy(update=_NOT_FOR_CLAUDE))
    warnings = Warnings(told.warnings if told else ())
    body = _Body(request, facts, told.body if told else None, warnings)
    body.inference()
    body.tools()
    body.format()
    body.labels()
    messages = Messages(request.model, warnings)
    cache_point = body.cache_point()
    fields: dict[str, Any] = {"messages": messages.build(request.messages, cache_point)}
    if messages.system:
        fields["system"] = messages.system
    fields |= body.with_tools_of(messages.called)
    return WireRequest(
        path(request.model, "converse-stream"),
        merged(fields, request),
        headers={"accept": EVENT_STREAM},
        framing="aws-event-stream",
        warnings=tuple(warnings),
    )


class _Body:
    """Collects the body of one request and what had to be changed on the way."""

    def __init__(
        self,
        request: ChatRequest,
        facts: ModelFacts,
        claude: Mapping[str, Any] | None,
        warnings: Warnings,
    ) -> None:
        self.request = request
        self.facts = facts
        self.fields: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}
        """``additionalModelRequestFields``: what only this family of models knows."""
        self.output: dict[str, Any] = {}
        self.tool_config: dict[str, Any] = {}
        self.claude = claude
        """The same options as a body of the Messages API."""
        self.ignored, self.adjusted = warnings.ignored, warnings.adjusted
        self.warnings = warnings

    # --- inference and reasoning -----------------------------------------------------------------

    def inference(self) -> None:
        if self.claude is None:
            self._any_model()
        else:
            self._claude(self.claude)

    def _claude(self, claude: Mapping[str, Any]) -> None:
        """Everything that `AnthropicMessages` would send, where Converse wants it."""
        names = {"temperature": "temperature", "top_p": "topP", "stop_sequences": "stopSequences"}
        inference = {names[name]: claude[name] for name in names if name in claude}
        if self.request.max_tokens is not None:  # else all that the model can, as Bedrock does
            inference["maxTokens"] = claude["max_tokens"]
        if inference:
            self.fields["inferenceConfig"] = inference
        self.extra |= {name: claude[name] for name in ("top_k", "thinking") if name in claude}
        if effort := claude.get("output_config", {}).get("effort"):
            self.output["effort"] = effort
        if "stop_sequences" in claude:
            # Which one it was is told only if asked for: https://github.com/vercel/ai/pull/11410
            self.fields["additionalModelResponseFieldPaths"] = ["/delta/stop_sequence"]

    def _any_model(self) -> None:
        request = self.request
        temperature = request.temperature
        if temperature is not None and temperature > 1:
            temperature = 1.0
            self.adjusted("temperature", "sent as 1.0, the highest Converse takes")
        inference = {
            "maxTokens": request.max_tokens,
            "temperature": temperature,
            "topP": request.top_p,
            "stopSequences": list(request.stop) or None,
        }
        if given := without_none(inference):
            self.fields["inferenceConfig"] = given
        if request.top_k is not None:
            if self.facts.top_k is None:
                self.ignored("top_k", f"Converse has none, and {request.model} is not known to")
            else:
                put(self.extra, self.facts.top_k, request.top_k)
        if request.reasoning_budget is not None:
            self.ignored("reasoning_budget", f"{request.model} takes no token budget")
        if request.reasoning_effort is not None:
            self._effort(request.reasoning_effort)
        if request.parallel_tool_calls is False:
            self.ignored(
                "parallel_tool_calls", f"{request.model} cannot be told to make one call at most"
            )

    def _effort(self, asked: str) -> None:
        model, facts = self.request.model, self.facts
        if facts.reasoning == "no":
            self.ignored("reasoning_effort", f"{model} is not known to take one")
        elif facts.reasoning == "nova" and asked == "none":
            self.extra["reasoningConfig"] = {"type": "disabled"}
        else:
            level = nearest_effort(asked, facts.efforts, self.warnings, model)
            if facts.reasoning == "nova":
                self.extra["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": level}
            else:
                self.extra["reasoning_effort"] = level

    # --- tools and format ------------------------------------------------------------------------

    def tools(self) -> None:
        request, choice = self.request, self.request.tool_choice
        if choice == "none":
            self.adjusted("tool_choice", "Converse has no 'none': sent without the tools")
            return
        if not request.tools:
            if choice is not None:
                self.ignored("tool_choice", "Converse has no choice without tools")
            return
        self.tool_config["tools"] = [_tool(tool) for tool in request.tools]
        if self.claude is not None and (chosen := self.claude.get("tool_choice")):
            if chosen.get("disable_parallel_tool_use"):
                self.extra["tool_choice"] = chosen
            else:
                self.tool_config["toolChoice"] = _claudes_choice(chosen)
        elif choice is not None:
            self.tool_config["toolChoice"] = _choice(choice)

    def format(self) -> None:
        wanted = self.request.response_format
        if wanted == "json":
            self.ignored("response_format", "Converse has no JSON mode; use a JsonSchema")
        elif isinstance(wanted, JsonSchema):
            schema: dict[str, Any] = {
                "name": wanted.name,
                "schema": json.dumps(wanted.json_schema, ensure_ascii=False),
            }
            if wanted.description:
                schema["description"] = wanted.description
            self.output["textFormat"] = {
                "type": "json_schema",
                "structure": {"jsonSchema": schema},
            }

    def labels(self) -> None:
        if self.request.metadata:
            self.fields["requestMetadata"] = self.request.metadata
        if tier := self.request.service_tier:
            type_ = tier_among(TIERS, tier, self.warnings, "Bedrock")
            self.fields["serviceTier"] = {"type": type_}

    def cache_point(self) -> dict[str, Any] | None:
        asked, taken = self.request.prompt_cache_ttl, self.facts.cache_ttls
        if asked is None:
            return None
        if not taken:
            self.ignored("prompt_cache_ttl", f"{self.request.model} is not known to have a cache")
            return None
        if asked not in taken:
            self.adjusted("prompt_cache_ttl", f"{self.request.model} keeps prompts for {taken[0]}")
        lasting = {"ttl": asked} if asked in taken[1:] else {}  # the first is the default
        return {"cachePoint": {"type": "default", **lasting}}

    def with_tools_of(self, called: tuple[str, ...]) -> dict[str, Any]:
        """All fields. A conversation with calls is refused if no tools are defined
        (langgenius/dify#16421), so those that were ``called`` are named then.
        """
        if called and not self.tool_config:
            self.tool_config["tools"] = [_tool(Tool(name=name)) for name in called]
            self.adjusted(
                "tools", f"Converse needs those of a history with calls: {', '.join(called)} added"
            )
        collected = {
            "toolConfig": self.tool_config,
            "outputConfig": self.output,
            "additionalModelRequestFields": self.extra,
        }
        return self.fields | {name: fields for name, fields in collected.items() if fields}


def _tool(tool: Tool | VendorTool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    spec: dict[str, Any] = {"name": tool.name, "inputSchema": {"json": tool.parameters}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}


def _choice(choice: str | NamedTool) -> dict[str, Any]:
    if isinstance(choice, NamedTool):
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice == "required" else {"auto": {}}


def _claudes_choice(chosen: dict[str, Any]) -> dict[str, Any]:
    if chosen["type"] == "tool":
        return {"tool": {"name": chosen["name"]}}
    return {chosen["type"]: {}}
