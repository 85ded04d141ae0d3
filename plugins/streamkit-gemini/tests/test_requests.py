"""What is sent to generateContent: the body for every option and every part of a message."""

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
from streamkit_gemini import Gemini
from streamkit_gemini.models import ModelFacts

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = ImagePart(data="iVBORw0=", media_type="image/png")
INLINE = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0="}}
DUMMY = "skip_thought_signature_validator"
OLD = "gemini-2.0-flash"


def call(id_: str, name: str = "f", vendor: dict[str, Any] | None = None, **args: Any) -> ToolCall:
    return ToolCall(id=id_, name=name, arguments=args, arguments_text="…", vendor=vendor)


def build(*messages: Message, model: str = "gemini-3-flash-preview", **options: Any) -> WireRequest:
    wanted = ChatRequest(model=model, messages=messages or (Message.user("Hi"),), **options)
    return Gemini().request(wanted)


def contents(*messages: Message, **options: Any) -> list[dict[str, Any]]:
    return build(*messages, **options).body["contents"]  # type: ignore[no-any-return]


def config(**options: Any) -> dict[str, Any]:
    return build(**options).body.get("generationConfig", {})  # type: ignore[no-any-return]


def warned(*messages: Message, **options: Any) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in build(*messages, **options).warnings]


def test_the_least_request() -> None:
    wire = build()
    assert (wire.method, wire.framing, wire.warnings) == ("POST", "sse", ())
    assert wire.path == "/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"
    assert wire.framing_by_type == {"application/json": "json-array"}
    assert wire.body == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


# --- where it goes -----------------------------------------------------------------------------


def test_a_model_with_a_path_is_taken_as_it_is() -> None:
    assert build(model="tunedModels/a b").path.startswith("/tunedModels/a%20b:stream")


def test_the_gemini_api_takes_its_key_in_a_header_of_its_own() -> None:
    endpoint = Gemini().endpoint
    assert endpoint.base_url == "https://generativelanguage.googleapis.com/v1beta"
    assert endpoint.key_env == ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    assert (endpoint.auth_header, endpoint.auth_prefix) == ("x-goog-api-key", "")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ],
)
def test_vertex_ai_is_found_by_project_and_location_and_takes_tokens(
    location: str, host: str
) -> None:
    adapter = Gemini(project="p", location=location, api_key=lambda: "token")
    endpoint = adapter.endpoint
    assert endpoint.base_url == f"https://{host}/v1/projects/p/locations/{location}"
    assert (endpoint.auth_header, endpoint.auth_prefix) == ("authorization", "Bearer ")
    assert callable(endpoint.api_key)
    wire = adapter.request(
        ChatRequest(model="gemini-2.5-pro", messages=(Message.user("Hi"),), metadata={"a": "b"})
    )
    assert wire.path.startswith("/publishers/google/models/gemini-2.5-pro:stream")
    assert wire.body["labels"] == {"a": "b"}


def test_a_server_of_ones_own_gets_only_the_key_given_with_it() -> None:
    endpoint = Gemini(base_url="http://localhost:9/v1beta").endpoint
    assert (endpoint.key_env, endpoint.key_required) == ((), False)
    with pytest.raises(ConfigurationError):
        Gemini(base_url="http://localhost:9", project="p")


# --- options -----------------------------------------------------------------------------------

CONFIG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 50}, {"maxOutputTokens": 50}),
    ({"temperature": 0.0}, {"temperature": 0.0}),
    ({"top_p": 0.5}, {"topP": 0.5}),
    ({"top_k": 4}, {"topK": 4}),
    ({"seed": 7}, {"seed": 7}),
    ({"n": 2}, {"candidateCount": 2}),
    ({"stop": ("END",)}, {"stopSequences": ["END"]}),
    ({"presence_penalty": 0.1}, {"presencePenalty": 0.1}),
    ({"frequency_penalty": 0.2}, {"frequencyPenalty": 0.2}),
    ({"logprobs": 3}, {"responseLogprobs": True, "logprobs": 3}),
    ({"response_format": "text"}, {}),
    ({"response_format": "json"}, {"responseMimeType": "application/json"}),
    (
        {"response_format": JsonSchema(json_schema=SCHEMA, description="d")},
        {
            "responseMimeType": "application/json",
            "responseJsonSchema": {"description": "d", **SCHEMA},
        },
    ),
]


