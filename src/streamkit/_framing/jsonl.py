"""JSON lines (NDJSON): one JSON value a line, as Ollama's own API sends them."""

from __future__ import annotations

from streamkit._framing.records import Records
from streamkit.adapter import Frame

_JSON_SPACE = " \t\r\n"


class JsonLines:
    """`Framer` of ``application/x-ndjson``.

    LF alone ends a line: U+2028 and its like may stand in JSON text as they are. White space around
    a value, the CR of a CRLF included, is dropped, and a line with nothing else is no frame.
    """

    def __init__(self, max_bytes: int) -> None:
        self._lines = Records(b"\n", max_bytes)

    def feed(self, data: bytes) -> list[Frame]:
        """The lines that the next bytes complete. Raises ProtocolError, see `Framer`."""
        return [Frame(line) for text in self._lines.feed(data) if (line := text.strip(_JSON_SPACE))]

    def end(self) -> Frame | None:
        """The last line, if it lacks its LF."""
        line = self._lines.end().strip(_JSON_SPACE)
        return Frame(line) if line else None
