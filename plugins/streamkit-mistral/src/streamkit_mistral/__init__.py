"""Mistral's chat completions for streamkit."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_mistral.adapter import MistralChat

__all__ = ["MistralChat"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    return MistralChat() if name == "mistral" else None
