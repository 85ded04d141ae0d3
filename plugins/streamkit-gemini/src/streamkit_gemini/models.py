"""What differs between Gemini models, as data: one row a generation.

A row is a fact that a request must respect, or be refused with a 400. The longest name that fits
counts, wherever in an id it stands; a model of no row is taken for a new one. Another table may be
given to the adapter (``Gemini(models=…)``).

Sources, as of November 2026:

- levels, budgets: https://ai.google.dev/gemini-api/docs/thinking. The 2.5 models take a
  ``thinkingBudget`` and refuse ``thinkingLevel``, those from 3 on take levels. Which of them take
  ``minimal`` was tried, model by model, in vercel/ai#19031.
- signed_calls: https://ai.google.dev/gemini-api/docs/thought-signatures. From 3 on, the first call
  of each step without its signature is refused.
- media_results: https://ai.google.dev/gemini-api/docs/function-calling, multimodal function
  responses: from 3 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from streamkit.writing import row_of


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one generation of models takes.

    ``levels`` are the thinking levels it takes, lowest first; empty: none. ``budget`` is the least
    and the most thinking budget, in tokens, None if it takes none. ``off``: thinking can be
    switched off. ``signed_calls``: its history must hold signed function calls.
    ``media_results``: a function's result may hold pictures and documents.
    """

    levels: tuple[str, ...] = ("low", "medium", "high")
    budget: tuple[int, int] | None = None
    off: bool = False
    signed_calls: bool = True
    media_results: bool = True


_NEW = ModelFacts()
_OLD = ModelFacts(levels=(), signed_calls=False, media_results=False)
_MINIMAL = replace(_NEW, levels=("minimal", "low", "medium", "high"))

MODELS: Mapping[str, ModelFacts] = MappingProxyType(
    {
        "gemini-1": _OLD,
        "gemini-2.0": _OLD,
        "gemini-2.5-pro": replace(_OLD, budget=(128, 32768)),
        "gemini-2.5-flash": replace(_OLD, budget=(1, 24576), off=True),
        "gemini-2.5-flash-lite": replace(_OLD, budget=(512, 24576), off=True),
        "gemini-3-pro": replace(_NEW, levels=("low", "high")),
        "gemini-3-flash": _MINIMAL,
        "gemini-3.1-flash-lite": _MINIMAL,
        "gemini-3.5-flash": _MINIMAL,
        "gemini-3.6-flash": _MINIMAL,
        "gemini-flash-lite-latest": _MINIMAL,
        "gemma": _OLD,
        "learnlm": _OLD,
    }
)
"""Google's models, at the Gemini API and on Vertex AI."""


def facts_of(model: str, models: Mapping[str, ModelFacts] = MODELS) -> ModelFacts:
    """What is known of a model; ``models/gemini-2.5-pro`` and the bare name find the same row."""
    return row_of(model, models, _NEW)
