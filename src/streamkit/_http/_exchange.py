"""A request and its answer on connections of our own, with what drivers use of httpx's shape.

httpx's own objects parse each URL, copy each header, and keep cookies: that takes as long as h11
takes for the whole exchange, and a stream keeps them for as long as it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

import h11
import httpx

Origin = tuple[bytes, bytes, int]
"""Scheme, host, port."""

Headers = list[tuple[bytes, bytes]]

_TIMERS: Final = ("connect", "read", "write", "pool")


def authority(origin: Origin) -> bytes:
    """Host and port, as one writes them."""
    _, host, port = origin
    return b"[%s]:%d" % (host, port) if b":" in host else b"%s:%d" % (host, port)


class Place(NamedTuple):
    """Where a URL leads: ``target`` is what the request line asks for."""

    url: httpx.URL
    origin: Origin
    target: bytes
    host: bytes


@lru_cache(maxsize=64)
def _place(url: str) -> Place:
    parsed = httpx.URL(url)
    if parsed.scheme not in {"http", "https"}:
        raise httpx.UnsupportedProtocol("the URL is not one of http or https")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    origin = parsed.raw_scheme, parsed.raw_host, port
    return Place(parsed, origin, parsed.raw_path, parsed.netloc)


@dataclass(slots=True)
class Request:
    """``extensions`` has the seconds of each timer, ``trace``, and the ``deadline`` if any."""

    method: str
    place: Place = field(repr=False)
    headers: Headers = field(repr=False)
    content: bytes = field(repr=False)
    extensions: dict[str, Any] = field(repr=False)

    @property
    def url(self) -> httpx.URL:
        return self.place.url


def build_request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    timeout: tuple[float | None, ...],
    extensions: Mapping[str, Any],
) -> Request:
    """As of ``httpx.Client``; names of ``headers`` are lower-case. Raises httpx.InvalidURL."""
    place = _place(url)
    raw = [] if "host" in headers else [(b"host", place.host)]
    raw += [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    if (content or method == "POST") and "content-length" not in headers:
        raw.append((b"content-length", b"%d" % len(content)))
    timers = dict(zip(_TIMERS, timeout, strict=True))
    return Request(method, place, raw, content, {**extensions, "timeout": timers})


@dataclass(slots=True, eq=False)
class Answer:
    """An answer whose head was read. Whoever has it closes it."""

    status_code: int
    headers: dict[str, str]
    stream: Any
    extensions: dict[str, Any]

    def close(self) -> None:
        self.stream.close()

    async def aclose(self) -> None:
        await self.stream.aclose()


def answer(head: h11.Response, body: Any, stream: Any) -> Answer:
    """``body`` is also in the extensions: there, a driver may read it at leisure."""
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in head.headers:
        name, value = name_bytes.decode("ascii"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    extensions = {
        "http_version": b"HTTP/" + head.http_version,
        "network_stream": stream,
        "streamkit": body,
    }
    return Answer(head.status_code, headers, body, extensions)
