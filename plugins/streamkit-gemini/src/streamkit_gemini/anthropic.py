"""Claude on Vertex AI, by streamRawPredict: Anthropic's Messages API at Google's address.

Body and events are Anthropic's, and so is the dialect: an answer goes back to Anthropic, and one of
Anthropic's comes here. The model is in the path, the version in the body, betas in a header.
Source: anthropic SDK 2.12, lib/vertex.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import quote

from streamkit.adapter import WireRequest
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit.writing import merged
from streamkit_anthropic import AnthropicMessages
from streamkit_gemini._endpoint import Signing, vertex_endpoint

_VERTEX = "vertex-2023-10-16"
_SAME = "2023-06-01"
"""Anthropic's own version that takes what Vertex AI's takes."""


@dataclass(frozen=True)
class VertexAnthropic(AnthropicMessages):
    """Claude on Vertex AI: ``claude-haiku-4-5@20251001``.

    ``project``, ``location``, ``api_key`` and ``signer`` are as in `Gemini`; of the environment,
    ``ANTHROPIC_VERTEX_PROJECT_ID`` and ``CLOUD_ML_REGION`` count first, as for Anthropic's own SDK.
    ``version`` is the ``anthropic_version`` of the body. ``base_url`` is what stands before
    ``/publishers``; what is found on this machine, token or credentials, is not sent there.
    Vertex AI ``fetches`` nothing: "URL sources are not supported" (BerriAI/litellm#18430).

    Raises:
        ConfigurationError: both ``base_url`` and a place on Vertex AI are given.
    """

    version: str = _VERTEX
    name: str = "vertex-anthropic"
    project: str | None = None
    location: str | None = None
    signer: Signing = field(default=None, repr=False)
    fetches: bool = False

    def __post_init__(self) -> None:
        if self.base_url is not None and (self.project or self.location):
            raise ConfigurationError("VertexAnthropic takes a base_url or a project, not both")
        where = vertex_endpoint(
            self.project,
            self.location,
            self.api_key,
            self.signer,
            projects="ANTHROPIC_VERTEX_PROJECT_ID,GOOGLE_CLOUD_PROJECT",
            locations="CLOUD_ML_REGION,GOOGLE_CLOUD_LOCATION",
        )
        if self.base_url is not None:
            where = replace(where.at(self.base_url, self.api_key), signer=self.signer)
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", where)

    def request(self, request: ChatRequest) -> WireRequest:
        version = _SAME if self.version == _VERTEX else self.version
        direct = AnthropicMessages(
            version=version, betas=self.betas, models=self.models, fetches=self.fetches
        )
        messages = direct.request(request.model_copy(update={"extra_body": {}}))
        body = {k: v for k, v in messages.body.items() if k != "model"}
        beta = messages.headers.get("anthropic-beta")
        return WireRequest(
            f"/publishers/anthropic/models/{quote(request.model, safe='@')}:streamRawPredict",
            merged({"anthropic_version": self.version, **body}, request),
            headers={"anthropic-beta": beta} if beta else {},
            warnings=messages.warnings,
        )
