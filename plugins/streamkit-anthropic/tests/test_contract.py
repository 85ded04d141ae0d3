"""The Anthropic adapter keeps the contract."""

from __future__ import annotations

from pathlib import Path

from streamkit_anthropic import AnthropicMessages
from streamkit_contract_tests import AdapterContract


class TestAnthropicMessages(AdapterContract):
    contract = 1
    adapter = AnthropicMessages()
    recordings = Path(__file__).parent / "recordings"
    keep_alives = ('event: ping\ndata: {"type": "ping"}\n\n',)
