"""A `ChatRequest` as the body of ``POST /models/…:streamGenerateContent``.

Source: https://ai.google.dev/api/generate-content and google-genai 3.4. What a model refuses is in
`models`. Thought summaries are asked for with an effort or a budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool, VendorTool
from streamkit.writing import Warnings, described_schema, merged, nearest_effort, renamed
from streamkit_gemini._messages import Messages
from streamkit_gemini.models import ModelFacts, facts_of

MAX_STOPS = 5
"""The most ``stopSequences`` that are taken."""

# In tokens; the vendor gives no figures, these are our own, within the bounds of its models.
BUDGET_BY_EFFORT = {
    "minimal": 512,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 32768,
}

_PLAIN = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "n": "candidateCount",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
"""Options whose values go out as they are, and their names in ``generationConfig``."""

OPTIONS = frozenset({*_PLAIN, "tools", "tool_choice", "response_format", "stop", "logprobs"}) | {
    *("reasoning_effort", "reasoning_budget", "service_tier"),
}


def build(request: ChatRequest, models: Mapping[str, ModelFacts], root: str) -> WireRequest:
    """The HTTP request for ``request``; ``root`` is what bare model names are put behind.

    Raises UnsupportedError for messages with content that the vendor cannot take.
    """
    warnings = Warnings()
    body = _Body(request, models, warnings)
    body.sampling()
    body.format()
    body.thinking()
    messages = Messages(body.facts, warnings)
    fields: dict[str, Any] = {"contents": messages.build(request.messages)}
    if messages.system:
        fields["systemInstruction"] = {"parts": messages.system}
    if tools := body.tools():
        fields["tools"] = tools
    if choice := body.tool_choice():
        fields["toolConfig"] = {"functionCallingConfig": choice}
    if body.config:
        fields["generationConfig"] = body.config
    if request.service_tier:
        fields["serviceTier"] = request.service_tier
    if request.metadata:
        fields["labels"] = request.metadata
    model = request.model if "/" in request.model else f"{root}{request.model}"
    return WireRequest(
        f"/{quote(model, safe='/@')}:streamGenerateContent?alt=sse",
        merged(fields, request),
        framing_by_type={"application/json": "json-array"},  # from servers that know no alt=sse
        warnings=tuple(warnings),
    )


class _Body:
    """Collects the body of one request and what had to be changed on the way."""

    def __init__(
        self, request: ChatRequest, models: Mapping[str, ModelFacts], warnings: Warnings
    ) -> None:
        self.request = request
        self.facts = facts_of(request.model, models)
        self.config: dict[str, Any] = {}
        self.ignored, self.adjusted = warnings.ignored, warnings.adjusted
        self.warnings = warnings

    def sampling(self) -> None:
        self.config |= renamed(self.request, _PLAIN)
        if self.request.stop:
            self.config["stopSequences"] = list(self.request.stop[:MAX_STOPS])
        if len(self.request.stop) > MAX_STOPS:
            self.adjusted("stop", f"Gemini takes {MAX_STOPS} stop sequences; the first are sent")
        if self.request.logprobs is not None:
            self.config |= {"responseLogprobs": True, "logprobs": self.request.logprobs}

    def format(self) -> None:
        wanted = self.request.response_format
        if wanted not in (None, "text"):
            self.config["responseMimeType"] = "application/json"
        if isinstance(wanted, JsonSchema):
            self.config["responseJsonSchema"] = described_schema(wanted)

    # --- thinking --------------------------------------------------------------------------

    def thinking(self) -> None:
        """``thinkingConfig``: a level or a budget, never both (that is a 400)."""
        request, facts = self.request, self.facts
        effort, budget = request.reasoning_effort, request.reasoning_budget
        if effort is None and budget is None:
            return
        if not facts.levels and facts.budget is None:
            for option in ("reasoning_effort", "reasoning_budget"):
                if getattr(request, option) is not None:
                    self.ignored(option, f"{request.model} does not think")
            return
        if effort is not None and budget is not None:
            unused = "reasoning_budget" if facts.budget is None else "reasoning_effort"
            self.ignored(unused, f"{request.model} takes a level or a budget, not both")
        found: dict[str, Any]
        if facts.budget is not None:
            found = self._budget(facts.budget, effort, budget)
        elif effort is not None:
            level = nearest_effort(effort, facts.levels, self.warnings, request.model)
            found = {"thinkingLevel": level.upper()}
        else:
            found = {"thinkingBudget": budget}  # taken still, in place of a level
        shown = {} if found.get("thinkingBudget") == 0 else {"includeThoughts": True}
        self.config["thinkingConfig"] = found | shown

    def _budget(
        self, bounds: tuple[int, int], effort: str | None, budget: int | None
    ) -> dict[str, int]:
        option = "reasoning_effort" if budget is None else "reasoning_budget"
        if budget is None:
            budget = 0 if effort == "none" else BUDGET_BY_EFFORT[str(effort)]
        if budget == 0 and self.facts.off:
            return {"thinkingBudget": 0}
        least, most = bounds
        fitting = min(max(budget, least), most)
        if fitting != budget and (option == "reasoning_budget" or budget == 0):
            how = f"{self.request.model} thinks with {least} to {most} tokens: sent as {fitting}"
            self.adjusted(option, how)
        return {"thinkingBudget": fitting}

    # --- tools -----------------------------------------------------------------------------

    def tools(self) -> list[dict[str, Any]]:
        functions = [_function(tool) for tool in self.request.tools if isinstance(tool, Tool)]
        own = [tool.payload for tool in self.request.tools if isinstance(tool, VendorTool)]
        return ([{"functionDeclarations": functions}] if functions else []) + own

    def tool_choice(self) -> dict[str, Any] | None:
        """``VALIDATED`` holds calls to their schema, which is what ``strict`` asks for."""
        strict = any(isinstance(tool, Tool) and tool.strict for tool in self.request.tools)
        match self.request.tool_choice:
            case NamedTool(name=name):
                return {"mode": "ANY", "allowedFunctionNames": [name]}
            case "required":
                return {"mode": "ANY"}
            case "none":
                return {"mode": "NONE"}
            case None | "auto" if strict:
                return {"mode": "VALIDATED"}
            case "auto":
                return {"mode": "AUTO"}
        return None


def _function(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description is not None else {}
    return {"name": tool.name, **described, "parametersJsonSchema": tool.parameters}
