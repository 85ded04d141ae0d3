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
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
)
from streamkit.testing import decode
from streamkit_ollama import OllamaChat

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
CALL = ToolCall(id="c1", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')


def build(*messages: Message, **options: Any) -> WireRequest:
    wanted = ChatRequest(model="m", messages=messages or (Message.user("Hi"),), **options)
    return OllamaChat().request(wanted)


def sent(*messages: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(*messages).body["messages"]
    return found


def dropped(part: Any) -> tuple[list[Mapping[str, Any]], str]:
    wire = build(Message.assistant("Yes", part))
    (warning,) = wire.warnings
    assert (warning.code, warning.what) == ("part_dropped", part.type)
    return wire.body["messages"], warning.message


def test_the_least_request() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing, wire.warnings) == (
        *("POST", "/api/chat", "jsonl"),
        (),
    )
    assert wire.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_a_key_is_sent_where_it_was_given_for_and_nowhere_else() -> None:
    own = OllamaChat().endpoint
    assert (own.base_url, own.key_env, own.key_required) == (
        *("http://localhost:11434", ("OLLAMA_API_KEY",)),
        False,
    )
    other = OllamaChat(base_url="https://gpu.example").endpoint
    assert (other.base_url, other.key_env, other.base_url_env) == ("https://gpu.example", (), ())


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"max_tokens": 0}, {"options": {"num_predict": 0}}),
        ({"temperature": 0.0, "seed": 0}, {"options": {"temperature": 0.0, "seed": 0}}),
        ({"top_p": 0.5, "top_k": 5}, {"options": {"top_p": 0.5, "top_k": 5}}),
        ({"stop": ("a", "b")}, {"options": {"stop": ["a", "b"]}}),
        ({"frequency_penalty": 0.1}, {"options": {"frequency_penalty": 0.1}}),
        ({"presence_penalty": 0.1}, {"options": {"presence_penalty": 0.1}}),
        ({"logprobs": 0}, {"logprobs": True, "top_logprobs": 0}),
        ({"response_format": "json"}, {"format": "json"}),
        ({"response_format": "text"}, {}),
        ({"response_format": JsonSchema(json_schema=SCHEMA)}, {"format": SCHEMA}),
        ({"reasoning_effort": "none"}, {"think": False}),
        ({"reasoning_effort": "low"}, {"think": "low"}),
        ({"reasoning_effort": "max"}, {"think": "max"}),
        (
            {"tools": (Tool(name="f", description="d", parameters=SCHEMA, strict=True),)},
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": "f", "description": "d", "parameters": SCHEMA},
                    }
                ]
            },
        ),
        ({"tools": (VendorTool(payload={"type": "x"}),)}, {"tools": [{"type": "x"}]}),
        ({"extra_body": {"keep_alive": "1h"}}, {"keep_alive": "1h"}),
    ],
    ids=str,
)
def test_an_option_is_sent_under_the_servers_name(
    options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire, plain = build(**options), build().body
    found = {k: v for k, v in wire.body.items() if k not in plain}
    assert found == want
    assert wire.warnings == ()


@pytest.mark.parametrize(("effort", "level"), [("minimal", "low"), ("xhigh", "high")])
def test_a_level_that_older_servers_refuse_is_told_and_the_nearest_is_sent(
    effort: Any, level: str
) -> None:
    wire = build(reasoning_effort=effort)
    assert wire.body["think"] == level
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "reasoning_effort")]


# --- messages ----------------------------------------------------------------------------------


def test_images_go_beside_the_words() -> None:
    assert sent(Message.user("What", PNG, " is this?")) == [
        {"role": "user", "content": "What is this?", "images": ["iVBORw0="]}
    ]


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(url="https://x.example/a.png"),
        ImagePart(file_id="f1"),
        DocumentPart(url="https://x.example/a.pdf"),
        MediaPart(data="AAAA", media_type="audio/wav"),
    ],
    ids=str,
)
def test_what_the_caller_wrote_and_the_server_cannot_take_is_refused(part: Any) -> None:
    with pytest.raises(UnsupportedError):
        build(Message.user("Look", part))


