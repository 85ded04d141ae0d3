"""Gemini's two dialects for streamkit, at the Gemini API and on Vertex AI, and Claude on Vertex AI.

generateContent is in this package, the Interactions API in `streamkit_gemini.interactions`,
Anthropic's dialect at Google's address in `streamkit_gemini.anthropic`.
"""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_gemini.adapter import Gemini
from streamkit_gemini.anthropic import VertexAnthropic
from streamkit_gemini.interactions import GeminiInteractions
from streamkit_gemini.models import MODELS, ModelFacts

__all__ = ["MODELS", "Gemini", "GeminiInteractions", "ModelFacts", "VertexAnthropic"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    match name:
        case "gemini":
            return Gemini()
        case "gemini-interactions":
            return GeminiInteractions()
        case "vertex":
            return Gemini(vertex=True, name="vertex")
        case "vertex-interactions":
            return GeminiInteractions(vertex=True, name="vertex-interactions")
        case "vertex-anthropic":
            return VertexAnthropic()
    return None
