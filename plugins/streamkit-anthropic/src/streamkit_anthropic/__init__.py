"""Anthropic's Messages API for streamkit, and for the servers that speak it."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_anthropic.adapter import AnthropicMessages
from streamkit_anthropic.models import MODELS, ModelFacts

__all__ = ["MODELS", "AnthropicMessages", "ModelFacts"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    return AnthropicMessages() if name == "anthropic" else None
