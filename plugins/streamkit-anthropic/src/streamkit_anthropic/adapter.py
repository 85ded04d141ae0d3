"""The Anthropic Messages API as a streamkit adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from streamkit.adapter import Adapter, Decoder, Endpoint, KeySource, ResumeBy, Supports, WireRequest
from streamkit.messages import ChatRequest
from streamkit_anthropic._decoder import MessagesDecoder
from streamkit_anthropic._request import OPTIONS, build, reasoning_kind, thinks
from streamkit_anthropic._values import DIALECT
from streamkit_anthropic.models import MODELS, ModelFacts, facts_of

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "refusal", "image", "document"}
        | {"tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
    tool_errors=True,
)
_ENDPOINT = Endpoint(
    base_url="https://api.anthropic.com",
    base_url_env=("ANTHROPIC_BASE_URL",),
    key_env=("ANTHROPIC_API_KEY",),
    auth_header="x-api-key",
    auth_prefix="",
)
_PREFIX = ResumeBy("prefix", "docs/en/build-with-claude/working-with-messages, prefilling")
_INSTRUCT = ResumeBy("instruct", "docs/about-claude/models/migration-guide, in place of a prefill")


@dataclass(frozen=True)
class AnthropicMessages(Adapter):
    """Anthropic's Messages API, first party or at any server that speaks it.

    ``base_url`` is the part before ``/v1/messages``. Given here, it needs no key (local servers),
    and only the ``api_key`` given with it is sent there: the one in the environment is Anthropic's.
    The key goes out as ``x-api-key``, which Anthropic and its imitators all take.

    ``version`` is the ``anthropic-version`` header. The default is ``2023-06-01``, not the newest:
    streams are the same in both, every imitator knows it, and ``2026-10-21`` refuses temperature,
    top_p and top_k for all models, so the older one lets more options be honoured. With the newer
    one set, those options become warnings.

    ``betas`` go out as the ``anthropic-beta`` header. ``lenient_end`` takes a clean end of the body
    after a stop reason for the end mark, for servers that never send ``message_stop``. ``fetches``
    says whether the server takes images and documents by URL; else they are refused here.
    ``models`` says what models take, see `streamkit_anthropic.models`.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    version: str = "2023-06-01"
    betas: tuple[str, ...] = ()
    name: str = "anthropic"
    lenient_end: bool = False
    fetches: bool = True
    models: Mapping[str, ModelFacts] = field(default_factory=lambda: MODELS, repr=False, hash=False)
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", _ENDPOINT.at(self.base_url, self.api_key))

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request, self.models, self.version, self.betas, fetches=self.fetches)

    def decoder(self, request: ChatRequest) -> Decoder:
        kind = reasoning_kind(request, self.models)
        return MessagesDecoder(lenient_end=self.lenient_end, reasoning_kind=kind)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """JSON output is held to its schema from the first character, which rules out prefix."""
        free = request.response_format in (None, "text") and not thinks(request, self.models)
        prefills = free and facts_of(request.model, self.models).prefill
        return (_PREFIX, _INSTRUCT) if prefills else (_INSTRUCT,)
