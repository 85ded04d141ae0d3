"""The adapter as a user meets it: found by prefix, pure, and silent about its key."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import httpx
import pytest

import streamkit_anthropic
from streamkit import sync
from streamkit.errors import AuthenticationError, ConfigurationError, OverloadedError
from streamkit.messages import ChatRequest, Message, ReasoningPart
from streamkit.testing import MemoryTransport, Tape, decode
from streamkit_anthropic import AnthropicMessages
from streamkit_anthropic.models import facts_of

RECORDINGS = Path(__file__).parent / "recordings"
SOURCES = sorted(Path(streamkit_anthropic.__file__).parent.glob("*.py"))
SSE = {"content-type": "text/event-stream"}


def client(transport: MemoryTransport, *adapters: AnthropicMessages) -> sync.Client:
    return sync.Client(http=httpx.Client(transport=transport), adapters=adapters)


def test_the_prefix_anthropic_finds_the_adapter_and_sends_the_key_as_x_api_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example/anthropic")
    transport = MemoryTransport(Tape((RECORDINGS / "text.sse").read_bytes()))
    with client(transport) as streams:
        response = streams.complete("anthropic:claude-haiku-4-5", "Why is the sky blue?")
    assert response.text == "The sky is blue – mostly. 🌤"
    (request,) = transport.requests
    assert str(request.url) == "https://gateway.example/anthropic/v1/messages"
    assert request.headers["x-api-key"] == "sk-ant-secret"
    assert "authorization" not in request.headers
    assert json.loads(request.content)["model"] == "claude-haiku-4-5"


def test_a_key_is_needed_at_anthropic_and_named_when_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with (
        client(MemoryTransport(Tape(b""))) as streams,
        pytest.raises(ConfigurationError, match="ANTHROPIC_API_KEY"),
    ):
        streams.complete("anthropic:claude-haiku-4-5", "hi")


def test_a_server_of_ones_own_needs_no_key_and_never_gets_the_one_for_anthropic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    transport = MemoryTransport(Tape((RECORDINGS / "text.sse").read_bytes()))
    local = AnthropicMessages(base_url="http://localhost:11434", name="mine")
    with client(transport, local) as streams:
        streams.complete("mine:qwen3", "hi")
    (request,) = transport.requests
    assert str(request.url) == "http://localhost:11434/v1/messages"
    assert "sk-ant-secret" not in str(request.headers.raw)


def test_no_key_is_ever_in_a_repr() -> None:
    adapter = AnthropicMessages(base_url="https://gateway.example", api_key="sk-ant-secret")
    assert "secret" not in repr(adapter) + repr(adapter.endpoint)
    assert adapter.endpoint.api_key == "sk-ant-secret"


def test_adapters_are_frozen_and_equal_by_value() -> None:
    assert AnthropicMessages(betas=("a",)) == AnthropicMessages(betas=("a",))
    with pytest.raises(AttributeError):
        AnthropicMessages().version = "x"  # type: ignore[misc]


def test_error_answers_are_told_apart() -> None:
    body = json.dumps(
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
            "request_id": "req_1",
        }
    ).encode()
    busy = decode(
        AnthropicMessages(),
        body,
        status=529,
        headers={"content-type": "application/json", "request-id": "req_1", "retry-after": "3"},
    ).error
    assert isinstance(busy, OverloadedError)
    assert "Overloaded" in busy.message
    assert (busy.code, busy.request_id, busy.retry_after) == ("overloaded_error", "req_1", 3.0)
    wrong = body.replace(b"overloaded_error", b"authentication_error")
    assert isinstance(decode(AnthropicMessages(), wrong, status=401).error, AuthenticationError)


def test_an_answer_goes_back_into_the_history_as_it_came() -> None:
    answer = decode(
        AnthropicMessages(), (RECORDINGS / "thinking_then_tools.sse").read_bytes(), headers=SSE
    ).response
    request = ChatRequest(
        model="claude-sonnet-4-6", messages=(Message.user("weather?"), answer.message)
    )
    sent = AnthropicMessages().request(request)
    assert sent.warnings == ()
    assert sent.body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Two calls are needed.", "signature": "EqQBCkYIARgC"},
        {"type": "text", "text": "Let me look."},
        {
            "type": "tool_use",
            "id": "toolu_01",
            "name": "weather",
            "input": {"city": "Paris"},
            "caller": {"type": "direct"},
        },
        {"type": "tool_use", "id": "toolu_02", "name": "today", "input": {}},
    ]


def test_the_vendors_own_blocks_go_back_byte_for_byte() -> None:
    body = (RECORDINGS / "web_search.sse").read_bytes()
    answer = decode(AnthropicMessages(), body, headers=SSE).response
    request = ChatRequest(model="claude-sonnet-4-6", messages=(Message.user("?"), answer.message))
    call, result, text = AnthropicMessages().request(request).body["messages"][1]["content"]
    assert call["input"] == {"query": "example"}
    assert result["content"][0]["encrypted_content"] == "Eo8B"
    assert text["citations"][0]["encrypted_index"] == "Eo4B"


def test_thinking_that_was_cut_never_goes_back() -> None:
    body = (RECORDINGS / "thinking_then_tools.sse").read_bytes()
    cut = body[: body.index(b"signature_delta")]
    answer = decode(AnthropicMessages(), cut, headers=SSE).response
    assert [p for p in answer.parts if isinstance(p, ReasoningPart)]
    assert not [p for p in answer.message.content if isinstance(p, ReasoningPart)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_the_package_does_no_input_or_output(path: Path) -> None:
    banned = {"httpx", "asyncio", "anyio", "time", "datetime", "random", "os", "threading"}
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module.partition(".")[0])
        assert not isinstance(node, ast.AsyncFunctionDef)
    assert not imported & banned


def test_requests_are_the_same_every_time_and_leave_their_input_alone() -> None:
    tool = {"type": "web_search_20260318", "name": "web_search"}
    request = ChatRequest(
        model="claude-haiku-4-5",
        messages=(Message.user("hi"), Message.assistant("well ")),
        reasoning_budget=2000,
        extra_body={"tools": [tool]},
    )
    before = request.model_dump()
    first, second = (AnthropicMessages().request(request) for _ in range(2))
    assert first == second
    assert request.model_dump() == before


@pytest.mark.parametrize(
    ("model", "prefill"),
    [
        ("claude-haiku-4-5", True),
        ("claude-opus-4-5@20251101", True),
        ("claude-sonnet-4-6", False),
        ("claude-opus-4-7", False),
        ("claude-fable-5-2", False),
        ("claude-novel-9", False),
        ("deepseek-chat", True),
    ],
)
def test_the_models_that_continue_a_prefix_are_known(model: str, prefill: bool) -> None:
    assert facts_of(model).prefill is prefill
