"""The Interactions API keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_contract_tests import AdapterContract
from streamkit_gemini import GeminiInteractions


class TestGeminiInteractions(AdapterContract):
    contract = 1
    adapter = GeminiInteractions()
    recordings = Path(__file__).parent / "interactions_recordings"
    padding_fields = ("event_id",)
    deviations: ClassVar = {
        "L11[over_already]": "the whole interaction repeats the question, which is not the answer",
        "L22[tools]": "the arguments that a call starts with are said when it stops: pieces may "
        "come in their place",
    }
