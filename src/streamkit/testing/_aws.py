"""Messages of an AWS event stream, made and taken apart for recordings.

The layout is described in `streamkit._framing.aws_event_stream`.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import error as StructError
from struct import pack, unpack_from
from typing import Final
from zlib import crc32

_STRING: Final = 7
_SHORTEST: Final = 16


def aws_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message with these headers, its lengths and check sums put right."""
    block = b"".join(
        pack(">B", len(name.encode()))
        + name.encode()
        + pack(">BH", _STRING, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = pack(">II", _SHORTEST + len(block) + len(payload), len(block))
    message = prelude + pack(">I", crc32(prelude)) + block + payload
    return message + pack(">I", crc32(message))


def split_messages(body: bytes) -> list[bytes]:
    """The messages of a body; what is left at its end, or makes no sense, is the last piece."""
    messages, begin = [], 0
    while len(body) - begin >= _SHORTEST:
        size = unpack_from(">I", body, begin)[0]
        if not _SHORTEST <= size <= len(body) - begin:
            break
        messages.append(body[begin : begin + size])
        begin += size
    return [*messages, body[begin:]] if begin < len(body) else messages


def read_message(message: bytes) -> tuple[dict[str, str], bytes] | None:
    """Headers and payload, if `aws_message` would make the same bytes of them; else None."""
    try:
        headers_end = 12 + unpack_from(">I", message, 4)[0]
        headers, at = {}, 12
        while at < headers_end:
            name_end = at + 1 + message[at]
            value_start = name_end + 3
            value_end = value_start + unpack_from(">H", message, name_end + 1)[0]
            headers[message[at + 1 : name_end].decode()] = message[value_start:value_end].decode()
            at = value_end
        payload = message[headers_end:-4]
    except (IndexError, ValueError, StructError):
        return None
    return (headers, payload) if aws_message(headers, payload) == message else None
