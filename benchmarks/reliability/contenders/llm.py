"""llm: https://llm.datasette.io/en/stable/python-api.html#async-models."""

from __future__ import annotations

from llm.default_plugins.openai_models import AsyncChat

from benchmarks.reliability.contenders import PROMPT, Call

HOW = "async for chunk in model.prompt(...)"
CALLS = "model.chain(...) runs them"


def connect(url: str, key: str) -> AsyncChat:
    return AsyncChat("gpt-x", key=key, api_base=f"{url}/v1", supports_tools=True)


async def stream(client: AsyncChat, call: Call) -> None:
    response = client.prompt(PROMPT)
    async for text in response:
        if call.take(text):
            break
    else:
        call.finished((await response.json() or {}).get("finish_reason"))
    await call.go_on()


break_loop = stream


async def tools(client: AsyncChat, call: Call) -> None:
    """A chain runs its tools itself."""
    async for text in client.chain(PROMPT, tools=[call.delete_files]):
        call.take(text)


def read_timeout(client: AsyncChat) -> float | None:
    return getattr(client.get_client(None, async_=True).timeout, "read", None)
