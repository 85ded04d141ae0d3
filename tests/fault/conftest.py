"""Nothing is left behind by any test here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .leftovers import NothingLeft
from .readers import LOOPS, run


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with NothingLeft():
        yield


@pytest.fixture(autouse=True, scope="session")
def _loops_have_run() -> None:
    """Uvloop keeps one pipe for the process from its first run on."""
    for backend in LOOPS:
        run(backend, _nothing)


async def _nothing() -> None:
    pass
