"""Mistral's chat completions keep the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_mistral import MistralChat


class TestMistralChat(AdapterContract):
    contract = 1
    adapter = MistralChat()
    recordings = Path(__file__).parent / "recordings"
    padding_fields = ("p",)
