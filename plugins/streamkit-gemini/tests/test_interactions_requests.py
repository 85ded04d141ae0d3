"""What is sent to the Interactions API: the body for every option and every part of a message."""

from __future__ import annotations

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
from streamkit_gemini import GeminiInteractions

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
PICTURE = {"type": "image", "data": "iVBORw0=", "mime_type": "image/png"}
CALL = ToolCall(id="c1", name="f", arguments={"a": 1}, arguments_text='{"a": 1}')


def build(*messages: Message, model: str = "gemini-3-flash-preview", **options: Any) -> WireRequest:
    wanted = ChatRequest(model=model, messages=messages or (Message.user("Hi"),), **options)
    return GeminiInteractions().request(wanted)


def steps(*messages: Message) -> list[dict[str, Any]]:
    return build(*messages).body["input"]  # type: ignore[no-any-return]


def warned(*messages: Message, **options: Any) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in build(*messages, **options).warnings]


def test_the_least_request() -> None:
    wire = build()
    assert (wire.method, wire.path, wire.framing) == ("POST", "/interactions", "sse")
    assert wire.body == {
        "model": "gemini-3-flash-preview",
        "input": [{"type": "user_input", "content": [{"type": "text", "text": "Hi"}]}],
        "stream": True,
    }


def test_on_vertex_ai_it_stands_below_project_and_location() -> None:
    adapter = GeminiInteractions(project="p", location="global", api_key=lambda: "token")
    base = "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global"
    assert adapter.endpoint.base_url == base
    with pytest.raises(ConfigurationError):
        GeminiInteractions(project="p", base_url="https://a.example")


CONFIG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 50}, {"max_output_tokens": 50}),
    ({"temperature": 0.0}, {"temperature": 0.0}),
    ({"top_p": 0.5}, {"top_p": 0.5}),
    ({"seed": 7}, {"seed": 7}),
    ({"stop": ("END",)}, {"stop_sequences": ["END"]}),
    ({"reasoning_effort": "high"}, {"thinking_level": "high", "thinking_summaries": "auto"}),
    ({"tool_choice": "auto"}, {"tool_choice": "auto"}),
    ({"tool_choice": "none"}, {"tool_choice": "none"}),
    ({"tool_choice": "required"}, {"tool_choice": "any"}),
    (
        {"tool_choice": NamedTool(name="f")},
        {"tool_choice": {"allowed_tools": {"mode": "any", "tools": ["f"]}}},
    ),
    ({"tools": (Tool(name="f", strict=True),)}, {"tool_choice": "validated"}),
]


@pytest.mark.parametrize(("options", "expected"), CONFIG)
def test_generation_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    wire = build(**options)
    assert wire.body["generation_config"] == expected
    assert wire.warnings == ()


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"service_tier": "flex"}, {"service_tier": "flex"}),
    ({"metadata": {"a": "b"}}, {"labels": {"a": "b"}}),
    (
        {"response_format": "json"},
        {"response_format": {"type": "text", "mime_type": "application/json"}},
    ),
    (
        {"response_format": JsonSchema(json_schema=SCHEMA, description="d")},
        {
            "response_format": {
                "type": "text",
                "mime_type": "application/json",
                "schema": {"description": "d", **SCHEMA},
            }
        },
    ),
    (
        {
            "tools": (
                Tool(name="f", description="d", parameters=SCHEMA),
                VendorTool(payload={"type": "google_search"}),
            )
        },
        {
            "tools": [
                {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA},
                {"type": "google_search"},
            ]
        },
    ),
    (
        {"extra_body": {"previous_interaction_id": "v1_1", "store": False}},
        {"previous_interaction_id": "v1_1", "store": False},
    ),
]


@pytest.mark.parametrize(("options", "expected"), FIELDS)
def test_other_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    body = build(**options).body
    assert {k: v for k, v in body.items() if k not in build().body} == expected


def test_an_agent_takes_the_place_of_the_model() -> None:
    body = build(extra_body={"agent": "deep-research", "background": True}).body
    assert "model" not in body
    assert (body["agent"], body["background"]) == ("deep-research", True)


@pytest.mark.parametrize(
    ("model", "effort", "level", "said"),
    [
        ("gemini-2.5-flash", "low", "low", []),
        ("gemini-3-pro-preview", "max", "high", [("option_adjusted", "reasoning_effort")]),
        ("gemini-2.0-flash", "low", None, [("option_ignored", "reasoning_effort")]),
    ],
)
def test_an_effort_is_the_nearest_level_of_the_model(
    model: str, effort: str, level: str | None, said: list[tuple[str, str]]
) -> None:
    body = build(model=model, reasoning_effort=effort).body
    assert body.get("generation_config", {}).get("thinking_level") == level
    assert warned(model=model, reasoning_effort=effort) == said


