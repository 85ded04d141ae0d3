"""Recordings: an answer as it came over the wire, in a text file that a person can write.

A file that does not begin with ``@recording`` is the body, byte for byte. Otherwise the lines that
begin with ``@`` tell about the body, and all others are the body::

    @recording 1
    @status 429
    @header content-type: text/event-stream
    @at 0.412
    data: {"text": "The lines below a mark had come whole 0.412 s after the request was sent."}

    @end lost

``@no-newline``
    the newline before this line is no part of the body
``@bytes BASE64``
    bytes that are no text
``@aws contentBlockDelta``
    a message of an AWS event stream, with the lines below as its payload; lengths and check sums
    are put right on reading. ``@aws {":message-type": "exception", ...}`` gives all its headers.
``@end closed``
    how it ended: the vendor ``closed`` the body; the line was ``lost``; it fell ``silent`` and was
    given up; or the recording was ``stopped``
``@@``
    at the beginning of a line of the body stands for ``@``
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, get_args

from streamkit.errors import ConfigurationError
from streamkit.testing._aws import aws_message, read_message, split_messages

AWS: Final = "application/vnd.amazon.eventstream"
End = Literal["closed", "lost", "silent", "stopped"]

_MAGIC: Final = b"@recording"
_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_EDITABLE: Final = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")


@dataclass(slots=True)
class Recording:
    """An answer as it came.

    ``headers`` have lower-case names. ``arrivals`` say how much of the body had come when: (bytes,
    seconds since the request was sent), both ascending; empty where that is not known.
    """

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    arrivals: list[tuple[int, float]] = field(default_factory=list)
    end: End = "closed"

    @property
    def lost(self) -> bool:
        """Whether the body did not come to its end, so that a replay must break the line."""
        return self.end != "closed"

    def pieces(self) -> list[tuple[float | None, bytes]]:
        """The body by lines, or by messages of an AWS event stream, and when each had come."""
        parts = split_messages(self.body) if self.is_aws else _LINE.findall(self.body)
        arrivals, end = iter(self.arrivals), 0
        size, seconds = next(arrivals, (len(self.body), None))
        found: list[tuple[float | None, bytes]] = []
        for part in parts:
            end += len(part)
            while size < end:
                size, seconds = next(arrivals, (end, seconds))
            found.append((seconds, part))
        return found

    @property
    def is_aws(self) -> bool:
        """Whether the body is an AWS event stream, by its content type."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == AWS

    def dump(self) -> bytes:
        """The text of this recording, as `load` reads it. Only line by line is timing kept."""
        lines = ["@recording 1", f"@status {self.status}"]
        lines += [f"@header {name}: {value}" for name, value in self.headers.items()]
        last: float | None = None
        for seconds, piece in self.pieces():
            if seconds is not None and seconds != last:
                lines.append(f"@at {seconds:.3f}")
                last = seconds
            lines += _message_lines(piece) if self.is_aws else _text_lines(piece)
        lines.append(f"@end {self.end}")
        return "\n".join([*lines, ""]).encode()

    @classmethod
    def load(cls, source: Path | bytes) -> Recording:
        """The recording in a file, or in the bytes of one.

        Raises:
            ConfigurationError: a line is not understood; says which and why.
            OSError: the file cannot be read.
        """
        data = source if isinstance(source, bytes) else source.read_bytes()
        if not data.startswith(_MAGIC):
            return cls(data)
        reader = _Reader()
        for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
            try:
                reader.read(line)
            except ValueError as error:
                name = "the recording" if isinstance(source, bytes) else source
                raise ConfigurationError(f"{name}, line {number}: {error}") from None
        return reader.finish()


# --- writing -------------------------------------------------------------------------------------


def _text_lines(piece: bytes) -> list[str]:
    """One line of a body, with the newline at its end if it has one."""
    text = _text(piece.removesuffix(b"\n"))
    if text is None:
        return [f"@bytes {b64encode(piece).decode()}"]
    return [_escaped(text)] if piece.endswith(b"\n") else [_escaped(text), "@no-newline"]


def _message_lines(message: bytes) -> list[str]:
    read = read_message(message)
    text = None if read is None else _text(read[1])
    if read is None or text is None:
        return [f"@bytes {b64encode(message).decode()}"]
    headers = read[0]
    event = headers.get(":event-type", "")
    short = event.isalnum() and list(headers.items()) == list(_event_headers(event).items())
    head = event if short else json.dumps(headers)
    return [f"@aws {head}", *map(_escaped, text.split("\n"))]


def _text(data: bytes) -> str | None:
    """The bytes as text that an editor leaves alone, or None."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if _EDITABLE.fullmatch(text) else None


def _escaped(line: str) -> str:
    return f"@{line}" if line.startswith("@") else line


def _event_headers(event: str) -> dict[str, str]:
    """The headers of an event as Bedrock sends them, in its order."""
    return {
        ":event-type": event,
        ":content-type": "application/json",
        ":message-type": "event",
    }


# --- reading -------------------------------------------------------------------------------------


class _Reader:
    """Puts a recording together, line by line. Raises ValueError for one it cannot read."""

    def __init__(self) -> None:
        self._recording = Recording(b"")
        self._body = bytearray()
        self._seconds: float | None = None
        self._message: tuple[dict[str, str], list[bytes]] | None = None
        self._ended = False

    def read(self, line: bytes) -> None:
        if line.startswith(b"@") and not line.startswith(b"@@"):
            name, _, value = line.decode().strip().partition(" ")
            self._directive(name[1:], value.strip())
            return
        if self._ended:
            if line.strip():
                raise ValueError("nothing of the body can stand behind @end")
            return
        line = line[1:] if line.startswith(b"@@") else line
        if self._message is not None:
            self._message[1].append(line)
        else:
            self._add(line + b"\n")

    def finish(self) -> Recording:
        self._end_message()
        self._recording.body = bytes(self._body)
        return self._recording

    def _directive(self, name: str, value: str) -> None:
        recording = self._recording
        if name != "no-newline":
            self._end_message()
        match name:
            case "recording":
                if value != "1":
                    raise ValueError(f"this streamkit reads version 1 of recordings, not {value!r}")
            case "status":
                recording.status = int(value)
            case "header":
                header, colon, content = value.partition(":")
                if not colon:
                    raise ValueError("a header is written @header NAME: VALUE")
                recording.headers[header.strip().lower()] = content.strip()
            case "at":
                self._seconds = float(value)
            case "no-newline":
                if not self._body.endswith(b"\n") or self._message is not None:
                    raise ValueError("@no-newline stands right below a line of the body")
                self._body.pop()
                self._note()
            case "bytes":
                self._add(b64decode(value, validate=True))
            case "aws":
                headers = json.loads(value) if value.startswith("{") else _event_headers(value)
                self._message = (headers, [])
            case "end":
                if value not in get_args(End):
                    raise ValueError(f"@end is one of {', '.join(get_args(End))}, not {value!r}")
                recording.end = cast("End", value)
                self._ended = True
            case _:
                raise ValueError(f"@{name} is not known; a line of the body is written @@{name}")

    def _end_message(self) -> None:
        if self._message is not None:
            headers, lines = self._message
            self._message = None
            self._add(aws_message(headers, b"\n".join(lines)))

    def _add(self, data: bytes) -> None:
        self._body += data
        self._note()

    def _note(self) -> None:
        """The newest arrival holds all that came at its time."""
        if self._seconds is None:
            return
        arrivals = self._recording.arrivals
        if arrivals and arrivals[-1][1] == self._seconds:
            arrivals.pop()
        arrivals.append((len(self._body), self._seconds))
