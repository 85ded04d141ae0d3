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
from streamkit_openai import OpenAIChat, Profile

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
CALL = ToolCall(id="c1", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')


def build(profile: str, *messages: Message, **options: Any) -> WireRequest:
    wanted = ChatRequest(model="m", messages=messages or (Message.user("Hi"),), **options)
    return OpenAIChat(profile).request(wanted)


def sent(profile: str, *messages: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = build(profile, *messages).body["messages"]
    return found


def test_the_least_request_to_openai() -> None:
    wire = build("openai")
    assert (wire.method, wire.path, wire.framing, wire.warnings) == (
        *("POST", "/chat/completions", "sse"),
        (),
    )
    assert wire.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True, "include_obfuscation": False},
    }


# --- options -----------------------------------------------------------------------------------

OPTIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("openai", {"max_tokens": 5}, {"max_completion_tokens": 5}),
    ("together", {"max_tokens": 5}, {"max_tokens": 5}),
    ("openai", {"temperature": 0.0}, {"temperature": 0.0}),
    ("openai", {"top_p": 0.5}, {"top_p": 0.5}),
    ("openai", {"top_k": 5}, {}),
    ("vllm", {"top_k": 5}, {"top_k": 5}),
    ("openai", {"stop": ("a", "b")}, {"stop": ["a", "b"]}),
    ("openai", {"seed": 0}, {"seed": 0}),
    ("mistral-compat", {"seed": 7}, {"random_seed": 7}),
    ("openai", {"n": 2}, {"n": 2}),
    ("openai", {"frequency_penalty": 0.1}, {"frequency_penalty": 0.1}),
    ("openai", {"presence_penalty": 0.1}, {"presence_penalty": 0.1}),
    ("openai", {"logprobs": 0}, {"logprobs": True, "top_logprobs": 0}),
    ("openai", {"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
    ("together", {"logprobs": 3}, {"logprobs": 3}),
    ("openai", {"reasoning_effort": "high"}, {"reasoning_effort": "high"}),
    ("openrouter", {"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
    ("openrouter", {"reasoning_budget": 99}, {"reasoning": {"max_tokens": 99}}),
    ("qwen", {"reasoning_budget": 99}, {"thinking_budget": 99}),
    ("openai", {"user": "u"}, {"safety_identifier": "u"}),
    ("openrouter", {"user": "u"}, {"user": "u"}),
    ("openai", {"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
    ("openai", {"service_tier": "flex"}, {"service_tier": "flex"}),
    ("openai", {"prompt_cache_key": "k"}, {"prompt_cache_key": "k"}),
    (
        *("openrouter", {"prompt_cache_ttl": "1h"}),
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ),
    ("openai", {"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    ("openai", {"tool_choice": "required"}, {"tool_choice": "required"}),
    (
        "openai",
        {"tool_choice": NamedTool(name="f")},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ),
    ("openai", {"response_format": "text"}, {"response_format": {"type": "text"}}),
    ("openai", {"response_format": "json"}, {"response_format": {"type": "json_object"}}),
    (
        "openai",
        {"response_format": JsonSchema(json_schema=SCHEMA, name="r", strict=True)},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "r", "schema": SCHEMA, "strict": True},
            }
        },
    ),
    (
        "openai",
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
        "openai",
        {"tools": (VendorTool(payload={"type": "custom", "custom": {"name": "run"}}),)},
        {"tools": [{"type": "custom", "custom": {"name": "run"}}]},
    ),
    ("openai", {"extra_body": {"verbosity": "low"}}, {"verbosity": "low"}),
]


@pytest.mark.parametrize(("profile", "options", "want"), OPTIONS, ids=str)
def test_an_option_is_sent_under_the_servers_name(
    profile: str, options: dict[str, Any], want: dict[str, Any]
) -> None:
    wire = build(profile, **options)
    plain = build(profile).body
    assert {k: v for k, v in wire.body.items() if k not in plain} == want
    assert wire.warnings == ()


def test_every_option_an_adapter_supports_is_in_this_file() -> None:
    shown = {name for _, options, want in OPTIONS if want for name in options}
    claimed = set().union(
        *(OpenAIChat(p).supports.options for p in ("openai", "openrouter", "qwen", "vllm"))
    )
    assert claimed <= shown


def test_extra_body_is_merged_last_and_verbatim() -> None:
    wire = build("openai", temperature=1.0, extra_body={"temperature": 2, "stream_options": None})
    assert (wire.body["temperature"], wire.body["stream_options"]) == (2, None)


def test_usage_is_not_asked_for_where_it_comes_unasked() -> None:
    assert "stream_options" not in build("perplexity").body


@pytest.mark.parametrize(
    ("profile", "options", "field", "want", "what"),
    [
        ("llamacpp", {"tool_choice": NamedTool(name="f")}, "tool_choice", "required", "by name"),
        ("moonshot", {"tool_choice": "required"}, "tool_choice", "auto", "'required'"),
        ("xai", {"reasoning_effort": "max"}, "reasoning_effort", "xhigh", "'max'"),
        ("groq", {"reasoning_effort": "minimal"}, "reasoning_effort", "low", "'minimal'"),
        (
            *("deepseek", {"response_format": JsonSchema(json_schema=SCHEMA)}),
            *("response_format", {"type": "json_object"}, "JSON Schema"),
        ),
    ],
)
def test_a_value_the_server_cannot_take_is_replaced_with_a_warning(
    profile: str, options: dict[str, Any], field: str, want: Any, what: str
) -> None:
    wire = build(profile, **options)
    assert wire.body[field] == want
    [warned] = wire.warnings
    assert (warned.code, warned.what) == ("option_adjusted", field)
    assert what in warned.message


# --- messages ----------------------------------------------------------------------------------


def test_texts_of_one_message_are_joined_to_one_string() -> None:
    system = Message.system("Be ", "brief.")
    assert sent("openai", system, Message.user("a", "b")) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "ab"},
    ]


@pytest.mark.parametrize(
    ("part", "want"),
    [
        (
            PNG,
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}},
        ),
        (
            ImagePart(url="https://example.com/a.png"),
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ),
        (
            DocumentPart(data="JVBERi0=", media_type="application/pdf", name="a.pdf"),
            {
                "type": "file",
                "file": {
                    "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0=",
                },
            },
        ),
        (
            DocumentPart(data="JVBERi0=", media_type="application/pdf"),
            {
                "type": "file",
                "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0=",
                },
            },
        ),
        (DocumentPart(file_id="file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
        (
            MediaPart(data="UklGRg==", media_type="audio/x-wav"),
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        ),
        (
            MediaPart(data="SUQz", media_type="audio/mpeg"),
            {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        ),
        (
            MediaPart(url="https://example.com/made.png", media_type="image/png"),
            {"type": "image_url", "image_url": {"url": "https://example.com/made.png"}},
        ),
    ],
)
def test_pictures_documents_and_sound_are_pieces_of_the_content(part: Any, want: Any) -> None:
    [message] = sent("openai", Message.user("Look:", part))
    assert message["content"] == [{"type": "text", "text": "Look:"}, want]


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("deepseek", Message.user(PNG)),
        ("groq", Message.user(DocumentPart(file_id="file-1"))),
        ("openai", Message.user(ImagePart(file_id="file-1"))),
        ("openai", Message.user(DocumentPart(url="https://example.com/a.pdf"))),
        ("openai", Message.user(MediaPart(url="https://example.com/a.wav"))),
        ("openai", Message.user(MediaPart(data="AAA=", media_type="audio/flac"))),
        ("openai", Message.user(MediaPart(data="AAA=", media_type="video/mp4"))),
        ("openai", Message.assistant(PNG)),
        ("openai", Message.user(RefusalPart(text="no"))),
        ("openai", Message.tool(ToolResult(call_id="c1", content=(PNG,)))),
        ("perplexity", Message.assistant(CALL)),
        ("perplexity", Message.tool(ToolResult(call_id="c1", content="x"))),
    ],
)
def test_content_of_the_callers_that_does_not_fit_is_refused_never_dropped(
    profile: str, message: Message
) -> None:
    with pytest.raises(UnsupportedError):
        build(profile, message)


