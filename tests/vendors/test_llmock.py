"""llmock, a server by others that plays vendors and breaks on demand, and what it thinks of us.

Its ``llmock`` fixture runs a real server; its verdict grades how a client met the faults.
Source: https://github.com/JulienRabault/LLMock
"""

from __future__ import annotations

import anyio
import pytest
from llmock.pytest_plugin import LLMock
from tenacity import stop_after_attempt

import streamkit
from streamkit import Retry
from streamkit.errors import AuthenticationError, RateLimitError, StreamkitError
from streamkit.messages import Tool
from streamkit.sync import Client

# Model ids, llmock's name for the vendor, and what our base URL has behind its.
DIALECTS = {
    "openai:gpt-4o": ("openai", ""),
    "openai-responses:gpt-4o": ("openai", ""),
    "anthropic:claude-haiku-4-5": ("anthropic", ""),
    "gemini:gemini-2.5-pro": ("gemini", "/v1beta"),
    "cohere:command-a": ("cohere", ""),
    "mistral:mistral-small-latest": ("mistral", ""),
    "groq:llama-3.3-70b": ("groq", ""),
    "together:llama-3.3-70b": ("together", ""),
    "perplexity:sonar": ("perplexity", ""),
    "xai:grok-4": ("xai", ""),
}

# llmock tells usage only when asked to; these vendors tell it always, and so are not asked.
UNASKED = ("mistral:mistral-small-latest", "perplexity:sonar")

# Where llmock sends a call in pieces: Gemini and Mistral send it whole, Perplexity has no tools.
IN_PIECES = [x for x in DIALECTS if not x.startswith(("gemini", "mistral", "perplexity"))]

WORDS = "One two three four five six seven eight nine ten."
WEATHER = Tool(
    name="weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
ARGUMENTS = {"city": "Orléans", "days": 3, "hourly": [True, None]}


@pytest.fixture(params=DIALECTS)
def model(request: pytest.FixtureRequest) -> str:
    return request.param


def places(llmock: LLMock, model: str) -> dict[str, dict[str, str]]:
    """Where a client finds the dialect of this model."""
    prefix, (vendor, path) = model.partition(":")[0], DIALECTS[model]
    return {"base_url": {prefix: llmock.base_url(vendor) + path}, "api_key": {prefix: "sk-test"}}


def test_text_comes_whole(llmock: LLMock, model: str) -> None:
    llmock.reply(WORDS)
    with Client(**places(llmock, model)) as client:
        answer = client.complete(model, "Count.")
    assert answer.text == WORDS
    assert (answer.outcome, answer.finish_reason) == ("complete", "stop")
    if model not in UNASKED:
        assert answer.usage is not None
        assert answer.usage.input_tokens
        assert answer.usage.output_tokens
    llmock.assert_resilient(strict=True)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_text_comes_piece_by_piece_to_an_event_loop(
    llmock: LLMock, model: str, backend: str
) -> None:
    async def main() -> list[str]:
        async with streamkit.Client(**places(llmock, model), resume=False) as client:
            async with client.stream(model, "Count.") as stream:
                return [text async for text in stream.text]

    llmock.reply(WORDS)
    pieces = anyio.run(main, backend=backend)
    assert "".join(pieces) == WORDS
    assert len(pieces) > 5


def test_a_tool_call_comes_whole(llmock: LLMock, model: str) -> None:
    llmock.call_tool("weather", ARGUMENTS)
    with Client(**places(llmock, model)) as client:
        answer = client.complete(model, "How is it?", tools=[WEATHER])
    (call,) = answer.tool_calls
    assert (call.name, call.arguments) == ("weather", ARGUMENTS)


@pytest.mark.parametrize("model", IN_PIECES)
def test_arguments_that_are_no_json_make_no_call(llmock: LLMock, model: str) -> None:
    llmock.call_tool("weather", ARGUMENTS).break_tool_call("malformed_arguments")
    with Client(**places(llmock, model)) as client:
        answer = client.complete(model, "How is it?", tools=[WEATHER])
    assert answer.tool_calls == ()
    assert [x.reason for x in answer.incomplete_tool_calls] == ["not_json"]


@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
@pytest.mark.parametrize("after", [1, 4])
def test_a_broken_stream_is_never_complete(
    llmock: LLMock, model: str, fault: str, after: int
) -> None:
    llmock.reply(WORDS)
    getattr(llmock, fault)(after_chunks=after)
    with Client(**places(llmock, model), retry=Retry.never(), resume=False) as client:
        with client.stream(model, "Count.") as stream:
            with pytest.raises(StreamkitError):
                stream.response()
            assert stream.snapshot.outcome in ("truncated", "failed")
            assert WORDS.startswith(stream.snapshot.text)
            assert stream.snapshot.text != WORDS


@pytest.mark.parametrize("model", IN_PIECES)
@pytest.mark.parametrize("fault", ["truncate", "disconnect"])
def test_half_a_call_is_none(llmock: LLMock, model: str, fault: str) -> None:
    llmock.call_tool("weather", ARGUMENTS)
    getattr(llmock, fault)(after_chunks=3)
    with Client(**places(llmock, model), retry=Retry.never(), resume=False) as client:
        with client.stream(model, "How is it?", tools=[WEATHER]) as stream:
            with pytest.raises(StreamkitError):
                stream.response()
            assert stream.snapshot.tool_calls == ()


@pytest.mark.parametrize("fault", ["truncate", "disconnect"])
def test_a_broken_answer_goes_on_to_its_end(llmock: LLMock, model: str, fault: str) -> None:
    """The text is the whole one, once, although the server begins anew when asked to go on."""
    llmock.reply(WORDS, times=None)
    getattr(llmock, fault)(after_chunks=4)
    with Client(**places(llmock, model)) as client:
        with client.stream(model, "Count.") as stream:
            assert "".join(stream.text) == WORDS
    assert len(llmock.requests) == 2  # llmock's verdict knows no way to go on but the same request


def test_a_rate_limit_is_waited_out(llmock: LLMock, model: str) -> None:
    llmock.rate_limit(times=2, retry_after=0.1).reply(WORDS)
    with Client(**places(llmock, model)) as client:
        assert client.complete(model, "Count.").text == WORDS
    assert len(llmock.requests) == 3
    llmock.assert_resilient()


def test_a_refused_key_is_not_tried_again(llmock: LLMock, model: str) -> None:
    llmock.fail(401, times=None)
    with Client(**places(llmock, model)) as client, pytest.raises(AuthenticationError):
        client.complete(model, "Count.")
    assert len(llmock.requests) == 1


def test_a_quota_that_stays_used_up_is_an_error(llmock: LLMock, model: str) -> None:
    llmock.rate_limit(times=None, retry_after=0.02)
    with Client(**places(llmock, model), retry=Retry(stop=stop_after_attempt(2))) as client:
        with pytest.raises(RateLimitError):
            client.complete(model, "Count.")
    llmock.assert_resilient()
