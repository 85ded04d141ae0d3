"""langchain-openai: https://docs.langchain.com/oss/python/langchain/models#stream."""

from __future__ import annotations

from contextlib import aclosing

from langchain_openai import ChatOpenAI

from benchmarks.reliability.contenders import PROMPT, TOOLS, Call

HOW = "async for chunk in model.astream(...)"
CLOSING = "contextlib.aclosing(model.astream(...))"
CALLS = "the sum of the chunks .tool_calls"


def connect(url: str, key: str) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-x", base_url=f"{url}/v1", api_key=key)


async def stream(client: ChatOpenAI, call: Call) -> None:
    stream = client.astream(PROMPT)
    async for chunk in stream:
        call.finished(chunk.response_metadata.get("finish_reason"))
        if call.take(chunk.text):
            break
    await call.go_on()


break_loop = stream


async def break_closing(client: ChatOpenAI, call: Call) -> None:
    async with aclosing(client.astream(PROMPT)) as stream:
        async for chunk in stream:
            if call.take(chunk.text):
                break
    await call.go_on()


async def tools(client: ChatOpenAI, call: Call) -> None:
    """Adding the chunks up is the documented way to the parsed calls."""
    gathered = None
    async for chunk in client.bind_tools(TOOLS).astream(PROMPT):
        gathered = chunk if gathered is None else gathered + chunk
    assert gathered is not None
    call.finished(gathered.response_metadata.get("finish_reason"))
    for tool in gathered.tool_calls:
        call.hand_out(tool["name"], tool["args"])


def read_timeout(client: ChatOpenAI) -> float | None:
    return client.stream_chunk_timeout
