"""Mistral's chat completions as a streamkit adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from streamkit.adapter import Adapter, Decoder, Endpoint, KeySource, ResumeBy, Supports, WireRequest
from streamkit.chunks import Fault
from streamkit.faults import fault_from_http
from streamkit.messages import ChatRequest
from streamkit_mistral._decoder import ChatDecoder
from streamkit_mistral._request import OPTIONS, build

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {
            "text",
            "reasoning",
            "refusal",
            "image",
            "document",
            "media",
            "tool_call",
            "tool_result",
            "provider_item",
        }
    ),
    reasoning=True,
    usage=True,
)
_PREFIX = ResumeBy("prefix", "docs.mistral.ai, API reference: prefix of an assistant message")
_INSTRUCT = ResumeBy("instruct", "any chat model takes a further turn of the user's")


@dataclass(frozen=True)
class MistralChat(Adapter):
    """Mistral's ``/chat/completions``, at Mistral or at a deployment of your own.

    ``base_url`` is the part before ``/chat/completions``. Given here, it needs no key (private
    deployments), and only the ``api_key`` given with it is sent there.
    """

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = "mistral"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False)

    dialect: ClassVar[str] = "mistral-chat"

    def __post_init__(self) -> None:
        given = self.base_url is not None
        endpoint = Endpoint(
            base_url=self.base_url or "https://api.mistral.ai/v1",
            base_url_env=() if given else ("MISTRAL_BASE_URL",),
            key_env=() if given else ("MISTRAL_API_KEY",),
            key_required=not given,
            api_key=self.api_key,
        )
        object.__setattr__(self, "endpoint", endpoint)

    def request(self, request: ChatRequest) -> WireRequest:
        return build(self.dialect, request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return ChatDecoder(request.n or 1)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """Output that must be JSON is checked from its first character, which rules out prefix."""
        free = request.response_format in (None, "text")
        return (_PREFIX, _INSTRUCT) if free else (_INSTRUCT,)

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        """The answer may begin with the prefix once more, which the core passes over."""
        wire = self.request(request)
        *before, last = wire.body["messages"]
        return replace(wire, body={**wire.body, "messages": [*before, {**last, "prefix": True}]})

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """Support asks for ``mistral-correlation-id``."""
        fault = fault_from_http(status, headers, body)
        fault.request_id = fault.request_id or headers.get("mistral-correlation-id")
        return fault
