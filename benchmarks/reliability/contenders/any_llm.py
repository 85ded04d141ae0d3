"""any-llm: https://docs.mozilla.ai/any-llm/quickstart, streaming with a client of one's own."""

from __future__ import annotations

from typing import Any

from any_llm import AnyLLM

from benchmarks.reliability.contenders import MESSAGES, TOOLS, Call

HOW = "stream = await llm.acompletion(stream=True); async for chunk in stream"
CLOSING = "await stream.aclose()"
CALLS = None


def connect(url: str, key: str) -> AnyLLM:
    return AnyLLM.create("openai", api_key=key, api_base=f"{url}/v1")


async def _loop(stream: Any, call: Call) -> None:
    async for chunk in stream:
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        call.finished(choice.finish_reason)
        if call.take(choice.delta.content):
            break


async def stream(client: AnyLLM, call: Call) -> None:
    stream = await client.acompletion(model="gpt-x", messages=MESSAGES, stream=True)
    await _loop(stream, call)
    await call.go_on()


break_loop = stream


async def break_closing(client: AnyLLM, call: Call) -> None:
    stream: Any = await client.acompletion(model="gpt-x", messages=MESSAGES, stream=True)
    try:
        await _loop(stream, call)
    finally:
        await stream.aclose()
    await call.go_on()


async def tools(client: AnyLLM, call: Call) -> None:
    """The API gives the deltas of a call and no finished calls: nothing can be handed out."""
    stream = await client.acompletion(model="gpt-x", messages=MESSAGES, tools=TOOLS, stream=True)
    await _loop(stream, call)


def read_timeout(client: Any) -> float | None:
    return getattr(client.client.timeout, "read", None)
