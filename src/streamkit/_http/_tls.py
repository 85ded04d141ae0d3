"""TLS over a stream of `_asyncio`, with the interface of httpcore's network streams.

Asyncio's own TLS takes 256 kB for each connection, ten times what all else of an open stream takes
(`SSLProtocol.max_size`, Python 3.11 to 3.14). Here OpenSSL reads and writes in memory, as in anyio.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpcore

if TYPE_CHECKING:
    from streamkit._http._asyncio import AsyncioStream

RECORD: Final = 16 * 1024
"""Bytes that one record of TLS may carry; OpenSSL hands out one at a time."""

READ_SIZE: Final = 64 * 1024


# httpcore's interface has timeouts for arguments.
# ruff: noqa: ASYNC109


class TlsStream(httpcore.AsyncNetworkStream):
    """The client's side of TLS; `shake_hands` comes first."""

    __slots__ = ("_below", "_coming", "_going", "_tls")

    def __init__(self, below: AsyncioStream, context: ssl.SSLContext, host: str | None) -> None:
        self._below = below
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._coming, self._going, server_hostname=host)

    async def shake_hands(self, timeout: float | None) -> None:
        """Raises ConnectTimeout, or ConnectError."""
        try:
            with anyio.fail_after(timeout):
                while not self._has_shaken_hands():
                    await self._send(None)
                    self._take(await self._below.read(READ_SIZE))
                await self._send(None)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no TLS connection within {timeout} s") from error
        except (OSError, httpcore.ReadError, httpcore.WriteError) as error:  # ssl.SSLError is one
            raise httpcore.ConnectError(str(error)) from error

    def _has_shaken_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; b"" at the end. Raises ReadTimeout, or ReadError."""
        left, until = timeout, None if timeout is None else time.monotonic() + timeout
        while (data := self._decrypted(max_bytes)) is None:
            if self._going.pending:  # TLS has something to answer
                await self._send(left)
            self._take(await self._below.read(READ_SIZE, left))
            if until is not None:
                left = max(0.0, until - time.monotonic())
        return data

    def _decrypted(self, max_bytes: int) -> bytes | None:
        """What is at hand; None if that is not a whole record."""
        if not (self._coming.pending or self._coming.eof or self._tls.pending()):
            return None
        try:
            return self._tls.read(min(max_bytes, RECORD))
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLEOFError:  # without a farewell: whether the answer is whole, others know
            return b""
        except ssl.SSLError as error:
            raise httpcore.ReadError(str(error)) from error

    def _take(self, data: bytes) -> None:
        if data:
            self._coming.write(data)
        else:
            self._coming.write_eof()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes. Raises WriteTimeout, or WriteError."""
        rest = memoryview(buffer)
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError as error:
            raise httpcore.WriteError(str(error)) from error
        await self._send(timeout)

    async def _send(self, timeout: float | None) -> None:
        if self._going.pending:
            await self._below.write(self._going.read(), timeout)

    async def aclose(self) -> None:
        """Close the connection now, without a farewell that a peer might not take."""
        await self._below.aclose()

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object":
                return self._tls
            case "is_readable":
                return self._has_more() or self._below.get_extra_info(info)
        return self._below.get_extra_info(info)

    def _has_more(self) -> bool:
        """Whether what came is more than what TLS itself had to say."""
        if data := self._below.received():
            self._take(data)
        try:
            return self._decrypted(1) is not None
        except httpcore.ReadError:
            return True
