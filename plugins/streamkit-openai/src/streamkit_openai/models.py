"""What differs between OpenAI's models, as data: one row a generation. Both dialects read it.

A row is a fact that a request must respect, or be refused with a 400. The longest name that fits
counts, wherever in an id it stands; a model of no row gets every option as it was asked for.
Another table may be given to the adapters (``OpenAIResponses(models=…)``).

Sources, as of November 2026:

- encrypted: the API reference (``include``: ``reasoning.encrypted_content``); models that do not
  reason answer 400 "Encrypted content is not supported with this model"
  (microsoft/agent-framework#7483). gpt-5-chat does not reason: pydantic-ai's profiles.
- sampling: the same profiles. gpt-5.1 and later take sampling options when they do not reason.
- stops: the API reference ("Not supported with latest reasoning models"); 400 "Unsupported
  parameter: 'stop'" for o3, gpt-5 and gpt-5.2 (huggingface/smolagents#1662, #1893,
  crewAIInc/crewAI#2738, #4149). gpt-5.5 and later take it (BerriAI/litellm#28650).
- efforts: OpenAI, "Reasoning models"; where a generation's levels are not sure, any is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from streamkit.messages import ChatRequest
from streamkit.writing import Warnings, row_of

SAMPLING = frozenset({"temperature", "top_p", "logprobs", "frequency_penalty", "presence_penalty"})
"""Options that models which reason do not take."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one generation of models takes.

    ``encrypted``: the Responses API can be asked for its reasoning in encrypted form, to go back
    with the next turn. ``sampling``: `SAMPLING` is taken always, never, or only with
    ``reasoning_effort="none"``. ``efforts`` are the levels it takes, lowest first; empty: any.
    ``stops``: ``stop`` is taken.
    """

    encrypted: bool = False
    sampling: Literal["yes", "no", "not_reasoning"] = "yes"
    efforts: tuple[str, ...] = ()
    stops: bool = True


_O_SERIES = ModelFacts(
    encrypted=True, sampling="no", efforts=("low", "medium", "high"), stops=False
)
_GPT_5 = replace(_O_SERIES, efforts=("minimal", "low", "medium", "high"))
_GPT_5_X = ModelFacts(encrypted=True, sampling="not_reasoning")
_GPT_5_1 = replace(_GPT_5_X, stops=False)

MODELS: Mapping[str, ModelFacts] = MappingProxyType(
    {
        "o1": _O_SERIES,
        "o3": _O_SERIES,
        "o4": _O_SERIES,
        "codex-mini": _O_SERIES,
        "gpt-5": _GPT_5,
        "gpt-5-pro": replace(_GPT_5, efforts=("high",)),
        "gpt-5-chat": ModelFacts(),
        "gpt-5.": _GPT_5_X,
        "gpt-5.1": replace(_GPT_5_1, efforts=("none", "low", "medium", "high")),
        "gpt-5.1-codex-max": _GPT_5_1,
        "gpt-5.2": _GPT_5_1,
        "gpt-5.3": _GPT_5_1,
        "gpt-5.4": _GPT_5_1,
    }
)
"""OpenAI's models, at OpenAI and at its clouds."""


def facts_of(model: str, models: Mapping[str, ModelFacts] = MODELS) -> ModelFacts:
    """What is known of a model; ``openai/gpt-5`` and ``gpt-5`` find the same row."""
    return row_of(model, models, ModelFacts())


def takes(request: ChatRequest, facts: ModelFacts, option: str, warnings: Warnings) -> bool:
    """Whether ``option`` is taken from this request; if not, a warning says why."""
    if option == "stop" and not facts.stops:
        warnings.ignored("stop", f"{request.model} takes no stop sequences")
        return False
    if option not in SAMPLING or facts.sampling == "yes":
        return True
    if facts.sampling == "not_reasoning" and request.reasoning_effort == "none":
        return True
    unless = ' unless reasoning_effort is "none"' if facts.sampling == "not_reasoning" else ""
    warnings.ignored(option, f"{request.model} takes no sampling options{unless}")
    return False
