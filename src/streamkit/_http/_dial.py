"""How a connection is made: TCP, through a proxy if there is one, and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from errno import ENOTDIR
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

import anyio
import httpcore
import httpx

from streamkit._http._asyncio import connect
from streamkit._http._common import keep_alive
from streamkit._http._exchange import Origin
from streamkit._http._http11 import AsyncLine, Line
from streamkit._http._proxies import Proxy
from streamkit.errors import ConfigurationError

CLOSE_SECONDS: Final = 0.4
"""How long a connection may take to close: a TLS farewell waits for a peer that does not read."""

Loop = asyncio.AbstractEventLoop | None


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """One for the process: reading the CA bundle takes tens of milliseconds.

    Raises:
        ConfigurationError: what the environment names in its place cannot be read.
    """
    variable = next((x for x in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(x)), None)
    try:
        if variable == "SSL_CERT_DIR":
            _some_directory(os.environ[variable])
        context = httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        if variable is None:
            raise
        raise ConfigurationError(
            f"the certificates in {os.environ[variable]!r}, which {variable} names, cannot be "
            f"read: {error.strerror or error}"
        ) from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _some_directory(paths: str) -> None:
    """OpenSSL passes over what is none, and then trusts nobody. Raises NotADirectoryError."""
    if not any(Path(x).is_dir() for x in paths.split(os.pathsep)):
        raise NotADirectoryError(ENOTDIR, "no such directory")


async def connected(
    origin: Origin, proxy: Proxy | None, loop: Loop, seconds: float | None
) -> httpcore.AsyncNetworkStream:
    if proxy is None:
        return await _dialled(origin, _connecting(loop), seconds)
    # Only anyio's streams can have TLS over TLS.
    plain = proxy.origin[0] == b"http" or loop is None
    connecting = _connecting(loop) if plain else httpcore.AnyIOBackend().connect_tcp
    with proxy.named(seconds):
        stream = await _dialled(proxy.origin, connecting, seconds)
        if origin[0] != b"https":
            return stream
        try:
            proxy.tunnelled(await AsyncLine(stream, loop).ask(proxy.tunnel(origin, seconds)))
        except BaseException:
            await close_all([stream])
            raise
    return await _secured(stream, origin, seconds)


async def _dialled(
    origin: Origin,
    connecting: Callable[..., Awaitable[httpcore.AsyncNetworkStream]],
    seconds: float | None,
) -> httpcore.AsyncNetworkStream:
    stream = await connecting(origin[1].decode("ascii"), origin[2], seconds)
    keep_alive(stream)
    return await _secured(stream, origin, seconds) if origin[0] == b"https" else stream


async def _secured(
    stream: httpcore.AsyncNetworkStream, origin: Origin, seconds: float | None
) -> httpcore.AsyncNetworkStream:
    try:
        return await stream.start_tls(tls(), origin[1].decode("ascii"), seconds)
    except BaseException:
        await close_all([stream])
        raise


def _connecting(
    loop: Loop,
) -> Callable[..., Awaitable[httpcore.AsyncNetworkStream]]:
    """How to connect: in our own way where asyncio's own loop runs."""
    if loop is None:
        return httpcore.TrioBackend().connect_tcp
    if isinstance(loop, asyncio.BaseEventLoop):
        return connect
    return httpcore.AnyIOBackend().connect_tcp


class _Closes(Protocol):
    async def aclose(self) -> None: ...


async def close_all(lines: Sequence[_Closes]) -> None:
    """Close each, whatever becomes of the others."""
    cancelled: BaseException | None = None
    for line in lines:
        try:
            with anyio.move_on_after(CLOSE_SECONDS, shield=True), contextlib.suppress(Exception):
                await line.aclose()
        except asyncio.CancelledError as error:  # no shield holds off a task's own cancellation
            cancelled = error
    if cancelled is not None:
        raise cancelled


# --- blocking -------------------------------------------------------------------------------------


def connected_now(
    origin: Origin, proxy: Proxy | None, seconds: float | None
) -> httpcore.NetworkStream:
    if proxy is None:
        return _dialled_now(origin, seconds)
    with proxy.named(seconds):
        stream = _dialled_now(proxy.origin, seconds)
        if origin[0] != b"https":
            return stream
        try:
            proxy.tunnelled(Line(stream).ask(proxy.tunnel(origin, seconds)))
        except BaseException:
            stream.close()
            raise
    return _secured_now(stream, origin, seconds)


def _dialled_now(origin: Origin, seconds: float | None) -> httpcore.NetworkStream:
    name = origin[1].decode("ascii")
    stream = httpcore.SyncBackend().connect_tcp(name, origin[2], seconds)
    keep_alive(stream)
    return _secured_now(stream, origin, seconds) if origin[0] == b"https" else stream


def _secured_now(
    stream: httpcore.NetworkStream, origin: Origin, seconds: float | None
) -> httpcore.NetworkStream:
    try:
        return stream.start_tls(tls(), origin[1].decode("ascii"), seconds)
    except BaseException:
        stream.close()
        raise
