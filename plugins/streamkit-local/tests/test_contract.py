"""The three dialects of the local server keep the contract, as recorded from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from streamkit_anthropic import AnthropicMessages
from streamkit_contract_tests import AdapterContract
from streamkit_local import LocalChat
from streamkit_openai import RESPONSES_PROFILES, OpenAIResponses

WITHOUT_LOGPROBS = replace(
    RESPONSES_PROFILES["openai-compatible-responses"], options={"logprobs": None}
)
RECORDINGS = Path(__file__).parent / "recordings"


class TestLocalChat(AdapterContract):
    contract = 1
    adapter = LocalChat()
    recordings = RECORDINGS / "chat"
    deviations: ClassVar = {
        "L13": "it starts a server of its own, in locate(); requests and decoders do no such thing",
    }


class TestLocalMessages(AdapterContract):
    contract = 1
    adapter = AnthropicMessages(base_url="http://localhost:8080")
    recordings = RECORDINGS / "messages"


class TestLocalResponses(AdapterContract):
    contract = 1
    adapter = OpenAIResponses(WITHOUT_LOGPROBS, base_url="http://localhost:8080/v1")
    recordings = RECORDINGS / "responses"
    padding_fields = ("created_at",)
