"""litellm: https://docs.litellm.ai/docs/completion/stream."""

from __future__ import annotations

from typing import Any

import litellm

from benchmarks.reliability.contenders import MESSAGES, TOOLS, Call

HOW = "response = await litellm.acompletion(stream=True); async for chunk in response"
CLOSING = "await response.aclose()"
CALLS = "litellm.stream_chunk_builder(chunks)"
NOTE = "tools= needs the extra mcp: without it the call fails with ModuleNotFoundError"


def connect(url: str, key: str) -> dict[str, str]:
    """The library keeps its HTTP clients itself."""
    return {"model": "openai/gpt-x", "api_base": f"{url}/v1", "api_key": key}


async def _loop(response: Any, call: Call) -> None:
    async for chunk in response:
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        call.finished(choice.finish_reason)
        if call.take(choice.delta.content):
            break


async def stream(client: dict[str, Any], call: Call) -> None:
    response = await litellm.acompletion(**client, messages=MESSAGES, stream=True)
    await _loop(response, call)
    await call.go_on()


break_loop = stream


async def break_closing(client: dict[str, Any], call: Call) -> None:
    response: Any = await litellm.acompletion(**client, messages=MESSAGES, stream=True)
    try:
        await _loop(response, call)
    finally:
        await response.aclose()
    await call.go_on()


async def tools(client: dict[str, Any], call: Call) -> None:
    response = await litellm.acompletion(**client, messages=MESSAGES, tools=TOOLS, stream=True)
    chunks = [chunk async for chunk in response]
    built: Any = litellm.stream_chunk_builder(chunks, messages=MESSAGES)
    (choice,) = built.choices
    call.finished(choice.finish_reason)
    for tool in choice.message.tool_calls or []:
        call.hand_out(tool.function.name, tool.function.arguments)


def read_timeout(client: dict[str, Any]) -> float | None:
    del client
    return litellm.constants.COMPLETION_HTTP_FALLBACK_SECONDS
