"""What a delta costs, as counts that no slow machine changes. Raise a bound only with a reason."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import anyio
import httpx
import pytest

import streamkit
from benchmarks.dialects import DIALECTS
from benchmarks.wire import Shape
from streamkit.adapter import ResumeBy
from streamkit.testing import MemoryTransport, Tape, decode
from tape_server import Answer, TapeServer
from wire import DONE, STOP, Wire, said, whole

CHAT = (
    b'data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":%s}]}\n\n'
)


def chat(deltas: int) -> list[bytes]:
    end = CHAT % (b".", b'"stop"') + b"data: [DONE]\n\n"
    return [*(CHAT % (b" word", b"null") for _ in range(deltas)), end]


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Counts calls of this thread by name: ``"all"``, and those of built-in functions."""
    counts: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            counts["all"] += 1
        elif event == "c_call":
            counts["all"] += 1
            counts[arg.__name__] += 1

    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(None)


def _calls(run: Callable[[int], object]) -> float:
    """Function calls per delta: what 300 deltas more add."""
    run(10)
    totals = []
    for deltas in (100, 400):
        with _counted() as counts:
            run(deltas)
        totals.append(counts["all"])
    return (totals[1] - totals[0]) / 300


BOUNDS = {
    "chat completions": 30,
    "chat completions, padded": 34,
    "Responses": 31,
    "Anthropic": 44,
    "Gemini": 61,
    "Mistral": 57,
    "Cohere": 52,
    "Ollama": 45,
}


@pytest.mark.parametrize("name", DIALECTS)
def test_decoding_and_folding_a_delta_takes_few_calls(name: str) -> None:
    """Framing, JSON, decoder, draft and events, many deltas a read, as each vendor sends them."""
    dialect = DIALECTS[name]

    def run(deltas: int) -> None:
        shape = Shape(deltas, per_write=64)
        decoded = decode(
            f"{dialect.prefix}:any",
            bodies[deltas],
            headers={"content-type": dialect.content_type},
        )
        assert decoded.error is None
        assert decoded.response.text == shape.text

    bodies = {n: b"".join(dialect.writes(Shape(n, per_write=64))) for n in (10, 100, 400)}
    calls = _calls(run)
    assert calls <= BOUNDS[name]


async def _read(deltas: int, events_a_read: int) -> None:
    pieces = chat(deltas)
    body = b"".join(pieces)
    size = len(CHAT % (b" word", b"null")) * events_a_read
    transport = MemoryTransport(Tape(body, splits=size))
    async with httpx.AsyncClient(transport=transport) as http:
        client = streamkit.Client(http=http, api_key={"openai": "k"})
        async with client.stream("openai:any", "Hi") as stream:
            words = [text async for text in stream.text]
    assert len(words) >= deltas


@pytest.mark.parametrize(("events_a_read", "bound"), [(1, 87), (64, 46)])
def test_a_delta_takes_few_calls_from_transport_to_caller(events_a_read: int, bound: int) -> None:
    """All of the client, over a transport in memory whose own calls are among those counted."""
    calls = _calls(lambda deltas: asyncio.run(_read(deltas, events_a_read)))
    assert calls <= bound


# --- a call and a client --------------------------------------------------------------------------


