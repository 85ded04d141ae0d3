"""The adapter: one class for every server in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
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
from streamkit_openai.adapter import trimmed
from streamkit_openai.models import ModelFacts
from streamkit_openai.responses._decoder import ResponsesDecoder
from streamkit_openai.responses._request import build
from streamkit_openai.responses._values import DIALECT
from streamkit_openai.responses.profiles import OPTIONS, PROFILES, ResponsesProfile

_REPLAY = ResumeBy("replay", "OpenAI, guide to background mode: starting_after")
_POLL_EVERY = 2.0
"""Seconds, as the guide to background mode does."""


@dataclass(frozen=True)
class OpenAIResponses(Adapter):
    """The Responses API, at the server that ``profile`` names.

    ``profile`` is a row of `streamkit_openai.responses.profiles` by name, or a `ResponsesProfile`
    of your own. ``base_url`` and ``api_key`` win over the row and over the environment. ``name`` is
    the prefix of model ids; without it, the profile's name. ``models`` says what models take
    instead of the row, see `streamkit_openai.models`.

        OpenAIResponses("xai-responses")
        OpenAIResponses("openai-compatible-responses", base_url="https://llm.example.com/v1")

    Raises:
        ConfigurationError: there is no row of that name.
    """

    dialect: ClassVar[str] = DIALECT

    profile: ResponsesProfile | str = "openai-responses"
    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = ""
    models: Mapping[str, ModelFacts] | None = field(default=None, repr=False, hash=False)
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        row, server = self.row, self.row.server
        endpoint = Endpoint(
            base_url=trimmed(self.base_url, row.path) if self.base_url else server.base_url,
            base_url_env=() if self.base_url else server.base_url_env,
            key_env=server.key_env,
            auth_header=server.auth_header,
            auth_prefix=server.auth_prefix,
            bearer_token=server.bearer_token,
            rewrites=row.rewrites,
            key_required=server.key_required,
            api_key=self.api_key,
        )
        supports = Supports(
            options=frozenset(name for name in OPTIONS if row.option(name)),
            parts=row.parts,
            reasoning=True,
        )
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "name", self.name or row.name)
        object.__setattr__(self, "endpoint", endpoint)
        object.__setattr__(self, "supports", supports)

    @property
    def row(self) -> ResponsesProfile:
        """The profile itself."""
        row = self.profile if isinstance(self.profile, ResponsesProfile) else _row(self.profile)
        return row if self.models is None else replace(row, models=self.models)

    @property
    def owner(self) -> str:
        """The profile's name: servers do not know each other's items."""
        return self.row.name

    def request(self, request: ChatRequest) -> WireRequest:
        return build(self.row, request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return ResponsesDecoder(self.row, request)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """A background response that is kept can be read again from any event on."""
        asked = request.extra_body
        if "conversation" in asked:  # the server may hold half the answer already
            return ()
        kept = asked.get("background") is True and asked.get("store") is not False
        return (_REPLAY, INSTRUCT) if kept and self.row.replays else (INSTRUCT,)

    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:  # noqa: ARG002
        """What comes after ``cursor``, which is ``RESPONSE_ID:SEQUENCE_NUMBER``."""
        id_, _, number = cursor.rpartition(":")
        query = f"stream=true&starting_after={number}"
        if self.row.stream_options is not None:
            query += "&include_obfuscation=false"
        return WireRequest(f"{self.row.path}/{quote(id_, safe='')}?{query}", body={}, method="GET")

    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest:  # noqa: ARG002
        """The response itself, which outlives its stream.

        That is refused when the response is five minutes old: "can no longer be streamed"
        (openai/openai-python#2828).
        """
        id_ = quote(cursor.rpartition(":")[0], safe="")
        return WireRequest(
            f"{self.row.path}/{id_}",
            body={},
            method="GET",
            framing_by_type={"application/json": "json-array"},
            poll_every=_POLL_EVERY,
        )


def _row(name: str) -> ResponsesProfile:
    if name in PROFILES:
        return PROFILES[name]
    close = get_close_matches(name, PROFILES, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ConfigurationError(
        f"there is no profile {name!r} in streamkit_openai.responses.profiles.{hint} "
        "For a server without one, use profile='openai-compatible-responses' with its base_url."
    )
