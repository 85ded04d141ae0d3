"""Requests to try an adapter with: every option, every kind of part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from streamkit.messages import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    JsonSchema,
    MediaPart,
    Message,
    NamedTool,
    TextPart,
    ToolCall,
    ToolResult,
)
from streamkit.messages import Tool as ToolDefinition

_PIXEL: Final = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBg"
    "AAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
_PDF: Final = "JVBERi0xLjQKJSVFT0YK"
_SOUND: Final = "UklGRiQAAABXQVZFZm10IA=="

_TOOL: Final = ToolDefinition(
    name="weather",
    description="The weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
_SCHEMA: Final = JsonSchema(
    json_schema={
        "type": "object",
        "properties": {"sky": {"type": "string"}},
        "required": ["sky"],
        "additionalProperties": False,
    }
)


@dataclass(frozen=True, slots=True)
class OptionSample:
    """Values of an option that differ from every default, and what must be set beside it."""

    values: tuple[Any, ...]
    beside: Mapping[str, Any] = field(default_factory=dict)


OPTIONS: Final[dict[str, OptionSample]] = {
    "tools": OptionSample(((_TOOL,),)),
    "tool_choice": OptionSample(
        ("required", "none", NamedTool(name="weather")), {"tools": (_TOOL,)}
    ),
    "parallel_tool_calls": OptionSample((False,), {"tools": (_TOOL,)}),
    "response_format": OptionSample((_SCHEMA, "json")),
    "max_tokens": OptionSample((77,)),
    "temperature": OptionSample((0.25,)),
    "top_p": OptionSample((0.5,)),
    "top_k": OptionSample((5,)),
    "stop": OptionSample((("END",), ("END", "STOP"))),
    "seed": OptionSample((7,)),
    "n": OptionSample((2,)),
    "frequency_penalty": OptionSample((0.5,)),
    "presence_penalty": OptionSample((0.5,)),
    "logprobs": OptionSample((2,)),
    "reasoning_effort": OptionSample(("low", "high")),
    "reasoning_budget": OptionSample((2048,), {"max_tokens": 8192}),
    "user": OptionSample(("somebody",)),
    "metadata": OptionSample(({"purpose": "contract"}, {"user_id": "somebody"})),
    "service_tier": OptionSample(("flex", "priority")),
    "prompt_cache_ttl": OptionSample(("5m", "1h")),
    "prompt_cache_key": OptionSample(("handbook",)),
}
"""Samples for every option of `ChatRequest`."""

UNIVERSAL: Final = frozenset({"model", "messages", "extra_body", "extra_headers"})
"""Fields of `ChatRequest` that every dialect has; no option of `Supports`."""

_CALL: Final = ToolCall(
    id="call_7", name="weather", arguments={"city": "Paris"}, arguments_text='{"city": "Paris"}'
)

PARTS: Final[dict[str, tuple[Message, ...]]] = {
    "image": (Message.user("What is this?", ImagePart(data=_PIXEL, media_type="image/png")),),
    "document": (
        Message.user("Sum up", DocumentPart(data=_PDF, media_type="application/pdf", name="a.pdf")),
    ),
    "media": (Message.user("Listen", MediaPart(data=_SOUND, media_type="audio/wav")),),
    "tool_call": (
        Message.user("Weather?"),
        Message.assistant(_CALL),
        Message.tool(ToolResult(call_id="call_7", content="sunny", name="weather")),
    ),
}
"""A conversation with each kind of part that a caller may bring."""

WORDS: Final = tuple(f"streamkit-word-{name}" for name in "abcdefgh")
TALK: Final = (
    Message.system(WORDS[0]),
    Message.user(WORDS[1], WORDS[2]),
    Message.assistant(WORDS[3]),
    Message.user(WORDS[4]),
)
"""A conversation whose every word must go out."""

TALK_WITH_TOOLS: Final = (
    *TALK,
    Message.assistant(WORDS[5], _CALL),
    Message(
        role="user",
        content=(
            ToolResult(call_id=_CALL.id, content=WORDS[6], name=_CALL.name),
            TextPart(text=WORDS[7]),
        ),
    ),
)
"""The same with a call, and a turn that holds both its result and words of the user."""


def requests(options: frozenset[str], parts: frozenset[str], model: str) -> Iterator[ChatRequest]:
    """Requests that use all that is claimed, one thing at a time and much at once."""
    talk = (
        Message.system("Be brief."),
        Message.user("Why is the sky blue? \N{RAINBOW}"),
        Message.assistant("Light scatters."),
        Message.user("How?"),
    )
    yield ChatRequest(model=model, messages=talk)
    for name in sorted(options & OPTIONS.keys()):
        sample = OPTIONS[name]
        for value in sample.values:
            yield ChatRequest(model=model, messages=talk, **{**sample.beside, name: value})
    for name in sorted(parts & PARTS.keys()):
        yield ChatRequest(model=model, messages=PARTS[name])
    yield ChatRequest(
        model=model,
        messages=talk,
        extra_body={"streamkit_probe": {"deep": [1, {"er": None}]}},
        extra_headers={"x-streamkit-probe": "1"},
    )
