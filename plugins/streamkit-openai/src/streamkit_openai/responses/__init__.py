"""The Responses API for streamkit: OpenAI, and the servers that speak the same."""

from __future__ import annotations

from streamkit_openai.responses.adapter import OpenAIResponses
from streamkit_openai.responses.profiles import PROFILES, ResponsesProfile

__all__ = ["PROFILES", "OpenAIResponses", "ResponsesProfile"]
