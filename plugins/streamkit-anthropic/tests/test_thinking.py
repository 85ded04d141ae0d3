"""How a model is asked to think: by effort or budget, and what has to give way to it."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import (
    ChatRequest,
    Message,
    NamedTool,
)
from streamkit.adapter import WireRequest
from streamkit_anthropic import AnthropicMessages

OLD, BOTH, NEW = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-8"


def build(model: str = BOTH, **options: Any) -> WireRequest:
    request = ChatRequest(model=model, messages=(Message.user("hi"),), **options)
    return AnthropicMessages().request(request)


def body(**kwargs: Any) -> dict[str, Any]:
    """The body, sent without any warning."""
    sent = build(**kwargs)
    assert sent.warnings == ()
    return dict(sent.body)


def warned(sent: WireRequest) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in sent.warnings]


def enabled(budget: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget}


ADAPTIVE = {"type": "adaptive"}
SHOWN = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "options", "thinking", "effort", "max_tokens"),
    [
        (NEW, {"reasoning_effort": "xhigh"}, SHOWN, "xhigh", 128_000),
        (BOTH, {"reasoning_effort": "max"}, ADAPTIVE, "max", 128_000),
        (BOTH, {"reasoning_budget": 2000}, enabled(2000), None, 128_000),
        (
            BOTH,
            {"reasoning_budget": 2000, "reasoning_effort": "low"},
            enabled(2000),
            "low",
            128_000,
        ),
        (OLD, {"reasoning_effort": "medium"}, enabled(8192), None, 64_000),
        (OLD, {"reasoning_effort": "max"}, enabled(32_000), None, 64_000),
        (OLD, {"reasoning_effort": "high", "max_tokens": 4096}, enabled(2048), None, 4096),
        (OLD, {"reasoning_budget": 5000, "max_tokens": 6000}, enabled(5000), None, 6000),
        ("claude-opus-4-5", {"reasoning_effort": "low"}, enabled(2048), "low", 64_000),
        ("claude-opus-4-0", {"reasoning_effort": "max"}, enabled(16_000), None, 24_192),
        ("claude-3-7-sonnet-20250219", {"reasoning_budget": 20_000}, enabled(20_000), None, 28_192),
        ("glm-5", {"reasoning_budget": 20_000}, enabled(20_000), None, 28_192),
        ("claude-novel-9", {"reasoning_effort": "high"}, SHOWN, "high", 64_000),
        (BOTH, {"reasoning_effort": "none"}, None, None, 128_000),
        (OLD, {"reasoning_budget": 0}, None, None, 64_000),
        ("claude-sonnet-5", {"reasoning_effort": "none"}, {"type": "disabled"}, None, 128_000),
        (
            "claude-sonnet-5-5",
            {"reasoning_effort": "none"},
            {"type": "between_tools"},
            None,
            128_000,
        ),
        ("glm-5", {"reasoning_effort": "none"}, {"type": "disabled"}, None, 8192),
        ("claude-3-haiku-20240307", {"reasoning_effort": "none"}, None, None, 4096),
    ],
)
def test_reasoning_is_asked_for_in_the_way_the_model_takes(
    model: str, options: dict[str, Any], thinking: Any, effort: str | None, max_tokens: int
) -> None:
    sent = body(model=model, **options)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config", {}).get("effort") == effort
    assert sent["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("model", "options", "what", "thinking", "effort"),
    [
        (NEW, {"reasoning_budget": 2000}, ("option_ignored", "reasoning_budget"), None, None),
        (
            BOTH,
            {"reasoning_effort": "xhigh"},
            ("option_adjusted", "reasoning_effort"),
            ADAPTIVE,
            "high",
        ),
        (
            NEW,
            {"reasoning_effort": "minimal"},
            ("option_adjusted", "reasoning_effort"),
            SHOWN,
            "low",
        ),
        (
            OLD,
            {"reasoning_budget": 100},
            ("option_adjusted", "reasoning_budget"),
            enabled(1024),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 9000, "max_tokens": 3000},
            ("option_adjusted", "reasoning_budget"),
            enabled(2999),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "max_tokens": 1024},
            ("option_ignored", "reasoning_budget"),
            None,
            None,
        ),
        (
            OLD,
            {"reasoning_effort": "low", "max_tokens": 2000},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "reasoning_effort": "low"},
            ("option_ignored", "reasoning_effort"),
            enabled(2000),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "reasoning_effort": "none"},
            ("option_ignored", "reasoning_budget"),
            None,
            None,
        ),
        (
            NEW,
            {"reasoning_budget": 0, "reasoning_effort": "high"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            "claude-fable-5",
            {"reasoning_effort": "none"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            "claude-3-5-haiku-20241022",
            {"reasoning_effort": "high"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
    ],
)
def test_reasoning_the_model_does_not_take_is_warned_about(
    model: str, options: dict[str, Any], what: tuple[str, str], thinking: Any, effort: str | None
) -> None:
    sent = build(model=model, **options)
    assert warned(sent) == [what]
    assert sent.body.get("thinking") == thinking
    assert sent.body.get("output_config", {}).get("effort") == effort


def test_sampling_gives_way_to_thinking_except_where_both_are_legal() -> None:
    sent = build(model=OLD, reasoning_budget=2000, temperature=0.3, top_k=5)
    assert warned(sent) == [("option_ignored", "temperature"), ("option_ignored", "top_k")]
    assert not {"temperature", "top_k"} & sent.body.keys()
    assert body(model=OLD, reasoning_budget=2000, temperature=1)["temperature"] == 1
    assert body(model=OLD, reasoning_budget=2000, top_p=0.97)["top_p"] == 0.97


def test_a_forced_call_gives_way_or_takes_the_way_by_model() -> None:
    forced = build(model=OLD, reasoning_budget=2000, tool_choice="required")
    assert warned(forced) == [("option_ignored", "reasoning_budget")]
    assert forced.body["tool_choice"] == {"type": "any"}
    assert "thinking" not in forced.body

    both = body(model=NEW, reasoning_effort="low", tool_choice="required")
    assert (both["tool_choice"], both["thinking"]) == ({"type": "any"}, SHOWN)

    refused = build(model="claude-opus-5-5", tool_choice=NamedTool(name="f"))
    assert warned(refused) == [("option_adjusted", "tool_choice")]
    assert refused.body["tool_choice"] == {"type": "auto"}
