"""Gemini's Interactions API for streamkit."""

from __future__ import annotations

from streamkit_gemini.interactions.adapter import GeminiInteractions

__all__ = ["GeminiInteractions"]
