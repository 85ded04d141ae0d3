"""The Responses API keeps the contract, in the dialect of each server that a recording is from."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_contract_tests import AdapterContract
from streamkit_openai import RESPONSES_PROFILES, OpenAIResponses


class TestOpenAIResponses(AdapterContract):
    contract = 1
    adapter = OpenAIResponses()
    recordings = Path(__file__).parent / "responses_recordings"
    variants: ClassVar = {
        name: OpenAIResponses(name) for name in RESPONSES_PROFILES if name != "openai-responses"
    }
    keep_alives = ('event: keepalive\ndata: {"type": "keepalive"}\n\n',)
    padding_fields = ("sequence_number", "obfuscation")
    replayed_with: ClassVar = {"extra_body": {"background": True}}
