"""Cohere's chat API keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_cohere import CohereChat
from streamkit_contract_tests import AdapterContract


class TestCohereChat(AdapterContract):
    contract = 1
    adapter = CohereChat()
    recordings = Path(__file__).parent / "recordings"
