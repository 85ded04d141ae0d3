"""The Anthropic Messages API as a streamkit adapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from streamkit.adapter import Adapter, Decoder, Endpoint, KeySource, ResumeBy, Supports, WireRequest
from streamkit.messages import ChatRequest

from ._decoder import MessagesDecoder
from ._request import build_request, reasoning_kind, thinks
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
            "user",
            "metadata",
            "service_tier",
        }
    ),
    parts=frozenset(
        {
            "text",
            "reasoning",
            "refusal",
            "image",
            "document",
            "tool_call",
            "tool_result",
            "provider_item",
        }
    ),
    reasoning=True,
    usage=True,
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
    after a stop reason for the end mark, for servers that never send ``message_stop``.
    """

    dialect: ClassVar[str] = "anthropic-messages"

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    version: str = "2023-06-01"
    betas: tuple[str, ...] = ()
    name: str = "anthropic"
    lenient_end: bool = False
    endpoint: Endpoint = field(init=False, repr=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False)

    def __post_init__(self) -> None:
        given = self.base_url is not None
        endpoint = Endpoint(
            base_url=self.base_url or "https://api.anthropic.com",
            base_url_env=() if given else ("ANTHROPIC_BASE_URL",),
            key_env=() if given else ("ANTHROPIC_API_KEY",),
            auth_header="x-api-key",
            auth_prefix="",
            key_required=not given,
            api_key=self.api_key,
        )
        object.__setattr__(self, "endpoint", endpoint)

    def request(self, request: ChatRequest) -> WireRequest:
        return build_request(request, self.version, self.betas)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        if facts_of(request.model).prefill and not thinks(request) and not _wants_json(request):
            return _PREFIX, _INSTRUCT
        return (_INSTRUCT,)

    def decoder(self, request: ChatRequest) -> Decoder:
        return MessagesDecoder(lenient_end=self.lenient_end, reasoning_kind=reasoning_kind(request))


def _wants_json(request: ChatRequest) -> bool:
    return request.response_format not in (None, "text")
