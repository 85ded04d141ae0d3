"""The contract of a streamkit adapter, as tests.

    from pathlib import Path
    from streamkit_acme import Acme
    from streamkit_contract_tests import AdapterContract

    class TestAcme(AdapterContract):
        adapter = Acme()
        recordings = Path(__file__).parent / "recordings"

pytest turns such a class into one test for each law and recording; see the README for the laws and
the format of recordings.
"""

from .contract import AdapterContract

CONTRACT = 1
"""The version of the contract. A law that could fail an adapter of today raises it."""

__all__ = ["CONTRACT", "AdapterContract"]
