"""The Interactions API as a streamkit adapter, at the Gemini API and on Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

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
from streamkit_gemini._endpoint import Signing, endpoint, vertex_endpoint
from streamkit_gemini.adapter import PARTS
from streamkit_gemini.interactions._decoder import InteractionsDecoder
from streamkit_gemini.interactions._request import OPTIONS, build
from streamkit_gemini.interactions._values import DIALECT
from streamkit_gemini.models import MODELS, ModelFacts

_SUPPORTS = Supports(options=OPTIONS, parts=PARTS, reasoning=True, tool_errors=True)

_REPLAY = ResumeBy("replay", "google-genai 3.4, interactions.get: last_event_id")
_VERTEX = "v1beta1"
"""The version that Google documents there, and google-genai 3.4 asks for."""
_POLL_EVERY = 2.0
"""Seconds, between looks at an interaction that goes on (guide to background execution)."""


@dataclass(frozen=True)
class GeminiInteractions(Adapter):
    """The Interactions API at the Gemini API, or on Vertex AI with ``vertex`` or a ``project``.

    All is as in `Gemini`, but ``base_url`` is what stands before ``/interactions``. ``models`` says
    what models take, see `streamkit_gemini.models`.

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
    name: str = "gemini-interactions"
    models: Mapping[str, ModelFacts] = field(default_factory=lambda: MODELS, repr=False, hash=False)
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, default=_SUPPORTS, repr=False, compare=False)

    def __post_init__(self) -> None:
        vertex = self.vertex or self.project is not None
        if vertex and self.base_url is not None:
            raise ConfigurationError("GeminiInteractions takes a base_url or a project, not both")
        if vertex:
            where = vertex_endpoint(
                self.project, self.location, self.api_key, self.signer, version=_VERTEX
            )
        else:
            where = endpoint(self.base_url, self.api_key)
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", where)

    def request(self, request: ChatRequest) -> WireRequest:
        return build(request, self.models)

    def decoder(self, request: ChatRequest) -> Decoder:
        return InteractionsDecoder(request)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """Interactions are stored unless the request says otherwise, and can be read again."""
        stored = request.extra_body.get("store") is not False
        return (_REPLAY, INSTRUCT) if stored else (INSTRUCT,)

    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:  # noqa: ARG002
        """What comes after ``cursor``, which is ``INTERACTION_ID:EVENT_ID``."""
        id_, _, event = cursor.partition(":")
        query = f"stream=true&last_event_id={quote(event, safe='')}"
        path = f"/interactions/{quote(id_, safe='')}?{query}"
        return WireRequest(path, body={}, method="GET")

    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest:  # noqa: ARG002
        """The interaction itself, with all its steps (google-genai 3.4, interactions.get)."""
        return WireRequest(
            f"/interactions/{quote(cursor.partition(':')[0], safe='')}",
            body={},
            method="GET",
            framing_by_type={"application/json": "json-array"},
            poll_every=_POLL_EVERY,
        )
