"""Cohere's chat API keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_cohere import CohereChat
from streamkit_contract_tests import AdapterContract


class TestCohereChat(AdapterContract):
    contract = 1
    adapter = CohereChat()
    recordings = Path(__file__).parent / "recordings"
    deviations: ClassVar = {
        "L26": "a tool message has no field for it: the words of the result say it",
    }
