"""Gemini's generateContent as a streamkit adapter, at the Gemini API and on Vertex AI."""

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
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit_gemini._decoder import GenerateDecoder
from streamkit_gemini._endpoint import Signing, endpoint, vertex_endpoint
from streamkit_gemini._request import OPTIONS, build
from streamkit_gemini._values import DIALECT
from streamkit_gemini.models import MODELS, ModelFacts

PARTS = frozenset(
    {"text", "reasoning", "refusal", "image", "document", "media"}
    | {"tool_call", "tool_result", "provider_item"}
)


@dataclass(frozen=True)
class Gemini(Adapter):
    """generateContent at the Gemini API, or on Vertex AI with ``vertex`` or a ``project``.

    ``api_key`` is a key of the Gemini API; on Vertex AI an OAuth access token, or better a callable
    that gives a fresh one. Without either, ``signer`` gives one, or Google's own credentials do.
    ``project`` and ``location`` are those of ``GOOGLE_CLOUD_PROJECT`` and ``GOOGLE_CLOUD_LOCATION``
    unless given here.
    ``base_url`` is what stands before ``/models``, the version included:

        Gemini(project="my-project", location="europe-west4", api_key=fresh_token)
        Gemini(base_url="https://aiplatform.googleapis.com/v1/publishers/google", api_key="…")

    ``models`` says what models take, see `streamkit_gemini.models`.

    Raises:
        ConfigurationError: both ``base_url`` and ``project`` are given.
    """

    dialect: ClassVar[str] = DIALECT

    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    project: str | None = None
    location: str | None = None
    vertex: bool = False
    signer: Signing = field(default=None, repr=False)
    name: str = "gemini"
    models: Mapping[str, ModelFacts] = field(default_factory=lambda: MODELS, repr=False, hash=False)
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        vertex = self.vertex or self.project is not None
        if vertex and self.base_url is not None:
            raise ConfigurationError("Gemini takes a base_url or a project, not both")
        if vertex:
            where = vertex_endpoint(self.project, self.location, self.api_key, self.signer)
        else:
            where = endpoint(self.base_url, self.api_key)
        own = {"metadata"} if vertex else set()  # labels, on Vertex AI alone
        supports = Supports(options=OPTIONS | own, parts=PARTS, reasoning=True, tool_errors=True)
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "vertex", vertex)
        object.__setattr__(self, "endpoint", where)
        object.__setattr__(self, "supports", supports)

    def request(self, request: ChatRequest) -> WireRequest:
        root = "publishers/google/models/" if self.vertex else "models/"
        return build(request, self.models, root)

    def decoder(self, request: ChatRequest) -> Decoder:
        return GenerateDecoder(request)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:  # noqa: ARG002
        return (INSTRUCT,)
