"""streamkit adapter for Anthropic's Messages API, and for the servers that speak it."""

from __future__ import annotations

from streamkit import hookimpl
from streamkit.adapter import Adapter

from ._adapter import AnthropicMessages

__all__ = ["AnthropicMessages"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    return AnthropicMessages() if name == "anthropic" else None
