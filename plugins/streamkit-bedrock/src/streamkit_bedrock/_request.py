"""A `ChatRequest` as the body of ``POST /model/{modelId}/converse-stream``.

Source: the service model of bedrock-runtime (botocore 1.44), ConverseStreamRequest. What a model
takes beyond that is in `models`; for Claude, the Anthropic plugin says what can be sent, and it is
put into Converse's words here.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from streamkit.adapter import Warned, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, Message, NamedTool, Tool, VendorTool
from streamkit_anthropic import AnthropicMessages

from ._messages import Conversation
from ._wire import EVENT_STREAM, path
from .models import ModelFacts, facts_of

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

# Of a request to Claude, what the Anthropic plugin must not see: Converse has it in another way.
_NOT_FOR_CLAUDE: dict[str, Any] = {
    "messages": (Message.user("?"),),
    "response_format": None,
    "metadata": None,
    "service_tier": None,
    "extra_body": {},
}


def build(request: ChatRequest) -> WireRequest:
    """The HTTP request, with a warning for everything that could not be sent as asked.

    Raises UnsupportedError for messages with content that Converse cannot take.
    """
    body = _Body(request)
    body.inference()
    body.tools()
    body.format()
    body.labels()
    talk = Conversation(request.messages, request.model)
    fields: dict[str, Any] = {"messages": talk.turns}
    if talk.system:
        fields["system"] = talk.system
    fields |= body.with_tools_of(talk.called)
    return WireRequest(
        path=path(request.model, "converse-stream"),
        body=deepcopy(fields | request.extra_body),  # shares nothing with the request
        headers={"accept": EVENT_STREAM},
        framing="aws-event-stream",
        warnings=(*body.warnings, *talk.warnings),
    )


class _Body:
    """Collects the body of one request and what had to be changed on the way."""

    def __init__(self, request: ChatRequest) -> None:
        self.request = request
        self.facts: ModelFacts = facts_of(request.model)
        self.fields: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}
        """``additionalModelRequestFields``: what only this family of models knows."""
        self.output: dict[str, Any] = {}
        self.tool_config: dict[str, Any] = {}
        self.warnings: list[Warned] = []
        self.claude: dict[str, Any] | None = None
        """The same options as a body of the Messages API."""
        if self.facts.reasoning == "claude":
            wire = AnthropicMessages().request(request.model_copy(update=_NOT_FOR_CLAUDE))
            self.claude = dict(wire.body)
            self.warnings += wire.warnings

    def ignored(self, option: str, why: str) -> None:
        self.warnings.append(Warned("option_ignored", option, why))

    def adjusted(self, option: str, how: str) -> None:
        self.warnings.append(Warned("option_adjusted", option, how))

    # --- inference and reasoning -----------------------------------------------------------------

    def inference(self) -> None:
        if self.claude is None:
            self._any_model()
        else:
            self._claude(self.claude)

    def _claude(self, claude: dict[str, Any]) -> None:
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
        if given := {name: value for name, value in inference.items() if value is not None}:
            self.fields["inferenceConfig"] = given
        if request.top_k is not None:
            if self.facts.top_k is None:
                self.ignored("top_k", f"Converse has none, and {request.model} is not known to")
            else:
                _put(self.extra, self.facts.top_k, request.top_k)
        if request.reasoning_budget is not None:
            self.ignored("reasoning_budget", f"{request.model} takes no token budget")
        if request.reasoning_effort is not None:
            self._effort(request.reasoning_effort)
        if request.parallel_tool_calls is False:
            self.ignored("parallel_tool_calls", f"{request.model} cannot be told to call one tool")

    def _effort(self, asked: str) -> None:
        model, facts = self.request.model, self.facts
        if facts.reasoning == "no":
            self.ignored("reasoning_effort", f"{model} is not known to take one")
        elif facts.reasoning == "nova" and asked == "none":
            self.extra["reasoningConfig"] = {"type": "disabled"}
        else:
            level = _nearest(asked, facts.efforts)
            if level != asked:
                self.adjusted("reasoning_effort", f"{model} has no {asked!r}: sent as {level!r}")
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
                self.ignored("tool_choice", "there are no tools to choose from")
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
        if self.request.service_tier:
            self.fields["serviceTier"] = {"type": self.request.service_tier}

    def with_tools_of(self, called: tuple[str, ...]) -> dict[str, Any]:
        """All fields. A conversation with calls is refused if no tools are defined
        (langgenius/dify#16421), so those that were ``called`` are named then.
        """
        if called and not self.tool_config:
            self.tool_config["tools"] = [_tool(Tool(name=name)) for name in called]
            self.adjusted("tools", f"a conversation with calls needs them: {', '.join(called)}")
        collected = {
            "toolConfig": self.tool_config,
            "outputConfig": self.output,
            "additionalModelRequestFields": self.extra,
        }
        return self.fields | {name: fields for name, fields in collected.items() if fields}


def _put(fields: dict[str, Any], dotted: str, value: Any) -> None:
    *above, last = dotted.split(".")
    for name in above:
        fields = fields.setdefault(name, {})
    fields[last] = value


def _nearest(effort: str, levels: tuple[str, ...]) -> str:
    """The level itself, or the next one down; the lowest if there is none below."""
    below = [level for level in levels if _EFFORTS.index(level) <= _EFFORTS.index(effort)]
    return below[-1] if below else levels[0]


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
