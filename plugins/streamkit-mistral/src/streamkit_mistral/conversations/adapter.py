"""Mistral's Conversations API as a streamkit adapter."""

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
from streamkit.messages import ChatRequest
from streamkit_mistral.adapter import ENDPOINT, fault_of_answer
from streamkit_mistral.conversations._decoder import ConversationDecoder
from streamkit_mistral.conversations._request import OPTIONS, build
from streamkit_mistral.conversations._values import DIALECT

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "refusal", "image", "document"}
        | {"tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
)


@dataclass(frozen=True)
class MistralConversations(Adapter):
    """Mistral's ``/conversations``: models and agents, with the tools that Mistral itself runs.

    The whole conversation goes out every time, and Mistral is asked not to store it. A model name
    that begins with ``ag_`` or ``ag:`` is an agent's. ``base_url`` and ``api_key`` are as in
    `MistralChat`.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = "mistral-conversations"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", ENDPOINT.at(self.base_url, self.api_key))

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request)

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return ConversationDecoder()

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """A conversation that is stored may hold half the answer already."""
        return () if request.extra_body.get("store") else (INSTRUCT,)

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)
