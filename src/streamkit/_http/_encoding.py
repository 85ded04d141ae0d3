"""Compressed bodies: streams ask for none, but some gateways compress all the same.

Only gzip and deflate are undone here, and no other is. The HTTP client could do it, but through one
more generator, which a body that is garbled would leave unfinished; and it inflates all of a read
at once, "gzip, gzip" twice over: 20 kB stand for gigabytes.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

STEP: Final = 2**20
"""Bytes inflated at a time: a few bytes on the wire may stand for thousands of times as many."""

_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_GZIP: Final = b"\x1f\x8b"


class DecodingError(Exception):
    """The bytes are not what the content-encoding promises."""


class Inflater:
    """Undoes gzip, of one or more members, or deflate.

    While ``waiting``, `feed` has more to give without new bytes.
    """

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._rest = b""
        self.waiting = False

    def feed(self, data: bytes = b"") -> bytes:
        """The next bytes, `STEP` of them at most. Raises DecodingError."""
        data = self._rest + data
        if self._decompressor.eof:
            if not data.startswith(_GZIP):  # the start of one, or padding
                self._rest = data if len(data) < len(_GZIP) else b""
                self.waiting = False
                return b""
            self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        decompressor = self._decompressor
        try:
            out = decompressor.decompress(data, STEP)
        except zlib.error as error:
            raise DecodingError(str(error)) from None
        self._rest = decompressor.unused_data or decompressor.unconsumed_tail
        self.waiting = len(out) == STEP or len(decompressor.unused_data) >= len(_GZIP)
        return out


class Unreadable(Inflater):
    """Refuses what came in an encoding that nobody asked for."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def feed(self, data: bytes = b"") -> bytes:  # noqa: ARG002
        raise DecodingError(f"it is {self._encoding!r}, which was not asked for")


def inflater(response: Any) -> Inflater | None:
    """What undoes this body; None where the bytes are what they are."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    match encoding:
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return Inflater()
    return Unreadable(encoding)
