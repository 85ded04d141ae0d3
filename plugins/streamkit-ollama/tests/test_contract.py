"""Ollama's chat API keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_contract_tests import AdapterContract
from streamkit_ollama import OllamaChat


class TestOllamaChat(AdapterContract):
    contract = 1
    adapter = OllamaChat()
    recordings = Path(__file__).parent / "recordings"
    padding_fields = ("created_at",)
    deviations: ClassVar = {
        "L26": "a tool message has no field for it: the words of the result say it",
    }