@pytest.mark.parametrize(("options", "expected"), CONFIG)
def test_generation_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    wire = build(**options)
    assert wire.body.get("generationConfig", {}) == expected
    assert wire.warnings == ()


def test_stop_sequences_beyond_five_are_left_out_and_said_so() -> None:
    stop = tuple("abcdef")
    assert config(stop=stop)["stopSequences"] == list("abcde")
    assert warned(stop=stop) == [("option_adjusted", "stop")]


def test_the_service_tier_stands_beside_the_config() -> None:
    assert build(service_tier="flex").body["serviceTier"] == "flex"


THINKING: list[tuple[str, dict[str, Any], dict[str, Any] | None, list[str]]] = [
    ("new", {"reasoning_effort": "low"}, {"thinkingLevel": "LOW", "includeThoughts": True}, []),
    (
        "gemini-3-pro-preview",
        {"reasoning_effort": "medium"},
        {"thinkingLevel": "LOW", "includeThoughts": True},
        ["reasoning_effort"],
    ),
    (
        "gemini-3.8-flash",
        {"reasoning_effort": "none"},
        {"thinkingLevel": "LOW", "includeThoughts": True},
        ["reasoning_effort"],
    ),
    ("new", {"reasoning_budget": 99}, {"thinkingBudget": 99, "includeThoughts": True}, []),
    (
        "new",
        {"reasoning_budget": 99, "reasoning_effort": "high"},
        {"thinkingLevel": "HIGH", "includeThoughts": True},
        ["reasoning_budget"],
    ),
    (
        "models/gemini-2.5-pro",
        {"reasoning_effort": "high"},
        {"thinkingBudget": 16384, "includeThoughts": True},
        [],
    ),
    (
        "gemini-2.5-pro",
        {"reasoning_effort": "none"},
        {"thinkingBudget": 128, "includeThoughts": True},
        ["reasoning_effort"],
    ),
    ("gemini-2.5-flash", {"reasoning_effort": "none"}, {"thinkingBudget": 0}, []),
    (
        "gemini-2.5-flash-lite",
        {"reasoning_budget": 100, "reasoning_effort": "low"},
        {"thinkingBudget": 512, "includeThoughts": True},
        ["reasoning_effort", "reasoning_budget"],
    ),
    (OLD, {"reasoning_effort": "low"}, None, ["reasoning_effort"]),
]


@pytest.mark.parametrize(("model", "options", "expected", "said"), THINKING)
def test_thinking(
    model: str, options: dict[str, Any], expected: dict[str, Any] | None, said: list[str]
) -> None:
    assert config(model=model, **options).get("thinkingConfig") == expected
    assert [what for _, what in warned(model=model, **options)] == said


def test_facts_of_models_can_be_ones_own() -> None:
    adapter = Gemini(models={"new": ModelFacts(levels=("xhigh",))})
    request = ChatRequest(model="new", messages=(Message.user("Hi"),), reasoning_effort="xhigh")
    assert adapter.request(request).body["generationConfig"]["thinkingConfig"] == {
        "thinkingLevel": "XHIGH",
        "includeThoughts": True,
    }


def test_tools_and_those_of_the_vendors_own() -> None:
    own = VendorTool(payload={"googleSearch": {}})
    tools = build(tools=(Tool(name="f", description="d", parameters=SCHEMA), own)).body["tools"]
    function = {"name": "f", "description": "d", "parametersJsonSchema": SCHEMA}
    assert tools == [{"functionDeclarations": [function]}, {"googleSearch": {}}]


