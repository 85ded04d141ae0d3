"""Mistral's chat completions as a streamkit adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from streamkit_mistral._decoder import ChatDecoder
from streamkit_mistral._request import OPTIONS, build
from streamkit_mistral._values import DIALECT

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "refusal", "image", "document", "media"}
        | {"tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
)
ENDPOINT = Endpoint(
    base_url="https://api.mistral.ai/v1",
    base_url_env=("MISTRAL_BASE_URL",),
    key_env=("MISTRAL_API_KEY",),
)
_PREFIX = ResumeBy("prefix", "docs.mistral.ai, API reference: prefix of an assistant message")


@dataclass(frozen=True)
class MistralChat(Adapter):
    """Mistral's ``/chat/completions``, at Mistral or at a deployment of your own.

    ``base_url`` is the part before ``/chat/completions``. Given here, it needs no key (private
    deployments), and only the ``api_key`` given with it is sent there.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = "mistral"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", ENDPOINT.at(self.base_url, self.api_key))

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return ChatDecoder(request.n or 1)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """Output that must be JSON is checked from its first character, which rules out prefix."""
        free = request.response_format in (None, "text")
        return (_PREFIX, INSTRUCT) if free else (INSTRUCT,)

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        """The answer may begin with the prefix once more, which the core passes over."""
        wire = self.request(request)
        *before, last = wire.body["messages"]
        return replace(wire, body={**wire.body, "messages": [*before, {**last, "prefix": True}]})

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)


def fault_of_answer(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """An error answer; support asks for its ``mistral-correlation-id``."""
    fault = fault_from_http(status, headers, body)
    fault.request_id = fault.request_id or headers.get("mistral-correlation-id")
    return fault
