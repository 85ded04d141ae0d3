"""Cutting a byte stream at a separator: what server-sent events and JSON lines have in common."""

from __future__ import annotations

from streamkit.errors import ProtocolError

_BOM = "\ufeff"


class Records:
    r"""The texts between separators, read as UTF-8 with U+FFFD for what is not.

    ``separator`` is one or two LFs. Where more LFs came in a row, a record may begin or end with
    one; they are no part of it and do not count. One byte-order mark at the start of the body is
    dropped.

    Linear, whatever the size of the pieces: every byte is appended, searched, decoded and removed
    once, for a search begins where the last one ended.
    """

    def __init__(self, separator: bytes, max_bytes: int) -> None:
        self._separator = separator
        self._text_separator = separator.decode()
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._at_start = True

    def feed(self, data: bytes) -> list[str]:
        """The records that ``data`` completes.

        Raises:
            ProtocolError: a record is longer than ``max_bytes``. The records before it are returned
                first; then every call raises.
        """
        held = self._held
        if not held and len(data) <= self._max_bytes and data.endswith(self._separator):
            return self._split(data[: -len(self._separator)])
        unsearched = max(0, len(held) - len(self._separator) + 1)
        held += data
        cut = held.rfind(self._separator, unsearched)
        if cut > self._max_bytes:
            cut = self._before_too_long(cut)
        if cut < 0:
            if len(held) > self._max_bytes:
                self._check_first()
            return []
        records = self._split(held[:cut])
        del held[: cut + len(self._separator)]
        return records

    def end(self) -> str:
        """What came after the last separator, "" if nothing. Raises ProtocolError as `feed`."""
        if len(self._held) > self._max_bytes:
            self._check_first()
        rest, self._held = self._held, bytearray()
        return self._text(rest)

    def _split(self, data: bytes | bytearray) -> list[str]:
        text = self._text(data)
        return text.split(self._text_separator) if "\n" in text else [text]

    def _text(self, data: bytes | bytearray) -> str:
        text = data.decode("utf-8", "replace")
        if self._at_start:
            self._at_start = False
            return text.removeprefix(_BOM)
        return text

    def _before_too_long(self, cut: int) -> int:
        """The last separator before the first record that is too long; negative if it is first."""
        start = 0
        for record in self._held[:cut].split(self._separator):
            if _size(record) > self._max_bytes:
                return start - len(self._separator)
            start += len(record) + len(self._separator)
        return cut

    def _check_first(self) -> None:
        size = _size(self._held.partition(self._separator)[0])
        if size > self._max_bytes:
            raise ProtocolError(
                f"one frame of the answer is longer than the limit of {self._max_bytes} bytes: "
                f"{size} bytes of it have come. If the vendor really sends frames of that size, "
                f"raise the limit with Client(max_frame_bytes=...)."
            )


def _size(record: bytearray) -> int:
    return len(record.strip(b"\n"))
