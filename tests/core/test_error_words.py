"""What an error says to somebody who must do something about it."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

import streamkit
from streamkit._target import Target, request_headers
from streamkit.adapter import Endpoint, Framing, WireRequest
from streamkit.errors import ConnectError, ServerError
from streamkit.faults import fault_from_error, fault_from_http
from streamkit.testing import decode

from .wire import Wire


def test_a_server_that_cannot_be_reached_is_named_with_what_sets_its_address() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    adapter = Wire()
    endpoint = replace(
        adapter.endpoint, base_url=f"http://127.0.0.1:{port}", base_url_env=("WIRE_BASE_URL",)
    )
    object.__setattr__(adapter, "endpoint", replace(endpoint, key_env=(), key_required=False))
    with (
        streamkit.sync.Client(adapters=[adapter], retry=streamkit.Retry.never()) as client,
        pytest.raises(ConnectError) as raised,
    ):
        client.complete(f"{adapter.name}:any", "Hi")
    assert f"127.0.0.1:{port}" in str(raised.value)
    assert "WIRE_BASE_URL" in str(raised.value)
    assert f"Client(base_url={{'{adapter.name}': ...}})" in str(raised.value)


def test_a_status_without_words_is_said_once() -> None:
    error = decode(Wire(), b"", status=501).error
    assert isinstance(error, ServerError)
    assert (
        str(error)
        == "wire:any: the vendor failed (HTTP 501): no reason was given. Try again later."
    )


def test_a_request_id_is_told_of_where_there_is_one() -> None:
    error = decode(Wire(), b"", status=500, headers={"x-request-id": "r1"}).error
    assert error is not None
    assert error.request_id == "r1"
    assert str(error).endswith("error.request_id helps the vendor's support.")


@pytest.mark.parametrize(("status", "retryable"), [(500, None), (501, False), (505, False)])
def test_what_is_not_implemented_is_not_asked_for_again(
    status: int, retryable: bool | None
) -> None:
    assert fault_from_http(status, {}, b"").retryable is retryable


def test_a_flat_error_type_is_the_code() -> None:
    """As text-generation-inference sends it, with status 429."""
    fault = fault_from_error(
        {"error": "Model is overloaded", "error_type": "overloaded"}, status=429
    )
    assert (fault.kind, fault.code) == ("overloaded", "overloaded")
    assert fault.message == "Model is overloaded"


@pytest.mark.parametrize(
    ("framing", "accepted"),
    [
        ("sse", "text/event-stream"),
        ("jsonl", "application/x-ndjson"),
        ("json-array", "application/json"),
        ("aws-event-stream", "application/vnd.amazon.eventstream"),
    ],
)
def test_what_is_accepted_follows_from_the_framing(framing: Framing, accepted: str) -> None:
    target = Target("https://wire.invalid", Endpoint())
    wire = WireRequest("/", {}, framing=framing)
    assert request_headers(target, None, wire, {})["accept"].split(",")[0] == accepted
    asked = replace(wire, headers={"Accept": "text/plain"})
    assert request_headers(target, None, asked, {})["accept"] == "text/plain"
