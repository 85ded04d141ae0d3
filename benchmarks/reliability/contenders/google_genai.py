"""google-genai: https://googleapis.github.io/python-genai, Gemini's own dialect."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from google import genai
from google.genai.types import GenerateContentConfig, HttpOptions, HttpRetryOptions

from benchmarks.reliability.contenders import PROMPT, Call

HOW = "async for chunk in await client.aio.models.generate_content_stream(...)"
CLOSING = "contextlib.aclosing(await client.aio.models.generate_content_stream(...))"
CALLS = "automatic function calling runs them"
CALL_IN_PIECES = False
OPTION = "HttpOptions(retry_options=HttpRetryOptions())"
NOTE = "closing the client, await client.aio.aclose(), closes the connections of all its streams"


def connect(url: str, key: str) -> genai.Client:
    return genai.Client(api_key=key, http_options=HttpOptions(base_url=url))


def connect_with_option(url: str, key: str) -> genai.Client:
    options = HttpOptions(base_url=url, retry_options=HttpRetryOptions())
    return genai.Client(api_key=key, http_options=options)


async def _loop(stream: Any, call: Call) -> None:
    async for chunk in stream:
        call.finished(chunk.candidates[0].finish_reason if chunk.candidates else None)
        if call.take(chunk.text):
            break


async def stream(client: genai.Client, call: Call) -> None:
    models = client.aio.models
    stream = await models.generate_content_stream(model="gemini-x", contents=PROMPT)
    await _loop(stream, call)
    await call.go_on()


break_loop = stream


async def break_closing(client: genai.Client, call: Call) -> None:
    models = client.aio.models
    stream: Any = await models.generate_content_stream(model="gemini-x", contents=PROMPT)
    async with aclosing(stream):
        await _loop(stream, call)
    await call.go_on()


async def tools(client: genai.Client, call: Call) -> None:
    """Automatic function calling runs a Python function itself; in a chat, as is recommended."""

    def delete_files(path: str = ".") -> str:
        """Delete the files below a path."""
        return call.delete_files(path)

    config = GenerateContentConfig(tools=[delete_files])
    chat = client.aio.chats.create(model="gemini-x", config=config)
    await _loop(await chat.send_message_stream(PROMPT), call)


def read_timeout(client: genai.Client) -> float | None:
    timeout = client._api_client._http_options.timeout
    return None if timeout is None else timeout / 1000
