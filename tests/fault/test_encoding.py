"""Bodies that were compressed although nobody asked for it."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from functools import lru_cache
from typing import Any

import pytest

from tape_server import Answer, TapeServer

from .readers import BACKENDS, Reader, Seen
from .rows import KEY
from .vendors import OPENAI

each_backend = pytest.mark.parametrize("backend", BACKENDS)


def read(server: TapeServer, backend: str, **options: Any) -> Seen:
    base_url = {"openai": server.url + OPENAI.path}
    reader = Reader("openai:any", "Hi", 1, lambda: None)
    [seen] = reader.read(
        backend, again=False, api_key={"openai": KEY}, base_url=base_url, **options
    )
    return seen


@each_backend
@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("gzip", lambda body: gzip.compress(body) + bytes(9)),
        ("gzip", lambda body: gzip.compress(body[:40]) + gzip.compress(body[40:])),
        ("gzip", lambda body: b"".join(gzip.compress(bytes([x])) for x in body)),
    ],
    ids=["gzip", "deflate", "padded", "two members", "many members"],
)
def test_a_compressed_body_is_read_all_the_same(
    server: TapeServer, backend: str, name: str, compress: Any
) -> None:
    body = compress(b"".join(OPENAI.whole("Hello, ", "world")))
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    server.play(Answer(pieces, headers={"content-encoding": name}))
    assert read(server, backend).text == "Hello, world"


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """100 kB that would be 100 MB: one event without an end."""
    compressor = zlib.compressobj(wbits=31)
    zeros = (compressor.compress(bytes(10**6)) for _ in range(100))
    return compressor.compress(b"data: ") + b"".join(zeros) + compressor.flush()


@each_backend
def test_a_compression_bomb_takes_no_room(server: TapeServer, backend: str) -> None:
    server.play(Answer([bomb()], headers={"content-encoding": "gzip"}))
    tracemalloc.start()
    try:
        seen = read(server, backend, max_frame_bytes=2 * 10**6)
        assert tracemalloc.get_traced_memory()[1] < 30 * 10**6
    finally:
        tracemalloc.stop()
    assert seen.error is not None
    assert "max_frame_bytes" in str(seen.error)
