"""streamkit: https://pypi.org/project/streamkit-core, with its own adapter."""

from __future__ import annotations

import streamkit
from benchmarks.reliability.contenders import FUNCTION, PROMPT, Call
from streamkit.events import Interrupted, TextDelta, ToolCallReady

HOW = "async with client.stream(...) as stream: async for event in stream"
CLOSING = "async with client.stream(...)"
CALLS = "ToolCallReady events"
MODEL = "openai:gpt-x"


def connect(url: str, key: str) -> streamkit.Client:
    return streamkit.Client(base_url={"openai": f"{url}/v1"}, api_key={"openai": key})


async def _loop(stream: streamkit.Stream, call: Call) -> None:
    async for event in stream:
        match event:
            case TextDelta() if call.take(event.text):
                break
            case Interrupted():
                call.told.append(f"Interrupted, again in {event.retry_in:.1f} s")
            case _:
                pass
    call.finished(stream.snapshot.finish_reason)


async def stream(client: streamkit.Client, call: Call) -> None:
    async with client.stream(MODEL, PROMPT) as stream:
        await _loop(stream, call)
    await call.go_on()


break_closing = stream


async def break_loop(client: streamkit.Client, call: Call) -> None:
    stream = client.stream(MODEL, PROMPT)
    await _loop(stream, call)
    await call.go_on()
    await stream.aclose()


async def tools(client: streamkit.Client, call: Call) -> None:
    tool = streamkit.Tool.model_validate(FUNCTION)
    async with client.stream(MODEL, PROMPT, tools=[tool]) as stream:
        async for event in stream:
            match event:
                case ToolCallReady():
                    call.hand_out(event.call.name, event.call.arguments)
                case TextDelta():
                    call.take(event.text)
                case _:
                    pass
        call.finished(stream.snapshot.finish_reason)


def read_timeout(client: streamkit.Client) -> float | None:
    del client
    return streamkit.Timeouts().no_bytes
