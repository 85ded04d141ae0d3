"""The Interactions API keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_gemini import GeminiInteractions


class TestGeminiInteractions(AdapterContract):
    contract = 1
    adapter = GeminiInteractions()
    recordings = Path(__file__).parent / "interactions_recordings"
    padding_fields = ("event_id",)