@pytest.mark.parametrize(
    ("choice", "strict", "expected"),
    [
        (None, None, None),
        (None, True, {"mode": "VALIDATED"}),
        ("auto", None, {"mode": "AUTO"}),
        ("none", True, {"mode": "NONE"}),
        ("required", None, {"mode": "ANY"}),
        (NamedTool(name="f"), None, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choice(choice: Any, strict: bool | None, expected: Any) -> None:
    body = build(tools=(Tool(name="f", strict=strict),), tool_choice=choice).body
    assert body.get("toolConfig", {}).get("functionCallingConfig") == expected


def test_extra_body_goes_out_last_and_shares_nothing() -> None:
    extra = {"cachedContent": "cachedContents/1", "generationConfig": {"responseModalities": ["X"]}}
    body = build(max_tokens=5, extra_body=extra).body
    assert body["cachedContent"] == "cachedContents/1"
    assert body["generationConfig"] == {"maxOutputTokens": 5, "responseModalities": ["X"]}
    assert body["generationConfig"] is not extra["generationConfig"]


# --- messages ----------------------------------------------------------------------------------


def test_system_messages_are_one_instruction() -> None:
    talk = (Message.system("A"), Message.user("Hi"), Message.system("B"))
    body = build(*talk).body
    assert body["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert [turn["role"] for turn in body["contents"]] == ["user"]
    assert warned(*talk) == [("option_adjusted", "messages")]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PNG, INLINE),
        (ImagePart(url="data:image/png;base64,iVBORw0="), INLINE),
        (
            ImagePart(url="https://a.example/x.JPG?y=1"),
            {"fileData": {"fileUri": "https://a.example/x.JPG?y=1", "mimeType": "image/jpeg"}},
        ),
        (ImagePart(url="https://a.example/x"), {"fileData": {"fileUri": "https://a.example/x"}}),
        (
            DocumentPart(file_id="https://g.example/v1beta/files/1", media_type="application/pdf"),
            {
                "fileData": {
                    "fileUri": "https://g.example/v1beta/files/1",
                    "mimeType": "application/pdf",
                }
            },
        ),
        (
            MediaPart(data="UklG", media_type="audio/wav"),
            {"inlineData": {"mimeType": "audio/wav", "data": "UklG"}},
        ),
    ],
)
def test_media_of_the_caller(part: Any, expected: dict[str, Any]) -> None:
    assert contents(Message.user("See", part)) == [
        {"role": "user", "parts": [{"text": "See"}, expected]}
    ]


def test_results_are_one_turn_in_the_order_of_the_calls() -> None:
    """Calls came without ids, so two of one function are told apart by their order alone."""
    turns = contents(
        Message.assistant(call("call_0_0", a=1), call("call_0_1", a=2)),
        Message.tool(ToolResult(call_id="call_0_1", content="two")),
        Message.tool(ToolResult(call_id="call_0_0", content="one", is_error=True)),
        Message.user("Go on"),
        model=OLD,
    )
    assert turns[0]["parts"][1] == {"functionCall": {"name": "f", "args": {"a": 2}}}
    assert turns[1:] == [
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "response": {"error": "one"}}},
                {"functionResponse": {"name": "f", "response": {"output": "two"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "Go on"}]},
    ]


def test_ids_of_the_vendors_own_go_back_on_both_sides() -> None:
    own = {"gemini": {"id": "fc-1", "thoughtSignature": "c2ln"}}
    turns = contents(
        Message.assistant(call("fc-1", vendor=own)),
        Message.tool(ToolResult(call_id="fc-1", content="x")),
    )
    assert turns[0]["parts"] == [
        {"functionCall": {"name": "f", "args": {}, "id": "fc-1"}, "thoughtSignature": "c2ln"}
    ]
    assert turns[1]["parts"][0]["functionResponse"]["id"] == "fc-1"


def test_a_result_without_a_name_is_an_error_of_the_callers() -> None:
    with pytest.raises(UnsupportedError, match="name"):
        build(Message.tool(ToolResult(call_id="unknown", content="x")))


