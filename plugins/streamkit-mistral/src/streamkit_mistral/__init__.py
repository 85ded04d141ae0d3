"""Mistral's two dialects for streamkit.

Chat completions are in this package, the Conversations API in `streamkit_mistral.conversations`.
"""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_mistral.adapter import MistralChat
from streamkit_mistral.conversations import MistralConversations

__all__ = ["MistralChat", "MistralConversations"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    """The adapter for one of the two prefixes."""
    match name:
        case "mistral":
            return MistralChat()
        case "mistral-conversations":
            return MistralConversations()
    return None
