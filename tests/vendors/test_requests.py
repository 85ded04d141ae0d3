"""Request bodies are valid by the types of the vendors' own SDKs, which know every field."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from streamkit.adapter import Adapter
from streamkit.messages import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    JsonSchema,
    MediaPart,
    Message,
    NamedTool,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
)
from streamkit_anthropic import AnthropicMessages
from streamkit_bedrock import Bedrock, BedrockAnthropic
from streamkit_cohere import CohereChat
from streamkit_gemini import Gemini, GeminiInteractions, VertexAnthropic
from streamkit_mistral import MistralChat, MistralConversations
from streamkit_ollama import OllamaChat
from streamkit_openai import OpenAIChat, OpenAIResponses
from tests.vendors.request_types import CHECKS

ADAPTERS: list[tuple[Adapter, tuple[str, ...]]] = [
    (OpenAIChat(), ("gpt-4o", "gpt-5")),
    (OpenAIResponses(), ("gpt-4.1", "gpt-5")),
    (AnthropicMessages(), ("claude-sonnet-4-5", "claude-opus-4-7")),
    (Bedrock(), ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-v1:0")),
    (BedrockAnthropic(), ("us.anthropic.claude-sonnet-4-5-v1:0",)),
    (CohereChat(), ("command-a-03-2025",)),
    (Gemini(), ("gemini-2.5-pro", "gemini-3-pro")),
    (GeminiInteractions(), ("gemini-3-flash-preview",)),
    (Gemini(vertex=True, name="vertex"), ("gemini-2.5-pro", "gemini-3-pro")),
    (GeminiInteractions(vertex=True, name="vertex-interactions"), ("gemini-3-flash-preview",)),
    (VertexAnthropic(), ("claude-sonnet-4-5@20250929", "claude-opus-4-7")),
    (MistralChat(), ("mistral-small-latest",)),
    (MistralConversations(), ("mistral-small-latest",)),
    (OllamaChat(), ("qwen3",)),
]

HELLO = (Message.user("Hello"),)
PNG = ImagePart(data="iVBORw0KGgo=", media_type="image/png")
PDF = DocumentPart(data="JVBERi0=", media_type="application/pdf", name="paper")
WAV = MediaPart(data="UklGRg==", media_type="audio/wav")
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = Tool(name="weather", description="The weather.", parameters=SCHEMA, strict=True)
CALLS = (
    ToolCall(
        id="callWthr1", name="weather", arguments={"city": "R"}, arguments_text='{"city":"R"}'
    ),
    ToolCall(id="callToday", name="today", arguments={}, arguments_text="{}"),
)
RESULTS = (
    ToolResult(call_id="callWthr1", name="weather", content="Sunny"),
    ToolResult(
        call_id="callToday", name="today", content=(TextPart(text="It failed"),), is_error=True
    ),
)

CONVERSATIONS: dict[str, tuple[Message, ...]] = {
    "text": (Message.system("Be brief."), *HELLO, Message.assistant("Hi."), Message.user("A", "B")),
    "image": (Message.user("What is this?", PNG),),
    "document": (Message.user("What is this?", PDF),),
    "sound": (Message.user("Who speaks?", WAV),),
    "tool_result": (*HELLO, Message.assistant("Look:", *CALLS), Message.tool(*RESULTS)),
    "picture_as_result": (
        *HELLO,
        Message.assistant(CALLS[0]),
        Message.tool(ToolResult(call_id="callWthr1", name="weather", content=(PNG,))),
    ),
}

# One or several options to a case; a dialect that does not claim all of a case's has no such case.
OPTIONS: dict[str, dict[str, Any]] = {
    "tools": {"tools": (WEATHER, Tool(name="today"))},
    "tools_one_by_one": {"tools": (WEATHER,), "parallel_tool_calls": False},
    "tool_choice_auto": {"tools": (WEATHER,), "tool_choice": "auto"},
    "tool_choice_none": {"tools": (WEATHER,), "tool_choice": "none"},
    "tool_choice_required": {"tools": (WEATHER,), "tool_choice": "required"},
    "tool_choice_named": {"tools": (WEATHER,), "tool_choice": NamedTool(name="weather")},
    "json": {"response_format": "json"},
    "json_schema": {"response_format": JsonSchema(json_schema=SCHEMA, name="place", strict=True)},
    "json_schema_lax": {"response_format": JsonSchema(json_schema=SCHEMA, description="A place.")},
    **{f"effort_{x}": {"reasoning_effort": x} for x in ("none", "minimal", "low", "medium")},
    **{f"effort_{x}": {"reasoning_effort": x} for x in ("high", "xhigh", "max")},
    "budget": {"reasoning_budget": 2048, "max_tokens": 4096},
    "stop": {"stop": ("END", "\n\n")},
    "seed": {"seed": 7},
    "choices": {"n": 2},
    "max_tokens": {"max_tokens": 99},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.4},
    "top_k": {"top_k": 40},
    "penalties": {"frequency_penalty": 0.5, "presence_penalty": -0.5},
    "logprobs": {"logprobs": 3},
    "user": {"user": "u-1"},
    "metadata": {"metadata": {"team": "a"}},
    "cache": {"prompt_cache_ttl": "5m"},
    "cache_for_an_hour": {"prompt_cache_ttl": "1h", "tools": (WEATHER,)},
    "cache_key": {"prompt_cache_key": "handbook"},
}

SERVICE_TIER = {
    "anthropic": "auto",
    "vertex-anthropic": "auto",
    "bedrock-anthropic": "flex",
    "mistral": "standard",
}
"""What a vendor calls a service tier, where it has none called "flex"."""

# Prompt caching in the words of vendors that take part in neither common option.
CACHING: dict[str, dict[str, Any]] = {
    "anthropic": {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
    "gemini": {"cachedContent": "cachedContents/handbook"},
    "gemini-interactions": {"cached_content": "cachedContents/handbook"},
}

TEXT_AS_RESULT = ("openai", "cohere", "mistral-conversations")
"""Where a tool's result cannot be a picture."""

