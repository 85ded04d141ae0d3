"""Ollama's chat API as a streamkit adapter."""

from __future__ import annotations

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
from streamkit.messages import ChatRequest
from streamkit_ollama._decoder import ChatDecoder
from streamkit_ollama._either import EitherDecoder
from streamkit_ollama._request import OPTIONS, build
from streamkit_ollama._values import DIALECT
from streamkit_openai import OpenAIChat

_SUPPORTS = Supports(
    options=OPTIONS,
    parts=frozenset(
        {"text", "reasoning", "refusal", "image", "tool_call", "tool_result", "provider_item"}
    ),
    reasoning=True,
)
_ENDPOINT = Endpoint(
    base_url="http://localhost:11434",
    base_url_env=("OLLAMA_BASE_URL",),
    key_env=("OLLAMA_API_KEY",),
    key_required=False,
)
_COMPLETIONS = OpenAIChat("ollama-compat")
_PREFIX = ResumeBy(
    "prefix",
    "ollama/ollama#6778, an answer of the maintainers: a trailing assistant message is continued",
)


@dataclass(frozen=True)
class OllamaChat(Adapter):
    """Ollama's ``/api/chat``: a server on this machine, or Ollama's cloud.

    ``base_url`` is the part before ``/api/chat``, such as ``https://ollama.com``, which wants a
    key. Where one is given here, only the ``api_key`` given with it is sent there.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = "ollama"
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", _ENDPOINT.at(self.base_url, self.api_key))

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return EitherDecoder(ChatDecoder(), _COMPLETIONS.decoder(request))

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """A grammar (``format``) begins at the start of what is generated, so it rules out prefix.

        So do tools: a server that looks for calls in the words of a model looks from the beginning.
        """
        free = request.response_format in (None, "text") and not request.tools
        return (_PREFIX, INSTRUCT) if free else (INSTRUCT,)