def test_a_call_over_an_open_connection_takes_few_calls(server: TapeServer) -> None:
    """From the request to the end of an answer of two words, beside what each word takes."""
    server.play(Answer(whole("Hello ", "there")))

    async def ask(times: int) -> None:
        async with streamkit.Client(adapters=[Wire(server.url)]) as client:
            for _ in range(times):
                await client.complete("wire:any", "Hi")

    assert _calls(lambda times: asyncio.run(ask(times // 10))) * 10 <= 1750


def test_a_second_client_takes_few_calls() -> None:
    streamkit.Client()
    with _counted() as counts:
        streamkit.Client()
    assert counts["all"] <= 32  # of which twelve check what was handed in


# --- importing -----------------------------------------------------------------------------------


def _imported(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"httpx", "httpcore", "tenacity", "trio", "httpx_sse", "rich"}


def test_importing_streamkit_imports_no_library_and_no_plugin() -> None:
    modules = _imported("import streamkit")
    assert not modules & {*HEAVY, "pydantic", "anyio", "streamkit_openai"}
    assert len(modules - _imported("")) < 40


def test_importing_the_client_imports_no_http_client_and_no_plugin() -> None:
    unwanted = {*HEAVY, "streamkit_openai", "streamkit_anthropic"}
    limit = 1.15 * len(_imported("import httpx, pydantic"))
    modules = _imported("from streamkit import ChatRequest, Client, Retry, events")
    assert not modules & {*unwanted, "asyncio", "anyio", "pluggy", "email"}
    assert len(modules) <= 0.75 * limit
    modules = _imported("from streamkit import ChatRequest, Client, Retry, events, sync")
    assert not modules & unwanted
    assert len(modules) <= limit


def test_importing_the_client_builds_no_validator() -> None:
    """The models' schemas, dear to build, are built with the first request."""
    built = "[x for x in vars(m).values() if getattr(x, '__pydantic_complete__', False)]"
    _imported(f"from streamkit import Client, messages as m\nassert not {built}, {built}")


def test_every_public_name_can_be_had_without_importing_its_module_first() -> None:
    _imported("import streamkit\nfor name in dir(streamkit): getattr(streamkit, name)")


# --- connections ---------------------------------------------------------------------------------


async def test_155_calls_in_a_row_use_one_connection(server: TapeServer) -> None:
    server.play(Answer(whole("Hello")))
    async with streamkit.Client(adapters=[Wire(server.url)]) as client:
        for _ in range(155):
            assert (await client.complete("wire:any", "Hi")).text == "Hello"
    assert server.connections == 1


def test_155_calls_in_a_row_use_one_connection_in_plain_code(server: TapeServer) -> None:
    server.play(Answer(whole("Hello")))
    with streamkit.sync.Client(adapters=[Wire(server.url)]) as client:
        for _ in range(155):
            assert client.complete("wire:any", "Hi").text == "Hello"
    assert server.connections == 1


async def test_a_dead_connection_is_replaced_and_the_living_one_kept(server: TapeServer) -> None:
    """The server closes behind the back of its client, which opens one more and keeps that."""
    server.play(Answer(whole("a"), then="vanish"), Answer(whole("b")))
    async with streamkit.Client(adapters=[Wire(server.url)]) as client:
        await client.complete("wire:any", "Hi")
        await anyio.sleep(0.1)
        for _ in range(5):
            assert (await client.complete("wire:any", "Hi")).text == "b"
    assert server.connections == 2


def test_one_tls_context_serves_the_process_and_none_is_made_before_https(
    server: TapeServer,
) -> None:
    from streamkit._http._dial import tls

    tls.cache_clear()
    server.play(Answer(whole("Hello")))
    for _ in range(2):
        with streamkit.sync.Client(adapters=[Wire(server.url)]) as client:
            client.complete("wire:any", "Hi")
    assert tls.cache_info().misses == 0
    for _ in range(2):
        adapter = Wire(server.url.replace("http:", "https:"))
        with (
            streamkit.sync.Client(adapters=[adapter], retry=streamkit.Retry.never()) as client,
            pytest.raises(streamkit.errors.ConnectError),
        ):
            client.complete("wire:any", "Hi")
    assert tls.cache_info().misses == 1


# --- waking up -----------------------------------------------------------------------------------


async def _paced(url: str) -> None:
    async with (
        streamkit.Client(adapters=[Wire(url)]) as client,
        client.stream("wire:any", "Hi") as stream,
    ):
        async for _ in stream.text:
            pass


async def _bare(url: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"POST / HTTP/1.1\r\nconnection: close\r\n\r\n")
    while await reader.read(65536):
        pass
    writer.close()


def _waits(
    server: TapeServer, run: Callable[[str], object], deltas: int = 100, pace: float = 0.004
) -> Counter[str]:
    """What ``run`` asks of the event loop and the kernel, a delta; those are ``pace`` s apart."""
    pieces = [x for piece in said(*[" word"] * deltas) for x in (piece, pace)]
    server.play(Answer([*pieces, STOP, DONE], then="close"))
    with _counted() as counts:
        run(server.url)
    return Counter({name: count / deltas for name, count in counts.items()})


def test_a_delta_at_a_persons_pace_wakes_the_loop_no_more_than_the_transport_does(
    server: TapeServer,
) -> None:
    """On asyncio: turns of the loop, and orders to the kernel of what to watch."""

    least = _waits(server, lambda url: asyncio.run(_bare(url)))
    seen = _waits(server, lambda url: asyncio.run(_paced(url)))
    assert least["poll"] >= 1
    assert seen["poll"] <= least["poll"] * 1.1 + 0.2
    assert seen["register"] + seen["modify"] + seen["unregister"] <= 0.3


@dataclass(frozen=True)
class Prefixed(Wire):
    """The wire dialect of a model that can be gone on with, so that last words are held back."""

    def resume_by(self, request: streamkit.ChatRequest) -> tuple[ResumeBy, ...]:
        return (ResumeBy("prefix", "tests"),)


def test_a_word_that_is_held_back_wakes_the_loop_only_if_the_next_is_late(
    server: TapeServer,
) -> None:
    """Each word waits for at most 150 ms, and the next comes after 100."""

    async def read(adapter: Wire) -> None:
        async with (
            streamkit.Client(adapters=[adapter]) as client,
            client.stream("wire:any", "Hi") as stream,
        ):
            async for _ in stream:
                pass

    plain = _waits(server, lambda url: asyncio.run(read(Wire(url))), deltas=12, pace=0.1)
    held = _waits(server, lambda url: asyncio.run(read(Prefixed(url))), deltas=12, pace=0.1)
    assert held["poll"] <= plain["poll"] + 0.4  # once for each delta, if a timer fired


def test_a_client_outlives_the_event_loop_it_was_used_on(server: TapeServer) -> None:
    """As in a notebook, or a script with one ``asyncio.run`` for each question."""
    server.play(Answer(whole("Hello")))
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        # What the program left open on an ended loop, asyncio itself complains of.
        client = streamkit.Client(adapters=[Wire(server.url)])
        for _ in range(3):
            assert asyncio.run(client.complete("wire:any", "Hi")).text == "Hello"
        asyncio.run(client.aclose())
        del client
        gc.collect()
