"""What is sent to a conversation: the body for every option and every part of a message."""

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
from streamkit_mistral import MistralChat, MistralConversations, streamkit_adapter

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
CALL = ToolCall(id="D681PevKs", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')
WIRE_CALL = {
    "type": "function.call",
    "tool_call_id": "D681PevKs",
    "name": "f",
    "arguments": '{"a": 1}',
}


def item(kind: str, payload: dict[str, Any], *, complete: bool = True) -> ProviderItem:
    return ProviderItem(
        dialect="mistral-conversations", kind=kind, payload=payload, complete=complete
    )


def output(content: Any) -> dict[str, Any]:
    return {"type": "message.output", "role": "assistant", "content": content}


def build(*messages: Message, model: str = "m", **options: Any) -> WireRequest:
    wanted = ChatRequest(model=model, messages=messages or (Message.user("Hi"),), **options)
    return MistralConversations().request(wanted)


def sent(*messages: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(*messages).body["inputs"]
    return found


def test_the_least_request_leaves_nothing_at_the_vendors() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing, wire.warnings) == (
        *("POST", "/conversations", "sse"),
        (),
    )
    assert wire.body == {
        "model": "m",
        "inputs": [{"type": "message.input", "role": "user", "content": "Hi"}],
        "stream": True,
        "store": False,
    }


@pytest.mark.parametrize("model", ["ag_0684fe18", "ag:1:x"])
def test_an_agent_is_asked_for_by_its_id(model: str) -> None:
    body = build(model=model).body
    assert body["agent_id"] == model
    assert "model" not in body


def test_each_prefix_gives_its_adapter_and_others_are_left_to_other_plugins() -> None:
    assert streamkit_adapter("mistral") == MistralChat()
    assert streamkit_adapter("mistral-conversations") == MistralConversations()
    assert streamkit_adapter("mistral-compat") is None


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"max_tokens": 5, "seed": 0}, {"completion_args": {"max_tokens": 5, "random_seed": 0}}),
        ({"temperature": 0.0}, {"completion_args": {"temperature": 0.0}}),
        ({"stop": ("a",)}, {"completion_args": {"stop": ["a"]}}),
        ({"reasoning_effort": "high"}, {"completion_args": {"reasoning_effort": "high"}}),
        ({"tool_choice": "required"}, {"completion_args": {"tool_choice": "any"}}),
        ({"tool_choice": "none"}, {"completion_args": {"tool_choice": "none"}}),
        (
            {"response_format": JsonSchema(json_schema=SCHEMA, name="r")},
            {
                "completion_args": {
                    "response_format": {
                        "type": "json_schema",
                        "json_schema": {"name": "r", "schema": SCHEMA},
                    }
                }
            },
        ),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
        (
            {"tools": (Tool(name="f", parameters=SCHEMA), VendorTool(payload={"type": "x"}))},
            {
                "tools": [
                    {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
                    {"type": "x"},
                ]
            },
        ),
        ({"extra_body": {"handoff_execution": "client"}}, {"handoff_execution": "client"}),
    ],
    ids=str,
)
def test_an_option_is_sent_under_the_vendors_name(
    options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire, plain = build(**options), build().body
    assert {k: v for k, v in wire.body.items() if k not in plain} == want
    assert wire.warnings == ()


def test_a_tool_by_name_is_told_and_a_call_of_any_demanded() -> None:
    wire = build(tool_choice=NamedTool(name="f"))
    assert wire.body["completion_args"] == {"tool_choice": "any"}
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "tool_choice")]


def test_system_messages_are_the_instructions() -> None:
    wire = build(Message.system("Be", " brief."), Message.user("Hi"), Message.system("Now."))
    body = wire.body
    assert body["instructions"] == "Be brief.\n\nNow."
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "messages")]
    assert build(Message.system("A"), Message.system("B"), Message.user("Hi")).warnings == ()
    assert body["inputs"] == [{"type": "message.input", "role": "user", "content": "Hi"}]


