"""A `ChatRequest` as the body and headers of ``POST /v1/messages``.

Source: https://platform.claude.com/docs/en/api/messages. What a model refuses is in `models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit.values import ReasoningKind
from streamkit.writing import (
    Warnings,
    described_schema,
    merged,
    nearest_effort,
    tier_among,
    without_none,
)
from streamkit_anthropic._messages import Messages
from streamkit_anthropic.models import ModelFacts, facts_of

OPTIONS = frozenset(
    {
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "max_tokens"),
        *("temperature", "top_p", "top_k", "stop", "reasoning_effort", "reasoning_budget"),
        *("user", "metadata", "service_tier", "prompt_cache_ttl"),
    }
)

# Versions that still take sampling options:
# https://platform.claude.com/docs/en/api/versioning
SAMPLING_VERSIONS = ("2023-01-01", "2023-06-01")

FILES_BETA = "files-api-2025-04-14"
"""Needed by every request that names a file id:
https://platform.claude.com/docs/en/build-with-claude/files"""

MIN_BUDGET = 1024
"""Tokens; the least ``thinking.budget_tokens`` may be."""

# The vendor gives no figures; these are our own, 1024 being its minimum.
BUDGET_BY_EFFORT = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 32768,
}

_ANSWER_ROOM = 8192  # tokens left for the answer where a budget sets max_tokens

# https://platform.claude.com/docs/en/api/service-tiers
_TIERS = ("auto", "standard_only")


