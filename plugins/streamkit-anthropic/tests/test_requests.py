"""What goes over the wire for each option, and what is warned about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamkit import (
    ChatRequest,
    JsonSchema,
    Message,
    NamedTool,
    Tool,
    VendorTool,
)
from streamkit.adapter import WireRequest
from streamkit_anthropic import MODELS, AnthropicMessages

OLD, BOTH, NEW = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-8"
HI = {"role": "user", "content": [{"type": "text", "text": "hi"}]}


def build(
    model: str = BOTH, adapter: AnthropicMessages | None = None, **options: Any
) -> WireRequest:
    request = ChatRequest(model=model, messages=(Message.user("hi"),), **options)
    return (adapter or AnthropicMessages()).request(request)


def body(**kwargs: Any) -> dict[str, Any]:
    """The body, sent without any warning."""
    sent = build(**kwargs)
    assert sent.warnings == ()
    return dict(sent.body)


def warned(sent: WireRequest) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in sent.warnings]


def test_the_smallest_request() -> None:
    sent = build()
    assert (sent.method, sent.path, sent.framing) == ("POST", "/v1/messages", "sse")
    assert sent.headers == {"anthropic-version": "2023-06-01"}
    assert sent.body == {"model": BOTH, "stream": True, "messages": [HI], "max_tokens": 128_000}
    assert sent.warnings == ()


def test_version_and_betas_are_headers() -> None:
    adapter = AnthropicMessages(version="2026-10-21", betas=("a", "b"))
    assert build(adapter=adapter).headers == {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "a,b",
    }


def test_extra_body_comes_last_and_verbatim() -> None:
    sent = body(max_tokens=5, extra_body={"max_tokens": 6, "speed": "fast"})
    assert (sent["max_tokens"], sent["speed"]) == (6, "fast")


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-20240620", 8192),
        ("claude-opus-4-20250514", 8192),
        ("claude-haiku-4-5-20251001", 64_000),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 64_000),
        ("anthropic/claude-opus-4.6", 128_000),
        ("claude-novel-9", 64_000),
        ("glm-5", 8192),
    ],
)
def test_max_tokens_is_what_the_model_can_unless_set(model: str, tokens: int) -> None:
    assert body(model=model)["max_tokens"] == tokens
    assert body(model=model, max_tokens=7)["max_tokens"] == 7


# --- options -----------------------------------------------------------------------------------

TOOL = Tool(name="f", description="d", parameters={"type": "object"}, strict=True)
WIRE_TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True}
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
        ({"top_k": 40}, {"top_k": 40}),
        ({"stop": ("END",)}, {"stop_sequences": ["END"]}),
        ({"tools": (TOOL,)}, {"tools": [WIRE_TOOL]}),
        (
            {"tools": (Tool(name="g"),)},
            {"tools": [{"name": "g", "input_schema": {"type": "object", "properties": {}}}]},
        ),
        (
            {"tools": (VendorTool(payload={"type": "web_search_20260318", "name": "web_search"}),)},
            {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
        ),
        ({"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
        ({"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        ({"tool_choice": NamedTool(name="f")}, {"tool_choice": {"type": "tool", "name": "f"}}),
        (
            {"parallel_tool_calls": False},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ),
        (
            {"parallel_tool_calls": False, "tool_choice": "none"},
            {"tool_choice": {"type": "none"}},
        ),
        ({"parallel_tool_calls": True}, {}),
        ({"response_format": "text"}, {}),
        (
            {"response_format": JsonSchema(json_schema=SCHEMA, description="a dog")},
            {
                "output_config": {
                    "format": {"type": "json_schema", "schema": {"description": "a dog", **SCHEMA}}
                }
            },
        ),
        ({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
        ({"metadata": {"user_id": "u-2"}}, {"metadata": {"user_id": "u-2"}}),
        ({"service_tier": "standard_only"}, {"service_tier": "standard_only"}),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, dict) else None,
)
def test_an_option_is_these_fields(options: dict[str, Any], fields: dict[str, Any]) -> None:
    plain = body()
    sent = body(**options)
    assert {k: v for k, v in sent.items() if plain.get(k) != v} == fields


@pytest.mark.parametrize(
    ("options", "what", "fields"),
    [
        ({"temperature": 1.7}, ("option_adjusted", "temperature"), {"temperature": 1.0}),
        (
            {"temperature": 0.2, "top_p": 0.5},
            ("option_ignored", "top_p"),
            {"temperature": 0.2},
        ),
        ({"stop": ("\n", "END")}, ("option_adjusted", "stop"), {"stop_sequences": ["END"]}),
        (
            {"service_tier": "priority"},
            ("option_adjusted", "service_tier"),
            {"service_tier": "auto"},
        ),
        ({"response_format": "json"}, ("option_ignored", "response_format"), {}),
        (
            {"metadata": {"user_id": "u", "team": "t"}},
            ("option_ignored", "metadata"),
            {"metadata": {"user_id": "u"}},
        ),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, dict) else None,
)
def test_what_cannot_be_sent_as_asked_is_warned_about(
    options: dict[str, Any], what: tuple[str, str], fields: dict[str, Any]
) -> None:
    plain = body()
    sent = build(**options)
    assert warned(sent) == [what]
    assert {k: v for k, v in sent.body.items() if plain.get(k) != v} == fields


@pytest.mark.parametrize("option", ["temperature", "top_p", "top_k"])
@pytest.mark.parametrize(
    ("model", "version"), [(NEW, "2023-06-01"), (OLD, "2026-10-21"), ("glm-5", "2026-10-21")]
)
def test_sampling_that_model_or_version_refuses_is_a_warning(
    option: str, model: str, version: str
) -> None:
    sent = build(model=model, adapter=AnthropicMessages(version=version), **{option: 1})
    assert warned(sent) == [("option_ignored", option)]
    assert option not in sent.body


def test_claude_3_takes_temperature_and_top_p_together() -> None:
    sent = body(model="claude-3-haiku-20240307", temperature=0.1, top_p=0.2)
    assert (sent["temperature"], sent["top_p"]) == (0.1, 0.2)


def test_an_old_model_without_structured_output_warns() -> None:
    sent = build(model="claude-sonnet-4-0", response_format=JsonSchema(json_schema=SCHEMA))
    assert warned(sent) == [("option_ignored", "response_format")]
    assert "output_config" not in sent.body


def test_what_is_known_of_models_can_be_replaced() -> None:
    small = replace(MODELS["claude-haiku-4-5"], max_output=77)
    adapter = AnthropicMessages(models={**MODELS, "claude-haiku-9": small})
    assert body(model="claude-haiku-9-1", adapter=adapter)["max_tokens"] == 77
    assert body(model="claude-opus-4-6", adapter=adapter)["max_tokens"] == 128_000
    assert body(model="claude-haiku-9-1")["max_tokens"] == 64_000
