"""The async client as a user meets it, over real sockets, on every backend."""

from __future__ import annotations

import pytest

import streamkit
from streamkit import errors, events
from tests.core.tape_server import Answer, TapeServer
from tests.core.wire import DONE, STOP, Wire, said, whole


async def test_the_words_of_an_answer_come_as_text(server: TapeServer) -> None:
    server.play(Answer(whole("Old ", "silent ", "pond")))
    async with streamkit.Client(adapters=[Wire(server.url)]) as client:
        async with client.stream("wire:any", "Write a haiku") as stream:
            words = [text async for text in stream.text]
    assert words == ["Old ", "silent ", "pond"]


async def test_leaving_early_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("Hel", "lo"), then="stall"))
    async with streamkit.Client(adapters=[Wire(server.url)]) as client:
        async with client.stream("wire:any", "Hi") as stream:
            async for text in stream.text:
                assert text == "Hel"
                break
        await server.sees_the_client_go()