# --- messages ----------------------------------------------------------------------------------


def test_system_messages_are_one_instruction() -> None:
    talk = (Message.system("A"), Message.user("Hi"), Message.system("B"))
    assert build(*talk).body["system_instruction"] == "A\n\nB"
    assert warned(*talk) == [("option_adjusted", "messages")]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PNG, PICTURE),
        (ImagePart(url="data:image/png;base64,iVBORw0="), PICTURE),
        (
            ImagePart(url="https://a.example/x.jpg"),
            {"type": "image", "uri": "https://a.example/x.jpg", "mime_type": "image/jpeg"},
        ),
        (
            DocumentPart(file_id="https://g.example/files/1"),
            {"type": "document", "uri": "https://g.example/files/1"},
        ),
        (
            MediaPart(data="UklG", media_type="audio/l16;rate=24000"),
            {"type": "audio", "data": "UklG", "mime_type": "audio/l16"},
        ),
    ],
)
def test_media_of_the_caller(part: Any, expected: dict[str, Any]) -> None:
    (step,) = steps(Message.user("See", part))
    assert step["content"] == [{"type": "text", "text": "See"}, expected]


def test_calls_and_results() -> None:
    result = ToolResult(call_id="c1", content=(TextPart(text="see"), PNG), is_error=True)
    own = CALL.model_copy(update={"vendor": {"gemini-interactions": {"signature": "c2ln"}}})
    call = {"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": 1}}
    assert steps(Message.assistant(CALL, own), Message.tool(result)) == [
        call,
        {**call, "signature": "c2ln"},
        {
            "type": "function_result",
            "call_id": "c1",
            "name": "f",
            "result": [{"type": "text", "text": "see"}, PICTURE],
            "is_error": True,
        },
    ]
    plain = steps(Message.tool(ToolResult(call_id="x", content="ok")))
    assert plain == [{"type": "function_result", "call_id": "x", "result": "ok"}]


def test_what_the_model_made_goes_back_in_its_order() -> None:
    search = {"type": "google_search_call", "id": "s", "arguments": {"queries": ["q"]}}
    answer = Message.assistant(
        ReasoningPart(text="Hm.", kind="summary", signature="c2ln", scheme="gemini-interactions"),
        ReasoningPart(text="", kind="redacted", signature="cmVk", scheme="gemini-interactions"),
        ProviderItem(dialect="gemini-interactions", kind="google_search_call", payload=search),
        TextPart(text="One"),
        MediaPart(url="https://a.example/v.mp4", media_type="video/mp4"),
    )
    assert steps(answer) == [
        {
            "type": "thought",
            "summary": [{"type": "text", "text": "Hm."}],
            "signature": "c2ln",
        },
        {"type": "thought", "summary": [], "signature": "cmVk"},
        search,
        {
            "type": "model_output",
            "content": [
                {"type": "text", "text": "One"},
                {"type": "video", "uri": "https://a.example/v.mp4", "mime_type": "video/mp4"},
            ],
        },
    ]


def test_items_stay_as_they_are_whatever_they_hold() -> None:
    odd = ({"depth": 1}, {"type": "model_output", "content": []})
    items = [ProviderItem(dialect="gemini-interactions", kind="x", payload=p) for p in odd]
    said = {"type": "model_output", "content": [{"type": "text", "text": "A"}]}
    assert steps(Message.assistant("A", *items, "A")) == [said, *odd, said]


def test_turns_stay_apart() -> None:
    talk = steps(Message.user("A"), Message.user("B"))
    assert [step["content"][0]["text"] for step in talk] == ["A", "B"]


def test_what_means_nothing_to_the_api_is_dropped_with_a_warning() -> None:
    talk = Message.assistant(
        RefusalPart(text="No."),
        ReasoningPart(text="of the other API", signature="c2ln", scheme="gemini"),
        ReasoningPart(text="cut", signature="s", scheme="gemini-interactions", closed=False),
        IncompleteToolCall(id="i", name="f", arguments_text="{", reason="cut"),
        ProviderItem(dialect="gemini-generate", kind="toolCall", payload={"a": 1}),
        ToolCall(id="c", name="sql", arguments=None, arguments_text="SELECT", kind="custom"),
    )
    call = {"type": "function_call", "id": "c", "name": "sql", "arguments": {"input": "SELECT"}}
    assert steps(talk) == [
        {"type": "model_output", "content": [{"type": "text", "text": "No."}]},
        call,
    ]
    assert [code for code, _ in warned(talk)] == ["part_dropped"] * 4


@pytest.mark.parametrize(
    "message", [Message.system(PNG), Message.user(CALL), Message.assistant(PNG)]
)
def test_what_cannot_stand_there_is_refused(message: Message) -> None:
    with pytest.raises(UnsupportedError):
        build(message)
