"""Tests of users replace the network below httpx; our own connections give way to them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import respx

import streamkit
from streamkit import sync
from tape_server import Answer, TapeServer
from wire import Wire, whole

pytestmark = pytest.mark.anyio

URL = "https://api.openai.com/v1/chat/completions"
BODY = b"".join(
    b"data: " + data + b"\n\n"
    for data in (
        json.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}).encode(),
        json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode(),
        b"[DONE]",
    )
)
HEADERS = {"content-type": "text/event-stream"}
KEY = {"openai": "k-123456"}


async def test_respx_answers_in_the_vendors_place() -> None:
    async with streamkit.Client(api_key=KEY) as client:
        with respx.mock:
            route = respx.post(URL).respond(200, headers=HEADERS, content=BODY)
            assert (await client.complete("openai:any", "Hello")).text == "Hi"
            assert route.call_count == 1


async def test_a_client_made_while_respx_stands_in_is_answered_by_it() -> None:
    with respx.mock:
        respx.post(URL).respond(200, headers=HEADERS, content=BODY)
        async with streamkit.Client(api_key=KEY) as client:
            assert (await client.complete("openai:any", "Hello")).text == "Hi"


def test_respx_answers_plain_code() -> None:
    with respx.mock:
        respx.post(URL).respond(200, headers=HEADERS, content=BODY)
        with sync.Client(api_key=KEY) as client:
            assert client.complete("openai:any", "Hello").text == "Hi"


def test_a_request_that_respx_does_not_know_goes_nowhere() -> None:
    with respx.mock, sync.Client(api_key=KEY) as client:
        with pytest.raises(streamkit.StreamkitError) as caught:
            client.complete("openai:any", "Hello")
    assert "not mocked" in repr(caught.value.__cause__)


def test_a_replaced_transport_of_httpx_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest-httpx does it."""

    def answer(_self: Any, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=HEADERS, content=BODY, request=request)

    with sync.Client(api_key=KEY) as client:
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
        assert client.complete("openai:any", "Hello").text == "Hi"


def test_a_replaced_client_of_httpx_is_heard(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Sentry's and Datadog's tracers do it."""
    asked: list[httpx.Request] = []
    send = httpx.Client.send

    def traced(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        asked.append(request)
        return send(client, request, **options)

    server.play(Answer(whole("Hi")))
    with sync.Client(adapters=[Wire(server.url)]) as client:
        monkeypatch.setattr(httpx.Client, "send", traced)
        assert client.complete("wire:any", "Hello").text == "Hi"
    assert [request.method for request in asked] == ["POST"]
