"""generateContent keeps the contract, framed as events and as an array."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from streamkit_contract_tests import AdapterContract
from streamkit_gemini import Gemini


class TestGemini(AdapterContract):
    contract = 1
    adapter = Gemini()
    recordings = Path(__file__).parent / "recordings"
    padding_fields = ("nullValue",)  # its name says it all
    variants: ClassVar = {"vertex": Gemini(project="p", location="europe-west4")}