def test_a_turn_with_tools_is_sent_as_it_came() -> None:
    assert sent(
        "openai",
        Message.user("Hi"),
        Message.assistant(CALL),
        Message.tool(
            ToolResult(call_id="c1", content="sunny"),
            ToolResult(call_id="c2", content=(TextPart(text="a"), TextPart(text="b"))),
        ),
    )[1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "c2", "content": "ab"},
    ]


def test_tool_results_go_before_what_the_user_says_with_them() -> None:
    message = Message(role="user", content=("Now?", ToolResult(call_id="c1", content="x")))  # type: ignore[arg-type]
    assert [m["role"] for m in sent("openai", message)] == ["tool", "user"]


def test_a_call_keeps_what_the_vendor_wants_back() -> None:
    echoed = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    call = CALL.model_copy(update={"vendor": {"gemini-compat": echoed}})
    [message] = sent("gemini-compat", Message.assistant(call))
    assert message["tool_calls"][0]["extra_content"] == echoed["extra_content"]
    [message] = sent("openai", Message.assistant(call))
    assert "extra_content" not in message["tool_calls"][0]


def test_what_another_dialect_wants_back_stays_away() -> None:
    call = CALL.model_copy(
        update={"vendor": {"openai-responses": {"id": "fc_1"}, "anthropic": {"caller": {}}}}
    )
    [message] = sent("openai", Message.assistant(call))
    assert message["tool_calls"][0].keys() == {"id", "type", "function"}


