"""Gemini's two dialects for streamkit.

generateContent is in this package, the Interactions API in `streamkit_gemini.interactions`.
"""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_gemini.adapter import Gemini
from streamkit_gemini.interactions import GeminiInteractions
from streamkit_gemini.models import MODELS, ModelFacts

__all__ = ["MODELS", "Gemini", "GeminiInteractions", "ModelFacts"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    match name:
        case "gemini":
            return Gemini()
        case "gemini-interactions":
            return GeminiInteractions()
    return None
