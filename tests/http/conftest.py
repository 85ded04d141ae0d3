"""Connections of our own on asyncio, uvloop, trio and in plain code; no socket outlives a test."""

from __future__ import annotations

import gc
import os
import ssl
import stat
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

import streamkit
import streamkit.sync
from streamkit import Retry
from streamkit._http._dial import tls
from tape_server import TapeServer
from wire import Wire

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}

Ask = Callable[..., list[Any]]


def run(backend: str, main: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    name, options = LOOPS[backend]
    return anyio.run(main, *args, backend=name, backend_options=options)


def _sockets() -> set[int]:
    found = set()
    listing = Path("/proc/self/fd")
    for held in listing.iterdir() if listing.exists() else ():
        try:
            seen = os.fstat(int(held.name))
        except OSError:  # the descriptor of the listing itself
            continue
        if stat.S_ISSOCK(seen.st_mode):
            found.add(seen.st_ino)
    return found


def _threads() -> set[threading.Thread]:
    # Trio keeps an idle worker thread for ten seconds, for its own reuse.
    return {t for t in threading.enumerate() if not t.name.startswith("Trio thread")}


@pytest.fixture(autouse=True, scope="session")
def _loops_have_run() -> None:
    """Uvloop keeps one pipe for the process from its first run on."""
    for backend in LOOPS:
        run(backend, anyio.sleep, 0)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    before = _sockets(), _threads()
    gc.freeze()  # so that the collection below looks at what the test made, and is quick
    yield
    gc.collect()
    gc.unfreeze()
    until = time.monotonic() + 1  # a thread that was joined may still be on its way out
    while (left := (_sockets() - before[0]) or (_threads() - before[1])) and (
        time.monotonic() < until
    ):
        time.sleep(0.01)
    assert not left


@pytest.fixture(params=[*LOOPS, "sync"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def ask(backend: str) -> Ask:
    """``ask(url, calls=…, pause=…, prompt=…)``: the answers, or errors, of calls on one client."""

    def asked(url: str, calls: int = 1, pause: float = 0.0, prompt: str = "Hi", **more: Any) -> Any:
        options = {"adapters": [Wire(url)], "retry": Retry.never(), **more}
        headers = options.pop("headers", {})
        pauses = [0.0, *[pause] * (calls - 1)]
        if backend == "sync":
            return _ask_plainly(pauses, prompt, headers, options)
        return run(backend, _ask, pauses, prompt, headers, options)

    return asked


async def _ask(
    pauses: list[float], prompt: str, headers: dict[str, str], options: dict[str, Any]
) -> list[Any]:
    found: list[Any] = []
    async with streamkit.Client(**options) as client:
        for pause in pauses:
            await anyio.sleep(pause)
            try:
                found.append(await client.complete("wire:any", prompt, extra_headers=headers))
            except streamkit.errors.StreamkitError as error:
                found.append(error)
    return found


def _ask_plainly(
    pauses: list[float], prompt: str, headers: dict[str, str], options: dict[str, Any]
) -> list[Any]:
    found: list[Any] = []
    with streamkit.sync.Client(**options) as client:
        for pause in pauses:
            time.sleep(pause)
            try:
                found.append(client.complete("wire:any", prompt, extra_headers=headers))
            except streamkit.errors.StreamkitError as error:
                found.append(error)
    return found


def texts(answers: list[Any]) -> list[str]:
    """What each answer says; an error's type and words where there is none."""
    return [getattr(x, "text", None) or f"{type(x).__name__}: {x}" for x in answers]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ssl.SSLContext]:
    """A server's context, with a certificate for this host that this process trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    tls.cache_clear()
    yield context
    tls.cache_clear()


@pytest.fixture(params=["http", "https"])
def secured(request: pytest.FixtureRequest) -> Iterator[TapeServer]:
    """A vendor without and with TLS."""
    context = request.getfixturevalue("trusted") if request.param == "https" else None
    tape_server = TapeServer(context)
    try:
        yield tape_server
    finally:
        tape_server.close()