@pytest.mark.parametrize(("model", "inside"), [("gemini-3-flash", True), (OLD, False)])
def test_pictures_in_results_go_inside_where_the_model_takes_them(model: str, inside: bool) -> None:
    result = ToolResult(call_id="c", name="f", content=(TextPart(text="see"), PNG))
    (turn,) = contents(Message.tool(result), model=model)
    assert turn["parts"][0]["functionResponse"]["response"] == {"output": "see"}
    assert (turn["parts"][0]["functionResponse"].get("parts") == [INLINE]) is inside
    assert (turn["parts"][1:] == [INLINE]) is not inside


@pytest.mark.parametrize(("model", "signed"), [("gemini-3-flash", True), (OLD, False)])
def test_calls_of_other_models_are_marked_so_where_signatures_are_wanted(
    model: str, signed: bool
) -> None:
    foreign = {"openai-responses": {"id": "fc_1"}}
    first, second = contents(Message.assistant(call("a", vendor=foreign), call("b")), model=model)[
        0
    ]["parts"]
    assert first.get("thoughtSignature") == (DUMMY if signed else None)
    assert first["functionCall"] == {"name": "f", "args": {}}
    assert "thoughtSignature" not in second


def test_a_signed_call_is_enough_for_its_turn() -> None:
    own = {"gemini": {"thoughtSignature": "c2ln"}}
    parts = contents(Message.assistant(call("a", vendor=own), call("b")))[0]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == ["c2ln", None]


def test_own_thoughts_go_back_and_others_are_dropped() -> None:
    talk = Message.assistant(
        ReasoningPart(text="mine", kind="summary", signature="", scheme="gemini"),
        ReasoningPart(text="signed", signature="c2ln", scheme="gemini"),
        ReasoningPart(text="theirs", signature="s", scheme="anthropic"),
        ReasoningPart(text="cut", signature="", scheme="gemini", closed=False),
        TextPart(text="Yes", signature="phase", scheme="openai-responses:m"),
        TextPart(text="", signature="ZW1wdHk=", scheme="gemini"),
    )
    assert contents(talk)[0]["parts"] == [
        {"text": "mine", "thought": True},
        {"text": "signed", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "Yes"},
        {"text": "", "thoughtSignature": "ZW1wdHk="},
    ]
    assert warned(talk) == [("part_dropped", "reasoning")] * 2


def test_what_means_nothing_to_gemini_is_dropped_with_a_warning() -> None:
    talk = Message.assistant(
        RefusalPart(text="No."),
        IncompleteToolCall(id="i", name="f", arguments_text="{", reason="cut"),
        ProviderItem(dialect="openai-responses", kind="web_search_call", payload={"id": "w"}),
        ProviderItem(dialect="gemini-generate", kind="toolCall", payload={"a": 1}, complete=False),
        ToolCall(id="c", name="sql", arguments=None, arguments_text="SELECT", kind="custom"),
    )
    parts = contents(talk, model=OLD)[0]["parts"]
    assert parts == [
        {"text": "No."},
        {"functionCall": {"name": "sql", "args": {"input": "SELECT"}}},
    ]
    assert len(warned(talk, model=OLD)) == 3


def test_a_picture_goes_back_once_inside_its_item() -> None:
    own = {**INLINE, "thoughtSignature": "c2ln"}
    item = ProviderItem(dialect="gemini-generate", kind="inlineData", payload=own)
    answer = Message.assistant(MediaPart(data="iVBORw0=", media_type="image/png"), item)
    assert contents(answer)[0]["parts"] == [own]
    alone = Message.assistant(MediaPart(data="iVBORw0=", media_type="image/png"))
    assert contents(alone)[0]["parts"] == [INLINE]


@pytest.mark.parametrize(
    "message", [Message.system(PNG), Message.user(call("c")), Message.assistant(PNG)]
)
def test_what_cannot_stand_there_is_refused(message: Message) -> None:
    with pytest.raises(UnsupportedError):
        build(message)
