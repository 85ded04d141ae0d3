"""The clients that are compared, each used as its own documentation shows.

A contender reads one stream and hands over the pieces of text as they come. It raises if it notices
that the answer is not whole. What it imports is imported when it is made.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

from benchmarks.dialects import CHAT, Dialect

KEY = "sk-benchmark"
PROMPT = "Why is the sky blue?"
MESSAGES: Any = [{"role": "user", "content": PROMPT}]


class Contender(Protocol):
    """One client. ``read`` yields the pieces of an answer; ``model`` names the stream."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None: ...

    def read(self, model: str) -> AsyncIterator[str]: ...


class CutError(Exception):
    """The end mark is missing."""


class Floor:
    """The least that reads a stream: httpx, split at blank lines, `json`, an end mark."""

    def __init__(self, url: str, scope: AsyncExitStack, dialect: Dialect = CHAT) -> None:
        import httpx

        self._url, self._dialect = url, dialect
        # Without limits, as its default of 100 connections would queue the streams.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(timeout=300, limits=limits, **self._transport())
        scope.push_async_callback(self._client.aclose)

    def _transport(self) -> dict[str, Any]:
        return {}

    async def read(self, model: str) -> AsyncIterator[str]:
        dialect = self._dialect
        url, words, separator = self._url + dialect.url(model), dialect.words, dialect.separator
        body = {"model": model, "messages": MESSAGES, "stream": True}
        headers = {"authorization": f"Bearer {KEY}", "accept-encoding": "identity"}
        ended, rest = False, b""
        async with self._client.stream("POST", url, json=body, headers=headers) as response:
            async for data in response.aiter_bytes():
                *events, rest = (rest + data).split(separator)
                for event in events:
                    if event == b"data: [DONE]":
                        continue
                    answer = json.loads(event[event.find(b"{") :])
                    text = words(answer)
                    if text:
                        yield text
                    elif dialect.ends(answer):
                        ended = True
        if not ended:
            raise CutError


class FloorAiohttp(Floor):
    """The floor over the ``httpx-aiohttp`` transport."""

    def _transport(self) -> dict[str, Any]:
        return {"transport": aiohttp_transport()}


class HttpxSse(Floor):
    """httpx with httpx-sse and `json`."""

    async def read(self, model: str) -> AsyncIterator[str]:
        from httpx_sse import aconnect_sse

        body = {"model": model, "messages": MESSAGES, "stream": True}
        headers = {"authorization": f"Bearer {KEY}"}
        ended = False
        url = self._url + CHAT.url(model)
        async with aconnect_sse(self._client, "POST", url, json=body, headers=headers) as source:
            async for event in source.aiter_sse():
                if event.data == "[DONE]":
                    ended = True
                    continue
                text = json.loads(event.data)["choices"][0]["delta"].get("content")
                if text:
                    yield text
        if not ended:
            raise CutError


def aiohttp_transport() -> Any:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    return AiohttpTransport(client=session)


class Streamkit:
    """streamkit with the adapter of each dialect."""

    def __init__(self, url: str, scope: AsyncExitStack, dialect: Dialect = CHAT) -> None:
        import streamkit

        self._prefix = dialect.prefix
        self._client = streamkit.Client(
            base_url={dialect.prefix: url + dialect.base},
            api_key={dialect.prefix: KEY},
            http=self._http(scope),
        )
        scope.push_async_callback(self._client.aclose)

    def _http(self, scope: AsyncExitStack) -> Any:
        del scope

    async def read(self, model: str) -> AsyncIterator[str]:
        async with self._client.stream(f"{self._prefix}:{model}", PROMPT) as stream:
            async for text in stream.text:
                yield text


class StreamkitEvents(Streamkit):
    """streamkit's events instead of its words alone."""

    async def read(self, model: str) -> AsyncIterator[str]:
        async with self._client.stream(f"{self._prefix}:{model}", PROMPT) as stream:
            async for event in stream:
                if event.type == "text.delta":
                    yield event.text


class StreamkitHttpx(Streamkit):
    """streamkit with an ``httpx.AsyncClient`` handed in."""

    def _http(self, scope: AsyncExitStack) -> Any:
        import httpx

        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        client = httpx.AsyncClient(limits=limits)
        scope.push_async_callback(client.aclose)
        return client


class StreamkitAiohttp(Streamkit):
    """streamkit with an ``httpx-aiohttp`` transport handed in."""

    def _http(self, scope: AsyncExitStack) -> Any:
        import httpx

        client = httpx.AsyncClient(transport=aiohttp_transport())
        scope.push_async_callback(client.aclose)
        return client


