"""The servers that speak chat completions, as data: one row each, read by the code in this package.

A server that differs from the others differs in its row. Where a row's fact comes from is in its
``source``: the vendor's API reference, recorded streams, or the code of another client.

**When is an answer whole?** ``end`` says, for each server:

- ``strict``: every choice has told its finish reason, then ``[DONE]`` came. For servers whose
  reference promises ``[DONE]`` and whose recordings show it.
- ``lenient``: every choice has told its finish reason, then ``[DONE]`` or a clean end of the body
  came. Several servers leave ``[DONE]`` out.
- ``done``: ``[DONE]`` came. For servers that tell no finish reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from streamkit_openai.models import MODELS, ModelFacts

EndMark = Literal["strict", "lenient", "done"]
Replay = Literal[
    "no",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "thinking",
    "summary",
    "thinking_blocks",
]
"""How an assistant's reasoning goes back: not at all, as a text field of that name, as OpenRouter's
list of details, as ``thinking`` pieces of the content (Mistral), or, if it is signed, as pieces
with a ``summary`` (Databricks) or as a list of blocks beside the content (LiteLLM)."""

OPTIONS: Mapping[str, str | None] = MappingProxyType(
    # Option of ChatRequest: its name in the body; None if servers do not take it as a rule.
    # A dot leads into an object. ``top_logprobs`` also sets ``logprobs: true``.
    {
        "max_tokens": "max_tokens",
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": None,
        "stop": "stop",
        "seed": "seed",
        "n": "n",
        "frequency_penalty": "frequency_penalty",
        "presence_penalty": "presence_penalty",
        "logprobs": "top_logprobs",
        "reasoning_effort": "reasoning_effort",
        "reasoning_budget": None,
        "user": "user",
        "metadata": None,
        "service_tier": None,
        "prompt_cache_ttl": None,
        "prompt_cache_key": None,
        "tools": "tools",
        "tool_choice": "tool_choice",
        "parallel_tool_calls": "parallel_tool_calls",
        "response_format": "response_format",
    }
)

_TEXT = frozenset(
    {"text", "reasoning", "refusal", "tool_call", "incomplete_tool_call", "tool_result"}
) | {"provider_item"}
_IMAGES = _TEXT | {"image"}
_FILES = _IMAGES | {"document", "media"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """How a server is told to go on with the assistant message that stands last.

    ``message`` and ``body`` are fields added to that message and to the request. Of a JSON answer
    (``response_format``) no server is known to go on with its grammar, so none is asked to.
    """

    source: str
    message: Mapping[str, object] = field(default_factory=dict, hash=False)
    body: Mapping[str, object] = field(default_factory=dict, hash=False)
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One server. Make one for a server that has no row, and hand it to `OpenAIChat`."""

    name: str
    source: str = ""
    base_url: str | None = field(default=None, repr=False)
    """Without it, the user names one: by hand or in ``base_url_env``."""
    base_url_env: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    key_required: bool = True
    auth_header: str = "authorization"
    auth_prefix: str = "Bearer "
    bearer_token: str = ""
    """What keys look like that go out as ``Authorization: Bearer`` all the same: a pattern."""
    path: str = "/chat/completions"
    rewrites: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Older paths of the same server; see `streamkit.adapter.Endpoint`."""
    end: EndMark = "lenient"
    reasoning: tuple[str, ...] = ("reasoning", "reasoning_content")
    """Fields of a delta that hold reasoning. They carry the same text, so the first that has any is
    read."""
    replay: Replay = "no"
    reasoning_apart: bool = False
    """Whether ``completion_tokens`` leaves reasoning out."""
    stream_options: Mapping[str, bool] | None = field(
        default_factory=lambda: {"include_usage": True}, hash=False
    )
    options: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    """Where this server differs from `OPTIONS`."""
    models: Mapping[str, ModelFacts] = field(default_factory=dict, hash=False)
    """What is known of its models; see `streamkit_openai.models`."""
    efforts: tuple[str, ...] = ()
    """The reasoning efforts it takes, lowest first; empty: all, or it picks the nearest itself."""
    tool_choices: frozenset[str] = frozenset({"auto", "none", "required", "named"})
    json_schema: bool = True
    """Whether ``response_format`` may be a schema; else plain JSON is asked for instead."""
    parts: frozenset[str] = _IMAGES
    prefix: Prefix | None = None
    """Set where a broken answer can be gone on with from its text; else the model is asked to."""

    def option(self, name: str) -> str | None:
        """The body's name for an option of `ChatRequest`, or None if it is not taken."""
        return self.options[name] if name in self.options else OPTIONS[name]