def test_a_call_and_its_results_go_back_with_the_tools_name() -> None:
    other = ToolCall(id="c2", name="g", arguments={}, arguments_text="{}")
    results = Message.tool(
        ToolResult(call_id="c2", content="two"),
        ToolResult(call_id="c1", content=(TextPart(text="one"), PNG)),
    )
    assert sent(Message.user("Hi"), Message.assistant("So:", CALL, other), results)[1:] == [
        {
            "role": "assistant",
            "content": "So:",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "two", "tool_name": "g", "tool_call_id": "c2"},
        {
            "role": "tool",
            "content": "one",
            "images": ["iVBORw0="],
            "tool_name": "f",
            "tool_call_id": "c1",
        },
    ]


def test_the_result_of_a_call_that_nobody_knows_goes_without_a_name() -> None:
    assert sent(Message.tool(ToolResult(call_id="c9", content="?"))) == [
        {"role": "tool", "content": "?", "tool_call_id": "c9"}
    ]


def test_free_text_of_another_vendors_tool_goes_as_an_object() -> None:
    custom = ToolCall(id="c1", name="sh", arguments=None, arguments_text="ls", kind="custom")
    (message,) = sent(Message.assistant(custom))
    assert message["tool_calls"][0]["function"] == {"name": "sh", "arguments": {"input": "ls"}}


def test_what_came_with_a_call_goes_back_with_it_and_other_vendors_fields_do_not() -> None:
    body = (
        b'{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"id":"c1",'
        b'"extra":1,"function":{"name":"f","arguments":{"a":1},"sig":"c2ln"}}]},"done":false}\n'
        b'{"model":"m","message":{"role":"assistant","content":""},"done":true}\n'
    )
    turn = decode(OllamaChat(), body).response.message
    own = {"id": "c1", "extra": 1, "type": "function"}
    assert sent(turn)[0]["tool_calls"] == [
        {**own, "function": {"name": "f", "arguments": {"a": 1}, "sig": "c2ln"}}
    ]
    foreign = CALL.model_copy(update={"vendor": {"openai-responses": {"id": "fc_1"}}})
    assert sent(Message.assistant(foreign))[0]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    ]


def test_thinking_and_refusals_go_back() -> None:
    turn = Message.assistant(ReasoningPart(text="Hm."), RefusalPart(text="No."))
    assert sent(turn) == [{"role": "assistant", "content": "No.", "thinking": "Hm."}]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (ReasoningPart(text="x", signature="s", scheme="anthropic"), "signed for anthropic"),
        (ReasoningPart(text="x", closed=False), "cut"),
        (IncompleteToolCall(id="c", name="f", arguments_text="{", reason="cut"), "cut"),
        (ProviderItem(dialect="anthropic-messages", kind="x", payload={}), "anthropic-messages"),
        (MediaPart(data="AAAA", media_type="image/png"), "media"),
    ],
    ids=str,
)
def test_what_a_model_made_and_the_server_cannot_take_back_is_dropped_and_said(
    part: Any, why: str
) -> None:
    messages, message = dropped(part)
    assert messages == [{"role": "assistant", "content": "Yes"}]
    assert why in message


def test_an_image_in_an_assistants_turn_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        build(Message.assistant("Look", PNG))


# --- going on ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "ways"),
    [
        ({}, ["prefix", "instruct"]),
        ({"response_format": "json"}, ["instruct"]),
        ({"tools": (Tool(name="f"),)}, ["instruct"]),
    ],
    ids=str,
)
def test_a_broken_answer_is_continued_where_the_server_can(
    options: dict[str, Any], ways: list[str]
) -> None:
    wanted = ChatRequest(model="m", messages=(Message.user("Hi"),), **options)
    assert [way.how for way in OllamaChat().resume_by(wanted)] == ways
