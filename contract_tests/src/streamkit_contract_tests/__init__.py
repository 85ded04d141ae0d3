"""The contract of a streamkit adapter, as tests.

    from pathlib import Path
    from streamkit_acme import Acme
    from streamkit_contract_tests import AdapterContract

    class TestAcme(AdapterContract):
        contract = 1
        adapter = Acme()
        recordings = Path(__file__).parent / "recordings"

pytest turns such a class into one test for each law and recording; see the README for the format of
recordings; ``python -m streamkit_contract_tests`` tells the laws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .contract import CONTRACT, AdapterContract

__all__ = ["CONTRACT", "AdapterContract"]


def __getattr__(name: str) -> Any:
    # Late, for pytest loads the plugin of this package in every run, whatever it tests.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import contract

    return getattr(contract, name)