def _not(*options: str) -> dict[str, str | None]:
    """These options are not taken."""
    return dict.fromkeys(options)


# What sets OpenAI and its own clouds apart from the servers modelled on them.
_OPENAI_OPTIONS: Mapping[str, str | None] = {
    "max_tokens": "max_completion_tokens",  # max_tokens is rejected by reasoning models
    "metadata": "metadata",
    "service_tier": "service_tier",
    "prompt_cache_key": "prompt_cache_key",
}
# Sampling options of engines that run open models.
_OPEN_MODELS: Mapping[str, str | None] = {"top_k": "top_k"}

_JWT = r"eyJ[\w-]*(\.[\w-]*){2,4}"
"""A token of Entra: base64 of ``{"``, and dots, which no key of Azure holds."""

_CONTINUE_FINAL = {"continue_final_message": True, "add_generation_prompt": False}

_ROWS = (
    Profile(
        name="openai",
        source="OpenAI API reference, chat completions; recordings end with [DONE]",
        base_url="https://api.openai.com/v1",
        base_url_env=("OPENAI_BASE_URL",),
        key_env=("OPENAI_API_KEY",),
        end="strict",
        stream_options={"include_usage": True, "include_obfuscation": False},
        options={**_OPENAI_OPTIONS, "user": "safety_identifier"},
        parts=_FILES,
        models=MODELS,
    ),
    Profile(
        name="azure",
        source="Azure OpenAI v1 API; recordings end with [DONE], first chunk has no choices; "
        "openai SDK, lib/azure: paths of deployments, and Entra's tokens before keys",
        base_url_env=("AZURE_OPENAI_ENDPOINT",),
        key_env=("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"),
        auth_header="api-key",
        auth_prefix="",
        bearer_token=_JWT,
        path="/openai/v1/chat/completions",
        rewrites={"(/openai/deployments/[^/]+)/.+": r"\1/chat/completions"},
        end="strict",
        options=_OPENAI_OPTIONS,
        parts=_FILES,
        models=MODELS,
    ),
    Profile(
        name="groq",
        source="Groq API reference, SDK 1.7; recordings: usage and x_groq.usage on the last chunk",
        base_url="https://api.groq.com/openai/v1",
        base_url_env=("GROQ_BASE_URL",),
        key_env=("GROQ_API_KEY",),
        options={
            "max_tokens": "max_completion_tokens",
            "metadata": "metadata",
            "service_tier": "service_tier",
        },
        efforts=("none", "low", "medium", "high"),
        prefix=Prefix(source="console.groq.com/docs/prefilling: a trailing assistant message"),
    ),
    Profile(
        name="deepseek",
        source="DeepSeek API docs, thinking mode: reasoning_content must go back with tool turns",
        base_url="https://api.deepseek.com",
        base_url_env=("DEEPSEEK_BASE_URL",),
        key_env=("DEEPSEEK_API_KEY",),
        reasoning=("reasoning_content",),
        replay="reasoning_content",
        options=_not("n", "seed", "user", "parallel_tool_calls"),
        json_schema=False,
        parts=_TEXT,
        prefix=Prefix(
            source="api-docs.deepseek.com/guides/chat_prefix_completion: prefix, at /beta",
            message={"prefix": True},
            path="/beta/chat/completions",
        ),
    ),
    Profile(
        name="xai",
        source="xAI API reference; recording: 12 prompt + 1 completion + 290 reasoning = 303 total",
        base_url="https://api.x.ai/v1",
        base_url_env=("XAI_BASE_URL",),
        key_env=("XAI_API_KEY",),
        reasoning=("reasoning_content",),
        reasoning_apart=True,
        options={"max_tokens": "max_completion_tokens"},
        efforts=("none", "low", "medium", "high", "xhigh"),
    ),
    Profile(
        name="openrouter",
        source="OpenRouter docs, reasoning tokens: reasoning_details go back unmodified; prompt "
        "caching: cache_control of the whole request",
        base_url="https://openrouter.ai/api/v1",
        base_url_env=("OPENROUTER_BASE_URL",),
        key_env=("OPENROUTER_API_KEY",),
        replay="reasoning_details",
        options={
            "top_k": "top_k",
            "reasoning_effort": "reasoning.effort",
            "reasoning_budget": "reasoning.max_tokens",
            "prompt_cache_ttl": "cache_control",
        },
        parts=_FILES,
    ),
    Profile(
        name="together",
        source="Together SDK 3.1: logprobs is a number both ways; finish reason eos",
        base_url="https://api.together.xyz/v1",
        base_url_env=("TOGETHER_BASE_URL",),
        key_env=("TOGETHER_API_KEY",),
        options={
            **_OPEN_MODELS,
            "logprobs": "logprobs",
            **_not("user", "parallel_tool_calls"),
        },
    ),
    Profile(
        name="fireworks",
        source="Fireworks API reference, SDK 1.2",
        base_url="https://api.fireworks.ai/inference/v1",
        base_url_env=("FIREWORKS_BASE_URL",),
        key_env=("FIREWORKS_API_KEY",),
        reasoning=("reasoning_content",),
        replay="reasoning_content",
        options={**_OPEN_MODELS, **_not("seed")},
    ),
    Profile(
        name="perplexity",
        source="Perplexity API reference; recordings: usage on every chunk, no [DONE]",
        base_url="https://api.perplexity.ai",
        base_url_env=("PERPLEXITY_BASE_URL",),
        key_env=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
        stream_options=None,
        options={
            "top_k": "top_k",
            **_not("stop", "seed", "n", "logprobs", "user"),
            **_not("tools", "tool_choice", "parallel_tool_calls"),
        },
        parts=_IMAGES - {"tool_call", "incomplete_tool_call", "tool_result"},
    ),
    Profile(
        name="mistral-compat",
        source="Mistral API reference, chat completions: content lists, random_seed, no opt-in",
        base_url="https://api.mistral.ai/v1",
        base_url_env=("MISTRAL_BASE_URL",),
        key_env=("MISTRAL_API_KEY",),
        replay="thinking",
        stream_options=None,
        options={
            "seed": "random_seed",
            "metadata": "metadata",
            "service_tier": "service_tier",
            "prompt_cache_key": "prompt_cache_key",
            **_not("logprobs", "user"),
        },
        prefix=Prefix(
            source="docs.mistral.ai, prefix: the last assistant message with prefix true",
            message={"prefix": True},
        ),
    ),
    Profile(
        name="moonshot",
        source="Kimi platform docs: no tool_choice required; pydantic-ai: reasoning must go back",
        base_url="https://api.moonshot.ai/v1",
        base_url_env=("MOONSHOT_BASE_URL",),
        key_env=("MOONSHOT_API_KEY", "MOONSHOTAI_API_KEY"),
        reasoning=("reasoning_content",),
        replay="reasoning_content",
        options=_not("seed", "logprobs", "user"),
        efforts=("minimal", "low", "medium", "high"),
        tool_choices=frozenset({"auto", "none", "named"}),
        prefix=Prefix(
            source="platform.moonshot.ai, partial mode: the last assistant message with partial",
            message={"partial": True},
        ),
    ),
    Profile(
        name="qwen",
        source="Alibaba Model Studio, OpenAI compatible mode: thinking_budget; recordings",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        base_url_env=("DASHSCOPE_BASE_URL",),
        key_env=("DASHSCOPE_API_KEY", "ALIBABA_API_KEY"),
        reasoning=("reasoning_content",),
        options={
            "top_k": "top_k",
            "reasoning_budget": "thinking_budget",
            **_not("reasoning_effort", "frequency_penalty", "user"),
        },
    ),
    Profile(
        name="cerebras",
        source="Cerebras docs, OpenAI compatibility (unsupported options); recordings",
        base_url="https://api.cerebras.ai/v1",
        base_url_env=("CEREBRAS_BASE_URL",),
        key_env=("CEREBRAS_API_KEY",),
        reasoning=("reasoning",),
        replay="reasoning",
        options={
            "max_tokens": "max_completion_tokens",
            **_not("n", "frequency_penalty", "presence_penalty", "parallel_tool_calls"),
        },
        parts=_TEXT,
    ),
    Profile(
        name="nvidia",
        source="NVIDIA NIM API reference",
        base_url="https://integrate.api.nvidia.com/v1",
        base_url_env=("NVIDIA_BASE_URL",),
        key_env=("NVIDIA_API_KEY",),
        reasoning=("reasoning_content", "reasoning"),
    ),
    Profile(
        name="huggingface",
        source="Hugging Face inference providers; recordings: [DONE] depends on the provider",
        base_url="https://router.huggingface.co/v1",
        base_url_env=("HF_BASE_URL",),
        key_env=("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    ),
    Profile(
        name="github",
        source="GitHub Models REST API: inference/chat/completions",
        base_url="https://models.github.ai/inference",
        base_url_env=("GITHUB_MODELS_BASE_URL",),
        key_env=("GITHUB_MODELS_TOKEN", "GITHUB_TOKEN"),
    ),
    Profile(
        name="gemini-compat",
        source="Gemini API, OpenAI compatibility; openai-python#3246: tool calls without index",
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        base_url_env=("GEMINI_COMPAT_BASE_URL",),
        key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        options=_not("seed", "logprobs", "user", "parallel_tool_calls"),
    ),
    Profile(
        name="zai",
        source="Z.ai API reference; pydantic-ai: reasoning_content goes back",
        base_url="https://api.z.ai/api/paas/v4",
        base_url_env=("ZAI_BASE_URL",),
        key_env=("ZAI_API_KEY",),
        reasoning=("reasoning_content",),
        replay="reasoning_content",
        options=_not(
            *("seed", "n", "frequency_penalty", "presence_penalty", "logprobs"),
            *("reasoning_effort", "parallel_tool_calls", "user"),
        ),
        tool_choices=frozenset({"auto"}),
        json_schema=False,
    ),
    Profile(
        name="databricks",
        source="Databricks docs, query reasoning models (it goes back unmodified); recordings",
        base_url_env=("DATABRICKS_HOST",),
        key_env=("DATABRICKS_TOKEN",),
        path="/serving-endpoints/chat/completions",
        replay="summary",
        options={"top_k": "top_k", **_not("seed", "user", "parallel_tool_calls")},
    ),
    Profile(
        name="snowflake",
        source="Snowflake Cortex REST API; recording and pydantic-ai: no finish reason for Claude",
        base_url_env=("SNOWFLAKE_BASE_URL",),
        key_env=("SNOWFLAKE_TOKEN", "SNOWFLAKE_PAT"),
        end="done",
        replay="reasoning_details",
        options={
            "max_tokens": "max_completion_tokens",
            "reasoning_effort": "reasoning.effort",
            "reasoning_budget": "reasoning.max_tokens",
        },
        efforts=("low", "medium", "high"),
    ),
    Profile(
        name="cloudflare",
        source="Cloudflare Workers AI, OpenAI compatible endpoints; recordings",
        base_url_env=("CLOUDFLARE_BASE_URL",),
        key_env=("CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN"),
        options={"top_k": "top_k", **_not("n", "logprobs", "user")},
    ),
    Profile(
        name="writer",
        source="Writer API reference; recording: /v1/chat, no [DONE]",
        base_url="https://api.writer.com/v1",
        base_url_env=("WRITER_BASE_URL",),
        key_env=("WRITER_API_KEY",),
        path="/chat",
        options=_not(
            *("seed", "frequency_penalty", "presence_penalty"),
            *("reasoning_effort", "parallel_tool_calls", "user"),
        ),
        parts=_TEXT,
    ),
    Profile(
        name="gpustack",
        source="recording: reasoning_content, errors as an `error:` line",
        base_url_env=("GPUSTACK_BASE_URL",),
        key_env=("GPUSTACK_API_KEY",),
        reasoning=("reasoning_content", "reasoning"),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="sambanova",
        source="pydantic-ai provider: base URL and key name",
        base_url="https://api.sambanova.ai/v1",
        base_url_env=("SAMBANOVA_BASE_URL",),
        key_env=("SAMBANOVA_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="nebius",
        source="pydantic-ai provider: base URL and key name",
        base_url="https://api.studio.nebius.com/v1",
        base_url_env=("NEBIUS_BASE_URL",),
        key_env=("NEBIUS_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="crusoe",
        source="pydantic-ai provider: base URL and key name",
        base_url="https://api.inference.crusoecloud.com/v1",
        base_url_env=("CRUSOE_BASE_URL",),
        key_env=("CRUSOE_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="ovhcloud",
        source="pydantic-ai provider: base URL and key name",
        base_url="https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        base_url_env=("OVHCLOUD_BASE_URL",),
        key_env=("OVHCLOUD_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="heroku",
        source="pydantic-ai provider: base URL and key name",
        base_url="https://us.inference.heroku.com",
        base_url_env=("HEROKU_INFERENCE_URL",),
        key_env=("HEROKU_INFERENCE_KEY",),
        path="/v1/chat/completions",
    ),
    Profile(
        name="vercel",
        source="Vercel AI Gateway, chat completions: reasoning; recordings: the details go back",
        base_url="https://ai-gateway.vercel.sh/v1",
        base_url_env=("VERCEL_AI_GATEWAY_BASE_URL",),
        key_env=("VERCEL_AI_GATEWAY_API_KEY", "AI_GATEWAY_API_KEY"),
        replay="reasoning_details",
        options={
            "reasoning_effort": "reasoning.effort",
            "reasoning_budget": "reasoning.max_tokens",
        },
    ),
    Profile(
        name="deepinfra",
        source="DeepInfra docs, OpenAI API",
        base_url="https://api.deepinfra.com/v1/openai",
        base_url_env=("DEEPINFRA_BASE_URL",),
        key_env=("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        reasoning=("reasoning_content", "reasoning"),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="avian",
        source="recordings: reasoning_content beside reasoning_details",
        base_url="https://api.avian.io/v1",
        base_url_env=("AVIAN_BASE_URL",),
        key_env=("AVIAN_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="hyper",
        source="Charm Hyper; recordings: reasoning_content",
        base_url="https://hyper.charm.land/v1",
        base_url_env=("HYPER_BASE_URL",),
        key_env=("HYPER_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="ai21",
        source="AI21 API reference, Jamba; recording: usage on the last chunk",
        base_url="https://api.ai21.com/studio/v1",
        base_url_env=("AI21_BASE_URL",),
        key_env=("AI21_API_KEY",),
        stream_options=None,
        options=_not(
            *("seed", "frequency_penalty", "presence_penalty", "logprobs"),
            *("reasoning_effort", "tool_choice", "parallel_tool_calls", "user"),
        ),
        json_schema=False,
        parts=_TEXT,
    ),
    Profile(
        name="baseten",
        source="Baseten docs, Model APIs; recordings: reasoning_content, usage on every chunk",
        base_url="https://inference.baseten.co/v1",
        base_url_env=("BASETEN_BASE_URL",),
        key_env=("BASETEN_API_KEY",),
        reasoning=("reasoning_content", "reasoning"),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="xiaomi",
        source="Xiaomi MiMo docs, OpenAI API; recordings: reasoning_content, which goes back",
        base_url="https://api.xiaomimimo.com/v1",
        base_url_env=("MIMO_BASE_URL",),
        key_env=("MIMO_API_KEY", "XIAOMI_API_KEY"),
        reasoning=("reasoning_content",),
        replay="reasoning_content",
        options={"max_tokens": "max_completion_tokens", **_not("reasoning_effort")},
        json_schema=False,
    ),
    Profile(
        name="venice",
        source="docs.venice.ai, moving from OpenAI; recordings: reasoning_content",
        base_url="https://api.venice.ai/api/v1",
        base_url_env=("VENICE_BASE_URL",),
        key_env=("VENICE_API_KEY",),
        reasoning=("reasoning_content", "reasoning"),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="doubleword",
        source="Doubleword API; recordings: either reasoning field, by the model",
        base_url="https://api.doubleword.ai/v1",
        base_url_env=("DOUBLEWORD_BASE_URL",),
        key_env=("DOUBLEWORD_API_KEY",),
        options=_OPEN_MODELS,
    ),
    Profile(
        name="litellm",
        source="LiteLLM docs, reasoning content: thinking_blocks go back; pydantic-ai provider",
        base_url="http://localhost:4000",
        base_url_env=("LITELLM_BASE_URL", "LITELLM_PROXY_API_BASE"),
        key_env=("LITELLM_API_KEY", "LITELLM_PROXY_API_KEY"),
        key_required=False,
        reasoning=("reasoning_content", "reasoning"),
        replay="thinking_blocks",
        options={"metadata": "metadata", "service_tier": "service_tier"},
        parts=_FILES,
    ),
    Profile(
        name="vllm",
        source="vLLM docs, OpenAI compatible server; reasoning (new), reasoning_content (old)",
        base_url="http://localhost:8000/v1",
        base_url_env=("VLLM_BASE_URL",),
        key_env=("VLLM_API_KEY",),
        key_required=False,
        replay="reasoning",
        options=_OPEN_MODELS,
        prefix=Prefix(
            source="docs.vllm.ai, chat API, extra parameters: continue_final_message",
            body=_CONTINUE_FINAL,
        ),
    ),
    Profile(
        name="sglang",
        source="SGLang docs, OpenAI APIs; sglang#7117: index 0 on every parallel call",
        base_url="http://localhost:30000/v1",
        base_url_env=("SGLANG_BASE_URL",),
        key_env=("SGLANG_API_KEY",),
        key_required=False,
        reasoning=("reasoning_content", "reasoning"),
        replay="reasoning_content",
        options=_OPEN_MODELS,
        prefix=Prefix(
            source="docs.sglang.ai, chat completions: continue_final_message",
            body={"continue_final_message": True},
        ),
    ),
    Profile(
        name="llamacpp",
        source="llama.cpp server README; Vercel AI SDK: an object tool_choice becomes auto",
        base_url="http://localhost:8080/v1",
        base_url_env=("LLAMACPP_BASE_URL",),
        key_env=("LLAMACPP_API_KEY", "LLAMA_API_KEY"),
        key_required=False,
        reasoning=("reasoning_content", "reasoning"),
        replay="reasoning_content",
        options={**_OPEN_MODELS, **_not("user", "reasoning_effort")},
        tool_choices=frozenset({"auto", "none", "required"}),
        prefix=Prefix(
            source="llama.cpp server README, --prefill-assistant (the default); measured"
        ),
    ),
    Profile(
        name="lmstudio",
        source="LM Studio docs, OpenAI compatibility: either reasoning field, by setting",
        base_url="http://localhost:1234/v1",
        base_url_env=("LMSTUDIO_BASE_URL",),
        key_env=("LMSTUDIO_API_KEY",),
        key_required=False,
        options={**_OPEN_MODELS, **_not("user", "n")},
    ),
    Profile(
        name="ollama-compat",
        source="Ollama docs, OpenAI compatibility; recordings",
        base_url="http://localhost:11434/v1",
        base_url_env=("OLLAMA_COMPAT_BASE_URL",),
        key_env=("OLLAMA_API_KEY",),
        key_required=False,
        options=_not("n", "tool_choice", "parallel_tool_calls", "user"),
        prefix=Prefix(source="ollama/ollama#3672: a trailing assistant message is continued"),
    ),
    Profile(
        name="openai-compatible",
        source="any other server: the common ground of the rows above",
        base_url_env=("OPENAI_COMPATIBLE_BASE_URL",),
        key_env=("OPENAI_COMPATIBLE_API_KEY",),
        key_required=False,
        options=_OPEN_MODELS,
        parts=_FILES,
    ),
)

_ALIASES = {"dashscope": "qwen"}

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {row.name: row for row in _ROWS}
    | {alias: row for alias, of in _ALIASES.items() for row in _ROWS if row.name == of}
)
"""The table, by model-id prefix."""
