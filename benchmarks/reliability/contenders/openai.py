"""openai: https://github.com/openai/openai-python#streaming-responses."""

from __future__ import annotations

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from benchmarks.reliability.contenders import MESSAGES, TOOLS, Call

HOW = "stream = await client.chat.completions.create(stream=True); async for chunk in stream"
CLOSING = "async with stream"
CALLS = "client.chat.completions.stream(...).get_final_completion()"


def connect(url: str, key: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{url}/v1", api_key=key)


def _take(chunk: ChatCompletionChunk, call: Call) -> bool:
    if not chunk.choices:
        return False
    choice = chunk.choices[0]
    call.finished(choice.finish_reason)
    return call.take(choice.delta.content)


async def stream(client: AsyncOpenAI, call: Call) -> None:
    stream = await client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True)
    async for chunk in stream:
        if _take(chunk, call):
            break
    await call.go_on()


break_loop = stream


async def break_closing(client: AsyncOpenAI, call: Call) -> None:
    stream = await client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True)
    async with stream:
        async for chunk in stream:
            if _take(chunk, call):
                break
    await call.go_on()


async def tools(client: AsyncOpenAI, call: Call) -> None:
    """The streaming helper, which assembles the calls: helpers.md, 'Streaming Helpers'."""
    helper = client.chat.completions.stream(model="gpt-x", messages=MESSAGES, tools=TOOLS)
    async with helper as stream:
        completion = await stream.get_final_completion()
    (choice,) = completion.choices
    call.finished(choice.finish_reason)
    for tool in choice.message.tool_calls or []:
        call.hand_out(tool.function.name, tool.function.arguments)


def read_timeout(client: AsyncOpenAI) -> float | None:
    return getattr(client.timeout, "read", None)
