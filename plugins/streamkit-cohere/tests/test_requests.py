"""What is sent: the body for every option and every part of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streamkit.adapter import WireRequest
from streamkit.errors import UnsupportedError
from streamkit.messages import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    IncompleteToolCall,
    JsonSchema,
    MediaPart,
    Message,
    NamedTool,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
)
from streamkit_cohere import CohereChat

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
CALL = ToolCall(id="c1", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')
WIRE_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
F, G = Tool(name="f", parameters=SCHEMA), Tool(name="g", description="d", strict=True)
WIRE_F = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
WIRE_G = {
    "type": "function",
    "function": {"name": "g", "description": "d", "parameters": G.parameters},
}


def plan(text: str = "I will.", *, complete: bool = True) -> ProviderItem:
    payload = {"tool_plan": text}
    return ProviderItem(dialect="cohere-v2", kind="tool_plan", payload=payload, complete=complete)


def build(*messages: Message, **options: Any) -> WireRequest:
    wanted = ChatRequest(model="m", messages=messages or (Message.user("Hi"),), **options)
    return CohereChat().request(wanted)


def sent(*messages: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(*messages).body["messages"]
    return found


def test_the_least_request() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing, wire.warnings) == ("POST", "/v2/chat", "sse", ())
    assert wire.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_the_key_goes_to_cohere_and_to_no_other_address() -> None:
    own = CohereChat().endpoint
    assert (own.key_env, own.key_required) == (("COHERE_API_KEY", "CO_API_KEY"), True)
    other = CohereChat(base_url="https://llm.example").endpoint
    assert (other.base_url, other.key_env, other.key_required) == ("https://llm.example", (), False)


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"max_tokens": 5, "temperature": 0.0}, {"max_tokens": 5, "temperature": 0.0}),
        ({"top_p": 0.5, "top_k": 5}, {"p": 0.5, "k": 5}),
        ({"stop": ("a", "b")}, {"stop_sequences": ["a", "b"]}),
        ({"seed": 0}, {"seed": 0}),
        ({"frequency_penalty": 0.1}, {"frequency_penalty": 0.1}),
        ({"presence_penalty": 0.1}, {"presence_penalty": 0.1}),
        ({"logprobs": 0}, {"logprobs": True}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_budget": 0}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_budget": 99}, {"thinking": {"type": "enabled", "token_budget": 99}}),
        ({"response_format": "text"}, {"response_format": {"type": "text"}}),
        ({"response_format": "json"}, {"response_format": {"type": "json_object"}}),
        (
            {"response_format": JsonSchema(json_schema=SCHEMA)},
            {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
        ),
        ({"tools": (F,)}, {"tools": [WIRE_F]}),
        ({"tools": (F, G)}, {"tools": [WIRE_F, WIRE_G], "strict_tools": True}),
        ({"tools": (VendorTool(payload={"type": "x"}),)}, {"tools": [{"type": "x"}]}),
        ({"tools": (F,), "tool_choice": "auto"}, {"tools": [WIRE_F]}),
        ({"tools": (F,), "tool_choice": "none"}, {"tools": [WIRE_F], "tool_choice": "NONE"}),
        (
            {"tools": (F, G), "tool_choice": NamedTool(name="f")},
            {"tools": [WIRE_F], "tool_choice": "REQUIRED"},
        ),
        (
            {"tools": (F,), "tool_choice": NamedTool(name="unknown")},
            {"tools": [WIRE_F], "tool_choice": "REQUIRED"},
        ),
        ({"extra_body": {"documents": ["x"]}}, {"documents": ["x"]}),
    ],
    ids=str,
)
def test_an_option_is_sent_under_the_vendors_name(
    options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire, plain = build(**options), build().body
    assert {k: v for k, v in wire.body.items() if k not in plain} == want
    assert wire.warnings == ()


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"logprobs": 3}, {"logprobs": True}),
        ({"reasoning_effort": "low"}, {"thinking": {"type": "enabled"}}),
        (
            {"reasoning_effort": "high", "reasoning_budget": 9},
            {"thinking": {"type": "enabled", "token_budget": 9}},
        ),
    ],
    ids=str,
)
def test_what_is_sent_in_place_of_a_value_that_the_vendor_has_not_is_told(
    options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire = build(**options)
    assert {k: v for k, v in wire.body.items() if k in want} == want
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", next(iter(options)))]


# --- messages ----------------------------------------------------------------------------------


def test_images_go_among_the_words() -> None:
    parts = ("What", PNG, ImagePart(url="https://x.example/a.png"))
    assert sent(Message.user(*parts))[0]["content"] == [
        {"type": "text", "text": "What"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
    ]


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(file_id="f1"),
        DocumentPart(url="https://x.example/a.pdf"),
        MediaPart(data="AAAA", media_type="audio/wav"),
        ToolResult(call_id="c1", content=(TextPart(text="x"), PNG)),
    ],
    ids=str,
)
def test_what_the_caller_wrote_and_the_vendor_cannot_take_is_refused(part: Any) -> None:
    with pytest.raises(UnsupportedError):
        build(Message(role="user", content=("Look", part)))


def test_an_own_turn_with_calls_goes_back_as_it_came() -> None:
    turn = Message.assistant(ReasoningPart(text="Hm."), plan(), CALL)
    assert sent(turn) == [
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm."}],
            "tool_plan": "I will.",
            "tool_calls": [WIRE_CALL],
        }
    ]


def test_words_beside_another_vendors_calls_go_as_the_plan() -> None:
    assert sent(Message.assistant("Let me", " look.", CALL)) == [
        {"role": "assistant", "tool_plan": "Let me look.", "tool_calls": [WIRE_CALL]}
    ]


def test_words_and_a_plan_both_go_back() -> None:
    assert sent(Message.assistant(plan(), "So:", CALL)) == [
        {
            "role": "assistant",
            "content": "So:",
            "tool_plan": "I will.",
            "tool_calls": [WIRE_CALL],
        }
    ]


def test_thinking_text_and_a_refusal_go_back() -> None:
    turn = Message.assistant(ReasoningPart(text="Hm."), "Four", RefusalPart(text="No."))
    assert sent(turn)[0]["content"] == [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Four"},
        {"type": "text", "text": "No."},
    ]


def test_each_part_of_a_result_is_a_source_and_words_of_the_user_follow() -> None:
    parts = (TextPart(text="one"), TextPart(text="two"))
    turn = Message(
        role="tool",
        content=(
            TextPart(text="And?"),
            ToolResult(call_id="c1", content=parts),
            ToolResult(call_id="c2", content="three"),
        ),
    )
    texts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert sent(turn) == [
        {"role": "tool", "tool_call_id": "c1", "content": texts},
        {"role": "tool", "tool_call_id": "c2", "content": "three"},
        {"role": "user", "content": "And?"},
    ]


def test_free_text_of_another_vendors_tool_goes_as_an_object() -> None:
    custom = ToolCall(id="c1", name="sh", arguments=None, arguments_text="ls", kind="custom")
    (message,) = sent(Message.assistant(custom))
    assert message["tool_calls"][0]["function"] == {"name": "sh", "arguments": '{"input": "ls"}'}


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (ReasoningPart(text="x", signature="s", scheme="anthropic"), "signed for anthropic"),
        (ReasoningPart(text="x", closed=False), "cut"),
        (IncompleteToolCall(id="c", name="f", arguments_text="{", reason="cut"), "cut"),
        (ProviderItem(dialect="anthropic-messages", kind="x", payload={}), "anthropic-messages"),
        (ProviderItem(dialect="cohere-v2", kind="new", payload={"a": 1}), "no new back"),
        (plan(complete=False), "cut"),
        (MediaPart(data="AAAA", media_type="image/png"), "media"),
    ],
    ids=str,
)
def test_what_a_model_made_and_the_vendor_cannot_take_back_is_dropped_and_said(
    part: Any, why: str
) -> None:
    wire = build(Message.assistant("Yes", part))
    assert wire.body["messages"] == [{"role": "assistant", "content": "Yes"}]
    (warning,) = wire.warnings
    assert (warning.code, warning.what) == ("part_dropped", part.type)
    assert why in warning.message


def test_an_image_in_an_assistants_turn_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        build(Message.assistant("Look", PNG))


def test_a_broken_answer_goes_on_by_asking() -> None:
    wanted = ChatRequest(model="m", messages=(Message.user("Hi"),))
    assert [way.how for way in CohereChat().resume_by(wanted)] == ["instruct"]
