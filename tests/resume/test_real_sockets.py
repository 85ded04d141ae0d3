"""A word that waits is shown in time on real sockets, and the read that was asked again goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

import streamkit
from streamkit._joint import HELD_SECONDS
from tape_server import Answer, TapeServer
from tests.resume.going import Going
from wire import DONE, STOP, said

SILENCE = 0.6
LATEST = SILENCE - 0.1
"""Behind the 150 ms, for a busy machine, and before what comes next."""


@pytest.fixture
def server() -> Iterator[TapeServer]:
    tape_server = TapeServer()
    try:
        yield tape_server
    finally:
        tape_server.close()


LOOPS = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.mark.parametrize("line", ["sync", *LOOPS])
def test_a_silent_line_shows_the_word_that_waits_and_is_read_on(
    server: TapeServer, line: str
) -> None:
    words = said("One", " two", " three")
    server.play(Answer([*words[:2], SILENCE, words[2], SILENCE, STOP, DONE]))
    seen: list[tuple[str, float]] = []
    begun = time.monotonic()

    def note(event: Any) -> None:
        if event.type == "text.delta":
            seen.append((event.text, time.monotonic() - begun))

    async def asked() -> None:
        async with streamkit.Client(adapters=[Going(base_url=server.url)]) as client:
            async with client.stream("wire:any", "Hi") as stream:
                async for event in stream:
                    note(event)

    if line == "sync":
        with streamkit.sync.Client(adapters=[Going(base_url=server.url)]) as client:
            with client.stream("wire:any", "Hi") as stream:
                for event in stream:
                    note(event)
    else:
        backend, options = LOOPS[line]
        anyio.run(asked, backend=backend, backend_options=options)
    assert [text for text, _ in seen] == ["One", " two", " three"]
    first, second, third = (moment for _, moment in seen)
    # Not before their time, which a busy machine may note late for the first of them.
    assert second > HELD_SECONDS
    assert third > SILENCE + HELD_SECONDS
    assert second - first < LATEST
    assert third - first < SILENCE + LATEST
    assert len(server.requests) == 1
