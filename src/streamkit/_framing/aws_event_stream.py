"""The AWS event stream: binary, length-prefixed, each message guarded by two CRC-32 sums.

Layout of a message, all numbers big-endian (Amazon Transcribe developer guide, "Event stream
encoding", which Bedrock shares)::

    total length  headers length  CRC of these 8 bytes  headers  payload  CRC of all before
    4 bytes       4 bytes         4 bytes                                 4 bytes

A header is a name (1 byte of length before it), one byte of type, and a value of that type.
"""

from __future__ import annotations

import json
from struct import Struct
from struct import error as StructError
from typing import Final
from zlib import crc32

from streamkit.adapter import Frame
from streamkit.errors import ConnectionLostError, ProtocolError

_PRELUDE: Final = Struct(">III")
_U32: Final = Struct(">I")
_U16: Final = Struct(">H")
_OVERHEAD: Final = _PRELUDE.size + _U32.size

_STRING: Final = 7
_BYTES: Final = 6
_FIXED_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a value by its type: true, false, byte, short, int, long, timestamp, uuid."""


class AwsEventStream:
    """`Framer` of ``application/vnd.amazon.eventstream``.

    ``Frame.event`` is the ``:event-type``; for an exception ``exception:`` and its type, and for an
    error without one ``error:`` and its code, with ``{"message": …}`` as data. A message that
    ends too early is no frame: its CRC cannot be checked.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The messages that the next bytes complete.

        Raises:
            ProtocolError: see `Framer`.
            ConnectionLostError: a CRC is wrong, so the bytes were damaged on their way. Frames
                before them are returned first.
        """
        self._held += data
        frames: list[Frame] = []
        begin, held = 0, self._held
        try:
            while (size := self._size(begin)) is not None and len(held) - begin >= size:
                frames.append(_frame(bytes(held[begin : begin + size])))
                begin += size
        except (ConnectionLostError, ProtocolError):
            if not frames:
                raise
        del held[:begin]
        return frames

    def end(self) -> Frame | None:
        """None: what was left of a message proves nothing."""
        self._held.clear()
        return None

    def _size(self, begin: int) -> int | None:
        """Bytes of the message that starts there; None while its prelude has not come."""
        if len(self._held) - begin < _PRELUDE.size:
            return None
        size, headers, check = _PRELUDE.unpack_from(self._held, begin)
        if crc32(self._held[begin : begin + 8]) != check:
            raise _damaged("the check sum of a message's length is wrong")
        if size < _OVERHEAD + headers:
            raise ProtocolError(f"an AWS event stream message claims {size} bytes in all")
        if size > self._max_bytes:
            raise ProtocolError(
                f"one frame of the answer is longer than the limit of {self._max_bytes} bytes: it "
                f"announces {size}. If the vendor really sends frames of that size, raise the "
                f"limit with Client(max_frame_bytes=...)."
            )
        return int(size)


def _frame(message: bytes) -> Frame:
    if crc32(message[:-4]) != _U32.unpack_from(message, len(message) - 4)[0]:
        raise _damaged("the check sum of a message is wrong")
    headers_end = _PRELUDE.size + _U32.unpack_from(message, 4)[0]
    headers = _headers(message[_PRELUDE.size : headers_end])
    data = message[headers_end:-4].decode("utf-8", "replace")
    kind = headers.get(":message-type")
    if kind == "exception":
        return Frame(data, "exception:" + headers.get(":exception-type", ""))
    if kind == "error":
        text = json.dumps({"message": headers.get(":error-message", "")}, ensure_ascii=False)
        return Frame(text, "error:" + headers.get(":error-code", ""))
    return Frame(data, headers.get(":event-type", ""))


def _headers(block: bytes) -> dict[str, str]:
    """The headers whose values are text; the others are skipped."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name, kind = block[at + 1 : name_end].decode("utf-8", "replace"), block[name_end]
            at = name_end + 1
            if kind in (_STRING, _BYTES):
                size = _U16.unpack_from(block, at)[0]
                at += 2
                if kind == _STRING:
                    found[name] = block[at : at + size].decode("utf-8", "replace")
                at += size
            else:
                at += _FIXED_SIZES[kind]
    except (IndexError, KeyError, StructError) as error:
        raise ProtocolError("the headers of an AWS event stream message cannot be read") from error
    return found


def _damaged(what: str) -> ConnectionLostError:
    return ConnectionLostError(f"{what}: the bytes were damaged on their way")
