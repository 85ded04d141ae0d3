"""pydantic-ai: https://ai.pydantic.dev/output/#streamed-results."""

from __future__ import annotations

from pydantic_ai import Agent, AgentRunResultEvent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.reliability.contenders import PROMPT, Call

HOW = "async with agent.run_stream(...) as result: async for text in result.stream_text(delta=True)"
CLOSING = "async with agent.run_stream(...)"
CALLS = "the agent runs them"
OPTION = "profile: openai_chat_streaming_requires_finish_reason=True"


def connect(url: str, key: str) -> OpenAIChatModel:
    return OpenAIChatModel("gpt-x", provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))


def connect_with_option(url: str, key: str) -> OpenAIChatModel:
    provider = OpenAIProvider(base_url=f"{url}/v1", api_key=key)
    profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return OpenAIChatModel("gpt-x", provider=provider, profile=profile)


async def stream(client: OpenAIChatModel, call: Call) -> None:
    async with Agent(client).run_stream(PROMPT) as result:
        async for text in result.stream_text(delta=True):
            if call.take(text):
                break
        call.finished(result.response.finish_reason)
    await call.go_on()


break_closing = stream


async def tools(client: OpenAIChatModel, call: Call) -> None:
    """An agent runs its tools itself."""
    agent = Agent(client, tools=[call.delete_files])
    async with agent.run_stream_events(PROMPT) as events:
        async for event in events:
            if isinstance(event, AgentRunResultEvent):
                call.take(event.result.output)


def read_timeout(client: OpenAIChatModel) -> float | None:
    return getattr(client.client.timeout, "read", None)
