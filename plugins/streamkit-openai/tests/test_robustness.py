"""Whatever a frame holds, the decoder does not raise, and what it says can be folded."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamkit.adapter import Frame
from streamkit.chunks import End, Fault
from streamkit.messages import ChatRequest, Message
from streamkit.testing import decode
from streamkit_openai import PROFILES, OpenAIChat

REQUEST = ChatRequest(model="m", messages=(Message.user("Hi"),))
NAMES = st.sampled_from(
    [
        "id",
        "index",
        "name",
        "type",
        "text",
        "url",
        "data",
        "function",
        "custom",
        "arguments",
        "thinking",
        "summary",
        "signature",
        "format",
        "image_url",
        "url_citation",
        "output",
        "usage",
        "error",
        "message",
        "code",
        "prompt_tokens",
        "filtered",
        "title",
        "transcript",
        "extra_content",
        "cached_tokens",
        "prompt_tokens_details",
    ]
)
WORDS = st.sampled_from(
    [
        "a",
        "stop",
        "text",
        "thinking",
        "reasoning",
        "reference",
        "image_url",
        "url_citation",
        "{}",
        "reasoning.text",
        "reasoning.summary",
        "reasoning.encrypted",
        "data:a/b;base64,aGk=",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.just("") | WORDS
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def fields(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), JUNK, max_size=4)


DELTAS = fields(
    *("role", "content", "refusal", "reasoning", "reasoning_content", "reasoning_details"),
    *("tool_calls", "function_call", "audio", "images", "annotations", "executed_tools", "new"),
)
CHOICES = st.builds(
    lambda rest, delta: rest | {"delta": delta},
    fields("index", "finish_reason", "logprobs", "message", "content_filter_results", "usage"),
    DELTAS | JUNK,
)
BODIES = st.builds(
    lambda rest, choices: rest | {"choices": choices},
    fields(
        *("id", "model", "usage", "x_groq", "citations", "search_results", "warnings"),
        *("prompt_filter_results", "moderation", "object", "created", "new"),
    ),
    st.lists(CHOICES | JUNK, max_size=2) | JUNK,
)


@given(st.lists(BODIES | JUNK, max_size=5), st.sampled_from(sorted(PROFILES)), st.booleans())
def test_no_json_makes_the_decoder_raise(bodies: list[Any], profile: str, done: bool) -> None:
    decoder = OpenAIChat(profile).decoder(REQUEST)
    chunks: list[Any] = []
    for body in bodies:
        chunks += decoder.feed(Frame(json.dumps(body)))
    if done:
        chunks += decoder.feed(Frame("[DONE]"))
    chunks += decoder.close()
    assert not any(isinstance(c, End | Fault) for c in chunks[:-1])


@given(st.lists(BODIES, max_size=5))
def test_what_is_made_of_any_json_can_be_folded(bodies: list[Any]) -> None:
    """The engine takes every chunk the decoder gives, and ends the stream once."""
    wire = "".join(f"data: {json.dumps(body)}\n\n" for body in bodies) + "data: [DONE]\n\n"
    got = decode(OpenAIChat("groq"), wire.encode(), headers={"content-type": "text/event-stream"})
    assert got.response.outcome in {"complete", "truncated", "failed"}


@given(st.text(max_size=40), st.sampled_from(["", "error", "ping"]))
def test_no_text_makes_the_decoder_raise(text: str, event: str) -> None:
    decoder = OpenAIChat().decoder(REQUEST)
    chunks = [*decoder.feed(Frame(text, event)), *decoder.close()]
    assert not any(isinstance(c, End) for c in chunks)


def test_depth_beyond_the_parsers_limit_is_a_malformed_frame() -> None:
    decoder = OpenAIChat().decoder(REQUEST)
    [fault] = decoder.feed(Frame("[" * 100_000))
    assert isinstance(fault, Fault)
    assert fault.kind == "protocol"
