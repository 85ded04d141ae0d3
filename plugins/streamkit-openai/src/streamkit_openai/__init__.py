"""Chat completions for streamkit: OpenAI, and the many servers that speak the same."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_openai.adapter import OpenAIChat
from streamkit_openai.profiles import PROFILES, Profile

__all__ = ["PROFILES", "OpenAIChat", "Profile"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    """The adapter for a model-id prefix of the table."""
    return OpenAIChat(name, name=name) if name in PROFILES else None