def test_a_call_of_a_free_text_tool_goes_back_as_one() -> None:
    call = ToolCall(id="c1", name="run", arguments=None, arguments_text="1+1", kind="custom")
    [message] = sent("openai", Message.assistant("Ok", call))
    assert message["content"] == "Ok"
    assert message["tool_calls"] == [
        {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "1+1"}}
    ]


def test_a_refusal_goes_back_as_a_refusal() -> None:
    [message] = sent("openai", Message.assistant(RefusalPart(text="No.")))
    assert message["content"] == [{"type": "refusal", "refusal": "No."}]


def test_generated_audio_goes_back_by_its_id() -> None:
    item = ProviderItem(dialect="openai", kind="audio", payload={"id": "audio_1"})
    [message] = sent("openai", Message.assistant(item))
    assert message == {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}


THOUGHT = ReasoningPart(text="Hm")
MISTRAL = ReasoningPart(text="Hm", signature="c2ln", scheme="mistral")
DATABRICKS = ReasoningPart(text="Hm", kind="summary", signature="c2ln", scheme="databricks")
DETAIL = ReasoningPart(text="Hm", signature="c2ln", scheme="openrouter:anthropic-claude-v1:0")
SUMMARY = ReasoningPart(
    text="Sum", kind="summary", signature="", scheme="openrouter:openai-responses-v1:1:rs_1"
)
REDACTED = ReasoningPart(
    text="", kind="redacted", signature="ZW5j", scheme="openrouter:openai-responses-v1:1:rs_1"
)


