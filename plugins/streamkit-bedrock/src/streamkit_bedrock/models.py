"""What differs between the models behind Converse, as data: one row a family.

Ids are matched by a part of them, for they come with a region before (``us.``, ``global.``) and
inside ARNs. Of Claude, `streamkit_anthropic.models` knows what each generation takes. A model
without a row gets the options that Converse has for all models, and no others.

Sources, as of November 2026:

- nova: docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html and core-inference;
  ``topK`` from .../nova/latest/userguide/using-converse-api.html.
- effort: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html; the field's
  place in Converse from the requests of vercel/ai (amazon-bedrock-chat-language-model.ts).
- `CLAUDE_WITHOUT_SCHEMAS`: vercel/ai, amazon-bedrock-anthropic-model-support.ts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one family of models takes beyond Converse's own fields.

    ``reasoning`` is how it is asked to think: in the words of ``claude``, of ``nova``, by a flat
    ``effort``, or not at all. ``efforts`` are the levels it has, and ``top_k`` the dotted path of
    that option in ``additionalModelRequestFields``, None where it has none.
    """

    reasoning: Literal["claude", "nova", "effort", "no"] = "no"
    efforts: tuple[str, ...] = ()
    top_k: str | None = None


_LEVELS = ("low", "medium", "high")

_MODELS: tuple[tuple[str, ModelFacts], ...] = (
    ("claude-", ModelFacts("claude", top_k="top_k")),
    ("amazon.nova-2", ModelFacts("nova", _LEVELS, "inferenceConfig.topK")),
    ("amazon.nova", ModelFacts(top_k="inferenceConfig.topK")),
    ("openai.gpt-oss", ModelFacts("effort", _LEVELS)),
)

CLAUDE_WITHOUT_SCHEMAS = (
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-fable-5",
    "claude-sonnet-5",
)
"""Invoke checks requests against its own copy of the Messages schema, which refuses
``output_config.format`` and a tool's ``strict`` for these models."""


def facts_of(model: str) -> ModelFacts:
    """What is known of a model, by its id, inference profile or ARN."""
    return next((facts for part, facts in _MODELS if part in model), ModelFacts())
