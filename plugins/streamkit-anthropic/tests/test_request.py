"""What goes over the wire for each option and each kind of part, and what is warned about."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import (
    ChatRequest,
    Citation,
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
from streamkit.adapter import WireRequest
from streamkit.errors import UnsupportedError
from streamkit_anthropic import AnthropicMessages

OLD, BOTH, NEW = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-8"
HI = {"role": "user", "content": [{"type": "text", "text": "hi"}]}


def wire(
    *messages: Message,
    model: str = BOTH,
    adapter: AnthropicMessages | None = None,
    **options: Any,
) -> WireRequest:
    request = ChatRequest(model=model, messages=messages or (Message.user("hi"),), **options)
    return (adapter or AnthropicMessages()).request(request)


def body(*messages: Message, **kwargs: Any) -> dict[str, Any]:
    """The body, sent without any warning."""
    sent = wire(*messages, **kwargs)
    assert sent.warnings == ()
    return dict(sent.body)


def warned(sent: WireRequest) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in sent.warnings]


def turns(*messages: Message, **kwargs: Any) -> list[Any]:
    found: list[Any] = body(*messages, **kwargs)["messages"]
    return found


# --- the frame of a request --------------------------------------------------------------------


def test_the_smallest_request() -> None:
    sent = wire()
    assert (sent.method, sent.path, sent.framing) == ("POST", "/v1/messages", "sse")
    assert sent.headers == {"anthropic-version": "2023-06-01"}
    assert sent.body == {"model": BOTH, "stream": True, "messages": [HI], "max_tokens": 128_000}
    assert sent.warnings == ()


def test_version_and_betas_are_headers() -> None:
    adapter = AnthropicMessages(version="2026-10-21", betas=("a", "b"))
    assert wire(adapter=adapter).headers == {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "a,b",
    }


def test_extra_body_comes_last_and_verbatim() -> None:
    sent = body(max_tokens=5, extra_body={"max_tokens": 6, "speed": "fast"})
    assert (sent["max_tokens"], sent["speed"]) == (6, "fast")


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-20240620", 8192),
        ("claude-opus-4-20250514", 8192),
        ("claude-haiku-4-5-20251001", 64_000),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 64_000),
        ("anthropic/claude-opus-4.6", 128_000),
        ("claude-novel-9", 64_000),
        ("glm-5", 8192),
    ],
)
def test_max_tokens_is_what_the_model_can_unless_set(model: str, tokens: int) -> None:
    assert body(model=model)["max_tokens"] == tokens
    assert body(model=model, max_tokens=7)["max_tokens"] == 7


# --- options -----------------------------------------------------------------------------------

TOOL = Tool(name="f", description="d", parameters={"type": "object"}, strict=True)
WIRE_TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True}
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
        ({"top_k": 40}, {"top_k": 40}),
        ({"stop": ("END",)}, {"stop_sequences": ["END"]}),
        ({"tools": (TOOL,)}, {"tools": [WIRE_TOOL]}),
        (
            {"tools": (Tool(name="g"),)},
            {"tools": [{"name": "g", "input_schema": {"type": "object", "properties": {}}}]},
        ),
        (
            {"tools": (VendorTool(payload={"type": "web_search_20260318", "name": "web_search"}),)},
            {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
        ),
        ({"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
        ({"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        ({"tool_choice": NamedTool(name="f")}, {"tool_choice": {"type": "tool", "name": "f"}}),
        (
            {"parallel_tool_calls": False},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ),
        (
            {"parallel_tool_calls": False, "tool_choice": "none"},
            {"tool_choice": {"type": "none"}},
        ),
        ({"parallel_tool_calls": True}, {}),
        ({"response_format": "text"}, {}),
        (
            {"response_format": JsonSchema(json_schema=SCHEMA, description="a dog")},
            {
                "output_config": {
                    "format": {"type": "json_schema", "schema": {"description": "a dog", **SCHEMA}}
                }
            },
        ),
        ({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
        ({"metadata": {"user_id": "u-2"}}, {"metadata": {"user_id": "u-2"}}),
        ({"service_tier": "standard_only"}, {"service_tier": "standard_only"}),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, dict) else None,
)
def test_an_option_is_these_fields(options: dict[str, Any], fields: dict[str, Any]) -> None:
    plain = body()
    sent = body(**options)
    assert {k: v for k, v in sent.items() if plain.get(k) != v} == fields


@pytest.mark.parametrize(
    ("options", "what", "fields"),
    [
        ({"temperature": 1.7}, ("option_adjusted", "temperature"), {"temperature": 1.0}),
        (
            {"temperature": 0.2, "top_p": 0.5},
            ("option_ignored", "top_p"),
            {"temperature": 0.2},
        ),
        ({"stop": ("\n", "END")}, ("option_adjusted", "stop"), {"stop_sequences": ["END"]}),
        ({"response_format": "json"}, ("option_ignored", "response_format"), {}),
        (
            {"metadata": {"user_id": "u", "team": "t"}},
            ("option_ignored", "metadata"),
            {"metadata": {"user_id": "u"}},
        ),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, dict) else None,
)
def test_what_cannot_be_sent_as_asked_is_warned_about(
    options: dict[str, Any], what: tuple[str, str], fields: dict[str, Any]
) -> None:
    plain = body()
    sent = wire(**options)
    assert warned(sent) == [what]
    assert {k: v for k, v in sent.body.items() if plain.get(k) != v} == fields


@pytest.mark.parametrize("option", ["temperature", "top_p", "top_k"])
@pytest.mark.parametrize(
    ("model", "version"), [(NEW, "2023-06-01"), (OLD, "2026-10-21"), ("glm-5", "2026-10-21")]
)
def test_sampling_that_model_or_version_refuses_is_a_warning(
    option: str, model: str, version: str
) -> None:
    sent = wire(model=model, adapter=AnthropicMessages(version=version), **{option: 1})
    assert warned(sent) == [("option_ignored", option)]
    assert option not in sent.body


def test_claude_3_takes_temperature_and_top_p_together() -> None:
    sent = body(model="claude-3-haiku-20240307", temperature=0.1, top_p=0.2)
    assert (sent["temperature"], sent["top_p"]) == (0.1, 0.2)


def test_an_old_model_without_structured_output_warns() -> None:
    sent = wire(model="claude-sonnet-4-0", response_format=JsonSchema(json_schema=SCHEMA))
    assert warned(sent) == [("option_ignored", "response_format")]
    assert "output_config" not in sent.body


# --- thinking ----------------------------------------------------------------------------------


def enabled(budget: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget}


ADAPTIVE = {"type": "adaptive"}
SHOWN = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "options", "thinking", "effort", "max_tokens"),
    [
        (NEW, {"reasoning_effort": "xhigh"}, SHOWN, "xhigh", 128_000),
        (BOTH, {"reasoning_effort": "max"}, ADAPTIVE, "max", 128_000),
        (BOTH, {"reasoning_budget": 2000}, enabled(2000), None, 128_000),
        (
            BOTH,
            {"reasoning_budget": 2000, "reasoning_effort": "low"},
            enabled(2000),
            "low",
            128_000,
        ),
        (OLD, {"reasoning_effort": "medium"}, enabled(8192), None, 64_000),
        (OLD, {"reasoning_effort": "max"}, enabled(32_000), None, 64_000),
        (OLD, {"reasoning_effort": "high", "max_tokens": 4096}, enabled(2048), None, 4096),
        (OLD, {"reasoning_budget": 5000, "max_tokens": 6000}, enabled(5000), None, 6000),
        ("claude-opus-4-5", {"reasoning_effort": "low"}, enabled(2048), "low", 64_000),
        ("claude-opus-4-0", {"reasoning_effort": "max"}, enabled(16_000), None, 24_192),
        ("claude-3-7-sonnet-20250219", {"reasoning_budget": 20_000}, enabled(20_000), None, 28_192),
        ("glm-5", {"reasoning_budget": 20_000}, enabled(20_000), None, 28_192),
        ("claude-novel-9", {"reasoning_effort": "high"}, SHOWN, "high", 64_000),
        (BOTH, {"reasoning_effort": "none"}, None, None, 128_000),
        (OLD, {"reasoning_budget": 0}, None, None, 64_000),
        ("claude-sonnet-5", {"reasoning_effort": "none"}, {"type": "disabled"}, None, 128_000),
        (
            "claude-sonnet-5-5",
            {"reasoning_effort": "none"},
            {"type": "between_tools"},
            None,
            128_000,
        ),
        ("glm-5", {"reasoning_effort": "none"}, {"type": "disabled"}, None, 8192),
        ("claude-3-haiku-20240307", {"reasoning_effort": "none"}, None, None, 4096),
    ],
)
def test_reasoning_is_asked_for_in_the_way_the_model_takes(
    model: str, options: dict[str, Any], thinking: Any, effort: str | None, max_tokens: int
) -> None:
    sent = body(model=model, **options)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config", {}).get("effort") == effort
    assert sent["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("model", "options", "what", "thinking", "effort"),
    [
        (NEW, {"reasoning_budget": 2000}, ("option_ignored", "reasoning_budget"), None, None),
        (
            BOTH,
            {"reasoning_effort": "xhigh"},
            ("option_adjusted", "reasoning_effort"),
            ADAPTIVE,
            "high",
        ),
        (
            NEW,
            {"reasoning_effort": "minimal"},
            ("option_adjusted", "reasoning_effort"),
            SHOWN,
            "low",
        ),
        (
            OLD,
            {"reasoning_budget": 100},
            ("option_adjusted", "reasoning_budget"),
            enabled(1024),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 9000, "max_tokens": 3000},
            ("option_adjusted", "reasoning_budget"),
            enabled(2999),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "max_tokens": 1024},
            ("option_ignored", "reasoning_budget"),
            None,
            None,
        ),
        (
            OLD,
            {"reasoning_effort": "low", "max_tokens": 2000},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "reasoning_effort": "low"},
            ("option_ignored", "reasoning_effort"),
            enabled(2000),
            None,
        ),
        (
            OLD,
            {"reasoning_budget": 2000, "reasoning_effort": "none"},
            ("option_ignored", "reasoning_budget"),
            None,
            None,
        ),
        (
            NEW,
            {"reasoning_budget": 0, "reasoning_effort": "high"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            "claude-fable-5",
            {"reasoning_effort": "none"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
        (
            "claude-3-5-haiku-20241022",
            {"reasoning_effort": "high"},
            ("option_ignored", "reasoning_effort"),
            None,
            None,
        ),
    ],
)
def test_reasoning_the_model_does_not_take_is_warned_about(
    model: str, options: dict[str, Any], what: tuple[str, str], thinking: Any, effort: str | None
) -> None:
    sent = wire(model=model, **options)
    assert warned(sent) == [what]
    assert sent.body.get("thinking") == thinking
    assert sent.body.get("output_config", {}).get("effort") == effort


def test_sampling_gives_way_to_thinking_except_where_both_are_legal() -> None:
    sent = wire(model=OLD, reasoning_budget=2000, temperature=0.3, top_k=5)
    assert warned(sent) == [("option_ignored", "temperature"), ("option_ignored", "top_k")]
    assert not {"temperature", "top_k"} & sent.body.keys()
    assert body(model=OLD, reasoning_budget=2000, temperature=1)["temperature"] == 1
    assert body(model=OLD, reasoning_budget=2000, top_p=0.97)["top_p"] == 0.97


def test_a_forced_call_gives_way_or_takes_the_way_by_model() -> None:
    forced = wire(model=OLD, reasoning_budget=2000, tool_choice="required")
    assert warned(forced) == [("option_ignored", "reasoning_budget")]
    assert forced.body["tool_choice"] == {"type": "any"}
    assert "thinking" not in forced.body

    both = body(model=NEW, reasoning_effort="low", tool_choice="required")
    assert (both["tool_choice"], both["thinking"]) == ({"type": "any"}, SHOWN)

    refused = wire(model="claude-opus-5-5", tool_choice=NamedTool(name="f"))
    assert warned(refused) == [("option_adjusted", "tool_choice")]
    assert refused.body["tool_choice"] == {"type": "auto"}


# --- system ------------------------------------------------------------------------------------


def test_one_system_message_is_a_string_and_several_are_blocks() -> None:
    assert body(Message.system("be brief"), Message.user("hi"))["system"] == "be brief"
    several = body(Message.system("a"), Message.system("b", "c"), Message.user("hi"))
    assert several["system"] == [{"type": "text", "text": t} for t in "abc"]


LATE = (Message.user("hi"), Message.assistant("ho"), Message.system("now French"))


def test_a_late_system_message_stands_behind_the_user_turn_it_belongs_to() -> None:
    sent = body(*LATE, Message.user("more"), model=NEW)
    assert "system" not in sent
    assert [m["role"] for m in sent["messages"]] == ["user", "assistant", "user", "system"]
    assert sent["messages"][-1]["content"] == [{"type": "text", "text": "now French"}]


@pytest.mark.parametrize(
    ("model", "messages"),
    [(OLD, (*LATE, Message.user("more"))), ("claude-sonnet-5", LATE), (NEW, LATE)],
)
def test_a_late_system_message_moves_to_the_front_where_it_cannot_stand(
    model: str, messages: tuple[Message, ...]
) -> None:
    sent = wire(*messages, model=model)
    assert warned(sent) == [("option_adjusted", "messages")]
    assert sent.body["system"] == "now French"
    assert "system" not in [m["role"] for m in sent.body["messages"]]


def test_a_system_message_holds_text_only() -> None:
    with pytest.raises(UnsupportedError, match="image"):
        wire(Message.system(ImagePart(url="https://e.org/a.png")), Message.user("hi"))


# --- turns -------------------------------------------------------------------------------------

CALL = ToolCall(id="t1", name="f", arguments={"a": 1}, arguments_text='{"a":1}')


def test_turns_of_one_role_are_merged_with_tool_results_first() -> None:
    sent = turns(
        Message.user("go"),
        Message.assistant("calling"),
        Message.assistant(CALL),
        Message.user("by the way"),
        Message.tool(ToolResult(call_id="t1", content="42")),
        Message.user("well?"),
    )
    assert [m["role"] for m in sent] == ["user", "assistant", "user"]
    assert [b["type"] for b in sent[1]["content"]] == ["text", "tool_use"]
    assert [b["type"] for b in sent[2]["content"]] == ["tool_result", "text", "text"]


def test_empty_texts_and_the_turns_they_leave_empty_are_not_sent() -> None:
    assert turns(Message.user("hi"), Message.assistant(""), Message.user("", "again")) == [
        {"role": "user", "content": [HI["content"][0], {"type": "text", "text": "again"}]}
    ]


def test_white_space_at_the_end_of_a_text_to_continue_is_taken_off() -> None:
    sent = wire(Message.user("hi"), Message.assistant("The sky "), model=OLD)
    assert sent.body["messages"][-1]["content"] == [{"type": "text", "text": "The sky"}]
    assert warned(sent) == [("option_adjusted", "messages")]
    blank = wire(Message.user("hi"), Message.assistant(" "), model=OLD)
    assert [m["role"] for m in blank.body["messages"]] == ["user"]
    pieces = wire(Message.user("hi"), Message.assistant("a\n", " "), model=OLD)
    assert pieces.body["messages"][-1]["content"] == [{"type": "text", "text": "a"}]
    earlier = turns(Message.user("a"), Message.assistant("b "), Message.user("c"))
    assert earlier[1]["content"][0]["text"] == "b "


# --- parts a user sends ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (TextPart(text="x"), {"type": "text", "text": "x"}),
        (
            ImagePart(url="https://e.org/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://e.org/a.png"}},
        ),
        (
            ImagePart.from_bytes(b"\x89PNG", "image/png"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
            },
        ),
        (
            ImagePart(url="data:image/png;base64,iVBORw=="),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
            },
        ),
        (
            ImagePart(file_id="file_1"),
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        ),
        (
            DocumentPart(url="https://e.org/a.pdf", name="A"),
            {
                "type": "document",
                "source": {"type": "url", "url": "https://e.org/a.pdf"},
                "title": "A",
            },
        ),
        (
            DocumentPart.from_bytes(b"%PDF", "application/pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            },
        ),
        (
            DocumentPart.from_bytes("a,ö\n".encode(), "text/csv"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "a,ö\n"},
            },
        ),
        (
            ToolResult(call_id="t1", content="no", is_error=True),
            {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True},
        ),
        (
            ToolResult(
                call_id="functions.f:0",
                content=(TextPart(text="see"), ImagePart(url="https://e.org/a.png")),
            ),
            {
                "type": "tool_result",
                "tool_use_id": "functions_f_0",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image", "source": {"type": "url", "url": "https://e.org/a.png"}},
                ],
            },
        ),
    ],
    ids=lambda v: v.type if not isinstance(v, dict) else "",
)
def test_a_part_of_the_user_is_this_block(part: Any, block: dict[str, Any]) -> None:
    assert turns(Message.user(part)) == [{"role": "user", "content": [block]}]


def test_a_file_id_brings_its_beta_header_once() -> None:
    message = Message.user(DocumentPart(file_id="file_1"))
    assert wire(message).headers["anthropic-beta"] == "files-api-2025-04-14"
    asked = AnthropicMessages(betas=("files-api-2025-04-14",))
    assert wire(message, adapter=asked).headers["anthropic-beta"] == "files-api-2025-04-14"


@pytest.mark.parametrize(
    "message",
    [
        Message.user(MediaPart(data="AAAA", media_type="audio/wav")),
        Message.user(DocumentPart.from_bytes(b"PK", "application/zip")),
        Message.user(DocumentPart.from_bytes(b"\xff", "text/plain")),
        Message.user(CALL),
        Message.assistant(ImagePart(url="https://e.org/a.png")),
        Message.assistant(ToolResult(call_id="t", content="x")),
    ],
)
def test_content_that_cannot_be_carried_is_an_error_and_never_dropped(message: Message) -> None:
    with pytest.raises(UnsupportedError, match=r"messages\[1\]"):
        wire(Message.user("hi"), message)


# --- parts of earlier answers ------------------------------------------------------------------

SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
CITED = {"type": "char_location", "document_index": 0, "cited_text": "f", "file_id": None}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            TextPart(text="f", citations=(Citation(raw=CITED), Citation(raw={"type": "url"}))),
            {
                "type": "text",
                "text": "f",
                "citations": [{"type": "char_location", "document_index": 0, "cited_text": "f"}],
            },
        ),
        (RefusalPart(text="I will not."), {"type": "text", "text": "I will not."}),
        (
            ReasoningPart(text="hm", signature="sig", scheme="anthropic"),
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
        ),
        (
            ReasoningPart(text="", kind="redacted", signature="data", scheme="anthropic"),
            {"type": "redacted_thinking", "data": "data"},
        ),
        (CALL, {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}),
        (
            CALL.model_copy(
                update={"vendor": {"anthropic": {"caller": {"type": "direct"}, "other": 1}}}
            ),
            {
                "type": "tool_use",
                "id": "t1",
                "name": "f",
                "input": {"a": 1},
                "caller": {"type": "direct"},
            },
        ),
        (
            ToolCall(id="c:1", name="f", arguments=None, arguments_text="ls", kind="custom"),
            {"type": "tool_use", "id": "c_1", "name": "f", "input": {"input": "ls"}},
        ),
        (
            ProviderItem(dialect="anthropic-messages", kind="server_tool_use", payload=SEARCH),
            SEARCH,
        ),
    ],
    ids=lambda v: v.type if not isinstance(v, dict) else "",
)
def test_a_part_of_an_answer_goes_back_as_this_block(part: Any, block: dict[str, Any]) -> None:
    sent = turns(Message.user("hi"), Message.assistant(part), Message.user("on"))
    assert sent[1] == {"role": "assistant", "content": [block]}


@pytest.mark.parametrize(
    "part",
    [
        ReasoningPart(text="hm"),
        ReasoningPart(text="hm", scheme="anthropic"),
        ReasoningPart(text="hm", signature="sig", scheme="anthropic", closed=False),
        ReasoningPart(text="hm", signature="sig", scheme="openai"),
        ProviderItem(dialect="openai-responses", kind="web_search_call", payload={"a": 1}),
        ProviderItem(dialect="anthropic-messages", kind="compaction", payload={}, complete=False),
        ProviderItem(dialect="anthropic-messages", kind="server_tool_use", payload={}),
        IncompleteToolCall(id="t", name="f", arguments_text="{", reason="cut"),
    ],
    ids=lambda v: v.type,
)
def test_what_may_not_go_back_is_left_out_with_a_warning(part: Any) -> None:
    sent = wire(Message.user("hi"), Message.assistant("ho", part), Message.user("on"))
    assert warned(sent) == [("part_dropped", f"messages[1] {part.type}")]
    assert sent.body["messages"][1]["content"] == [{"type": "text", "text": "ho"}]


def test_the_blocks_of_an_answer_go_back_in_their_order() -> None:
    thought = ReasoningPart(text="hm", signature="sig", scheme="anthropic")
    search = ProviderItem(dialect="anthropic-messages", kind="server_tool_use", payload=SEARCH)
    sent = turns(Message.user("hi"), Message.assistant(thought, "a", search, "b", CALL))
    kinds = [b["type"] for b in sent[1]["content"]]
    assert kinds == ["thinking", "text", "server_tool_use", "text", "tool_use"]
