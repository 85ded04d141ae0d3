"""What goes out to ConverseStream, checked against botocore's model of the service as well."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

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
    Part,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
)
from streamkit.values import Citation
from streamkit_bedrock import Bedrock

CLAUDE = "us.anthropic.claude-sonnet-4-6"
NOVA = "us.amazon.nova-2-lite-v1:0"
OTHER = "meta.llama3-3-70b-instruct-v1:0"
GPT = "openai.gpt-oss-120b-1:0"

ASK = Message.user("Why is the sky blue?")
WEATHER = Tool(name="weather", description="of a city", parameters={"type": "object"})
CALL = ToolCall(id="c1", name="weather", arguments={"city": "Oslo"}, arguments_text="{}")


@cache
def service_model() -> Any:
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    return model.operation_model("ConverseStream").input_shape


def build(*messages: Message, model: str = CLAUDE, **options: Any) -> WireRequest:
    """The request, which the service's own model must know in every field."""
    request = ChatRequest(model=model, messages=messages or (ASK,), **options)
    wire = Bedrock().request(request)
    problems = ParamValidator().validate({"modelId": model, **wire.body}, service_model())
    assert not problems.has_errors(), problems.generate_report()
    return wire


def body(*messages: Message, **options: Any) -> Any:
    wire = build(*messages, **options)
    assert wire.warnings == ()
    return wire.body


def content(*parts: Part | str, role: str = "user", **options: Any) -> Any:
    """The blocks of one turn."""
    turns = [Message.user("?")] if role == "assistant" else []
    sent = build(*turns, Message(role=role, content=parts), **options).body  # type: ignore[arg-type]
    return sent["messages"][-1]["content"]


def warned(wire: WireRequest) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in wire.warnings]


# --- address -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (NOVA, "/model/us.amazon.nova-2-lite-v1%3A0/converse-stream"),
        (
            "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc",
            "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile"
            "%2Fabc/converse-stream",
        ),
    ],
)
def test_the_model_stands_in_the_path_and_nowhere_else(model: str, path: str) -> None:
    wire = build(model=model)
    assert (wire.method, wire.path, wire.framing) == ("POST", path, "aws-event-stream")
    assert wire.body == {"messages": [{"role": "user", "content": [{"text": ASK.text}]}]}


def test_extra_body_is_merged_last() -> None:
    guard = {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}
    sent = body(model=OTHER, max_tokens=5, extra_body={"guardrailConfig": guard})
    assert sent["guardrailConfig"] == guard
    sent = body(max_tokens=5, extra_body={"inferenceConfig": {"maxTokens": 6, "topP": 0.2}})
    assert sent["inferenceConfig"] == {"maxTokens": 6, "topP": 0.2}


def test_extra_body_leaves_what_was_asked_for_by_name() -> None:
    betas = {"additionalModelRequestFields": {"anthropic_beta": ["b"]}}
    sent = body(model="anthropic.claude-sonnet-4-5", reasoning_budget=2048, extra_body=betas)
    extra = sent["additionalModelRequestFields"]
    assert extra["anthropic_beta"] == ["b"]
    assert extra["thinking"]["budget_tokens"] == 2048


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [CLAUDE, NOVA, OTHER, GPT])
def test_what_every_model_takes_is_converses_own(model: str) -> None:
    sent = body(
        model=model,
        max_tokens=77,
        temperature=0.25,
        stop=("END", "STOP"),
        metadata={"purpose": "test"},
        service_tier="flex",
    )
    assert sent["inferenceConfig"] == {
        "maxTokens": 77,
        "temperature": 0.25,
        "stopSequences": ["END", "STOP"],
    }
    assert sent["requestMetadata"] == {"purpose": "test"}
    assert sent["serviceTier"] == {"type": "flex"}
    assert body(model=model, top_p=0.5)["inferenceConfig"] == {"topP": 0.5}


@pytest.mark.parametrize("model", [CLAUDE, OTHER])
def test_a_temperature_above_one_is_sent_as_one(model: str) -> None:
    wire = build(model=model, temperature=1.5)
    assert wire.body["inferenceConfig"] == {"temperature": 1.0}
    assert warned(wire) == [("option_adjusted", "temperature")]


