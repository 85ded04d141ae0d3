"""What a user's type checker sees. Checked by mypy --strict in test_public_types.py; never run."""

from typing import assert_type

import streamkit
from streamkit import ChatResponse, ToolCall, events


async def text() -> None:
    async with streamkit.Client(api_key={"openai": lambda: "key"}) as client:
        async with client.stream("openai:gpt", "Why?", temperature=0, stop="x") as stream:
            async for piece in stream.text:
                assert_type(piece, str)
            async for event in stream:
                match event:
                    case events.TextDelta(text=words, part=part):
                        assert_type(words, str)
                        assert_type(part, int)
                    case events.ToolCallReady(call=call):
                        assert_type(call, ToolCall)
                    case events.StreamEnded(outcome=outcome):
                        if outcome == "complete":
                            print(outcome)
            response = await stream.response()
        assert_type(response, ChatResponse)
        assert_type(response.text, str)
        assert_type(response.tool_calls, tuple[ToolCall, ...])
        history = [streamkit.Message.user("Why?"), response.message, streamkit.Message.user("And?")]
        await client.complete("openai:gpt", history, max_tokens=5)


def plain() -> None:
    with streamkit.sync.Client() as client, client.stream("local:smollm2", "Hi") as stream:
        for piece in stream.text:
            assert_type(piece, str)
        assert_type(stream.response(), ChatResponse)


async def wrong(client: streamkit.Client) -> None:
    client.stream("openai:gpt", "Why?", temprature=0)  # type: ignore[call-arg]
    client.stream("openai:gpt", "Why?", temperature="hot")  # type: ignore[arg-type]
    client.stream("openai:gpt", "Why?", tool_choice="sometimes")  # type: ignore[arg-type]
