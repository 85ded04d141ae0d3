"""The adapter: one class for every server in the table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import ClassVar

from streamkit.adapter import Adapter, Decoder, Endpoint, KeySource, ResumeBy, Supports, WireRequest
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit_openai._decoder import ChatDecoder
from streamkit_openai._request import build
from streamkit_openai.profiles import OPTIONS, PROFILES, Profile


@dataclass(frozen=True)
class OpenAIChat(Adapter):
    """Chat completions, at the server that ``profile`` names.

    ``profile`` is a row of `streamkit_openai.profiles` by name, or a `Profile` of your own.
    ``base_url`` and ``api_key`` win over the row and over the environment. ``name`` is the prefix
    of model ids; without it, the profile's name.

        OpenAIChat("groq")
        OpenAIChat("azure", base_url="https://me.openai.azure.com/openai/deployments/NAME?api-version=…")
        OpenAIChat("openai-compatible", base_url="https://llm.example.com/v1", name="house")

    Raises:
        ConfigurationError: there is no row of that name.
    """

    profile: Profile | str = "openai"
    base_url: str | None = field(default=None, repr=False)
    api_key: KeySource = field(default=None, repr=False)
    name: str = ""
    endpoint: Endpoint = field(init=False, repr=False, compare=False)
    supports: Supports = field(init=False, repr=False, compare=False)

    dialect: ClassVar[str] = "openai-chat"

    def __post_init__(self) -> None:
        row = self.row
        endpoint = Endpoint(
            base_url=trimmed(self.base_url, row.path) if self.base_url else row.base_url,
            base_url_env=() if self.base_url else row.base_url_env,
            key_env=row.key_env,
            auth_header=row.auth_header,
            auth_prefix=row.auth_prefix,
            key_required=row.key_required,
            api_key=self.api_key,
        )
        supports = Supports(
            options=frozenset(name for name in OPTIONS if row.option(name)),
            parts=row.parts,
            reasoning=True,
            usage=True,
        )
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "name", self.name or row.name)
        object.__setattr__(self, "endpoint", endpoint)
        object.__setattr__(self, "supports", supports)

    @property
    def row(self) -> Profile:
        """The profile itself."""
        if isinstance(self.profile, Profile):
            return self.profile
        if self.profile in PROFILES:
            row = PROFILES[self.profile]
            if "/openai/deployments/" in (self.base_url or ""):  # Azure's older addresses
                return replace(row, path=row.path.removeprefix("/openai/v1"))
            return row
        close = get_close_matches(self.profile, PROFILES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigurationError(
            f"there is no profile {self.profile!r} in streamkit_openai.profiles.{hint} "
            "For a server without one, use profile='openai-compatible' with its base_url."
        )

    @property
    def owner(self) -> str:
        """The profile's name: servers do not know each other's items."""
        return self.row.name

    def request(self, request: ChatRequest) -> WireRequest:
        return build(self.row, request)

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        instruct = ResumeBy("instruct", "any chat model takes a further turn of the user's")
        prefix = self.row.prefix
        if prefix is None or request.response_format not in (None, "text"):
            return (instruct,)
        return ResumeBy("prefix", prefix.source), instruct

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        wire, prefix = self.request(request), self.row.prefix
        if prefix is None:
            return wire
        *before, last = wire.body["messages"]
        body = {**wire.body, **prefix.body, "messages": [*before, {**last, **prefix.message}]}
        return replace(wire, body=body, path=prefix.path or wire.path)

    def decoder(self, request: ChatRequest) -> Decoder:
        return ChatDecoder(self.row, request)


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
