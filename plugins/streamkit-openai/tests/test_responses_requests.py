"""What is sent to the Responses API: the body for every option and every part of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streamkit.adapter import WireRequest
from streamkit.errors import ConfigurationError, UnsupportedError
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
from streamkit.values import Citation
from streamkit_openai import ModelFacts, OpenAIResponses, ResponsesProfile
from streamkit_openai.profiles import PROFILES as SERVERS

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
CALL = ToolCall(id="c1", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')
SQL = VendorTool(payload={"type": "custom", "name": "sql"})
SEARCH = VendorTool(payload={"type": "web_search"})


def build(
    *messages: Message, profile: str = "openai-responses", model: str = "gpt-4.1", **options: Any
) -> WireRequest:
    wanted = ChatRequest(model=model, messages=messages or (Message.user("Hi"),), **options)
    return OpenAIResponses(profile).request(wanted)


def sent(*messages: Message, **options: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(*messages, **options).body["input"]
    return found


def dropped(*messages: Message, **options: Any) -> list[str]:
    return [w.what for w in build(*messages, **options).warnings if w.code == "part_dropped"]


def test_the_least_request_to_openai() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing, wire.warnings) == (
        "POST",
        "/responses",
        "sse",
        (),
    )
    assert wire.body == {
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_obfuscation": False},
    }


def test_the_least_request_to_any_other_server() -> None:
    body = build(profile="openai-compatible-responses").body
    assert body.keys() == {"model", "input", "stream"}


# --- options -----------------------------------------------------------------------------------

OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 50}, {"max_output_tokens": 50}),
    ({"temperature": 0.0}, {"temperature": 0.0}),
    ({"top_p": 0.5}, {"top_p": 0.5}),
    ({"logprobs": 3}, {"top_logprobs": 3, "include": ["message.output_text.logprobs"]}),
    ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
    ({"user": "u"}, {"safety_identifier": "u"}),
    ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
    ({"service_tier": "flex"}, {"service_tier": "flex"}),
    ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    ({"tool_choice": "required"}, {"tool_choice": "required"}),
    ({"tool_choice": NamedTool(name="f")}, {"tool_choice": {"type": "function", "name": "f"}}),
    (
        {"tools": (SQL,), "tool_choice": NamedTool(name="sql")},
        {"tools": [SQL.payload], "tool_choice": {"type": "custom", "name": "sql"}},
    ),
    (
        {"tools": (SEARCH,), "tool_choice": NamedTool(name="web_search")},
        {"tools": [SEARCH.payload], "tool_choice": {"type": "web_search"}},
    ),
    ({"response_format": "text"}, {"text": {"format": {"type": "text"}}}),
    ({"response_format": "json"}, {"text": {"format": {"type": "json_object"}}}),
    (
        {"response_format": JsonSchema(json_schema=SCHEMA, name="r", strict=True)},
        {
            "text": {
                "format": {"type": "json_schema", "name": "r", "schema": SCHEMA, "strict": True}
            }
        },
    ),
    (
        {"tools": (Tool(name="f", description="d", parameters=SCHEMA),)},
        {
            "tools": [
                {
                    "type": "function",
                    "name": "f",
                    "description": "d",
                    "parameters": SCHEMA,
                    "strict": False,
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("options", "want"), OPTIONS)
def test_an_option_in_the_words_of_the_api(options: dict[str, Any], want: dict[str, Any]) -> None:
    least = build().body
    body = build(**options).body
    assert {k: v for k, v in body.items() if k not in least} == want


@pytest.mark.parametrize(
    "option", ["stop", "seed", "n", "frequency_penalty", "presence_penalty", "reasoning_budget"]
)
def test_what_the_api_has_not_is_not_claimed(option: str) -> None:
    assert option not in OpenAIResponses().supports.options


def test_servers_that_run_open_models_take_top_k() -> None:
    assert build(profile="vllm-responses", top_k=5).body["top_k"] == 5
    assert "top_k" not in OpenAIResponses().supports.options


def test_a_server_without_a_tool_choice_by_name_is_asked_for_any_tool() -> None:
    wire = build(profile="llamacpp-responses", tool_choice=NamedTool(name="f"))
    assert wire.body["tool_choice"] == "required"
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "tool_choice")]


def test_extra_body_goes_out_as_it_is_and_wins() -> None:
    body = build(temperature=0.5, extra_body={"temperature": 1, "background": True}).body
    assert (body["temperature"], body["background"]) == (1, True)


# --- models ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("o3", True),
        ("gpt-5", True),
        ("gpt-5-pro-2025-10-06", True),
        ("gpt-5.6-sol", True),
        ("openai/gpt-5", True),
        ("gpt-5-chat-latest", False),
        ("gpt-4.1", False),
        ("ft:whatever", False),
    ],
)
def test_reasoning_is_asked_for_in_encrypted_form_where_the_model_reasons(
    model: str, asked: bool
) -> None:
    include = build(model=model).body.get("include", [])
    assert ("reasoning.encrypted_content" in include) == asked


def test_models_of_other_servers_are_not_judged_by_openais_names() -> None:
    wire = build(profile="vllm-responses", model="gpt-5", temperature=0.5)
    assert (wire.body["temperature"], "include" in wire.body, wire.warnings) == (0.5, False, ())


@pytest.mark.parametrize(
    ("model", "effort", "taken"),
    [
        ("o3", None, False),
        ("o3", "low", False),
        ("gpt-5", None, False),
        ("gpt-5.2", None, False),
        ("gpt-5.2", "none", True),
        ("gpt-5-chat", None, True),
        ("gpt-9-unheard-of", None, True),
    ],
)
def test_sampling_options_go_only_to_models_that_take_them(
    model: str, effort: Any, taken: bool
) -> None:
    wire = build(model=model, temperature=0.5, reasoning_effort=effort)
    assert ("temperature" in wire.body) == taken
    warned = [w.what for w in wire.warnings if w.code == "option_ignored"]
    assert warned == ([] if taken else ["temperature"])


def test_an_effort_the_model_has_not_becomes_the_nearest_and_warns() -> None:
    wire = build(model="gpt-5", reasoning_effort="max")
    assert wire.body["reasoning"] == {"effort": "high"}
    assert [(w.code, w.what) for w in wire.warnings] == [("option_adjusted", "reasoning_effort")]


def test_a_table_of_models_can_be_ones_own() -> None:
    profile = ResponsesProfile(
        name="acme", server=SERVERS["vllm"], models={"house-": ModelFacts(sampling="no")}
    )
    request = ChatRequest(model="house-1", messages=(Message.user("Hi"),), temperature=0.5)
    assert "temperature" not in OpenAIResponses(profile).request(request).body


# --- messages ----------------------------------------------------------------------------------


def test_a_conversation() -> None:
    assert sent(
        Message.system("Be brief."),
        Message.user("Weather?"),
        Message.assistant("Let me look.", CALL),
        Message.tool(ToolResult(call_id="c1", content="sunny")),
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "Let me look."},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
    ]


def test_pictures_and_documents_in_every_form() -> None:
    pdf = "application/pdf"
    [message] = sent(
        Message.user(
            "Look",
            PNG,
            ImagePart(url="https://a.example/b.png"),
            ImagePart(file_id="file_1"),
            DocumentPart(data="JVBERi0=", media_type=pdf, name="a.pdf"),
            DocumentPart(url="https://a.example/b.pdf"),
            DocumentPart(file_id="file_2"),
        )
    )
    assert message["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBORw0="},
        {"type": "input_image", "detail": "auto", "image_url": "https://a.example/b.png"},
        {"type": "input_image", "detail": "auto", "file_id": "file_1"},
        {
            "type": "input_file",
            "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,JVBERi0=",
        },
        {"type": "input_file", "file_url": "https://a.example/b.pdf"},
        {"type": "input_file", "file_id": "file_2"},
    ]


def test_a_tool_may_return_pictures() -> None:
    result = ToolResult(call_id="c1", content=(TextPart(text="Here"), PNG))
    [item] = sent(Message.tool(result))
    assert [piece["type"] for piece in item["output"]] == ["input_text", "input_image"]


def test_the_result_of_a_custom_tool_has_its_own_type() -> None:
    call = ToolCall(id="c1", name="sql", arguments=None, arguments_text="SELECT 1", kind="custom")
    asked, answered = sent(
        Message.assistant(call), Message.tool(ToolResult(call_id="c1", content="1"))
    )
    assert asked == {
        "type": "custom_tool_call",
        "call_id": "c1",
        "name": "sql",
        "input": "SELECT 1",
    }
    assert answered["type"] == "custom_tool_call_output"


def test_an_answer_to_a_tool_of_the_servers_own_is_one_of_its_items() -> None:
    payload = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    item = ProviderItem(dialect="openai-responses", kind="mcp_approval_response", payload=payload)
    assert sent(Message.user(item)) == [payload]


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("xai-responses", Message.user(DocumentPart(file_id="f"))),
        ("deepseek-responses", Message.user(PNG)),
        ("openai-responses", Message.user(MediaPart(data="AAAA", media_type="audio/wav"))),
        ("openai-responses", Message.user(CALL)),
        ("openai-responses", Message.assistant(PNG)),
        (
            "deepseek-responses",
            Message.tool(ToolResult(call_id="c", content=(TextPart(text="a"), PNG))),
        ),
    ],
)
def test_what_the_caller_wrote_is_never_dropped(profile: str, message: Message) -> None:
    with pytest.raises(UnsupportedError):
        build(message, profile=profile)


# --- what the model made -----------------------------------------------------------------------

OURS = "openai-responses:rs_1"
THOUGHT = (
    ReasoningPart(text="One.", kind="summary", signature="", scheme=OURS),
    ReasoningPart(text="Two.", kind="summary", signature="gAAA=", scheme=OURS),
)
ITEM = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [
        {"type": "summary_text", "text": "One."},
        {"type": "summary_text", "text": "Two."},
    ],
    "encrypted_content": "gAAA=",
}
SAID = TextPart(text="Hm.", signature="commentary", scheme="openai-responses:msg_1")
CALLED = CALL.model_copy(update={"vendor": {"openai-responses": {"id": "fc_1", "namespace": "n"}}})


def test_a_turn_goes_back_as_it_came() -> None:
    assert sent(Message.assistant(*THOUGHT, SAID, CALLED)) == [
        ITEM,
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [{"type": "output_text", "text": "Hm.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a": 1}',
            "namespace": "n",
        },
    ]


def test_ids_stay_away_where_the_reasoning_beside_them_does() -> None:
    message, call = sent(Message.assistant(SAID, CALLED))
    assert message == {"role": "assistant", "content": "Hm.", "phase": "commentary"}
    assert (call["call_id"], call["namespace"], "id" in call) == ("c1", "n", False)


def test_what_a_server_did_not_store_has_no_id() -> None:
    item, *others = sent(Message.assistant(*THOUGHT, SAID, CALLED), extra_body={"store": False})
    assert item == {k: v for k, v in ITEM.items() if k != "id"}
    assert not any("id" in other for other in others)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (ReasoningPart(text="a"), "not from openai-responses"),
        (ReasoningPart(text="a", signature="x", scheme="anthropic"), "not from"),
        (ReasoningPart(text="a", signature="x", scheme="xai-responses:rs_1"), "not from"),
        (THOUGHT[0].model_copy(update={"closed": False}), "cut"),
    ],
)
def test_reasoning_that_cannot_go_back_is_dropped_with_the_reason(
    part: ReasoningPart, why: str
) -> None:
    wire = build(Message.assistant(part, "Hm."))
    assert wire.body["input"] == [{"role": "assistant", "content": "Hm."}]
    [warning] = wire.warnings
    assert (warning.code, warning.what) == ("part_dropped", "reasoning")
    assert why in warning.message


def test_reasoning_without_encryption_goes_back_by_its_id_where_responses_are_stored() -> None:
    part = ReasoningPart(text="", kind="redacted", signature="", scheme=OURS)
    assert sent(Message.assistant(part)) == [{"type": "reasoning", "id": "rs_1", "summary": []}]
    assert dropped(Message.assistant(part), extra_body={"store": False}) == ["reasoning"]


def test_raw_reasoning_goes_back_to_the_open_server_it_came_from() -> None:
    part = ReasoningPart(text="Hm", signature="", scheme="vllm-responses:rs_1")
    [item] = sent(Message.assistant(part), profile="vllm-responses")
    assert item["content"] == [{"type": "reasoning_text", "text": "Hm"}]
    assert dropped(Message.assistant(part)) == ["reasoning"]


def test_refusals_go_back_as_words() -> None:
    """A refusal has a type of its own only in messages that go back under their id."""
    [message] = sent(Message.assistant("So: ", RefusalPart(text="No.")))
    assert message == {"role": "assistant", "content": "So: No."}


def test_citations_go_back_with_the_message_they_belong_to() -> None:
    raw = {"type": "url_citation", "url": "https://a.example", "start_index": 0, "end_index": 2}
    said = SAID.model_copy(update={"citations": (Citation(url="https://a.example", raw=raw),)})
    _, message = sent(Message.assistant(*THOUGHT, said))
    assert message["content"] == [{"type": "output_text", "text": "Hm.", "annotations": [raw]}]


def test_items_of_the_server_go_back_untouched_and_to_no_other_dialect() -> None:
    payload = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"q": 1}}
    own = ProviderItem(dialect="openai-responses", kind="web_search_call", payload=payload)
    assert sent(Message.assistant(own)) == [payload]
    assert dropped(Message.assistant(own.model_copy(update={"dialect": "gemini"}))) == [
        "provider_item"
    ]
    assert dropped(Message.assistant(own.model_copy(update={"complete": False}))) == [
        "provider_item"
    ]


def test_a_picture_the_model_made_goes_back_inside_its_item() -> None:
    payload = {"type": "image_generation_call", "id": "ig_1", "result": "AAAA"}
    own = ProviderItem(dialect="openai-responses", kind="image_generation_call", payload=payload)
    media = MediaPart(data="AAAA", media_type="image/png")
    assert sent(Message.assistant(media, own)) == [payload]
    assert dropped(Message.assistant(media, own)) == []
    assert dropped(Message.assistant(media)) == ["media"]


def test_calls_of_other_vendors_travel_and_what_else_was_theirs_stays() -> None:
    theirs = CALL.model_copy(update={"vendor": {"gemini-compat": {"extra_content": {"google": 1}}}})
    cut = IncompleteToolCall(id="c2", name="f", arguments_text="{", reason="cut")
    [item] = sent(Message.assistant(theirs, cut))
    assert item == {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'}
    assert dropped(Message.assistant(cut)) == ["incomplete_tool_call"]


# --- servers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "base_url", "want"),
    [
        ("openai-responses", "https://proxy.example/v1/responses", "https://proxy.example/v1"),
        ("azure-responses", "https://me.azure.example/openai/v1/", "https://me.azure.example"),
    ],
)
def test_a_base_url_given_by_hand_wins_in_the_forms_people_paste(
    profile: str, base_url: str, want: str
) -> None:
    endpoint = OpenAIResponses(profile, base_url=base_url).endpoint
    assert (endpoint.base_url, endpoint.base_url_env) == (want, ())


def test_an_unknown_profile_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'groq-responses'"):
        OpenAIResponses("grok-responses")


def test_a_key_given_by_hand_is_shown_nowhere() -> None:
    adapter = OpenAIResponses(api_key="sk-secret")
    assert adapter.endpoint.api_key == "sk-secret"
    assert "secret" not in repr(adapter) + repr(adapter.endpoint)


def test_adapters_are_values() -> None:
    assert OpenAIResponses("azure-responses") == OpenAIResponses("azure-responses")
    assert len({OpenAIResponses(), OpenAIResponses(), OpenAIResponses("xai-responses")}) == 2
