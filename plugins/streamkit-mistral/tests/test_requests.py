"""What is sent: the body for every option and every part of a message."""

from __future__ import annotations

import re
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
from streamkit_mistral import MistralChat

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
WIRE_PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}
CALL = ToolCall(id="D681PevKs", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')
WIRE_CALL = {
    "id": "D681PevKs",
    "type": "function",
    "function": {"name": "f", "arguments": '{"a": 1}'},
}


def build(*messages: Message, **options: Any) -> WireRequest:
    wanted = ChatRequest(model="m", messages=messages or (Message.user("Hi"),), **options)
    return MistralChat().request(wanted)


def sent(*messages: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(*messages).body["messages"]
    return found


def test_the_least_request() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing, wire.warnings) == (
        *("POST", "/chat/completions", "sse"),
        (),
    )
    assert wire.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_the_key_goes_to_mistral_and_to_no_other_address() -> None:
    own = MistralChat().endpoint
    assert (own.base_url, own.key_env, own.key_required) == (
        *("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
        True,
    )
    other = MistralChat(base_url="https://llm.example").endpoint
    assert (other.base_url, other.key_env, other.key_required) == ("https://llm.example", (), False)


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"max_tokens": 5, "temperature": 0.0}, {"max_tokens": 5, "temperature": 0.0}),
        ({"top_p": 0.5, "top_k": 5}, {"top_p": 0.5, "top_k": 5}),
        ({"stop": ("a", "b")}, {"stop": ["a", "b"]}),
        ({"seed": 0}, {"random_seed": 0}),
        ({"n": 2}, {"n": 2}),
        ({"frequency_penalty": 0.1}, {"frequency_penalty": 0.1}),
        ({"presence_penalty": 0.1}, {"presence_penalty": 0.1}),
        ({"logprobs": 0}, {"logprobs": True, "top_logprobs": 0}),
        ({"reasoning_effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
        ({"service_tier": "standard_only"}, {"service_tier": "standard_only"}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"tool_choice": "required"}, {"tool_choice": "any"}),
        ({"tool_choice": "none"}, {"tool_choice": "none"}),
        (
            {"tool_choice": NamedTool(name="f")},
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ),
        ({"response_format": "text"}, {"response_format": {"type": "text"}}),
        ({"response_format": "json"}, {"response_format": {"type": "json_object"}}),
        (
            {"response_format": JsonSchema(json_schema=SCHEMA, name="r", strict=True)},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "r", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        (
            {"tools": (Tool(name="f", description="d", parameters=SCHEMA, strict=True),)},
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "f",
                            "description": "d",
                            "parameters": SCHEMA,
                            "strict": True,
                        },
                    }
                ]
            },
        ),
        (
            {"tools": (VendorTool(payload={"type": "web_search"}),)},
            {"tools": [{"type": "web_search"}]},
        ),
        ({"extra_body": {"prompt_cache_key": "k"}}, {"prompt_cache_key": "k"}),
    ],
    ids=str,
)
def test_an_option_is_sent_under_the_vendors_name(
    options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire, plain = build(**options), build().body
    assert {k: v for k, v in wire.body.items() if k not in plain} == want
    assert wire.warnings == ()


def test_a_tier_of_another_vendors_is_told_and_the_default_sent() -> None:
    wire = build(service_tier="flex")
    assert wire.body["service_tier"] == "auto"
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "service_tier")]


# --- messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "want"),
    [
        (PNG, WIRE_PNG),
        (
            ImagePart(url="https://x.example/a.png"),
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        ),
        (ImagePart(file_id="f1"), {"type": "file", "file_id": "f1"}),
        (DocumentPart(file_id="f1"), {"type": "file", "file_id": "f1"}),
        (
            DocumentPart(url="https://x.example/a.pdf", name="a.pdf"),
            {
                "type": "document_url",
                "document_url": "https://x.example/a.pdf",
                "document_name": "a.pdf",
            },
        ),
        (
            DocumentPart(data="JVBE", media_type="application/pdf"),
            {"type": "document_url", "document_url": "data:application/pdf;base64,JVBE"},
        ),
        (
            MediaPart(data="AAAA", media_type="audio/mpeg"),
            {"type": "input_audio", "input_audio": "AAAA"},
        ),
        (
            MediaPart(url="https://x.example/a.mp3", media_type="audio/mpeg"),
            {"type": "input_audio", "input_audio": "https://x.example/a.mp3"},
        ),
    ],
    ids=str,
)
def test_what_is_no_text_goes_as_a_chunk_among_the_words(part: Any, want: dict[str, Any]) -> None:
    assert sent(Message.user("Look", part))[0]["content"] == [
        {"type": "text", "text": "Look"},
        want,
    ]


