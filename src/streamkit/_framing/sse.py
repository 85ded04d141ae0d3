r"""Server-sent events, by the WHATWG standard (HTML, section 9.2.6).

The body is cut into event blocks here, because httpx-sse does not bound an event. Nearly every
block of every vendor is one ``data:`` line, or an ``event:`` and a ``data:`` line, and is read here
as well; httpx-sse reads all others, one block at a time. Used so, its known faults cannot show:

- it does not drop a byte-order mark, so the first field is lost: dropped before;
- it dispatches events without data, and once an ``id`` has come every blank line is one: a block
  is read with an empty ``data`` line put before it, which tells no data from empty data;
- its ``SSEError`` for a wrong content type is a transport error: the block carries the right one.

``retry`` is ignored: when to ask again is the retry policy's to say.

Line ends of all kinds become LF before anything else. A CR is a line end as soon as it is there;
should the next read begin with an LF, the two were one line end and the LF is dropped.

Three things differ from the standard, all so that nothing a vendor says is lost. `end` reports an
event that lacks its blank line instead of dropping it. A block whose only content is an unknown
field with a JSON object becomes a frame of that name: llama-box (gpustack) sends its errors as
``error: {"code": 500, ...}``, without a ``data`` line. And a block that is JSON without any field
becomes a frame: so Google sends errors, over several lines (google-genai 3.4, _api_client).
"""

from __future__ import annotations

from types import UnionType

import httpx
from httpx_sse import EventSource

from streamkit._framing.records import Records
from streamkit.adapter import Frame, parse_json

_CR = 0x0D
_DEFAULT_TYPE = "message"
_CONTENT_TYPE = {"content-type": "text/event-stream"}
_KNOWN_FIELDS = frozenset({"data", "event", "id", "retry"})


class ServerSentEvents:
    """`Framer` of ``text/event-stream``.

    ``Frame.event`` is "" for the standard's default type "message", named or not. ``Frame.id`` is
    the last event ID at that point of the stream: None before the first, "" after an empty one.
    """

    def __init__(self, max_bytes: int) -> None:
        self._blocks = Records(b"\n\n", max_bytes)
        self._after_cr = False
        self._last_id: str | None = None
        # How the last block with a name began, and that name: the next one is likely to be alike.
        self._beginning, self._name = "data: ", ""

    def feed(self, data: bytes) -> list[Frame]:
        """The events that the next bytes complete. Raises ProtocolError, see `Framer`."""
        if self._after_cr or _CR in data:
            data = self._with_lf(data)
        frames = []
        for block in self._blocks.feed(data):
            if block.startswith(self._beginning):
                text = block[len(self._beginning) :]
                if "\n" not in text:
                    frames.append(Frame(text, self._name, self._last_id))
                    continue
            if (frame := self._frame(block.strip("\n"))) is not None:
                frames.append(frame)
        return frames

    def end(self) -> Frame | None:
        """The event that lacks its blank line, or even the end of its last line, or None."""
        return self._frame(self._blocks.end().strip("\n"))

    def _with_lf(self, data: bytes) -> bytes:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if _CR in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _frame(self, block: str) -> Frame | None:
        if "\n" not in block:
            if block.startswith("data:"):
                self._beginning, self._name = "data: ", ""
                return Frame(block[5:].removeprefix(" "), "", self._last_id)
            if not block or block.startswith(":"):
                return None
        elif block.startswith("event:"):
            event, found, data = block.partition("\ndata:")
            if found and "\n" not in event and "\n" not in data:
                name = event[6:].removeprefix(" ")
                if name == _DEFAULT_TYPE:
                    name = ""
                if data.startswith(" "):
                    self._beginning, self._name = f"{event}\ndata: ", name
                return Frame(data.removeprefix(" "), name, self._last_id)
        return self._read(block)

    def _read(self, block: str) -> Frame | None:
        """Any block, read by httpx-sse; the last event ID is handed on from block to block."""
        text = f"id: {self._last_id or ''}\ndata:\n{block}\n\n"
        response = httpx.Response(200, headers=_CONTENT_TYPE, content=text.encode())
        [event] = EventSource(response).iter_sse()
        if event.id or self._last_id is not None:
            self._last_id = event.id
        if event.data:
            name = "" if event.event == _DEFAULT_TYPE else event.event
            return Frame(event.data[1:], name, self._last_id)
        return self._no_event(block)

    def _no_event(self, block: str) -> Frame | None:
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        text = "\n".join(lines)
        if _is_json(text, dict | list):
            return Frame(text, "", self._last_id)
        name, _, value = text.partition(":")
        if len(lines) != 1 or name in _KNOWN_FIELDS or not _is_json(value, dict):
            return None
        return Frame(value.removeprefix(" "), name, self._last_id)


def _is_json(text: str, kind: type | UnionType) -> bool:
    try:
        return isinstance(parse_json(text), kind)
    except (ValueError, RecursionError):
        return False
