"""Amazon Bedrock's two dialects for streamkit: ConverseStream, and Claude by InvokeModel.

ConverseStream is in this package, Anthropic's dialect inside Bedrock in
`streamkit_bedrock.anthropic`.
"""

from __future__ import annotations

from streamkit.adapter import Adapter
from streamkit.hookspecs import hookimpl
from streamkit_bedrock.adapter import Bedrock
from streamkit_bedrock.anthropic import BedrockAnthropic
from streamkit_bedrock.models import MODELS, ModelFacts

__all__ = ["MODELS", "Bedrock", "BedrockAnthropic", "ModelFacts"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    match name:
        case "bedrock":
            return Bedrock()
        case "bedrock-anthropic":
            return BedrockAnthropic()
    return None
