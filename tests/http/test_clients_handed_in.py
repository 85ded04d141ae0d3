"""HTTP clients that are handed in and cannot be used are refused, and the error says why."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from httpx_aiohttp import HttpxAiohttpClient

import streamkit
from streamkit import sync
from streamkit.errors import ConfigurationError
from tape_server import Answer, TapeServer
from wire import Wire, whole

ASYNC = [httpx.AsyncClient, httpx2.AsyncClient]
PLAIN = [httpx.Client, httpx2.Client]


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_http_client_is_no_async_one(kind: Callable[[], Any]) -> None:
    with kind() as http:
        with pytest.raises(ConfigurationError, match=r"Client\(\.\.\.\).*takes an httpx.AsyncCl"):
            streamkit.Client(http=http)
    gc.collect()  # what was never awaited would warn now


@pytest.mark.parametrize("kind", [*ASYNC, HttpxAiohttpClient])
def test_an_async_http_client_is_no_plain_one(kind: Callable[[], Any]) -> None:
    async def close() -> None:
        await http.aclose()

    http = kind()
    with pytest.raises(ConfigurationError, match=r"streamkit\.sync\.Client takes an httpx\.Client"):
        sync.Client(http=http)
    anyio.run(close)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ASYNC)
def test_a_closed_async_client_is_told_as_such(
    server: TapeServer, kind: Callable[[], Any], backend: str
) -> None:
    async def ask() -> None:
        async with kind() as http:
            client = streamkit.Client(adapters=[Wire(server.url)], http=http)
            assert (await client.complete("wire:any", "Hi")).text == "Hi"
        with pytest.raises(ConfigurationError, match=r"handed in with http=\.\.\. is closed"):
            await client.complete("wire:any", "Hi")

    server.play(Answer(whole("Hi")), Answer(whole("Hi")))
    anyio.run(ask, backend=backend)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", PLAIN)
def test_a_closed_plain_client_is_told_as_such(server: TapeServer, kind: Callable[[], Any]) -> None:
    server.play(Answer(whole("Hi")), Answer(whole("Hi")))
    with kind() as http:
        client = sync.Client(adapters=[Wire(server.url)], http=http)
        assert client.complete("wire:any", "Hi").text == "Hi"
    with pytest.raises(ConfigurationError, match=r"handed in with http=\.\.\. is closed"):
        client.complete("wire:any", "Hi")
    assert len(server.requests) == 1
