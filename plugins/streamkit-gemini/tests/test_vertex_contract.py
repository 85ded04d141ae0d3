"""Claude on Vertex AI keeps the contract, with Google's own event among Anthropic's."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_gemini import VertexAnthropic


class TestVertexAnthropic(AdapterContract):
    contract = 1
    adapter = VertexAnthropic()
    recordings = Path(__file__).parent / "vertex_recordings"
    keep_alives = ('event: ping\ndata: {"type": "ping"}\n\n',)
