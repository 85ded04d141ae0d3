"""The adapter for Converse, which speaks to every model of Bedrock in one dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from streamkit.adapter import (
    Adapter,
    Decoder,
    Endpoint,
    KeySource,
    ResumeBy,
    Signer,
    Supports,
    WireRequest,
)
from streamkit.chunks import Fault
from streamkit.messages import ChatRequest
from streamkit_anthropic import AnthropicMessages

from ._decoder import ConverseDecoder
from ._messages import DIALECT
from ._request import build
from ._wire import SIGNER, endpoint, fault_of_answer, mapping
from .models import facts_of

_SUPPORTS = Supports(
    options=frozenset(
        {
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "reasoning_effort",
            "reasoning_budget",
            "metadata",
            "service_tier",
        }
    ),
    parts=frozenset(
        {
            "text",
            "reasoning",
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

_INSTRUCT = ResumeBy("instruct", "any chat model takes a further turn of the user's")


@dataclass(frozen=True)
class Bedrock(Adapter):
    """Amazon Bedrock's ConverseStream.

    ``region`` is read from ``AWS_REGION`` if not given; ``base_url`` stands in for the region's
    host, for private endpoints and gateways, and the bearer key in the environment is not sent
    there. Requests without a bearer key are signed by ``signer``, a `Signer`: by default with the
    credentials that AWS programs find, which takes ``streamkit-bedrock[sigv4]``. None signs
    nothing.
    """

    dialect: ClassVar[str] = DIALECT

    region: str | None = None
    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    signer: Signer | str | None = field(default=SIGNER, repr=False)
    name: str = "bedrock"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False)

    def __post_init__(self) -> None:
        place = endpoint(self.region, self.base_url, self.api_key, self.signer)
        object.__setattr__(self, "endpoint", place)  # the way to complete a frozen dataclass

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request)

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return ConverseDecoder()

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """Claude goes on as it does at Anthropic; of the others it is not known."""
        if facts_of(request.model).reasoning != "claude":
            return (_INSTRUCT,)
        asked = mapping(request.extra_body.get("additionalModelRequestFields"))
        return AnthropicMessages().resume_by(request.model_copy(update={"extra_body": asked}))
