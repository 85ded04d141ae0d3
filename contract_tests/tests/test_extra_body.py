"""What `extra_body` says of an object must not cost what else stands in it."""

from __future__ import annotations

import pytest
import twists
from mutation import HERE, broken

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests.recordings import load
from streamkit_gemini import Gemini

RECORDINGS = HERE.parents[1] / "plugins" / "streamkit-gemini" / "tests" / "recordings"


class Replaces(twists.Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        wire = super().request(request.model_copy(update={"extra_body": {}}))
        return twists._body(wire, **request.extra_body)


@pytest.mark.parametrize(("twist", "caught"), [(twists.Twisted, False), (Replaces, True)])
def test_an_adapter_that_replaces_whole_objects_is_caught(
    twist: type[twists.Twisted], caught: bool
) -> None:
    plain = [r for r in load(RECORDINGS) if r.expected.variant is None]
    found = broken("L16", Suite(twist(Gemini()), plain))
    assert ("generationConfig" in str(found)) is caught
    assert bool(found) is caught
