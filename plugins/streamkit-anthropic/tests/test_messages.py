"""What goes over the wire for each kind of part, where it stands, and what cannot go back."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import (
    ChatRequest,
    Citation,
    DocumentPart,
    ImagePart,
    IncompleteToolCall,
    MediaPart,
    Message,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResult,
)
from streamkit.adapter import WireRequest
from streamkit.errors import UnsupportedError
from streamkit_anthropic import AnthropicMessages

OLD, NEW = "claude-sonnet-4-5", "claude-opus-4-8"
HI = {"role": "user", "content": [{"type": "text", "text": "hi"}]}


def build(
    *messages: Message,
    model: str = "claude-sonnet-4-6",
    adapter: AnthropicMessages | None = None,
    **options: Any,
) -> WireRequest:
    request = ChatRequest(model=model, messages=messages or (Message.user("hi"),), **options)
    return (adapter or AnthropicMessages()).request(request)


def body(*messages: Message, **kwargs: Any) -> dict[str, Any]:
    """The body, sent without any warning."""
    sent = build(*messages, **kwargs)
    assert sent.warnings == ()
    return dict(sent.body)


def warned(sent: WireRequest) -> list[tuple[str, str]]:
    return [(w.code, w.what) for w in sent.warnings]


def turns(*messages: Message, **kwargs: Any) -> list[Any]:
    found: list[Any] = body(*messages, **kwargs)["messages"]
    return found


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
    sent = build(*messages, model=model)
    assert warned(sent) == [("option_adjusted", "messages")]
    assert sent.body["system"] == "now French"
    assert "system" not in [m["role"] for m in sent.body["messages"]]


def test_a_system_message_holds_text_only() -> None:
    with pytest.raises(UnsupportedError, match="image"):
        build(Message.system(ImagePart(url="https://e.org/a.png")), Message.user("hi"))


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
    sent = build(Message.user("hi"), Message.assistant("The sky "), model=OLD)
    assert sent.body["messages"][-1]["content"] == [{"type": "text", "text": "The sky"}]
    assert warned(sent) == [("option_adjusted", "messages")]
    blank = build(Message.user("hi"), Message.assistant(" "), model=OLD)
    assert [m["role"] for m in blank.body["messages"]] == ["user"]
    pieces = build(Message.user("hi"), Message.assistant("a\n", " "), model=OLD)
    assert pieces.body["messages"][-1]["content"] == [{"type": "text", "text": "a"}]
    earlier = turns(Message.user("a"), Message.assistant("b "), Message.user("c"))
    assert earlier[1]["content"][0]["text"] == "b "


MARK = {"cache_control": {"type": "ephemeral"}}


def test_the_prompt_is_marked_for_the_cache_where_it_ends_and_where_the_system_prompt_does() -> (
    None
):
    talk = (Message.system("a"), Message.system("b"), Message.user("hi"))
    sent = body(*talk, prompt_cache_ttl="5m")
    assert sent["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b", **MARK}]
    assert sent["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "hi", **MARK}]}
    ]
    assert body(Message.system("a"), prompt_cache_ttl="5m")["system"] == [
        {"type": "text", "text": "a", **MARK}
    ]


def test_an_hour_in_the_cache_is_said_and_the_mark_passes_over_what_cannot_bear_it() -> None:
    search = ProviderItem(dialect="anthropic-messages", kind="server_tool_use", payload=SEARCH)
    talk = (Message.user("hi"), Message.assistant("ho", search))
    sent = turns(*talk, model=OLD, prompt_cache_ttl="1h")
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert sent[0] == HI
    assert sent[1]["content"] == [{"type": "text", "text": "ho", **mark}, SEARCH]
    assert search.payload == SEARCH


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
                "tool_use_id": "d6bdd4de328a22edd610f9548b4f419f",
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
    assert build(message).headers["anthropic-beta"] == "files-api-2025-04-14"
    asked = AnthropicMessages(betas=("files-api-2025-04-14",))
    assert build(message, adapter=asked).headers["anthropic-beta"] == "files-api-2025-04-14"


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
    with pytest.raises(UnsupportedError, match=r"Anthropic|UTF-8"):
        build(Message.user("hi"), message)


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
            {
                "type": "tool_use",
                "id": "7c9d30055291ef7b84cdc4577fa871f8",
                "name": "f",
                "input": {"input": "ls"},
            },
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
    sent = build(Message.user("hi"), Message.assistant("ho", part), Message.user("on"))
    assert warned(sent) == [("part_dropped", part.type)]
    assert sent.body["messages"][1]["content"] == [{"type": "text", "text": "ho"}]


def test_the_blocks_of_an_answer_go_back_in_their_order() -> None:
    thought = ReasoningPart(text="hm", signature="sig", scheme="anthropic")
    search = ProviderItem(dialect="anthropic-messages", kind="server_tool_use", payload=SEARCH)
    sent = turns(Message.user("hi"), Message.assistant(thought, "a", search, "b", CALL))
    kinds = [b["type"] for b in sent[1]["content"]]
    assert kinds == ["thinking", "text", "server_tool_use", "text", "tool_use"]