def build(
    request: ChatRequest,
    models: Mapping[str, ModelFacts],
    version: str,
    betas: tuple[str, ...],
    *,
    fetches: bool,
) -> WireRequest:
    """The HTTP request for ``request``.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings = Warnings()
    body = _Body(request, models, warnings)
    body.thinking()
    body.tools()
    body.sampling(version)
    body.stops()
    body.format()
    body.metadata()
    messages = Messages(body.facts, warnings, fetches=fetches)
    turns = messages.build(request.messages, request.prompt_cache_ttl)
    fields: dict[str, Any] = {"model": request.model, "stream": True, "messages": turns}
    if messages.system:
        fields["system"] = messages.system
    fields |= body.fields
    if body.output:
        fields["output_config"] = body.output
    headers = {"anthropic-version": version}
    if messages.names_files and FILES_BETA not in betas:
        betas = (*betas, FILES_BETA)
    if betas:
        headers["anthropic-beta"] = ",".join(betas)
    return WireRequest("/v1/messages", merged(fields, request), headers, warnings=tuple(warnings))


class _Body:
    """Collects the body of one request and what had to be changed on the way."""

    def __init__(
        self, request: ChatRequest, models: Mapping[str, ModelFacts], warnings: Warnings
    ) -> None:
        self.request = request
        self.facts = facts_of(request.model, models)
        self.fields: dict[str, Any] = {}
        self.output: dict[str, Any] = {}
        self.ignored, self.adjusted = warnings.ignored, warnings.adjusted
        self.warnings = warnings

    # --- thinking and length -------------------------------------------------------------------

    def thinking(self) -> None:
        """``max_tokens``, ``thinking`` and ``output_config.effort``, which depend on each other."""
        request = self.request
        self.fields["max_tokens"] = (
            self.facts.default_max_tokens if request.max_tokens is None else request.max_tokens
        )
        effort, budget = request.reasoning_effort, request.reasoning_budget
        if effort == "none":
            self._thinking_off("reasoning_effort")
            if budget:
                self.ignored("reasoning_budget", "reasoning_effort is none")
            return
        if budget == 0:
            self._thinking_off("reasoning_budget")
            if effort is not None:
                self.ignored("reasoning_effort", "reasoning_budget is 0")
            return
        if self.facts.thinking == "no":
            for option in ("reasoning_effort", "reasoning_budget"):
                if getattr(request, option) is not None:
                    self.ignored(option, f"{request.model} does not think")
            return
        if budget is not None and self.facts.thinking == "adaptive":
            self.ignored(
                "reasoning_budget",
                f"{request.model} takes no token budget; use reasoning_effort",
            )
            budget = None
        if effort is not None:
            self._effort(effort, alone=budget is None)
        if budget is not None:
            self._budget(budget)

    def _thinking_off(self, option: str) -> None:
        match self.facts.thinking_off:
            case "never":
                self.ignored(option, f"{self.request.model} always thinks")
            case "disabled" | "between_tools" as type_:
                self.fields["thinking"] = {"type": type_}
            case "omit":
                pass

    def _effort(self, effort: str, *, alone: bool) -> None:
        facts = self.facts
        if facts.efforts:
            self.output["effort"] = nearest_effort(
                effort, facts.efforts, self.warnings, self.request.model
            )
        elif not alone:
            self.ignored("reasoning_effort", "reasoning_budget says how much to think")
        if not alone:
            return
        if facts.thinking in ("adaptive", "either"):
            self.fields["thinking"] = {"type": "adaptive"}
            if facts.thinking == "adaptive":
                # These generations hide thinking unless asked; those before show this summary.
                self.fields["thinking"]["display"] = "summarized"
            return
        wanted = BUDGET_BY_EFFORT[effort]
        if self.request.max_tokens is None:
            budget = min(wanted, facts.max_output // 2)
            self._room_for(budget)
        else:
            budget = min(wanted, self.request.max_tokens // 2)
        if budget < MIN_BUDGET:
            why = f"Claude thinks with max_tokens of {2 * MIN_BUDGET} at least"
            self.ignored("reasoning_effort", why)
        else:
            self.fields["thinking"] = {"type": "enabled", "budget_tokens": budget}

    def _budget(self, asked: int) -> None:
        budget = max(asked, MIN_BUDGET)
        if self.request.max_tokens is None:
            self._room_for(budget)
        budget = min(budget, self.fields["max_tokens"] - 1)
        if budget < MIN_BUDGET:
            why = f"Claude thinks with max_tokens of more than {MIN_BUDGET}"
            self.ignored("reasoning_budget", why)
            return
        if budget != asked:
            self.adjusted(
                "reasoning_budget",
                f"sent as {budget}: it must be at least {MIN_BUDGET} and less than max_tokens",
            )
        self.fields["thinking"] = {"type": "enabled", "budget_tokens": budget}

    def _room_for(self, budget: int) -> None:
        """Raise the default ``max_tokens`` so that the answer has room beside the thinking."""
        needed = min(budget + _ANSWER_ROOM, max(self.facts.max_output, budget + 1))
        self.fields["max_tokens"] = max(self.fields["max_tokens"], needed)

    # --- sampling ------------------------------------------------------------------------------

    def sampling(self, version: str) -> None:
        request = self.request
        asked = {
            option: value
            for option in ("temperature", "top_p", "top_k")
            if (value := getattr(request, option)) is not None
        }
        if version not in SAMPLING_VERSIONS:
            why = f"the API version {version} has no sampling options"
        elif self.facts.sampling == "none":
            why = f"{request.model} refuses sampling options"
        else:
            self._sample(asked)
            return
        for option in asked:
            self.ignored(option, why)

    def _sample(self, asked: dict[str, Any]) -> None:
        if (temperature := asked.get("temperature")) is not None and temperature > 1:
            asked["temperature"] = 1.0
            self.adjusted("temperature", "sent as 1.0, the highest Anthropic takes")
        if self.facts.sampling == "one" and "temperature" in asked and "top_p" in asked:
            del asked["top_p"]
            self.ignored("top_p", f"{self.request.model} refuses it beside temperature")
        if self.fields.get("thinking", {}).get("type") in ("enabled", "adaptive"):
            for option in [o for o, value in asked.items() if not _fits_thinking(o, value)]:
                del asked[option]
                self.ignored(option, "Claude does not take it while thinking")
        self.fields |= asked

    def stops(self) -> None:
        sendable = [stop for stop in self.request.stop if stop.strip()]
        if sendable:
            self.fields["stop_sequences"] = sendable
        if len(sendable) < len(self.request.stop):
            self.adjusted("stop", "Anthropic refuses those of whitespace alone: they are left out")

    # --- tools and format ----------------------------------------------------------------------

    def tools(self) -> None:
        request = self.request
        strict = self.facts.strict_tools
        if request.tools:
            self.fields["tools"] = [_tool(tool, strict=strict) for tool in request.tools]
        if not strict and any(isinstance(tool, Tool) and tool.strict for tool in request.tools):
            self.adjusted("tools", f"{request.model} takes no strict tools: sent without that word")
        choice = self._tool_choice()
        if request.parallel_tool_calls is False and (choice or {}).get("type") != "none":
            choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
        if choice:
            self.fields["tool_choice"] = choice

    def _tool_choice(self) -> dict[str, Any] | None:
        match self.request.tool_choice:
            case None:
                return None
            case "auto" | "none" as type_:
                return {"type": type_}
            case NamedTool(name=name):
                forced = {"type": "tool", "name": name}
            case "required":
                forced = {"type": "any"}
        if not self.facts.forced_tools:
            self.adjusted(
                "tool_choice", f"{self.request.model} cannot be made to call: sent 'auto'"
            )
            return {"type": "auto"}
        if self.fields.get("thinking", {}).get("type") == "enabled":
            del self.fields["thinking"]
            self.ignored(
                "reasoning_effort" if self.request.reasoning_budget is None else "reasoning_budget",
                "Claude cannot think first when it must call a tool",
            )
        return forced

    def format(self) -> None:
        wanted = self.request.response_format
        if wanted == "json":
            self.ignored("response_format", "Anthropic has no JSON mode; use a JsonSchema")
        elif isinstance(wanted, JsonSchema):
            if not self.facts.json_schema:
                self.ignored("response_format", f"{self.request.model} has no structured output")
                return
            self.output["format"] = {"type": "json_schema", "schema": described_schema(wanted)}

    # --- the rest ------------------------------------------------------------------------------

    def metadata(self) -> None:
        given = dict(self.request.metadata or {})
        user = self.request.user or given.get("user_id")
        given.pop("user_id", None)
        if user:
            self.fields["metadata"] = {"user_id": user}
        if given:
            left_out = ", ".join(sorted(given))
            self.ignored("metadata", f"Anthropic takes user_id alone, not {left_out}")
        if tier := self.request.service_tier:
            self.fields["service_tier"] = tier_among(_TIERS, tier, self.warnings, "Anthropic")


def _thinking_of(request: ChatRequest, models: Mapping[str, ModelFacts]) -> Mapping[str, Any]:
    """The ``thinking`` that this request will ask for, ``extra_body`` included."""
    body = _Body(request, models, Warnings())
    body.thinking()
    thinking = merged(body.fields, request).get("thinking")
    return thinking if isinstance(thinking, Mapping) else {}


def reasoning_kind(request: ChatRequest, models: Mapping[str, ModelFacts]) -> ReasoningKind:
    """What the thinking this request brings will be: ``summary`` if it asks for that."""
    summarized = _thinking_of(request, models).get("display") == "summarized"
    return "summary" if summarized else "raw"


def thinks(request: ChatRequest, models: Mapping[str, ModelFacts]) -> bool:
    """Whether this request has the model think, which rules a prefilled turn out."""
    return _thinking_of(request, models).get("type") in ("enabled", "adaptive")


def _fits_thinking(option: str, value: float) -> bool:
    """https://platform.claude.com/docs/en/build-with-claude/extended-thinking"""
    return (option == "temperature" and value == 1) or (option == "top_p" and value >= 0.95)


def _tool(tool: Tool | VendorTool, *, strict: bool) -> dict[str, Any]:
    if isinstance(tool, VendorTool):
        return tool.payload
    fields = {
        "name": tool.name,
        "input_schema": tool.parameters,
        "description": tool.description,
        "strict": tool.strict if strict else None,
    }
    return without_none(fields)
