"""One server of the embedded model for all tests here, and a raw client for it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx
import pytest

import streamkit_local

# A shell that starts the tests in the background has them, and every program they start, ignore
# Ctrl-C; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def server() -> Iterator[streamkit_local.LocalServer]:
    with streamkit_local.running("smollm2") as server:
        yield server


@pytest.fixture
def http(server: streamkit_local.LocalServer) -> Iterator[httpx.Client]:
    # The server closes kept connections without a word, so none are kept.
    with httpx.Client(
        base_url=server.origin,
        headers={"authorization": f"Bearer {server.api_key}"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=60,
    ) as client:
        yield client
