"""What can happen to a body on its way, without changing what it says; and where it can be cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from random import Random

from streamkit.adapter import Frame, Framing

# Atomic, for a CRLF must not count as two line ends.
_RECORD_END = {"sse": re.compile(rb"(?>\r\n|\n|\r){2,}"), "jsonl": re.compile(rb"\r?\n")}
BOM = b"\xef\xbb\xbf"

COMMENTS = {
    "sse": (b": keep-alive\n\n", b": glued to the next event\n", b"retry: 3000\n\n"),
    "jsonl": (b"\n", b" \n"),
}
"""Pieces that carry nothing in any dialect of a framing."""

UNKNOWN = {
    "sse": b'event: streamkit.unknown\ndata: {"type":"streamkit.unknown","probe":{"n":1}}\n\n',
    "jsonl": b'{"type":"streamkit.unknown","probe":{"n":1}}\n',
}
"""A message that no vendor sends yet."""


def record_ends(body: bytes, framing: Framing) -> list[int]:
    """The offsets behind each whole message of the body."""
    return [m.end() for m in _RECORD_END[framing].finditer(body)]


def insert(body: bytes, at: Iterable[int], piece: bytes) -> bytes:
    """The body with ``piece`` at each of these offsets, which ascend."""
    parts, last = [], 0
    for offset in at:
        parts += [body[last:offset], piece]
        last = offset
    return b"".join([*parts, body[last:]])


def with_line_ends(body: bytes, framing: Framing) -> dict[str, bytes]:
    """The body as other servers would send it, by the name of the change."""
    plain = body.replace(b"\r\n", b"\n").removeprefix(BOM)
    crlf = plain.replace(b"\n", b"\r\n")
    variants = {"LF": plain, "CRLF": crlf, "BOM": BOM + plain, "BOM and CRLF": BOM + crlf}
    if framing == "sse":
        variants["CR"] = plain.replace(b"\n", b"\r")
    return variants


def body_of(frames: Iterable[Frame], framing: Framing) -> bytes:
    """A body that is cut into these frames."""
    if framing == "jsonl":
        return "".join(f"{frame.data}\n" for frame in frames).encode()
    parts = []
    for frame in frames:
        event = f"event: {frame.event}\n" if frame.event else ""
        data = "".join(f"data: {line}\n" for line in frame.data.split("\n"))
        parts.append(f"{event}{data}\n")
    return "".join(parts).encode()


def some(positions: Sequence[int], limit: int, always: Iterable[int] = ()) -> list[int]:
    """All positions if they are few, else those of ``always`` and a sample, the same every time."""
    if len(positions) <= limit:
        return list(positions)
    known = set(positions)
    chosen = known.intersection(always)
    sample = Random(limit).sample(positions, limit)  # noqa: S311 - a fixed sample, no secret
    return sorted(chosen.union(sample[: max(0, limit - len(chosen))]))