class OpenAI:
    """https://github.com/openai/openai-python#streaming-responses."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        scope.push_async_callback(self._client.close)

    async def read(self, model: str) -> AsyncIterator[str]:
        stream: Any = await self._client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True
        )
        async with stream:
            async for chunk in stream:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    yield text


class Anthropic:
    """https://docs.anthropic.com/en/api/client-sdks."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        from anthropic import AsyncAnthropic

        self._client = AsyncAnthropic(base_url=f"{url}/anthropic", api_key=KEY, max_retries=0)
        scope.push_async_callback(self._client.close)

    async def read(self, model: str) -> AsyncIterator[str]:
        request = self._client.messages.stream(model=model, max_tokens=100, messages=MESSAGES)
        async with request as stream:
            async for text in stream.text_stream:
                yield text


class LangChain:
    """https://docs.langchain.com/oss/python/langchain/models#stream."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        from langchain_openai import ChatOpenAI

        del scope
        self._model = ChatOpenAI
        self._fields: dict[str, Any] = {
            "base_url": f"{url}/v1",
            "api_key": KEY,
            "max_retries": 0,
            "stream_usage": False,
        }

    async def read(self, model: str) -> AsyncIterator[str]:
        async for chunk in self._model(model=model, **self._fields).astream(PROMPT):
            if text := chunk.text:
                yield text


class LiteLLM:
    """https://docs.litellm.ai/docs/completion/stream."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        import litellm

        del scope
        self._complete: Callable[..., Any] = litellm.acompletion
        self._fields = {"api_base": f"{url}/v1", "api_key": KEY, "max_retries": 0}

    async def read(self, model: str) -> AsyncIterator[str]:
        stream = await self._complete(
            model=f"openai/{model}", messages=MESSAGES, stream=True, **self._fields
        )
        async for chunk in stream:
            if text := chunk.choices[0].delta.content:
                yield text


class PydanticAI:
    """https://ai.pydantic.dev/output/#streamed-results."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        from pydantic_ai import Agent
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        del scope
        self._agent, self._model = Agent, OpenAIChatModel
        self._provider = OpenAIProvider(base_url=f"{url}/v1", api_key=KEY)

    async def read(self, model: str) -> AsyncIterator[str]:
        agent = self._agent(self._model(model, provider=self._provider))
        async with agent.run_stream(PROMPT) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                yield text


class AnyLLM:
    """https://docs.mozilla.ai/any-llm/quickstart."""

    def __init__(self, url: str, scope: AsyncExitStack) -> None:
        from any_llm import AnyLLM

        del scope
        self._llm = AnyLLM.create("openai", api_key=KEY, api_base=f"{url}/v1")

    async def read(self, model: str) -> AsyncIterator[str]:
        stream: Any = await self._llm.acompletion(model=model, messages=MESSAGES, stream=True)
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield text


OWN: dict[str, type[Contender]] = {
    "floor": Floor,
    "streamkit": Streamkit,
    "streamkit, events": StreamkitEvents,
    "streamkit, httpx": StreamkitHttpx,
    "httpx-sse + json": HttpxSse,
    "floor, aiohttp": FloorAiohttp,
    "streamkit, aiohttp": StreamkitAiohttp,
}
PEERS: dict[str, tuple[type[Contender], str]] = {
    # The newest of 2026-11-21 that could be installed.
    "openai": (OpenAI, "openai==3.54.0"),
    "anthropic": (Anthropic, "anthropic==2.12.0"),
    "langchain-openai": (LangChain, "langchain-openai==1.7.3"),
    "litellm": (LiteLLM, "litellm==1.106.2"),
    "pydantic-ai": (PydanticAI, "pydantic-ai-slim[openai]==2.68.0"),
    "any-llm": (AnyLLM, "any-llm-sdk[openai]==1.40.2"),
}
IMPORTS = {
    "floor": {
        "package": "import httpx, pydantic",
        "client": "from httpx import AsyncClient; from pydantic import BaseModel",
        "made": "from httpx import AsyncClient; from pydantic import BaseModel; AsyncClient()",
    },
    "streamkit": {
        "package": "import streamkit",
        "client": "from streamkit import Client",
        "made": "from streamkit import Client; Client()",
    },
    "openai": {"package": "import openai"},
    "anthropic": {"package": "import anthropic"},
    "langchain-openai": {"package": "import langchain_openai"},
    "litellm": {"package": "import litellm"},
    "pydantic-ai": {"package": "import pydantic_ai.models.openai"},
    "any-llm": {"package": "import any_llm.providers.openai"},
}
"""What a program has to say before it has the package, the client's name, and a client."""
