"""The adapter: chat completions as llama.cpp speaks them, at a server that starts by itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from streamkit.adapter import KeySource, Located, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, NamedTool, Tool
from streamkit_local.models import wire_name
from streamkit_local.server import serve
from streamkit_openai import PROFILES, OpenAIChat, Profile
from streamkit_openai.profiles import Prefix

PROFILE = replace(
    PROFILES["llamacpp"],
    name="local",
    source="experiments with xllamacpp 0.2.14 (tests/test_options.py)",
    base_url=None,
    base_url_env=(),
    key_env=(),
    parts=PROFILES["llamacpp"].parts - {"image"},
    # Of a JSON answer it does not go on: its grammar begins anew (tests/test_resume.py).
    prefix=Prefix(source="xllamacpp 0.2.14, measured: docs/resume.md"),
)


@dataclass(frozen=True)
class LocalChat(OpenAIChat):
    """Models on this machine: ``local:smollm2``, or any GGUF file, ``local:/path/model.gguf``.

    Where a model is served is nobody's business but the adapter's: the server is started on first
    use, has a key of its own and ends with the process. See `streamkit_local.serve`.
    """

    profile: Profile | str = PROFILE
    base_url: None = field(default=None, init=False)
    api_key: KeySource = field(default=None, init=False, repr=False)

    def locate(self, model: str) -> Located:
        """Where ``model`` is served. Blocks while its server starts.

        Raises:
            ConfigurationError: there is no such model, or its server does not start.
        """
        server = serve(model)
        return Located(server.base_url, server.api_key)

    def request(self, request: ChatRequest) -> WireRequest:
        return super().request(_as_understood(request))


def _as_understood(request: ChatRequest) -> ChatRequest:
    """The same request, in the words that this server honours.

    It takes a tool choice by name for "auto", and "a JSON object" for nothing at all.
    """
    changes: dict[str, object] = {"model": wire_name(request.model)}
    if isinstance(choice := request.tool_choice, NamedTool):
        named = tuple(t for t in request.tools if isinstance(t, Tool) and t.name == choice.name)
        if named:
            changes |= {"tools": named, "tool_choice": "required"}
    if request.response_format == "json":
        changes["response_format"] = JsonSchema(json_schema={"type": "object"})
    return request.model_copy(update=changes)