def test_claude_is_asked_to_tell_which_stop_sequence_it_was() -> None:
    assert body(stop=("END",))["additionalModelResponseFieldPaths"] == ["/delta/stop_sequence"]
    assert "additionalModelResponseFieldPaths" not in body(model=NOVA, stop=("END",))


@pytest.mark.parametrize(
    ("model", "extra"),
    [(CLAUDE, {"top_k": 5}), (NOVA, {"inferenceConfig": {"topK": 5}})],
)
def test_top_k_is_sent_in_the_words_of_the_model(model: str, extra: dict[str, Any]) -> None:
    assert body(model=model, top_k=5)["additionalModelRequestFields"] == extra


@pytest.mark.parametrize(
    "option", ["top_k", "reasoning_effort", "reasoning_budget", "parallel_tool_calls"]
)
def test_a_model_that_is_not_known_gets_no_options_beyond_converses(option: str) -> None:
    value = {"reasoning_effort": "low", "parallel_tool_calls": False}.get(option, 2048)
    wire = build(model=OTHER, **{option: value})
    assert "additionalModelRequestFields" not in wire.body
    assert warned(wire) == [("option_ignored", option)]


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        (
            CLAUDE,
            "high",
            {
                "outputConfig": {"effort": "high"},
                "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
            },
        ),
        (
            NOVA,
            "low",
            {
                "additionalModelRequestFields": {
                    "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}
                }
            },
        ),
        (
            NOVA,
            "none",
            {"additionalModelRequestFields": {"reasoningConfig": {"type": "disabled"}}},
        ),
        (GPT, "medium", {"additionalModelRequestFields": {"reasoning_effort": "medium"}}),
    ],
)
def test_reasoning_is_asked_for_in_the_words_of_the_model(
    model: str, effort: str, sent: dict[str, Any]
) -> None:
    found = body(model=model, reasoning_effort=effort)
    assert {k: v for k, v in found.items() if k != "messages"} == sent


@pytest.mark.parametrize(
    ("effort", "level"), [("minimal", "low"), ("none", "low"), ("max", "high")]
)
def test_an_effort_that_a_model_has_not_becomes_the_nearest(effort: str, level: str) -> None:
    wire = build(model=GPT, reasoning_effort=effort)
    assert wire.body["additionalModelRequestFields"] == {"reasoning_effort": level}
    assert warned(wire) == [("option_adjusted", "reasoning_effort")]


def test_a_budget_goes_to_the_claude_models_that_take_one() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2048}
    sent = body(reasoning_budget=2048, max_tokens=8192)
    assert sent["additionalModelRequestFields"] == {"thinking": thinking}
    newest = build(model="anthropic.claude-opus-4-8", reasoning_budget=2048)
    assert warned(newest) == [("option_ignored", "reasoning_budget")]


def test_a_json_schema_goes_out_as_text() -> None:
    schema = {"type": "object", "properties": {"größe": {"type": "number"}}}
    wanted = JsonSchema(json_schema=schema, name="size", description="of it")
    assert body(response_format=wanted)["outputConfig"] == {
        "textFormat": {
            "type": "json_schema",
            "structure": {
                "jsonSchema": {
                    "name": "size",
                    "description": "of it",
                    "schema": '{"type": "object", "properties": {"größe": {"type": "number"}}}',
                }
            },
        }
    }
    assert warned(build(response_format="json")) == [("option_ignored", "response_format")]


# --- tools ---------------------------------------------------------------------------------------

SPEC = {
    "toolSpec": {
        "name": "weather",
        "description": "of a city",
        "inputSchema": {"json": {"type": "object"}},
    }
}


def test_tools_and_blocks_in_the_vendors_words_go_out_side_by_side() -> None:
    own = {"systemTool": {"name": "nova_code_interpreter"}}
    strict = WEATHER.model_copy(update={"strict": True})
    tools = body(model=NOVA, tools=(WEATHER, VendorTool(payload=own), strict))["toolConfig"][
        "tools"
    ]
    assert tools == [SPEC, own, {"toolSpec": {**SPEC["toolSpec"], "strict": True}}]


@pytest.mark.parametrize("model", [CLAUDE, NOVA])
@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        (NamedTool(name="weather"), {"tool": {"name": "weather"}}),
    ],
)
def test_a_tool_can_be_demanded(model: str, choice: Any, sent: dict[str, Any]) -> None:
    found = body(model=model, tools=(WEATHER,), tool_choice=choice)["toolConfig"]
    assert found == {"tools": [SPEC], "toolChoice": sent}


