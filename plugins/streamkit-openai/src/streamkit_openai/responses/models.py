"""What differs between models behind the Responses API, as data: a prefix of model ids a row.

A row is a fact that a request must respect, or be refused with a 400. The longest prefix that
fits counts; a model of no row gets every option as it was asked for. Another table may be given in
a profile of one's own (``ResponsesProfile(models=…)``).

Sources, as of November 2026:

- encrypted: the API reference (``include``: ``reasoning.encrypted_content``); models that do not
  reason answer 400 "Encrypted content is not supported with this model"
  (microsoft/agent-framework#7483). gpt-5-chat does not reason: pydantic-ai's profiles.
- sampling: the same profiles. gpt-5.1 and later take sampling options when they do not reason.
- efforts: OpenAI, "Reasoning models"; where a generation's levels are not sure, any is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one generation of models takes.

    ``encrypted``: its reasoning can be asked for in encrypted form, to go back with the next turn.
    ``sampling``: temperature, top_p and logprobs are taken always, never, or only with
    ``reasoning_effort="none"``. ``efforts`` are the levels it takes, lowest first; empty: any.
    """

    encrypted: bool = False
    sampling: Literal["yes", "no", "not_reasoning"] = "yes"
    efforts: tuple[str, ...] = ()


_O_SERIES = ModelFacts(encrypted=True, sampling="no", efforts=("low", "medium", "high"))
_GPT_5 = replace(_O_SERIES, efforts=("minimal", "low", "medium", "high"))
_GPT_5_X = ModelFacts(encrypted=True, sampling="not_reasoning")

OPENAI: Mapping[str, ModelFacts] = MappingProxyType(
    {
        "o1": _O_SERIES,
        "o3": _O_SERIES,
        "o4": _O_SERIES,
        "codex-mini": _O_SERIES,
        "gpt-5": _GPT_5,
        "gpt-5-pro": replace(_GPT_5, efforts=("high",)),
        "gpt-5-chat": ModelFacts(),
        "gpt-5.": _GPT_5_X,
        "gpt-5.1": replace(_GPT_5_X, efforts=("none", "low", "medium", "high")),
        "gpt-5.1-codex-max": _GPT_5_X,
    }
)
"""OpenAI's models, at OpenAI and at its own clouds."""


def facts_of(model: str, models: Mapping[str, ModelFacts]) -> ModelFacts:
    """What is known of a model; ``openai/gpt-5`` and ``gpt-5`` find the same row."""
    name = model.rpartition("/")[2]
    fitting = [prefix for prefix in models if name.startswith(prefix)]
    return models[max(fitting, key=len)] if fitting else ModelFacts()
