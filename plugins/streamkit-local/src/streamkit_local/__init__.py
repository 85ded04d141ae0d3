"""Models on your own machine for streamkit: GGUF files, served by llama.cpp from first use on."""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_local.adapter import LocalChat
from streamkit_local.server import LocalServer, running, serve

__all__ = ["LocalChat", "LocalServer", "running", "serve"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    """The adapter for the model-id prefix ``local``."""
    return LocalChat() if name == "local" else None
