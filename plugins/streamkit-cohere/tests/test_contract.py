"""Cohere's chat API keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_cohere import CohereChat


class TestCohereChat(AdapterContract):
    contract = 1
    adapter = CohereChat()
    recordings = Path(__file__).parent / "recordings"
