"""The adapter for Converse, which speaks to every model of Bedrock in one dialect."""

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
    Signer,
    Supports,
    WireRequest,
)
from streamkit.chunks import Fault
from streamkit.messages import ChatRequest
from streamkit.reading import mapping
from streamkit_anthropic import MODELS as ANTHROPIC
from streamkit_anthropic import AnthropicMessages
from streamkit_anthropic import ModelFacts as ClaudeFacts
from streamkit_bedrock._decoder import ConverseDecoder
from streamkit_bedrock._endpoint import SIGNER, endpoint
from streamkit_bedrock._request import OPTIONS, build
from streamkit_bedrock._values import DIALECT, fault_of_answer
from streamkit_bedrock.models import MODELS, ModelFacts, facts_of

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "image", "document", "media"}
        | {"tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
    tool_errors=True,
)


@dataclass(frozen=True)
class Bedrock(Adapter):
    """Amazon Bedrock's ConverseStream.

    ``region`` is read from ``AWS_REGION`` if not given; ``base_url`` stands in for the region's
    host, for private endpoints and gateways, and the bearer key in the environment is not sent
    there. Requests without a bearer key are signed by ``signer``, a `Signer`: by default with the
    credentials that AWS programs find, which takes ``streamkit-bedrock[sigv4]``. None signs
    nothing. ``models`` says what models take, see `streamkit_bedrock.models`; ``claude_models``
    says it of Claude, see `streamkit_anthropic.models`.
    """

    dialect: ClassVar[str] = DIALECT

    region: str | None = None
    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    signer: Signer | str | None = field(default=SIGNER, repr=False)
    name: str = "bedrock"
    models: Mapping[str, ModelFacts] = field(default_factory=lambda: MODELS, repr=False, hash=False)
    claude_models: Mapping[str, ClaudeFacts] = field(
        default_factory=lambda: ANTHROPIC, repr=False, hash=False
    )
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        place = endpoint(self.region, self.base_url, self.api_key, self.signer)
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", place)

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request, self.models, AnthropicMessages(models=self.claude_models))

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return ConverseDecoder()

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """Claude goes on as it does at Anthropic; of the others it is not known."""
        if facts_of(request.model, self.models).reasoning != "claude":
            return (INSTRUCT,)
        asked = mapping(request.extra_body.get("additionalModelRequestFields"))
        claude = AnthropicMessages(models=self.claude_models)
        return claude.resume_by(request.model_copy(update={"extra_body": asked}))