def test_no_tool_means_no_tools_for_there_is_no_choice_none() -> None:
    wire = build(tools=(WEATHER,), tool_choice="none")
    assert "toolConfig" not in wire.body
    assert warned(wire) == [("option_adjusted", "tool_choice")]


def test_claude_can_be_kept_from_parallel_calls() -> None:
    sent = body(tools=(WEATHER,), tool_choice="required", parallel_tool_calls=False)
    assert sent["toolConfig"] == {"tools": [SPEC]}
    choice = {"type": "any", "disable_parallel_tool_use": True}
    assert sent["additionalModelRequestFields"] == {"tool_choice": choice}


def test_a_conversation_with_calls_names_their_tools_or_is_refused_by_the_vendor() -> None:
    wire = build(ASK, Message.assistant(CALL), Message.tool(ToolResult(call_id="c1", content="4")))
    [tool] = wire.body["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "weather"
    assert warned(wire) == [("option_adjusted", "tools")]


# --- turns ---------------------------------------------------------------------------------------


def test_turns_of_one_role_are_one_and_results_stand_first() -> None:
    result = ToolResult(call_id="c1", content="4 degrees")
    sent = body(
        Message.system("Be brief."),
        Message.user("Hi", "there"),
        Message.assistant("Let me look.", CALL),
        Message.user("And in Rome?"),
        Message.tool(result),
        tools=(WEATHER,),
    )
    assert sent["system"] == [{"text": "Be brief."}]
    assert sent["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}, {"text": "there"}]},
        {
            "role": "assistant",
            "content": [
                {"text": "Let me look."},
                {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Oslo"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "4 degrees"}]}},
                {"text": "And in Rome?"},
            ],
        },
    ]


def test_a_later_system_message_moves_to_the_front_and_says_so() -> None:
    wire = build(ASK, Message.system("Be brief."))
    assert wire.body["system"] == [{"text": "Be brief."}]
    assert warned(wire) == [("option_adjusted", "messages")]


def test_a_prefix_for_claude_ends_in_no_white_space() -> None:
    wire = build(
        ASK, Message.assistant("Because \n"), model="anthropic.claude-3-haiku-20240307-v1:0"
    )
    assert wire.body["messages"][-1]["content"] == [{"text": "Because"}]
    assert warned(wire) == [("option_adjusted", "messages")]


def test_blank_text_which_bedrock_refuses_is_left_out() -> None:
    assert content("", "Hi", " \n") == [{"text": "Hi"}]


@pytest.mark.parametrize(
    ("result", "sent"),
    [
        (ToolResult(call_id="c1", content=""), {"content": []}),
        (
            ToolResult(call_id="c1", content="no such city", is_error=True),
            {"content": [{"text": "no such city"}], "status": "error"},
        ),
        (
            ToolResult(call_id="c1", content="", is_error=True),
            {"content": [{"text": "error"}], "status": "error"},
        ),
        (
            ToolResult(
                call_id="c1",
                content=(TextPart(text="a"), ImagePart(data="AA==", media_type="image/png")),
            ),
            {
                "content": [
                    {"text": "a"},
                    {"image": {"format": "png", "source": {"bytes": "AA=="}}},
                ]
            },
        ),
    ],
)
def test_results_of_tools(result: ToolResult, sent: dict[str, Any]) -> None:
    assert content(result) == [{"toolResult": {"toolUseId": "c1", **sent}}]


# --- media ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            ImagePart(data="AA==", media_type="image/jpg"),
            {"image": {"format": "jpeg", "source": {"bytes": "AA=="}}},
        ),
        (
            ImagePart(url="data:image/webp;base64,AA=="),
            {"image": {"format": "webp", "source": {"bytes": "AA=="}}},
        ),
        (
            ImagePart(url="s3://bucket/cat.png"),
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.png"}}}},
        ),
        (
            MediaPart(data="AA==", media_type="audio/x-wav"),
            {"audio": {"format": "wav", "source": {"bytes": "AA=="}}},
        ),
        (
            DocumentPart(data="AA==", media_type="application/pdf", name="Q3_report: 2026.pdf"),
            {
                "document": {
                    "format": "pdf",
                    "name": "Q3-report- 2026-pdf",
                    "source": {"bytes": "AA=="},
                }
            },
        ),
        (
            DocumentPart(data="SGnDoQ==", media_type="text/plain"),
            {"document": {"format": "txt", "name": "document", "source": {"text": "Hiá"}}},
        ),
        (
            DocumentPart(file_id="s3://bucket/a.csv"),
            {
                "document": {
                    "format": "csv",
                    "name": "document",
                    "source": {"s3Location": {"uri": "s3://bucket/a.csv"}},
                }
            },
        ),
    ],
)
def test_media_go_out_as_data_or_by_their_place_in_s3(part: Part, block: dict[str, Any]) -> None:
    assert content("Look", part) == [{"text": "Look"}, block]