@pytest.mark.parametrize(
    ("profile", "parts", "want"),
    [
        ("deepseek", (THOUGHT, CALL), {"reasoning_content": "Hm"}),
        ("moonshot", (THOUGHT, THOUGHT), {"reasoning_content": "HmHm"}),
        ("cerebras", (THOUGHT,), {"reasoning": "Hm"}),
        ("openrouter", (THOUGHT,), {"reasoning": "Hm"}),
        (
            "openrouter",
            (DETAIL, SUMMARY, REDACTED),
            {
                "reasoning_details": [
                    {
                        **{"type": "reasoning.text", "text": "Hm", "signature": "c2ln"},
                        **{"format": "anthropic-claude-v1", "index": 0},
                    },
                    {
                        **{"type": "reasoning.summary", "summary": "Sum"},
                        **{"format": "openai-responses-v1", "index": 1, "id": "rs_1"},
                    },
                    {
                        **{"type": "reasoning.encrypted", "data": "ZW5j"},
                        **{"format": "openai-responses-v1", "index": 1, "id": "rs_1"},
                    },
                ]
            },
        ),
        (
            "mistral-compat",
            (MISTRAL,),
            {
                "content": [
                    {
                        "type": "thinking",
                        "thinking": [{"type": "text", "text": "Hm"}],
                        "signature": "c2ln",
                    },
                    {"type": "text", "text": "Ok"},
                ]
            },
        ),
        (
            "litellm",
            (
                ReasoningPart(text="Hm", signature="c2ln", scheme="litellm"),
                ReasoningPart(text="", kind="redacted", signature="ZW5j", scheme="litellm"),
            ),
            {
                "content": "Ok",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
                    {"type": "redacted_thinking", "data": "ZW5j"},
                ],
            },
        ),
        (
            "databricks",
            (DATABRICKS,),
            {
                "content": [
                    {
                        "type": "reasoning",
                        "summary": [{"type": "summary_text", "text": "Hm", "signature": "c2ln"}],
                    },
                    {"type": "text", "text": "Ok"},
                ]
            },
        ),
    ],
)
def test_reasoning_goes_back_the_way_its_server_wants_it(
    profile: str, parts: tuple[Any, ...], want: dict[str, Any]
) -> None:
    wire = build(profile, Message.assistant(*parts, "Ok"))
    [message] = wire.body["messages"]
    assert {k: v for k, v in message.items() if k in want} == want
    assert wire.warnings == ()


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        ("openai", THOUGHT),
        ("groq", DETAIL),
        ("deepseek", DETAIL),
        ("openrouter", MISTRAL),
        ("mistral-compat", DETAIL),
        ("databricks", SUMMARY),
        ("databricks", THOUGHT),
        ("litellm", THOUGHT),
        ("openrouter", ReasoningPart(text="Hm", signature="x", scheme="anthropic")),
        ("openrouter", ReasoningPart(text="Hm", signature="x", scheme="openrouter:odd")),
        ("deepseek", ReasoningPart(text="Hm", closed=False)),
        ("openai", IncompleteToolCall(id="c", name="f", arguments_text="{", reason="cut")),
        ("openai", ProviderItem(dialect="anthropic-messages", kind="x", payload={})),
        ("openai", ProviderItem(dialect="openai", kind="search", payload={})),
        ("openai", ProviderItem(dialect="openai", kind="audio", payload={}, complete=False)),
        ("openai", MediaPart(data="AAA=", media_type="audio/pcm16")),
    ],
)
def test_what_the_model_made_and_the_server_cannot_take_back_is_dropped_with_a_warning(
    profile: str, part: Any
) -> None:
    wire = build(profile, Message.assistant(part, "Ok"))
    assert wire.body["messages"] == [{"role": "assistant", "content": "Ok"}]
    [warned] = wire.warnings
    assert (warned.code, warned.what) == ("part_dropped", part.type)


def test_one_warning_is_enough_for_many_parts() -> None:
    turn = Message.assistant(THOUGHT, "Ok")
    assert len(build("openai", turn, Message.user("?"), turn).warnings) == 1


def test_a_server_without_a_row_is_a_profile_of_ones_own() -> None:
    acme = Profile(name="acme", base_url="https://acme.example/v1", options={"seed": "dice"})
    wanted = ChatRequest(model="m", messages=(Message.user("Hi"),), seed=6)
    assert OpenAIChat(acme).request(wanted).body["dice"] == 6
