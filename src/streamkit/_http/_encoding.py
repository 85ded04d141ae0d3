"""Compressed bodies: streams ask for none, but some gateways compress all the same.

Only gzip and deflate are undone here. The HTTP client could do it, but through one more generator,
which a body that is garbled would leave unfinished; and it inflates all of a read at once.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

STEP: Final = 2**20
"""Bytes inflated at a time: a few bytes on the wire may stand for thousands of times as many."""

_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


class DecodingError(Exception):
    """The bytes are not what the content-encoding promises."""


class Inflater:
    """Undoes gzip or deflate. While ``waiting``, `feed` has more to give without new bytes."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        self.waiting = False

    def feed(self, data: bytes = b"") -> bytes:
        """The next bytes, `STEP` of them at most. Raises DecodingError."""
        decompressor = self._decompressor
        try:
            out = decompressor.decompress(decompressor.unconsumed_tail + data, STEP)
        except zlib.error as error:
            raise DecodingError(str(error)) from None
        self.waiting = len(out) == STEP
        return out


def inflater(response: Any) -> Inflater | None:
    encoding = response.headers.get("content-encoding", "").lower()
    return Inflater() if encoding in ("gzip", "x-gzip", "deflate") else None
