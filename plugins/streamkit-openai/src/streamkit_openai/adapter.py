"""The adapter: one class for every server in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
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
from streamkit_openai._decoder import ChatDecoder
from streamkit_openai._request import build
from streamkit_openai._values import DIALECT
from streamkit_openai.models import ModelFacts
from streamkit_openai.profiles import OPTIONS, PROFILES, Profile


@dataclass(frozen=True)
class OpenAIChat(Adapter):
    """Chat completions, at the server that ``profile`` names.

    ``profile`` is a row of `streamkit_openai.profiles` by name, or a `Profile` of your own.
    ``base_url`` and ``api_key`` win over the row and over the environment. ``name`` is the prefix
    of model ids; without it, the profile's name. ``models`` says what models take instead of the
    row, see `streamkit_openai.models`.

        OpenAIChat("groq")
        OpenAIChat("azure", base_url="https://me.openai.azure.com/openai/deployments/NAME?api-version=…")
        OpenAIChat("openai-compatible", base_url="https://llm.example.com/v1", name="house")

    Raises:
        ConfigurationError: there is no row of that name.
    """

    dialect: ClassVar[str] = DIALECT

    profile: Profile | str = "openai"
    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = ""
    models: Mapping[str, ModelFacts] | None = field(default=None, repr=False, hash=False)
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        row = self.row
        endpoint = Endpoint(
            base_url=trimmed(self.base_url, row.path) if self.base_url else row.base_url,
            base_url_env=() if self.base_url else row.base_url_env,
            key_env=row.key_env,
            auth_header=row.auth_header,
            auth_prefix=row.auth_prefix,
            bearer_token=row.bearer_token,
            rewrites=row.rewrites,
            key_required=row.key_required,
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
    def row(self) -> Profile:
        """The profile itself."""
        row = self.profile if isinstance(self.profile, Profile) else _row(self.profile)
        return row if self.models is None else replace(row, models=self.models)

    @property
    def owner(self) -> str:
        """The profile's name: servers do not know each other's items."""
        return self.row.name

    def request(self, request: ChatRequest) -> WireRequest:
        return build(self.row, request)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        """JSON output is held to its form from the first character, which rules out prefix."""
        prefix = self.row.prefix
        if prefix is None or request.response_format not in (None, "text"):
            return (INSTRUCT,)
        return ResumeBy("prefix", prefix.source), INSTRUCT

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        wire, prefix = self.request(request), self.row.prefix
        if prefix is None:
            return wire
        *before, last = wire.body["messages"]
        body = {**wire.body, **prefix.body, "messages": [*before, {**last, **prefix.message}]}
        return replace(wire, body=body, path=prefix.path or wire.path)

    def decoder(self, request: ChatRequest) -> Decoder:
        return ChatDecoder(self.row, request)


def _row(name: str) -> Profile:
    if name in PROFILES:
        return PROFILES[name]
    close = get_close_matches(name, PROFILES, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ConfigurationError(
        f"there is no profile {name!r} in streamkit_openai.profiles.{hint} "
        "For a server without one, use profile='openai-compatible' with its base_url."
    )


def trimmed(base_url: str, path: str) -> str:
    """The base URL without the beginning of ``path``, should it end with it.

    Azure's documentation names the base URL with and without ``/openai/v1``; others paste the whole
    address.
    """
    base_url = base_url.rstrip("/")
    for beginning in (path, path.removesuffix("/responses").removesuffix("/chat/completions")):
        if beginning and base_url.endswith(beginning):
            return base_url.removesuffix(beginning)
    return base_url
