"""What can happen to a body on its way without changing what it says, and where it can be cut.

One class for each framing that the core knows; a law asks it and never looks at bytes itself.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import ClassVar, Final

from streamkit.adapter import Frame, Framing, parse_json
from streamkit.testing import Frames, aws_message, frames

from ._probes import word

BOM: Final = b"\xef\xbb\xbf"
NEW: Final = word("event")
UNKNOWN: Final = f'{{"type":"{NEW}","{word("field")}":{{"n":1}}}}'


class Wire(ABC):
    """How the bodies of one framing look.

    ``comments`` are pieces that carry nothing in any dialect; they may stand in each of the
    `places`. ``unknown`` is a message that no vendor sends yet.
    """

    content_type: str
    comments: tuple[bytes, ...] = ()
    unknown: bytes

    def frames(self, body: bytes) -> Frames:
        """The frames of the body, by the core."""
        return frames(body, content_type=self.content_type)

    @abstractmethod
    def ends(self, body: bytes) -> list[int]:
        """The offsets behind each whole message."""

    def places(self, body: bytes) -> list[int]:
        """The offsets between messages, where another may stand; the first is before them all."""
        return [0, *self.ends(body)]

    @abstractmethod
    def body_of(self, messages: Iterable[Frame]) -> bytes:
        """A body that is cut into these frames."""

    @abstractmethod
    def spellings(self, body: bytes) -> dict[str, bytes]:
        """The body as other servers would write it, by the name of the change."""


class _Text(Wire):
    """Line ends and a byte-order mark are what differs between servers."""

    line_ends: ClassVar[Mapping[str, bytes]] = {"LF": b"\n", "CRLF": b"\r\n"}

    def places(self, body: bytes) -> list[int]:
        return [len(BOM) if body.startswith(BOM) else 0, *self.ends(body)]

    def spellings(self, body: bytes) -> dict[str, bytes]:
        plain = body.replace(b"\r\n", b"\n").removeprefix(BOM)
        found = {name: plain.replace(b"\n", end) for name, end in self.line_ends.items()}
        return found | {f"a byte-order mark and {n}": BOM + text for n, text in found.items()}


class ServerSentEvents(_Text):
    content_type = "text/event-stream"
    line_ends: ClassVar = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
    comments = (b": keep-alive\n\n", b": glued to the next event\n", b"retry: 3000\n\n")
    unknown = f"event: {NEW}\ndata: {UNKNOWN}\n\n".encode()

    # Atomic, for a CRLF must not count as two line ends.
    _END: Final = re.compile(rb"(?>\r\n|\n|\r){2,}")

    def ends(self, body: bytes) -> list[int]:
        return [m.end() for m in self._END.finditer(body)]

    def body_of(self, messages: Iterable[Frame]) -> bytes:
        parts, last_id = [], None
        for frame in messages:
            lines = [f"data: {line}\n" for line in frame.data.split("\n")]
            if frame.event:
                lines.insert(0, f"event: {frame.event}\n")
            if frame.id != last_id:
                lines.insert(0, f"id: {frame.id or ''}\n")
                last_id = frame.id
            parts.append("".join(lines) + "\n")
        return "".join(parts).encode()


class JsonLines(_Text):
    content_type = "application/x-ndjson"
    comments = (b"\n", b" \n")
    unknown = f"{UNKNOWN}\n".encode()

    _END: Final = re.compile(rb"\r?\n")

    def ends(self, body: bytes) -> list[int]:
        return [m.end() for m in self._END.finditer(body)]

    def body_of(self, messages: Iterable[Frame]) -> bytes:
        return "".join(f"{frame.data}\n" for frame in messages).encode()


class JsonArray(_Text):
    """Elements of one outer array; between them stands white space, and one comma."""

    content_type = "application/json"
    comments = (b"\n\n", b" \t")
    unknown = f",\n{UNKNOWN}".encode()

    _ARRAY: Final = re.compile(r"\s*\[")
    _GAP: Final = re.compile(r"[\s,]*")

    def ends(self, body: bytes) -> list[int]:
        text = body.removeprefix(BOM).decode("latin-1")  # a byte is a character: offsets hold
        array = self._ARRAY.match(text)
        if array is None:
            return []
        found, at = [], array.end()
        while (gap := self._GAP.match(text, at)) is not None:
            try:
                _, at = json.JSONDecoder().raw_decode(text, gap.end())
            except ValueError:
                break
            found.append(at + len(body) - len(text))
        return found

    def places(self, body: bytes) -> list[int]:
        """Behind each element: before the first, a comma would be wrong."""
        return self.ends(body)

    def body_of(self, messages: Iterable[Frame]) -> bytes:
        elements = ",\n".join(frame.data for frame in messages)
        return f"[{elements}\n]".encode()


class AwsEventStream(Wire):
    """Binary messages with check sums. Nothing may stand between them, so there are no comments."""

    content_type = "application/vnd.amazon.eventstream"
    unknown = aws_message({":event-type": NEW, ":message-type": "event"}, UNKNOWN.encode())

    def ends(self, body: bytes) -> list[int]:
        found: list[int] = []
        end = 0
        while end + 4 <= len(body):
            end += int.from_bytes(body[end : end + 4])
            if not found or end > found[-1]:
                found.append(end)
            else:
                break
        return [end for end in found if end <= len(body)]

    def body_of(self, messages: Iterable[Frame]) -> bytes:
        return b"".join(self._message(frame, self._headers(frame)) for frame in messages)

    def _message(self, frame: Frame, headers: dict[str, str]) -> bytes:
        return aws_message(headers, frame.data.encode())

    def _headers(self, frame: Frame) -> dict[str, str]:
        kind, _, name = frame.event.partition(":")
        match kind:
            case "exception":
                return {":message-type": "exception", ":exception-type": name}
            case "error":
                return {
                    ":message-type": "error",
                    ":error-code": name,
                    ":error-message": _message_of(frame.data),
                }
        return {
            ":event-type": frame.event,
            ":content-type": "application/json",
            ":message-type": "event",
        }

    def spellings(self, body: bytes) -> dict[str, bytes]:
        """The same messages with other headers: new ones are added, the order is free."""
        found = self.frames(body)
        rest = body[max(self.ends(body), default=0) :]
        new = [self._message(f, {":trace": "streamkit", **self._headers(f)}) for f in found]
        turned = [self._message(f, dict(reversed(self._headers(f).items()))) for f in found]
        return {
            "a header that is new": b"".join(new) + rest,
            "headers in another order": b"".join(turned) + rest,
        }


def _message_of(data: str) -> str:
    try:
        return str(parse_json(data)["message"])
    except (ValueError, TypeError, KeyError):
        return data


WIRES: Final[Mapping[Framing, Wire]] = {
    "sse": ServerSentEvents(),
    "jsonl": JsonLines(),
    "json-array": JsonArray(),
    "aws-event-stream": AwsEventStream(),
}


def insert(body: bytes, at: Iterable[int], piece: bytes) -> bytes:
    """The body with ``piece`` at each of these offsets, which ascend."""
    parts, last = [], 0
    for offset in at:
        parts += [body[last:offset], piece]
        last = offset
    return b"".join([*parts, body[last:]])


def some(positions: Sequence[int], limit: int) -> list[int]:
    """All positions if they are few, else a sample, the same every time."""
    if len(positions) <= limit:
        return list(positions)
    return sorted(Random(limit).sample(positions, limit))  # noqa: S311 - a fixed sample, no secret
