"""The adapter behind a real client whose network is a tape: what the core makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

import streamkit
from streamkit.adapter import Adapter, Decoder, WireRequest
from streamkit.chunks import Fault
from streamkit.errors import StreamkitError
from streamkit.messages import ChatRequest, ChatResponse
from streamkit.testing import MemoryTransport, Tape


class Offline(Adapter):
    """The adapter, at an address of ours and without a server that it might start."""

    def __init__(self, adapter: Adapter) -> None:
        self.dialect = adapter.dialect  # type: ignore[misc]
        self.name = adapter.name
        self.supports = adapter.supports
        self.endpoint = replace(
            adapter.endpoint,
            base_url="https://contract.invalid",
            base_url_env=(),
            key_env=(),
            key_required=False,
            api_key=None,
            signer=None,
        )
        self._adapter = adapter

    @property
    def owner(self) -> str:
        return self._adapter.owner

    def request(self, request: ChatRequest) -> WireRequest:
        return self._adapter.request(request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return self._adapter.decoder(request)

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return self._adapter.fault(status, headers, body)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What went over the wire, and what the user got."""

    sent: bytes | None
    events: list[Any]
    response: ChatResponse | None
    error: StreamkitError | None


def ask(
    adapter: Adapter, tape: Tape, *, model: str, key: str = "", strict: bool = False, **options: Any
) -> Outcome:
    """Ask once, through `streamkit.sync.Client`, and be answered with the tape."""
    transport = MemoryTransport(tape)
    events: list[Any] = []
    response: ChatResponse | None = None
    error: StreamkitError | None = None
    with (
        httpx.Client(transport=transport) as http,
        streamkit.sync.Client(
            adapters=[Offline(adapter)],
            api_key={adapter.name: key} if key else {},
            http=http,
            retry=streamkit.Retry.never(),
            strict=strict,
        ) as client,
    ):
        try:
            with client.stream(f"{adapter.name}:{model}", "Why?", **options) as stream:
                for event in stream:
                    events.append(event)  # noqa: PERF402 - kept when the stream raises
                response = stream.snapshot
        except StreamkitError as raised:
            error, response = raised, raised.partial
    sent = transport.requests[-1].content if transport.requests else None
    return Outcome(sent, events, response, error)
