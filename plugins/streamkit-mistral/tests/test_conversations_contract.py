"""The Conversations API keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_mistral import MistralConversations


class TestMistralConversations(AdapterContract):
    contract = 1
    adapter = MistralConversations()
    recordings = Path(__file__).parent / "conversations_recordings"
    padding_fields = ("created_at",)
