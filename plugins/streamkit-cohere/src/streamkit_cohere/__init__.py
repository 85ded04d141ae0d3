"""Cohere's chat API for streamkit."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_cohere.adapter import CohereChat

__all__ = ["CohereChat"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    return CohereChat() if name == "cohere" else None
