"""Speed is tested on asyncio and trio; uvloop is asyncio's."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tape_server import TapeServer

sys.path.append(str(Path(__file__).parents[2]))  # for what `benchmarks` makes as vendors do


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server() -> Iterator[TapeServer]:
    tape_server = TapeServer()
    try:
        yield tape_server
    finally:
        tape_server.close()


def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> None:
    """Coroutine functions are tests for every backend, without a mark."""
    if inspect.iscoroutinefunction(obj) and collector.istestfunction(obj, name):
        pytest.mark.usefixtures("anyio_backend")(obj)
        pytest.mark.anyio(obj)
