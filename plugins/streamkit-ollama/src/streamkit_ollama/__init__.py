"""Ollama's own chat API for streamkit."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_ollama.adapter import OllamaChat

__all__ = ["OllamaChat"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    return OllamaChat() if name == "ollama" else None
