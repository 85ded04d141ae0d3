"""Chat completions keep the contract, in the dialect of each server that a recording is from."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_contract_tests import AdapterContract
from streamkit_openai import PROFILES, OpenAIChat


class TestOpenAIChat(AdapterContract):
    contract = 1
    adapter = OpenAIChat()
    recordings = Path(__file__).parent / "recordings"
    variants: ClassVar = {name: OpenAIChat(name) for name in PROFILES if name != "openai"}
    padding_fields = ("obfuscation",)
    deviations: ClassVar = {
        "L05[xai_tools]": "xai counts a clean end behind the stop as complete, though citations of "
        "the answer come in the frame behind it",
    }
