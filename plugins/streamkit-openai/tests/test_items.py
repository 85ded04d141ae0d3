"""Items of a server's own go back to that server, and to no other that speaks the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.adapter import Adapter, WireRequest
from streamkit.messages import ChatRequest, Message, ProviderItem
from streamkit.testing import decode
from streamkit_openai import OpenAIChat, OpenAIResponses

SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
RESPONSE: list[dict[str, Any]] = [
    {"type": "response.output_item.done", "output_index": 0, "item": SEARCH},
    {"type": "response.completed", "response": {"id": "r", "status": "completed"}},
]
FILE = {"type": "file", "file_id": "f1"}
CHAT: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "delta": {"content": [FILE]}, "finish_reason": "stop"}]}
]


def item_of(adapter: Adapter, events: list[dict[str, Any]]) -> ProviderItem:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    [item] = decode(adapter, body, headers={"content-type": "text/event-stream"}).response.parts
    assert isinstance(item, ProviderItem)
    return item


def sent_back(adapter: Adapter, item: ProviderItem) -> WireRequest:
    answer = Message(role="assistant", content=(item,))
    return adapter.request(ChatRequest(model="m", messages=(Message.user("Hi"), answer)))


@pytest.mark.parametrize("giver", ["openai-responses", "xai-responses"])
@pytest.mark.parametrize("taker", ["openai-responses", "xai-responses", "azure-responses"])
def test_an_item_of_a_response_names_its_server(giver: str, taker: str) -> None:
    item = item_of(OpenAIResponses(giver, base_url="https://a.example"), RESPONSE)
    assert item.dialect == giver
    wire = sent_back(OpenAIResponses(taker, base_url="https://b.example"), item)
    assert (SEARCH in wire.body["input"]) == (giver == taker)
    assert [warned.what for warned in wire.warnings] == ["provider_item"] * (giver != taker)


@pytest.mark.parametrize("giver", ["mistral-compat", "openrouter"])
@pytest.mark.parametrize("taker", ["mistral-compat", "openrouter"])
def test_an_item_of_a_chat_completion_names_its_server(giver: str, taker: str) -> None:
    item = item_of(OpenAIChat(giver, base_url="https://a.example"), CHAT)
    assert item.dialect == giver
    wire = sent_back(OpenAIChat(taker, base_url="https://b.example"), item)
    assert ("file_id" in json.dumps(wire.body)) == (giver == taker)
    assert [warned.what for warned in wire.warnings] == ["provider_item"] * (giver != taker)
