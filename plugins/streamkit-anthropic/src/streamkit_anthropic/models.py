"""What differs between models, as data: one row a generation, newest first.

A row is a fact that a request must respect, or be refused with a 400. The longest name that fits
counts, so dated snapshots share their model's row; ``claude-`` catches Claude models newer than
this table, and anything else is an imitator, to which every option is sent. Another table may be
given to the adapter (``AnthropicMessages(models=…)``).

Sources, as of November 2026 (``docs`` is https://platform.claude.com/docs/en):

- max_output: docs/about-claude/models/overview, and the vendor's Models API as reported in
  Effect-TS/effect#7129. ``strict_window``: pydantic-ai 2.68, measured.
- thinking, thinking_off: docs/build-with-claude/adaptive-thinking and .../extended-thinking;
  docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html;
  ``between_tools`` and ``never`` for the 5.5 generation: pydantic-ai 2.68, measured.
- efforts: docs/build-with-claude/effort; Opus 4.6 without ``xhigh`` also from a recorded 400.
- sampling, prefill: docs/about-claude/models/migration-guide.
- json_schema: docs/build-with-claude/structured-outputs.
- forced_tools: docs/agents-and-tools/tool-use/implement-tool-use#forcing-tool-use.
- system_turns: docs/build-with-claude/mid-conversation-system-messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from streamkit.writing import row_of


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one generation of models takes.

    ``max_output`` is the most tokens it can generate, thinking included. ``strict_window`` models
    refuse a request whose prompt and ``max_tokens`` together exceed the context window.

    ``thinking``: not at all, by ``budget`` of tokens, ``adaptive``, or ``either``. ``thinking_off``
    is how it is turned off: by ``omit``ting it, by sending that type, or ``never``. ``efforts`` are
    the levels of ``output_config.effort``.

    ``sampling``: temperature and top_p together, only ``one`` of them, or ``none`` (nor top_k).
    ``prefill``: may the last message be the assistant's, for the model to continue?
    ``forced_tools``: may ``tool_choice`` demand a call? ``system_turns``: may system messages
    follow the first turn? ``strict_tools``: may a tool be ``strict``?
    """

    max_output: int
    thinking: Literal["no", "budget", "either", "adaptive"]
    thinking_off: Literal["omit", "disabled", "between_tools", "never"] = "omit"
    efforts: tuple[str, ...] = ()
    sampling: Literal["both", "one", "none"] = "none"
    prefill: bool = False
    json_schema: bool = True
    forced_tools: bool = True
    system_turns: bool = False
    strict_tools: bool = True
    strict_window: bool = False

    @property
    def default_max_tokens(self) -> int:
        """``max_tokens`` where the caller sets none (the vendor requires one): all the model can.

        Only the model's own limit then cuts an answer short. It costs nothing: unused tokens are
        neither billed nor counted against rate limits (docs/api/rate-limits). Strict models get
        less, so that a long conversation still fits.
        """
        return min(self.max_output, 8192) if self.strict_window else self.max_output


_LEVELS = ("low", "medium", "high", "xhigh", "max")

# Nothing is known of an imitator's limits: max_output is an assumption, the default stays small.
_IMITATOR = ModelFacts(
    64_000, "budget", "disabled", sampling="both", prefill=True, strict_window=True
)
_CLAUDE_3 = ModelFacts(
    4096, "no", sampling="both", prefill=True, json_schema=False, strict_window=True
)
_CLAUDE_3_5 = replace(_CLAUDE_3, max_output=8192)
_CLAUDE_3_7 = replace(_CLAUDE_3, max_output=64_000, thinking="budget")
_SONNET_4 = replace(_CLAUDE_3_7, sampling="one")
_OPUS_4 = replace(_SONNET_4, max_output=32_000)
_OPUS_4_1 = replace(_OPUS_4, json_schema=True)
_CLAUDE_4_5 = replace(_SONNET_4, json_schema=True, strict_window=False)
_OPUS_4_5 = replace(_CLAUDE_4_5, efforts=("low", "medium", "high"))
_CLAUDE_4_6 = replace(
    _CLAUDE_4_5,
    max_output=128_000,
    thinking="either",
    efforts=("low", "medium", "high", "max"),
    prefill=False,
)
_OPUS_4_7 = ModelFacts(128_000, "adaptive", efforts=_LEVELS)
_OPUS_4_8 = replace(_OPUS_4_7, system_turns=True)
_CLAUDE_5 = replace(_OPUS_4_7, thinking_off="disabled")

MODELS: Mapping[str, ModelFacts] = MappingProxyType(
    {
        # Sonnet 5 answers 200 to a system turn and ignores it, so it gets none.
        "claude-fable-5-1": replace(_OPUS_4_8, thinking_off="never", forced_tools=False),
        "claude-fable-5-2": replace(_OPUS_4_8, thinking_off="never", forced_tools=False),
        "claude-fable-5": replace(_OPUS_4_8, thinking_off="never"),
        "claude-mythos-5-1": replace(_OPUS_4_8, thinking_off="never", forced_tools=False),
        "claude-mythos-5-2": replace(_OPUS_4_8, thinking_off="never", forced_tools=False),
        "claude-mythos-5": replace(_OPUS_4_8, thinking_off="never"),
        "claude-opus-5-5": replace(_OPUS_4_8, thinking_off="never", forced_tools=False),
        "claude-opus-5": replace(_CLAUDE_5, system_turns=True),
        "claude-sonnet-5-5": replace(_OPUS_4_8, thinking_off="between_tools", forced_tools=False),
        "claude-sonnet-5": _CLAUDE_5,
        "claude-haiku-5-5": replace(_CLAUDE_5, system_turns=True),
        "claude-opus-4-8": _OPUS_4_8,
        "claude-opus-4-7": _OPUS_4_7,
        "claude-opus-4-6": _CLAUDE_4_6,
        "claude-sonnet-4-6": _CLAUDE_4_6,
        "claude-opus-4-5": _OPUS_4_5,
        "claude-sonnet-4-5": _CLAUDE_4_5,
        "claude-haiku-4-5": _CLAUDE_4_5,
        "claude-opus-4-1": _OPUS_4_1,
        "claude-opus-4": _OPUS_4,
        "claude-4-opus": _OPUS_4,
        "claude-sonnet-4": _SONNET_4,
        "claude-4-sonnet": _SONNET_4,
        "claude-3-7": _CLAUDE_3_7,
        "claude-3-5": _CLAUDE_3_5,
        "claude-3": _CLAUDE_3,
        "claude-2": _CLAUDE_3,
        "claude-instant": _CLAUDE_3,
        "claude-": replace(_CLAUDE_5, max_output=64_000),
    }
)
"""Anthropic's models, at Anthropic and at the clouds that host them."""


def facts_of(model: str, models: Mapping[str, ModelFacts] = MODELS) -> ModelFacts:
    """What is known of a model, by its id at any host.

    Bedrock's ``us.anthropic.claude-opus-4-6-v1``, Vertex's ``claude-opus-4-5@20251101`` and
    OpenRouter's ``anthropic/claude-sonnet-4.5`` find the same rows as Anthropic's own ids.
    """
    return row_of(model.replace(".", "-"), models, _IMITATOR)