def test_no_two_documents_have_one_name() -> None:
    part = DocumentPart(data="AA==", media_type="text/csv", name="a")
    names = [block["document"]["name"] for block in content(part, part, part)]
    assert names == ["a", "a (2)", "a (3)"]


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(url="https://example.com/cat.png"),
        ImagePart(file_id="file-1"),
        ImagePart(data="AA==", media_type="image/tiff"),
        DocumentPart(data="AA==", media_type="application/zip"),
        MediaPart(data="AA==", media_type="model/gltf"),
    ],
)
def test_what_converse_cannot_take_is_refused(part: Part) -> None:
    with pytest.raises(UnsupportedError, match="Converse"):
        build(Message.user(part))


# --- what came from a model ----------------------------------------------------------------------


def test_reasoning_goes_back_byte_for_byte() -> None:
    thought = ReasoningPart(text="Hm. ", signature="EqQB/+==", scheme="bedrock")
    hidden = ReasoningPart(text="", kind="redacted", signature="Er==", scheme="bedrock")
    assert content(thought, hidden, "Well.", role="assistant") == [
        {"reasoningContent": {"reasoningText": {"text": "Hm. ", "signature": "EqQB/+=="}}},
        {"reasoningContent": {"redactedContent": "Er=="}},
        {"text": "Well."},
    ]


def test_blocks_of_bedrocks_own_go_anywhere_as_they_are() -> None:
    point = {"cachePoint": {"type": "default"}}
    cache_point = ProviderItem(dialect="bedrock-converse", kind="cachePoint", payload=point)
    sent = body(Message.system("A handbook.", cache_point), Message.user("Hi", cache_point))
    assert sent["system"] == [{"text": "A handbook."}, point]
    assert sent["messages"][0]["content"] == [{"text": "Hi"}, point]


def test_citations_of_bedrock_go_back_with_their_text() -> None:
    raw = {"title": "facts", "location": {"documentChar": {"documentIndex": 0}}}
    theirs = {"type": "url_citation", "url": "https://a.example"}
    part = TextPart(text="So.", citations=(Citation(raw=raw), Citation(raw=theirs)))
    [block] = content(part, role="assistant")
    assert block == {"citationsContent": {"content": [{"text": "So."}], "citations": [raw]}}
    alone = part.model_copy(update={"citations": (Citation(raw=theirs),)})
    assert content(alone, role="assistant") == [{"text": "So."}]


@pytest.mark.parametrize(
    "part",
    [
        ReasoningPart(text="a"),
        ReasoningPart(text="a", signature="x", scheme="anthropic"),
        ReasoningPart(text="a", signature="x", scheme="bedrock", closed=False),
        ProviderItem(dialect="openai-responses", kind="web_search_call", payload={"id": "1"}),
        ProviderItem(dialect="bedrock-converse", kind="a", payload={"a": {}}, complete=False),
        IncompleteToolCall(id="1", name="f", arguments_text="{", reason="cut"),
    ],
)
def test_what_cannot_go_back_is_dropped_and_said_so(part: Part) -> None:
    wire = build(ASK, Message.assistant(part, "Well."), ASK)
    assert wire.body["messages"][1]["content"] == [{"text": "Well."}]
    assert warned(wire) == [("part_dropped", part.type)]


def test_refusals_and_custom_calls_of_others_travel_in_converses_words() -> None:
    custom = ToolCall(id="1", name="sh", arguments=None, arguments_text="ls", kind="custom")
    assert content(RefusalPart(text="No."), custom, role="assistant") == [
        {"text": "No."},
        {"toolUse": {"toolUseId": "1", "name": "sh", "input": {"input": "ls"}}},
    ]
