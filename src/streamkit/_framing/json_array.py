"""A JSON array that grows while it is read, as Gemini sends without ``alt=sse``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from streamkit.adapter import Frame
from streamkit.errors import ProtocolError

_BOM: Final = b"\xef\xbb\xbf"
_JSON_SPACE: Final = b" \t\r\n"
_MARK: Final = re.compile(rb'["{}\[\],]')
_STRING_MARK: Final = re.compile(rb'["\\]')


class JsonArray:
    """`Framer` of an ``application/json`` body: a frame for each element of the outer array.

    An object is a frame as soon as its brace closes, without waiting for the comma behind it. A
    body that is no array, such as one error object, is a frame by itself. Line ends and indentation
    inside an element are kept; what separates elements is not.

    Linear, whatever the size of the pieces: a search begins where the last one ended.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._searched = 0
        self._open = bytearray()  # the brackets around the place that was searched last
        self._in_string = False
        self._at_start = True

    def feed(self, data: bytes) -> list[Frame]:
        """The elements that the next bytes complete. Raises ProtocolError, see `Framer`."""
        self._held += data
        if self._at_start:
            if len(self._held) < len(_BOM) and _BOM.startswith(self._held):
                return []
            self._at_start = False
            if self._held.startswith(_BOM):
                del self._held[: len(_BOM)]
        frames: list[Frame] = []
        begin = 0
        for at, mark in self._marks():
            if mark in b"{[":
                if mark == b"[" and not self._open:
                    begin = self._cut(frames, begin, at) + 1  # the outer array itself
                self._open += mark
                continue
            if mark in b"}]" and self._open:
                self._open.pop()
            if len(self._open) > self._open.startswith(b"["):
                continue
            # The outer level: an element ends behind its brace, or before a comma or the last ].
            own_bracket = mark == b"}" or (mark == b"]" and bool(self._open))
            end = at + 1 if own_bracket else at
            if end - begin > self._max_bytes:
                break
            begin = self._cut(frames, begin, end) + (not own_bracket)
        del self._held[:begin]
        self._searched -= begin
        if not frames:
            self._check_size()
        return frames

    def end(self) -> Frame | None:
        """What came of an element that was not finished, or None. Raises as `feed`."""
        self._check_size()
        rest = bytes(self._held).strip(_JSON_SPACE)
        self._held.clear()
        self._searched = 0
        return Frame(rest.decode("utf-8", "replace")) if rest else None

    def _marks(self) -> Iterator[tuple[int, bytes]]:
        """The brackets and commas outside of strings, from where the last search ended."""
        held = self._held
        while True:
            if self._in_string:
                found = _STRING_MARK.search(held, self._searched)
                if found is None:
                    self._searched = len(held)
                    return
                if found.group() == b"\\":
                    if found.end() == len(held):
                        self._searched = found.start()  # what is escaped has not come yet
                        return
                    self._searched = found.end() + 1
                else:
                    self._searched = found.end()
                    self._in_string = False
                continue
            found = _MARK.search(held, self._searched)
            if found is None:
                self._searched = len(held)
                return
            self._searched = found.end()
            if found.group() == b'"':
                self._in_string = True
            else:
                yield found.start(), found.group()

    def _check_size(self) -> None:
        if len(self._held) > self._max_bytes:
            raise ProtocolError(
                f"one frame of the answer is longer than the limit of {self._max_bytes} bytes: "
                f"{len(self._held)} bytes of it have come. If the vendor really sends frames of "
                f"that size, raise the limit with Client(max_frame_bytes=...)."
            )

    def _cut(self, frames: list[Frame], begin: int, end: int) -> int:
        element = bytes(self._held[begin:end]).strip(_JSON_SPACE)
        if element:
            frames.append(Frame(element.decode("utf-8", "replace")))
        return end