UNKNOWN_THERE = {
    "anthropic.temperature": "refused by the version of the API that the SDK asks for, not by ours",
    "anthropic.top_p": "the same",
    "anthropic.top_k": "the same",
    "ollama.tools.function.parameters.additionalProperties": "the SDK knows a part of JSON Schema",
}
"""Fields that are sent though the vendor's SDK has not heard of them."""


def requests(adapter: Adapter, model: str) -> Iterator[tuple[str, ChatRequest]]:
    """What each request is about, and the request."""
    for what, messages in CONVERSATIONS.items():
        parts = {part.type for message in messages for part in message.content}
        refused = what == "picture_as_result" and adapter.name in TEXT_AS_RESULT
        if parts <= adapter.supports.parts and not refused:
            yield what, ChatRequest(model=model, messages=messages)
    tier = SERVICE_TIER.get(adapter.name, "flex")
    asked = (Message.system("Be brief."), *HELLO)
    for what, options in [*OPTIONS.items(), ("service_tier", {"service_tier": tier})]:
        if options.keys() <= adapter.supports.options:
            yield what, ChatRequest(model=model, messages=asked, **options)
    if caching := CACHING.get(adapter.name):
        yield "cache_by_hand", ChatRequest(model=model, messages=HELLO, extra_body=caching)


CASES = [
    pytest.param(adapter, request, id=f"{adapter.name}-{model}-{what}")
    for adapter, models in ADAPTERS
    for model in models
    for what, request in requests(adapter, model)
]


@pytest.mark.parametrize(("adapter", "request_"), CASES)
def test_a_request_fits_the_types_of_the_vendors_sdk(
    adapter: Adapter, request_: ChatRequest
) -> None:
    unknown = CHECKS[adapter.name](dict(adapter.request(request_).body))
    # Claude's body in a cloud is Anthropic's.
    dialect = adapter.name.removeprefix("bedrock-").removeprefix("vertex-")
    assert [x for x in unknown if f"{dialect}{x}" not in UNKNOWN_THERE] == []


@pytest.mark.parametrize(("adapter", "models"), ADAPTERS, ids=lambda x: getattr(x, "name", ""))
def test_every_option_and_every_part_of_the_caller_is_in_a_case(
    adapter: Adapter, models: tuple[str, ...]
) -> None:
    asked = [request for model in models for _, request in requests(adapter, model)]
    options = set().union(*(request.model_fields_set for request in asked))
    assert adapter.supports.options - options == set()
    parts = {part.type for r in asked for message in r.messages for part in message.content}
    from_answers = {"reasoning", "refusal", "provider_item", "incomplete_tool_call"}
    assert adapter.supports.parts - parts - from_answers == set()


@pytest.mark.parametrize(("adapter", "models"), ADAPTERS, ids=lambda x: getattr(x, "name", ""))
@pytest.mark.parametrize("wrong", ["field", "field of a message", "role", "tools"])
def test_a_wrong_request_is_caught(adapter: Adapter, models: tuple[str, ...], wrong: str) -> None:
    """The check itself: it finds what is wrong, wherever it is."""
    request = ChatRequest(model=models[0], messages=HELLO, tools=(WEATHER,))
    body = deepcopy(dict(adapter.request(request).body))
    (conversation,) = {"messages", "contents", "input", "inputs"} & body.keys()
    match wrong:
        case "field":
            body["nonsense"] = 1
        case "field of a message":
            body[conversation][0]["nonsense"] = 1
        case "role":
            name = "type" if adapter.name.endswith(("responses", "interactions")) else "role"
            body[conversation][0][name] = 7
        case "tools":
            body["toolConfig" if adapter.name == "bedrock" else "tools"] = "weather"
    with pytest.raises((ValidationError, AssertionError)):
        assert CHECKS[adapter.name](body) == []
