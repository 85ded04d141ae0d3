"""Mistral's Conversations API for streamkit: agents, and tools that Mistral runs."""

from __future__ import annotations

from streamkit_mistral.conversations.adapter import MistralConversations

__all__ = ["MistralConversations"]