def test_an_own_answer_goes_back_in_its_order() -> None:
    run = {"type": "tool.execution", "id": "te_1", "name": "web_search", "arguments": "{}"}
    file = {"type": "tool_file", "tool": "code_interpreter", "file_id": "f_1"}
    call = CALL.model_copy(
        update={"vendor": {"mistral-conversations": {"confirmation_status": "allowed"}}}
    )
    turn = Message.assistant(
        ReasoningPart(text="Hm.", signature="c2ln", scheme="mistral"),
        "One",
        item("tool.execution", run),
        "Two",
        RefusalPart(text=" no"),
        item("tool_file", file),
        call,
    )
    thinking = {
        "type": "thinking",
        "thinking": [{"type": "text", "text": "Hm."}],
        "signature": "c2ln",
        "closed": True,
    }
    assert sent(turn) == [
        output([thinking, {"type": "text", "text": "One"}]),
        run,
        output("Two no"),
        output([file]),
        {**WIRE_CALL, "confirmation_status": "allowed"},
    ]


def test_a_result_goes_back_beside_the_words_of_its_turn() -> None:
    result = ToolResult(call_id="D681PevKs", content=(TextPart(text="o"), TextPart(text="ne")))
    turn = Message(role="user", content=(TextPart(text="And?"), PNG, result))
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}
    content = [{"type": "text", "text": "And?"}, image]
    assert sent(Message.assistant(CALL), turn) == [
        WIRE_CALL,
        {"type": "function.result", "tool_call_id": "D681PevKs", "result": "one"},
        {"type": "message.input", "role": "user", "content": content},
    ]


def test_ids_from_elsewhere_take_the_form_that_mistral_wants() -> None:
    call = CALL.model_copy(update={"id": "toolu_01", "vendor": {"openai-responses": {"id": "x"}}})
    made, result = sent(
        Message.assistant(call), Message.tool(ToolResult(call_id="toolu_01", content="x"))
    )
    assert re.fullmatch("[a-zA-Z0-9]{9}", made["tool_call_id"])
    assert made == {**WIRE_CALL, "tool_call_id": result["tool_call_id"]}


def test_free_text_of_another_vendors_tool_goes_as_an_object() -> None:
    custom = ToolCall(id="c1", name="sh", arguments=None, arguments_text="ls", kind="custom")
    assert sent(Message.assistant(custom))[0]["arguments"] == '{"input": "ls"}'


@pytest.mark.parametrize(
    "message",
    [
        Message.user("Look", ImagePart(file_id="f1")),
        Message.user("Look", DocumentPart(file_id="f1")),
        Message.user("Listen", MediaPart(data="AAAA", media_type="audio/wav")),
        Message.system("Look", PNG),
        Message.tool(ToolResult(call_id="c1", content=(PNG,))),
        Message.assistant("Look", PNG),
    ],
    ids=str,
)
def test_what_the_caller_wrote_and_the_vendor_cannot_take_is_refused(message: Message) -> None:
    with pytest.raises(UnsupportedError):
        build(message)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (ReasoningPart(text="x", signature="s", scheme="anthropic"), "signed for anthropic"),
        (ReasoningPart(text="x", closed=False), "cut"),
        (IncompleteToolCall(id="c", name="f", arguments_text="{", reason="cut"), "cut"),
        (ProviderItem(dialect="mistral-chat", kind="x", payload={}), "mistral-chat"),
        (item("tool.execution", {}, complete=False), "cut"),
        (MediaPart(data="AAAA", media_type="image/png"), "media"),
    ],
    ids=str,
)
def test_what_a_model_made_and_the_vendor_cannot_take_back_is_dropped_and_said(
    part: Any, why: str
) -> None:
    wire = build(Message.assistant("Yes", part))
    assert wire.body["inputs"] == [output("Yes")]
    (warning,) = wire.warnings
    assert (warning.code, warning.what) == ("part_dropped", part.type)
    assert why in warning.message


def test_an_answer_that_is_stored_is_not_asked_for_twice() -> None:
    def ways(**options: Any) -> list[str]:
        wanted = ChatRequest(model="m", messages=(Message.user("Hi"),), **options)
        return [way.how for way in MistralConversations().resume_by(wanted)]

    assert ways() == ["instruct"]
    assert ways(extra_body={"store": True}) == []
