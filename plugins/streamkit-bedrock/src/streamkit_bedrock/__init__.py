"""streamkit adapters for Amazon Bedrock: ConverseStream, and Claude by InvokeModel."""

from __future__ import annotations

from streamkit import hookimpl
from streamkit.adapter import Adapter

from .adapter import Bedrock
from .anthropic import BedrockAnthropic

__all__ = ["Bedrock", "BedrockAnthropic"]


@hookimpl
def streamkit_adapter(name: str) -> Adapter | None:
    match name:
        case "bedrock":
            return Bedrock()
        case "bedrock-anthropic":
            return BedrockAnthropic()
    return None
