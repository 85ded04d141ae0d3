"""The servers that speak the Responses API, as data: one row each.

Address and key are those of the server's row in `streamkit_openai.profiles`; a row here holds what
is special about its Responses API, with the source of that. An answer is whole when the response
was told to be over (``response.completed`` or ``response.incomplete``, and ``response.done``, which
xAI may send); there is no other end mark, and a clean end of the body proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from streamkit_openai.models import MODELS, ModelFacts
from streamkit_openai.profiles import PROFILES as SERVERS
from streamkit_openai.profiles import Profile

OPTIONS: Mapping[str, str | None] = MappingProxyType(
    # Option of ChatRequest: its name in the body; a dot leads into an object. The API has no stop
    # sequences, seed, penalties or several choices (API reference, create a response).
    {
        "max_tokens": "max_output_tokens",
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": None,
        "logprobs": "top_logprobs",
        "reasoning_effort": "reasoning.effort",
        "user": "user",
        "metadata": "metadata",
        "service_tier": None,
        "prompt_cache_key": None,
        "tools": "tools",
        "tool_choice": "tool_choice",
        "parallel_tool_calls": "parallel_tool_calls",
        "response_format": "text.format",
    }
)

_TEXT = frozenset({"text", "reasoning", "refusal", "provider_item"}) | {
    *("tool_call", "incomplete_tool_call", "tool_result"),
}
_IMAGES = _TEXT | {"image"}
_FILES = _IMAGES | {"document"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesProfile:
    """One server. Make one for a server that has no row, and hand it to `OpenAIResponses`."""

    name: str
    server: Profile
    """The server's address and key."""
    source: str = ""
    options: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    """Where this server differs from `OPTIONS`."""
    parts: frozenset[str] = _IMAGES
    models: Mapping[str, ModelFacts] = field(default_factory=dict, hash=False)
    """What is known of its models; see `streamkit_openai.models`."""
    item_ids: bool = False
    """Whether messages and calls go back under the ids they came with."""
    replays: bool = False
    """Whether a background response can be streamed again from an event on."""
    named_tool_choice: bool = True
    """Whether one tool can be demanded; else any tool is."""
    custom_tools: bool = True
    """Whether a ``custom_tool_call`` is the caller's to answer; else a tool of the server's own."""
    stream_options: Mapping[str, bool] | None = field(default=None, hash=False)
    rewrites: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Older paths of the same server; see `streamkit.adapter.Endpoint`."""

    @property
    def path(self) -> str:
        """What is appended to the base URL."""
        return self.server.path.removesuffix("/chat/completions") + "/responses"

    def option(self, name: str) -> str | None:
        """The body's name for an option of `ChatRequest`, or None if it is not taken."""
        return self.options[name] if name in self.options else OPTIONS.get(name)


_ROWS = (
    ResponsesProfile(
        name="openai-responses",
        server=SERVERS["openai"],
        source="OpenAI API reference, responses; SDK 3.54; recordings",
        options={
            "user": "safety_identifier",
            "service_tier": "service_tier",
            "prompt_cache_key": "prompt_cache_key",
        },
        parts=_FILES,
        models=MODELS,
        item_ids=True,
        replays=True,
        stream_options={"include_obfuscation": False},
    ),
    ResponsesProfile(
        name="azure-responses",
        server=SERVERS["azure"],
        source="Azure OpenAI v1 API, prompt caching; recordings; openai SDK, lib/azure: responses "
        "are at no deployment's path",
        options={"prompt_cache_key": "prompt_cache_key"},
        parts=_FILES,
        models=MODELS,
        item_ids=True,
        replays=True,
        rewrites={
            "/openai/deployments/.+?/responses(?=/|$)": "/openai/responses",
            "/openai/responses/openai/v1/responses": "/openai/responses",
        },
    ),
    ResponsesProfile(
        name="xai-responses",
        server=SERVERS["xai"],
        source="xAI API reference; recordings; vercel/ai#10523: its own tools as custom_tool_call; "
        "docs.x.ai, prompt caching: prompt_cache_key",
        options={"prompt_cache_key": "prompt_cache_key"},
        item_ids=True,
        custom_tools=False,
    ),
    ResponsesProfile(
        name="openrouter-responses",
        server=SERVERS["openrouter"],
        source="OpenRouter docs, Responses API (stateless); recordings: ids change at the end",
        parts=_FILES,
        models=MODELS,
    ),
    ResponsesProfile(
        name="deepseek-responses",
        server=SERVERS["deepseek"],
        source="recordings; pydantic-ai#7430",
        options={"user": None},
        parts=_TEXT,
    ),
    ResponsesProfile(
        name="groq-responses",
        server=SERVERS["groq"],
        source="Groq docs, Responses API: no logprobs, nothing is stored",
        options={"logprobs": None, "service_tier": "service_tier"},
    ),
    ResponsesProfile(
        name="huggingface-responses",
        server=SERVERS["huggingface"],
        source="Hugging Face inference providers, Responses API",
    ),
    ResponsesProfile(
        name="vllm-responses",
        server=SERVERS["vllm"],
        source="vLLM docs, OpenAI compatible server: Responses API, top_k as an extra",
        options={"top_k": "top_k"},
    ),
    ResponsesProfile(
        name="lmstudio-responses",
        server=SERVERS["lmstudio"],
        source="LM Studio docs, responses; recordings",
        options={"user": None, "metadata": None, "logprobs": None},
    ),
    ResponsesProfile(
        name="ollama-responses",
        server=SERVERS["ollama-compat"],
        source="Ollama docs, OpenAI compatibility: responses, stateless",
        options={"user": None, "metadata": None, "logprobs": None, "tool_choice": None},
    ),
    ResponsesProfile(
        name="llamacpp-responses",
        server=SERVERS["llamacpp"],
        source="experiments with xllamacpp 0.2.14: text.format does nothing, a tool choice by name "
        "becomes auto; recordings: no indexes, no sequence numbers",
        options={
            "top_k": "top_k",
            **dict.fromkeys(("user", "metadata", "logprobs")),
            **dict.fromkeys(("reasoning_effort", "response_format")),
        },
        named_tool_choice=False,
    ),
    ResponsesProfile(
        name="openai-compatible-responses",
        server=SERVERS["openai-compatible"],
        source="any other server: the common ground of the rows above",
        parts=_FILES,
    ),
)

PROFILES: Mapping[str, ResponsesProfile] = MappingProxyType({row.name: row for row in _ROWS})
"""The table, by model-id prefix."""
