"""A recorded background response that its server no longer streams is polled over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import streamkit
from streamkit import Retry
from streamkit.messages import ChatResponse
from streamkit_openai import OpenAIResponses
from tape_server import Answer, TapeServer

FOLDER = Path(__file__).parents[2] / "plugins/streamkit-openai/tests/responses_recordings"
TOLD = [x + b"\n\n" for x in (FOLDER / "background.sse").read_bytes().split(b"\n\n") if x]
WHOLE = json.loads(TOLD[-1].partition(b"data: ")[2])["response"] | {"object": "response"}
JSON = {"content-type": "application/json"}
PAUSE = 0.2
QUICK = Retry(wait=lambda _state: 0.0)
ASKED: dict[str, Any] = {"extra_body": {"background": True}}


@pytest.fixture
def server() -> Iterator[TapeServer]:
    tape_server = TapeServer()
    try:
        yield tape_server
    finally:
        tape_server.close()


def look(**fields: Any) -> Answer:
    return Answer([json.dumps(WHOLE | fields).encode()], headers=JSON, length="content-length")


def refusal(status: int, message: str) -> Answer:
    error = {"message": message, "type": "invalid_request_error"}
    return Answer([json.dumps({"error": error}).encode()], status, JSON, length="content-length")


LOOPS = {"asyncio": {}, "uvloop": {"use_uvloop": True}, "trio": {}}


def ask(line: str, url: str) -> ChatResponse:
    adapter = OpenAIResponses(base_url=url, api_key="k")
    if line == "sync":
        with streamkit.sync.Client(adapters=[adapter], retry=QUICK) as client:
            return client.complete("openai-responses:m", "Hi", **ASKED)

    async def asked() -> ChatResponse:
        async with streamkit.Client(adapters=[adapter], retry=QUICK) as client:
            return await client.complete("openai-responses:m", "Hi", **ASKED)

    backend = "trio" if line == "trio" else "asyncio"
    return anyio.run(asked, backend=backend, backend_options=LOOPS[line])


@pytest.mark.parametrize("line", ["sync", *LOOPS])
def test_it_is_looked_at_until_it_is_over(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("streamkit_openai.responses.adapter._POLL_EVERY", PAUSE)
    server.play(
        Answer(TOLD[:6], then="reset", ended=False),
        refusal(400, "This response can no longer be streamed because it is more than 5 min old"),
        look(status="queued", output=[], usage=None),
        look(status="in_progress", output=[], usage=None),
        look(),
    )
    begun = time.monotonic()
    answer = ask(line, server.url)
    assert (answer.outcome, answer.text) == ("complete", "In the background.")
    assert time.monotonic() - begun >= 2 * PAUSE
    paths = [request.path.partition("?")[0] for request in server.requests]
    assert paths == ["/responses", *["/responses/resp_1"] * 4]
    assert [request.method for request in server.requests] == ["POST", *["GET"] * 4]
    looks = {request.connection for request in server.requests[2:]}
    assert len(looks) == 1, "looks share a connection"
