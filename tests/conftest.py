"""Every async test runs on asyncio, asyncio with uvloop, and trio."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tape_server import TapeServer

# A shell that starts the tests in the background has them, and every program they start, ignore
# Ctrl-C; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
        pytest.param("trio", id="trio"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server() -> Iterator[TapeServer]:
    """A vendor on a loopback socket; see `TapeServer`."""
    tape_server = TapeServer()
    try:
        yield tape_server
    finally:
        tape_server.close()
