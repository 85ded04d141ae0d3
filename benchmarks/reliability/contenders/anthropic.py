"""anthropic: https://docs.anthropic.com/en/api/client-sdks, helpers.md of anthropic-sdk-python."""

from __future__ import annotations

from anthropic import AsyncAnthropic, beta_async_tool

from benchmarks.reliability.contenders import MESSAGES, Call

HOW = "async with client.messages.stream(...) as stream: async for text in stream.text_stream"
CLOSING = "async with client.messages.stream(...)"
CALLS = "stream.get_final_message() and tool_runner(stream=True)"


def connect(url: str, key: str) -> AsyncAnthropic:
    return AsyncAnthropic(base_url=url, api_key=key)


async def stream(client: AsyncAnthropic, call: Call) -> None:
    request = client.messages.stream(model="claude-x", max_tokens=100, messages=MESSAGES)
    async with request as stream:
        async for text in stream.text_stream:
            if call.take(text):
                break
        else:
            call.finished((await stream.get_final_message()).stop_reason)
    await call.go_on()


break_closing = stream


async def break_loop(client: AsyncAnthropic, call: Call) -> None:
    stream = await client.messages.create(
        model="claude-x", max_tokens=100, messages=MESSAGES, stream=True
    )
    async for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":  # noqa: SIM102
            if call.take(event.delta.text):
                break
    await call.go_on()


async def tools(client: AsyncAnthropic, call: Call) -> None:
    """The tool runner, which streams, hands out each message and runs the tools in between."""

    @beta_async_tool
    async def delete_files(path: str = ".") -> str:
        """Delete the files below a path."""
        return call.delete_files(path)

    runner = client.beta.messages.tool_runner(
        model="claude-x", max_tokens=100, messages=MESSAGES, tools=[delete_files], stream=True
    )
    async for stream in runner:
        message = await stream.get_final_message()
        for block in message.content:
            if block.type == "tool_use":
                call.hand_out(block.name, block.input)
    call.finished(message.stop_reason)


def read_timeout(client: AsyncAnthropic) -> float | None:
    return getattr(client.timeout, "read", None)
