"""Cohere's chat API, version 2, as a streamkit adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from streamkit.adapter import (
    INSTRUCT,
    Adapter,
    Decoder,
    Endpoint,
    KeySource,
    ResumeBy,
    Supports,
    WireRequest,
)
from streamkit.chunks import Fault
from streamkit.faults import fault_from_http
from streamkit.messages import ChatRequest
from streamkit_cohere._decoder import ChatDecoder
from streamkit_cohere._request import OPTIONS, build
from streamkit_cohere._values import DIALECT

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "refusal", "image", "tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
)
_ENDPOINT = Endpoint(
    base_url="https://api.cohere.com",
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
)


@dataclass(frozen=True)
class CohereChat(Adapter):
    """Cohere's ``/v2/chat``, at Cohere or at a deployment of your own.

    ``base_url`` is the part before ``/v2/chat``. Given here, it needs no key (private deployments),
    and only the ``api_key`` given with it is sent there.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = "cohere"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", _ENDPOINT.at(self.base_url, self.api_key))

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request)

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return ChatDecoder()

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:  # noqa: ARG002
        return (INSTRUCT,)

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """Bodies are ``{"id": …, "message": …}``; support asks for the id."""
        fault = fault_from_http(status, headers, body)
        id_ = fault.body.get("id") if isinstance(fault.body, Mapping) else None
        if isinstance(id_, str) and fault.request_id is None:
            fault.request_id = id_
        return fault
