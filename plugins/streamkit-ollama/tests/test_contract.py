"""Ollama's chat API keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_ollama import OllamaChat


class TestOllamaChat(AdapterContract):
    contract = 1
    adapter = OllamaChat()
    recordings = Path(__file__).parent / "recordings"
    padding_fields = ("created_at",)
