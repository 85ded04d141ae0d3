"""AWS event streams: every message whole and undamaged, or none; at every split."""

from __future__ import annotations

import contextlib
import itertools
import struct
from uuid import UUID
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit._framing import framer
from streamkit.adapter import Frame
from streamkit.errors import ConnectionLostError, ProtocolError


def header(name: str, value: str | bytes, kind: int = 7) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    size = struct.pack(">H", len(raw)) if kind in (6, 7) else b""
    return struct.pack("B", len(name)) + name.encode() + struct.pack("B", kind) + size + raw


def message(payload: bytes, *headers: bytes) -> bytes:
    block = b"".join(headers)
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack(">I", crc32(prelude)) + block + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, payload: str) -> bytes:
    return message(
        payload.encode(),
        header(":event-type", kind),
        header(":content-type", "application/json"),
        header(":message-type", "event"),
    )


HELLO = event("contentBlockDelta", '{"delta":{"text":"Grüße 👋"}}')
HELLO_FRAME = Frame('{"delta":{"text":"Grüße 👋"}}', "contentBlockDelta")
THROTTLED = message(
    b'{"message":"slow down"}',
    header(":exception-type", "throttlingException"),
    header(":message-type", "exception"),
)
BROKEN = message(
    b"",
    header(":message-type", "error"),
    header(":error-code", "InternalError"),
    header(":error-message", "oh „no“"),
)
ODD_HEADERS = message(
    b"{}",
    header("t", b"", 0),
    header("f", b"", 1),
    header("byte", b"\x01", 2),
    header("short", b"\x01\x02", 3),
    header("int", b"\0\0\0\x07", 4),
    header("long", b"\0" * 8, 5),
    header("bytes", b"abc", 6),
    header("time", b"\0" * 8, 8),
    header("uuid", UUID(int=7).bytes, 9),
    header(":event-type", "ping"),
)

# The two worked examples of the encoding's published test vectors: no headers, no payload; and the
# payload {'foo':'bar'} with a content type.
EMPTY = bytes.fromhex("000000100000000005c248eb7d98c8ff")
FOO_BAR = bytes.fromhex(
    "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
    "7b27666f6f273a27626172277d8d9c08b1"
)

VECTORS: dict[str, tuple[bytes, list[Frame]]] = {
    "nothing": (b"", []),
    "empty message": (EMPTY, [Frame("")]),
    "payload and header": (FOO_BAR, [Frame("{'foo':'bar'}")]),
    "event": (HELLO, [HELLO_FRAME]),
    "exception": (THROTTLED, [Frame('{"message":"slow down"}', "exception:throttlingException")]),
    "error": (BROKEN, [Frame('{"message": "oh „no“"}', "error:InternalError")]),
    "every header type": (ODD_HEADERS, [Frame("{}", "ping")]),
    "several": (
        HELLO + THROTTLED + HELLO,
        [
            HELLO_FRAME,
            *[Frame('{"message":"slow down"}', "exception:throttlingException")],
            HELLO_FRAME,
        ],
    ),
    "cut": (HELLO + HELLO[:-1], [HELLO_FRAME]),
    "cut in the prelude": (HELLO + HELLO[:7], [HELLO_FRAME]),
}


def read(*pieces: bytes) -> list[Frame]:
    cut = framer("aws-event-stream")
    found = [frame for piece in pieces for frame in cut.feed(piece)]
    assert cut.end() is None
    return found


@pytest.mark.parametrize(("body", "expected"), VECTORS.values(), ids=VECTORS.keys())
def test_vector_reads_the_same_at_every_split(body: bytes, expected: list[Frame]) -> None:
    assert read(body) == expected
    for at in range(len(body) + 1):
        assert read(body[:at], body[at:]) == expected, at
    assert read(*(body[n : n + 1] for n in range(len(body)))) == expected


@pytest.mark.parametrize("at", range(len(HELLO)))
def test_a_damaged_byte_anywhere_is_told_and_never_read(at: int) -> None:
    damaged = bytearray(HELLO)
    damaged[at] ^= 0x20
    cut = framer("aws-event-stream")
    assert cut.feed(HELLO + damaged + HELLO) == [HELLO_FRAME]
    for more in (b"", HELLO):
        with pytest.raises(ConnectionLostError, match="damaged on their way") as caught:
            cut.feed(more)
        assert caught.value.retryable


def with_sums(prelude: bytes, rest: bytes) -> bytes:
    body = prelude + struct.pack(">I", crc32(prelude)) + rest
    return body + struct.pack(">I", crc32(body))


@pytest.mark.parametrize(
    "body",
    [
        with_sums(struct.pack(">II", 4, 0), b""),
        with_sums(struct.pack(">II", 16, 200), b""),
        message(b"", b"\x09:mess"),
        message(b"", header("x", b"", 42)),
        message(b"", b"\x01x\x07\xff"),
    ],
    ids=["too short", "headers beyond the end", "half a header", "unknown type", "half a size"],
)
def test_a_message_that_breaks_the_layout_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        framer("aws-event-stream").feed(body)


def test_a_length_beyond_the_limit_is_refused_before_its_bytes_are_kept() -> None:
    prelude = struct.pack(">II", 2**31, 0)
    cut = framer("aws-event-stream", max_bytes=1000)
    assert cut.feed(HELLO + prelude + struct.pack(">I", crc32(prelude))) == [HELLO_FRAME]
    with pytest.raises(ProtocolError, match=r"limit of 1000 bytes.*max_frame_bytes"):
        cut.feed(b"x")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=20), st.text()), max_size=6),
    st.lists(st.integers(0, 900), max_size=8),
)
def test_any_events_at_any_splits_come_back(events: list[tuple[str, str]], cuts: list[int]) -> None:
    body = b"".join(event(kind, data) for kind, data in events)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(edges)]
    assert read(*pieces) == [Frame(data, kind) for kind, data in events]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_frames_or_an_error_of_ours(body: bytes) -> None:
    cut = framer("aws-event-stream")
    with contextlib.suppress(ConnectionLostError, ProtocolError):
        assert all(isinstance(frame, Frame) for frame in cut.feed(body))