@pytest.mark.parametrize(
    "part",
    [
        MediaPart(data="AAAA", media_type="video/mp4"),
        MediaPart(url="https://x.example/a"),
        MediaPart(file_id="f1", media_type="audio/wav"),
        RefusalPart(text="No."),
    ],
    ids=str,
)
def test_what_the_caller_wrote_and_the_vendor_cannot_take_is_refused(part: Any) -> None:
    with pytest.raises(UnsupportedError):
        build(Message.user("Look", part))


def test_a_call_goes_back_with_its_result_which_may_hold_pictures() -> None:
    result = ToolResult(call_id="D681PevKs", name="f", content=(TextPart(text="one"), PNG))
    turn = Message(role="user", content=(TextPart(text="And?"), result))
    assert sent(Message.assistant("So:", CALL), turn) == [
        {"role": "assistant", "content": "So:", "tool_calls": [WIRE_CALL]},
        {
            "role": "tool",
            "tool_call_id": "D681PevKs",
            "name": "f",
            "content": [{"type": "text", "text": "one"}, WIRE_PNG],
        },
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize("id_", ["call_0_0", "toolu_01AAAAAAAAAAAAAAAAAAAAAA", "chatcmpl-tool-9f"])
def test_an_id_that_mistral_would_refuse_is_replaced_in_the_call_and_its_result(id_: str) -> None:
    call = CALL.model_copy(update={"id": id_})
    turns = Message.assistant(call), Message.tool(ToolResult(call_id=id_, content="x"))
    assistant, tool = sent(*turns)
    (wire,) = assistant["tool_calls"]
    assert re.fullmatch("[a-zA-Z0-9]{9}", wire["id"])
    assert tool["tool_call_id"] == wire["id"]
    assert sent(*turns) == [assistant, tool]
    other = sent(Message.assistant(CALL.model_copy(update={"id": id_ + "x"})))[0]["tool_calls"]
    assert other[0]["id"] != wire["id"]


def test_free_text_of_another_vendors_tool_goes_as_an_object() -> None:
    custom = ToolCall(id="c1", name="sh", arguments=None, arguments_text="ls", kind="custom")
    (message,) = sent(Message.assistant(custom))
    assert message["tool_calls"][0]["function"] == {"name": "sh", "arguments": '{"input": "ls"}'}


def test_thinking_and_own_chunks_go_back_as_they_came() -> None:
    document = {"type": "document_url", "document_url": "https://x.example/a.pdf"}
    turn = Message.assistant(
        ReasoningPart(text="Hm.", signature="c2ln", scheme="mistral"),
        ReasoningPart(text="Ah."),
        "Four",
        RefusalPart(text="No."),
        ProviderItem(dialect="mistral-chat", kind="document_url", payload=document),
    )
    assert sent(turn)[0]["content"] == [
        {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "Hm."}],
            "signature": "c2ln",
            "closed": True,
        },
        {"type": "thinking", "thinking": [{"type": "text", "text": "Ah."}], "closed": True},
        {"type": "text", "text": "Four"},
        {"type": "text", "text": "No."},
        document,
    ]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (ReasoningPart(text="x", signature="s", scheme="anthropic"), "signed for anthropic"),
        (ReasoningPart(text="x", closed=False), "cut"),
        (IncompleteToolCall(id="c", name="f", arguments_text="{", reason="cut"), "cut"),
        (ProviderItem(dialect="anthropic-messages", kind="x", payload={}), "anthropic-messages"),
        (ProviderItem(dialect="mistral-chat", kind="x", payload={}, complete=False), "cut"),
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
