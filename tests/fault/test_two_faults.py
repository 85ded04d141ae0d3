"""Where two things go wrong at once, neither is lost."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import httpx
import pytest
import tenacity

import streamkit
import streamkit.sync
from streamkit import Retry, errors
from streamkit.chunks import Fault
from streamkit.testing import MemoryTransport, Tape
from tape_server import Answer, TapeServer
from wire import Wire, said, whole

from .readers import BACKENDS, run

each_backend = pytest.mark.parametrize("backend", BACKENDS)
AT_ONCE = Retry(wait=tenacity.wait_none())


def complete(backend: str, adapter: Wire, **arguments: Any) -> Any:
    if backend == "sync":
        with streamkit.sync.Client(adapters=[adapter], **arguments) as client:
            return client.complete("wire:any", "Hi")

    async def main() -> Any:
        async with streamkit.Client(adapters=[adapter], **arguments) as client:
            return await client.complete("wire:any", "Hi")

    return run(backend, main)


@each_backend
def test_the_faults_of_earlier_attempts_stand_behind_the_last(
    server: TapeServer, backend: str
) -> None:
    server.play(Answer(status=429), Answer(status=500), Answer(status=503), Answer(status=401))
    with pytest.raises(errors.AuthenticationError) as caught:
        complete(backend, Wire(server.url), retry=AT_ONCE)
    chain, error = [], caught.value.__context__
    while isinstance(error, errors.StreamkitError):
        chain.append(type(error))
        error = error.__context__
    assert chain == [errors.OverloadedError, errors.ServerError, errors.RateLimitError]


class _Broken(Wire):
    def fault(self, status: int, headers: Any, body: bytes) -> Fault:
        raise KeyError("defect")


@each_backend
def test_an_adapter_that_fails_on_a_vendors_error_hides_neither(
    server: TapeServer, backend: str
) -> None:
    server.play(Answer([b'{"error": {"message": "no such model"}}'], status=404))
    with pytest.raises(errors.ProtocolError, match="defect of the adapter") as caught:
        complete(backend, _Broken(server.url))
    assert caught.value.status == 404
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value.__context__, errors.NotFoundError)
    assert "no such model" in str(caught.value.__context__)


class _Stuck(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body whose closing fails."""

    def __init__(self) -> None:
        self._pieces = iter(said("Hel", "lo"))

    def __iter__(self) -> Any:
        return self._pieces

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        raise OSError("the close failed")

    async def aclose(self) -> None:
        raise OSError("the close failed")


class _StuckTransport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=_Stuck())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=_Stuck())


@each_backend
def test_a_close_that_fails_is_told_with_the_exception_of_the_consumer(backend: str) -> None:
    adapter = Wire("https://wire.invalid")

    async def main() -> None:
        async with httpx.AsyncClient(transport=_StuckTransport()) as http:
            async with streamkit.Client(adapters=[adapter], http=http) as client:
                async with client.stream("wire:any", "Hi") as stream:
                    async for _ in stream.text:
                        raise ZeroDivisionError("mine")

    def plain() -> None:
        with httpx.Client(transport=_StuckTransport()) as http:
            with streamkit.sync.Client(adapters=[adapter], http=http) as client:
                with client.stream("wire:any", "Hi") as stream:
                    for _ in stream.text:
                        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        plain() if backend == "sync" else run(backend, main)
    assert "the close failed" in "".join(caught.value.__notes__)


@each_backend
def test_the_client_closes_while_a_stream_is_read(server: TapeServer, backend: str) -> None:
    """By another task or thread: the reader is told so, the server sees the connection close."""
    server.play(Answer(said("Hel"), then="stall"))
    caught: list[errors.StreamkitError] = []

    async def read(client: streamkit.Client, begun: anyio.Event) -> None:
        async with client.stream("wire:any", "Hi") as stream:
            try:
                async for _ in stream.text:
                    begun.set()
            except errors.StreamkitError as error:
                caught.append(error)

    async def main() -> None:
        client, begun = streamkit.Client(adapters=[Wire(server.url)]), anyio.Event()
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(read, client, begun)
                await begun.wait()
                await client.aclose()
                await server.sees_the_client_go()

    def read_plain(client: streamkit.sync.Client, begun: threading.Event) -> None:
        with client.stream("wire:any", "Hi") as stream:
            try:
                for _ in stream.text:
                    begun.set()
            except errors.StreamkitError as error:
                caught.append(error)

    def plain() -> None:
        client, begun = streamkit.sync.Client(adapters=[Wire(server.url)]), threading.Event()
        thread = threading.Thread(target=read_plain, args=(client, begun))
        thread.start()
        assert begun.wait(5)
        client.close()
        server.waits_for_the_client_to_go()
        thread.join(5)

    plain() if backend == "sync" else run(backend, main)
    [error] = caught
    assert "the client was closed while this answer was read" in str(error)
    assert error.partial is not None
    assert error.partial.text == "Hel"


def test_a_stream_is_closed_by_another_thread(server: TapeServer) -> None:
    server.play(Answer(said("Hel"), then="stall"))
    with streamkit.sync.Client(adapters=[Wire(server.url)]) as client:
        stream = client.stream("wire:any", "Hi")
        words = stream.text
        assert next(words) == "Hel"
        closer = threading.Timer(0.1, stream.close)
        closer.start()
        with pytest.raises(errors.ConfigurationError, match="closed before its end"):
            next(words)
        server.waits_for_the_client_to_go()
        closer.join()


@each_backend
def test_a_stream_that_fails_in_an_exception_handler_keeps_what_was_being_handled(
    backend: str,
) -> None:
    def tapes() -> MemoryTransport:
        return MemoryTransport(Tape(b"".join(whole("Hi")[:-1])))

    async def main() -> None:
        async with httpx.AsyncClient(transport=tapes()) as http:
            async with streamkit.Client(adapters=[adapter], http=http, resume=False) as client:
                try:
                    raise LookupError("first")
                except LookupError:
                    await client.complete("wire:any", "Hi")

    def plain() -> None:
        with httpx.Client(transport=tapes()) as http:
            with streamkit.sync.Client(adapters=[adapter], http=http, resume=False) as client:
                try:
                    raise LookupError("first")
                except LookupError:
                    client.complete("wire:any", "Hi")

    adapter = Wire("https://wire.invalid")
    with pytest.raises(errors.TruncatedError) as caught:
        plain() if backend == "sync" else run(backend, main)
    found, error = [], caught.value.__context__
    while error is not None:
        found.append(str(error))
        error = error.__context__
    assert "first" in found
