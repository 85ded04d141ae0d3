"""OpenAI's two dialects for streamkit, and the many servers that speak them.

Chat completions are in this package, the Responses API in `streamkit_openai.responses`.
"""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_openai.adapter import OpenAIChat
from streamkit_openai.models import MODELS, ModelFacts
from streamkit_openai.profiles import PROFILES, Profile
from streamkit_openai.responses import PROFILES as RESPONSES_PROFILES
from streamkit_openai.responses import OpenAIResponses, ResponsesProfile

__all__ = [
    "MODELS",
    "PROFILES",
    "RESPONSES_PROFILES",
    "ModelFacts",
    "OpenAIChat",
    "OpenAIResponses",
    "Profile",
    "ResponsesProfile",
]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    """The adapter for a model-id prefix of the tables."""
    if name in RESPONSES_PROFILES:
        return OpenAIResponses(name)
    return OpenAIChat(name, name=name) if name in PROFILES else None
