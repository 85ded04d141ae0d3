"""Requests that are signed rather than sent with a key, and hosts named after the environment."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import anyio
import pytest

import streamkit
from streamkit import errors
from streamkit.adapter import Endpoint, Unsigned
from streamkit.sync import Client
from tape_server import Answer, TapeServer
from wire import Wire, frame, whole

SIGNATURE = "signed-3f1c9e"


def signed(request: Unsigned) -> Mapping[str, str]:
    """A signature of everything, as AWS's is."""
    whole = f"{request.method} {request.url} {request.headers['x-dialect']}".encode()
    digest = hashlib.sha256(whole + request.content).hexdigest()
    return {"Authorization": f"AWS4 {SIGNATURE}, Signature={digest}", "X-Date": "today"}


def broken(request: Unsigned) -> Mapping[str, str]:
    raise RuntimeError(SIGNATURE + request.url)


def without_credentials(request: Unsigned) -> Mapping[str, str]:
    raise errors.ConfigurationError("there are no credentials")


def signing(server: TapeServer, signer: Any = signed, **changes: Any) -> Wire:
    fields = {"base_url": server.url, "key_required": False, "signer": signer, **changes}
    return Wire(endpoint=Endpoint(**fields))


def expected(server: TapeServer) -> list[str]:
    return [
        signed(Unsigned("POST", server.url + r.path, {"x-dialect": "wire"}, r.body))[
            "Authorization"
        ]
        for r in server.requests
    ]


def test_every_attempt_is_signed_over_what_is_sent(server: TapeServer) -> None:
    server.play(Answer([], status=503), Answer(whole("Hi")))
    with Client(adapters=[signing(server)]) as client:
        assert client.complete("wire:any", "Hi").text == "Hi"
    assert len(server.requests) == 2
    assert [r.headers["authorization"] for r in server.requests] == expected(server)
    assert server.requests[0].headers["x-date"] == "today"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_signing_may_block_and_does_not_block_the_event_loop(
    server: TapeServer, backend: str
) -> None:
    threads: list[threading.Thread] = []

    def slow(request: Unsigned) -> Mapping[str, str]:
        threads.append(threading.current_thread())
        return signed(request)

    async def ask() -> None:
        async with streamkit.Client(adapters=[signing(server, slow)]) as client:
            assert (await client.complete("wire:any", "Hi")).text == "Hi"

    server.play(Answer(whole("Hi")))
    anyio.run(ask, backend=backend)
    assert [r.headers["authorization"] for r in server.requests] == expected(server)
    [thread] = threads
    assert thread is not threading.current_thread()
    if backend == "asyncio":  # it ends with the event loop; trio keeps it for other uses
        thread.join(5)
        assert not thread.is_alive()


def test_a_signer_may_be_named_and_is_imported_when_it_is_needed(server: TapeServer) -> None:
    server.play(Answer(whole("Hi")))
    with Client(adapters=[signing(server, f"{__name__}:signed")]) as client:
        client.complete("wire:any", "Hi")
    assert [r.headers["authorization"] for r in server.requests] == expected(server)


def test_a_key_is_used_rather_than_a_signature(server: TapeServer) -> None:
    server.play(Answer(whole("Hi")))
    with Client(adapters=[signing(server, broken, api_key="the-key")]) as client:
        client.complete("wire:any", "Hi")
    assert server.requests[0].headers["authorization"] == "Bearer the-key"


@pytest.mark.parametrize(
    ("signer", "says"),
    [
        (broken, "could not be signed: RuntimeError"),
        (without_credentials, "there are no credentials"),
        ("no_such_module:sign", "could not be signed: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_signed_is_not_sent(server: TapeServer, signer: Any, says: str) -> None:
    with (
        Client(adapters=[signing(server, signer)]) as client,
        pytest.raises(errors.ConfigurationError, match=says) as caught,
    ):
        client.complete("wire:any", "Hi")
    assert not server.requests
    assert SIGNATURE not in str(caught.value)


def test_a_signature_that_the_vendor_repeats_is_blotted_out(server: TapeServer) -> None:
    told = f"the signature AWS4 {SIGNATURE}, Signature="
    server.play(Answer([frame(), b'data: {"error": {"message": "%s"}}\n\n' % told.encode()]))
    with (
        Client(adapters=[signing(server, lambda _: {"authorization": SIGNATURE})]) as client,
        pytest.raises(errors.StreamkitError) as caught,
    ):
        client.complete("wire:any", "Hi", retry=streamkit.Retry.never())
    assert "the signature AWS4" in str(caught.value)
    assert SIGNATURE not in str(caught.value)


def test_a_request_to_sign_shows_nothing_of_itself() -> None:
    request = Unsigned("POST", "https://x.invalid/?key=hush", {"a": "hush"}, b"hush")
    assert "hush" not in repr(request)


# --- hosts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["WIRE_PORT", "WIRE_OLD_PORT"])
def test_a_base_url_may_name_environment_variables(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    host, _, port = server.url.rpartition(":")
    monkeypatch.setenv(variable, port)
    server.play(Answer(whole("Hi")))
    adapter = signing(server, base_url=f"{host}:{{WIRE_PORT,WIRE_OLD_PORT}}")
    with Client(adapters=[adapter]) as client:
        assert client.complete("wire:any", "Hi").text == "Hi"


def test_a_variable_that_the_base_url_lacks_is_named(server: TapeServer) -> None:
    adapter = signing(server, base_url="https://{WIRE_REGION,REGION_OF_WIRE}.wire.invalid")
    with (
        Client(adapters=[adapter]) as client,
        pytest.raises(errors.ConfigurationError, match="set WIRE_REGION or REGION_OF_WIRE"),
    ):
        client.complete("wire:any", "Hi")
    server.play(Answer(whole("Hi")))
    with Client(adapters=[adapter], base_url={"wire": server.url}) as client:
        assert client.complete("wire:any", "Hi").text == "Hi"


@pytest.mark.parametrize(("region", "port"), [(None, "north"), ("south", "south")])
def test_a_variable_may_have_a_value_that_holds_without_it(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, region: str | None, port: str
) -> None:
    """And a host that does not follow the pattern has its own name."""
    if region:
        monkeypatch.setenv("WIRE_REGION", region)
    server.play(Answer(whole("Hi")))
    adapter = signing(
        server,
        base_url="http://{WIRE_REGION=north}.wire.invalid/{WIRE_REGION=north}",
        hosts={f"{port}.wire.invalid": server.url.removeprefix("http://")},
    )
    with Client(adapters=[adapter]) as client:
        assert client.complete("wire:any", "Hi").text == "Hi"
    assert server.requests[0].path == f"/{port}/v1/answers"
