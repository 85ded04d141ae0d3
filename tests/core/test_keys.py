"""Keys that a callable returns, plain or async, and what can go wrong with them."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import streamkit
from streamkit import errors, sync
from streamkit._secrets import blotted
from streamkit.adapter import Endpoint
from tape_server import Answer, TapeServer
from wire import KEY, Wire, whole

BACKENDS = ["asyncio", "trio"]


def by_callable(server: TapeServer, key: Any, **fields: Any) -> dict[str, Any]:
    endpoint = Endpoint(base_url=server.url, **fields)
    return {"adapters": [Wire(endpoint=endpoint)], "api_key": {"wire": key}}


def ask(backend: str, client: dict[str, Any]) -> None:
    """One answer, from the async client on a backend or from the plain one."""

    async def asked() -> None:
        async with streamkit.Client(**client) as opened:
            await opened.complete("wire:any", "Hi")

    if backend == "plain":
        with sync.Client(**client) as opened:
            opened.complete("wire:any", "Hi")
    else:
        anyio.run(asked, backend=backend)


class Token:
    """An async callable that is no function, as credentials' providers may be."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> str:
        await anyio.sleep(0.001)
        self.asked += 1
        return f"token-{self.asked}"


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_async_callable_is_awaited_before_every_attempt(
    server: TapeServer, backend: str
) -> None:
    server.play(Answer(status=503, headers={"retry-after-ms": "1"}), Answer(whole("Hi")))
    ask(backend, by_callable(server, Token()))
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_other_tasks_run_while_a_key_is_awaited(server: TapeServer, backend: str) -> None:
    server.play(Answer(whole("Hi")))

    async def run() -> None:
        others = anyio.Event()

        async def token() -> str:
            await others.wait()
            return KEY

        async def other() -> None:
            others.set()

        client = streamkit.Client(**by_callable(server, token))
        with anyio.fail_after(20):
            async with client, anyio.create_task_group() as group:
                group.start_soon(client.complete, "wire:any", "Hi")
                group.start_soon(other)

    anyio.run(run, backend=backend)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stream_may_be_left_while_its_key_is_awaited(server: TapeServer, backend: str) -> None:
    async def run() -> None:
        async with streamkit.Client(**by_callable(server, anyio.sleep_forever)) as client:
            with anyio.move_on_after(0.05) as scope:
                await client.complete("wire:any", "Hi")
            assert scope.cancelled_caught

    anyio.run(run, backend=backend)
    assert server.requests == []


def test_plain_code_says_what_to_do_with_an_async_callable(server: TapeServer) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"async.*streamkit\.Client"):
        ask("plain", by_callable(server, Token()))
    gc.collect()  # a coroutine left alone would warn now
    assert server.requests == []


@pytest.mark.parametrize("key_required", [True, False])
@pytest.mark.parametrize("backend", ["plain", *BACKENDS])
@pytest.mark.parametrize(("key", "said"), [(None, "None"), ("", "an empty text")])
def test_a_callable_without_a_key_sends_nothing(
    server: TapeServer, backend: str, key: str | None, said: str, key_required: bool
) -> None:
    async def later() -> str | None:
        return key

    sources: list[Callable[[], Any]] = [lambda: key]
    sources += [] if backend == "plain" else [later]
    for source in sources:
        with pytest.raises(errors.ConfigurationError, match=f"api_key callable returned {said}"):
            ask(backend, by_callable(server, source, key_required=key_required))
    assert server.requests == []


def refused() -> str:
    raise PermissionError(f"AADSTS700016: no application 'me' (token {KEY})")


async def refused_later() -> str:
    return refused()


@pytest.mark.parametrize(
    ("backend", "source"),
    [("plain", refused), ("asyncio", refused), ("asyncio", refused_later), ("trio", refused_later)],
)
def test_a_callable_that_fails_is_quoted_without_its_secrets(
    server: TapeServer, backend: str, source: Callable[[], str | Awaitable[str]]
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        ask(backend, by_callable(server, source))
    said = str(caught.value)
    assert "api_key callable failed: PermissionError: AADSTS700016: no application 'me'" in said
    assert KEY not in said
    assert isinstance(caught.value.__cause__, PermissionError)
    assert not traceback.extract_tb(caught.value.__cause__.__traceback__)  # whose locals hold more
    assert server.requests == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Connection refused by login.example.com:443", None),
        ("no such file: /run/secrets/key", None),
        ("password=hunter is wrong", "password=[...] is wrong"),
        ("API-KEY: hunter2", "API-KEY:[...]"),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [...]"),
        ("GET https://vault.example/a?sig=q failed", "GET https://vault.example/a[...] failed"),
        (f"got '{KEY}'", "got '[...]'"),
        ("x " * 400, "x " * 100),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(said: str, shown: str | None) -> None:
    assert blotted(said) == (shown or said)
