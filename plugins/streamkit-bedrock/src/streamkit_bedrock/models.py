"""What differs between the models behind Converse, as data: one row a family.

The longest name that fits counts, wherever in an id it stands: ids come with a region before
(``us.``, ``global.``) and inside ARNs. Of Claude, `streamkit_anthropic.models` knows what each
generation takes, and `CLAUDE` what Bedrock refuses besides. A model of no row gets the options that
Converse has for all models, and no others. Other tables may be given to the adapters
(``Bedrock(models=…, claude_models=…)``, ``BedrockAnthropic(models=…)``).

Sources, as of November 2026:

- nova: docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html and core-inference;
  ``topK`` from .../nova/latest/userguide/using-converse-api.html.
- effort: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html; the field's
  place in Converse from the requests of vercel/ai (amazon-bedrock-chat-language-model.ts).
- cache_ttls: docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html.
- `CLAUDE`: vercel/ai, amazon-bedrock-anthropic-model-support.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from streamkit.writing import row_of
from streamkit_anthropic import MODELS as ANTHROPIC
from streamkit_anthropic import ModelFacts as ClaudeFacts


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one family of models takes beyond Converse's own fields.

    ``reasoning`` is how it is asked to think: in the words of ``claude``, of ``nova``, by a flat
    ``effort``, or not at all. ``efforts`` are the levels it has, and ``top_k`` the dotted path of
    that option in ``additionalModelRequestFields``, None where it has none. ``cache_ttls`` are how
    long it can keep a prompt, the default first; empty: a cache point is refused.
    """

    reasoning: Literal["claude", "nova", "effort", "no"] = "no"
    efforts: tuple[str, ...] = ()
    top_k: str | None = None
    cache_ttls: tuple[str, ...] = ()


_LEVELS = ("low", "medium", "high")

_CLAUDE = ModelFacts("claude", top_k="top_k", cache_ttls=("5m", "1h"))
_CLAUDE_OF_5_MINUTES = (
    *("claude-3-5", "claude-3-7", "claude-sonnet-4-2025", "claude-opus-4-2025", "claude-opus-4-1"),
)

MODELS: Mapping[str, ModelFacts] = MappingProxyType(
    {
        "claude-": _CLAUDE,
        "claude-3-": replace(_CLAUDE, cache_ttls=()),
        "claude-3-5-sonnet-20240620": replace(_CLAUDE, cache_ttls=()),
        **dict.fromkeys(_CLAUDE_OF_5_MINUTES, replace(_CLAUDE, cache_ttls=("5m",))),
        "amazon.nova-2": ModelFacts("nova", _LEVELS, "inferenceConfig.topK", ("5m",)),
        "amazon.nova": ModelFacts(top_k="inferenceConfig.topK", cache_ttls=("5m",)),
        "openai.gpt-oss": ModelFacts("effort", _LEVELS),
    }
)
"""The families that Converse serves."""

_WITHOUT_SCHEMAS = (
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-fable-5",
    "claude-sonnet-5",
)

CLAUDE: Mapping[str, ClaudeFacts] = MappingProxyType(
    {
        name: replace(facts, json_schema=False, strict_tools=False)
        if name.startswith(_WITHOUT_SCHEMAS)
        else facts
        for name, facts in ANTHROPIC.items()
    }
)
"""Claude's models by InvokeModel, which checks requests against its own copy of the Messages
schema: for some it refuses ``output_config.format`` and a tool's ``strict``."""


def facts_of(model: str, models: Mapping[str, ModelFacts] = MODELS) -> ModelFacts:
    """What is known of a model, by its id, inference profile or ARN."""
    return row_of(model, models, ModelFacts())
