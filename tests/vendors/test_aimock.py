"""aimock, a server by others that plays vendors, streams to us in all dialects that both speak.

It runs in node, from ``npm install`` in this folder. Source: https://github.com/CopilotKit/aimock
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import streamkit
from streamkit import Retry
from streamkit.errors import RateLimitError, StreamkitError
from streamkit.messages import Tool
from streamkit.sync import Client

PROGRAM = Path(__file__).parent / "node_modules/@copilotkit/aimock/dist/cli.js"

# Model ids, and what our base URL has behind the server's. Claude by Bedrock's InvokeModel is not
# here: aimock sends its events bare, where AWS wraps them as {"bytes": base64}.
DIALECTS = {
    "openai:gpt-4o": "/v1",
    "openai-responses:gpt-4o": "/v1",
    "azure:gpt-4o": "/openai/deployments/gpt-4o",
    "anthropic:claude-haiku-4-5": "",
    "gemini:gemini-2.5-pro": "/v1beta",
    "gemini-interactions:gemini-3-flash-preview": "/v1beta",
    "bedrock:us.amazon.nova-lite-v1:0": "",
    "cohere:command-a": "",
    "ollama:qwen3": "",
}

# The others' calls come whole, in one chunk.
IN_PIECES = [x for x in DIALECTS if not x.startswith(("gemini", "ollama"))]

# aimock tells no reasoning for Interactions, and the others' as text or in a field of its own.
WITH_REASONING = [x for x in DIALECTS if not x.startswith(("cohere", "ollama", "gemini-inter"))]

TEXT = "Grüß Gott 👋, one two three four five six seven eight nine ten."
REASONING = "Count them. All ten of them."
ARGUMENTS = {"city": "Orléans", "days": [1, 2], "note": 'so "called"'}
WEATHER = Tool(name="weather", parameters={"type": "object", "properties": {}})
TODAY = Tool(name="today", parameters={"type": "object", "properties": {}})

FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "say"}, "response": {"content": TEXT}},
    {
        "match": {"userMessage": "think"},
        "response": {"content": TEXT, "reasoning": REASONING},
    },
    {
        "match": {"userMessage": "call"},
        "response": {
            "toolCalls": [
                {"name": "weather", "arguments": json.dumps(ARGUMENTS, ensure_ascii=False)},
                {"name": "today", "arguments": "{}"},
            ]
        },
    },
    {
        "match": {"userMessage": "break off"},
        "response": {"content": TEXT},
        "truncateAfterChunks": 5,
    },
    {
        "match": {"userMessage": "hang up"},
        "response": {"content": TEXT},
        "latency": 40,
        "disconnectAfterMs": 300,
    },
    {
        "match": {"userMessage": "half a call"},
        "response": {"toolCalls": [{"name": "weather", "arguments": json.dumps(ARGUMENTS)}]},
        "truncateAfterChunks": 5,
    },
    {
        "match": {"userMessage": "fail"},
        "response": {
            "error": {"message": "Slow down", "type": "rate_limit_error"},
            "status": 429,
        },
    },
]


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of its own."""
    assert PROGRAM.exists(), f"run `npm install` in {PROGRAM.parents[4]}"
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    whole = [{"chunkSize": 6, **fixture} for fixture in FIXTURES]
    # The first that matches answers, and "call" is a part of "half a call".
    whole.sort(key=lambda x: -len(x["match"]["userMessage"]))
    fixtures.write_text(json.dumps({"fixtures": whole}))
    process = subprocess.Popen(
        ["node", PROGRAM, "--port", "0", "--fixtures", fixtures, "--strict"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"AIMOCK_REASONING_MODELS": "gpt-4o"},
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            yield next(
                found.group()
                for line in process.stdout
                if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
        finally:
            os.kill(process.pid, signal.SIGKILL)


@pytest.fixture(params=DIALECTS)
def model(request: pytest.FixtureRequest) -> str:
    return request.param


def places(aimock: str, model: str) -> dict[str, dict[str, str]]:
    """Where a client finds the dialect of this model."""
    prefix = model.partition(":")[0]
    return {"base_url": {prefix: aimock + DIALECTS[model]}, "api_key": {prefix: "sk-test"}}


def test_text_comes_whole(aimock: str, model: str) -> None:
    with Client(**places(aimock, model)) as client:
        with client.stream(model, "say") as stream:
            pieces = list(stream.text)
            answer = stream.snapshot
    assert "".join(pieces) == answer.text == TEXT
    assert len(pieces) > 5
    assert (answer.outcome, answer.finish_reason) == ("complete", "stop")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_text_comes_whole_to_an_event_loop(aimock: str, model: str, backend: str) -> None:
    async def main() -> str:
        async with streamkit.Client(**places(aimock, model)) as client:
            return (await client.complete(model, "say")).text

    assert anyio.run(main, backend=backend) == TEXT


def test_tool_calls_come_whole(aimock: str, model: str) -> None:
    with Client(**places(aimock, model)) as client:
        answer = client.complete(model, "call", tools=[WEATHER, TODAY])
    assert [(x.name, x.arguments) for x in answer.tool_calls] == [
        ("weather", ARGUMENTS),
        ("today", {}),
    ]
    assert answer.outcome == "complete"


@pytest.mark.parametrize("model", WITH_REASONING)
def test_reasoning_is_no_text(aimock: str, model: str) -> None:
    with Client(**places(aimock, model)) as client:
        answer = client.complete(model, "think")
    assert answer.text == TEXT
    assert answer.reasoning == REASONING


@pytest.mark.parametrize("fault", ["break off", "hang up"])
def test_a_broken_stream_is_never_complete(aimock: str, model: str, fault: str) -> None:
    with Client(**places(aimock, model), retry=Retry.never(), resume=False) as client:
        with client.stream(model, fault) as stream:
            with pytest.raises(StreamkitError):
                stream.response()
            assert stream.snapshot.outcome in ("truncated", "failed")
            assert TEXT.startswith(stream.snapshot.text)
            assert stream.snapshot.text != TEXT


@pytest.mark.parametrize("model", IN_PIECES)
def test_half_a_call_is_none(aimock: str, model: str) -> None:
    with Client(**places(aimock, model), retry=Retry.never(), resume=False) as client:
        with client.stream(model, "half a call", tools=[WEATHER]) as stream:
            with pytest.raises(StreamkitError):
                stream.response()
            assert stream.snapshot.tool_calls == ()


def test_a_rate_limit_is_told(aimock: str, model: str) -> None:
    with Client(**places(aimock, model), retry=Retry.never()) as client:
        with pytest.raises(RateLimitError, match="Slow down"):
            client.complete(model, "fail")
