"""An adapter that breaks the contract harms one stream, and is named."""

from __future__ import annotations

from collections.abc import Mapping

from streamkit import errors
from streamkit.chunks import Fault
from streamkit.testing import decode
from wire import Wire


class OfNoKnownKind(Wire):
    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return Fault("server_error", "something broke", status=status)  # type: ignore[arg-type]


def test_a_fault_of_a_kind_that_does_not_exist_is_the_adapters_bug() -> None:
    error = decode(OfNoKnownKind(), b"{}", status=500).error
    assert isinstance(error, errors.ProtocolError)
    assert isinstance(error.__cause__, KeyError)
