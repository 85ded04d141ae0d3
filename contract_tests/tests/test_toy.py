"""The toy adapter keeps every law, by the kit as its authors use it."""

from __future__ import annotations

from pathlib import Path

from acme import Acme

from streamkit_contract_tests import AdapterContract


class TestAcme(AdapterContract):
    contract = 1
    adapter = Acme()
    recordings = Path(__file__).parent / "recordings"
    keep_alives = ('data: {"t":"ping"}\n\n',)
