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
        if len(held) > self._max_bytes:
            self._check_first()
        unsearched = max(0, len(held) - len(self._separator) + 1)
        held += data
        cut = held.rfind(self._separator, unsearched)
        if cut > self._max_bytes:
            cut = self._before_too_long(cut)
        if cut < 0:
            if len(held) > self._max_bytes:
                self._check_first()
            return []
        text = self._text(held[:cut])
        del held[: cut + len(self._separator)]
        return text.split(self._text_separator)

    def end(self) -> str:
        """What came after the last separator, "" if nothing. Raises ProtocolError as `feed`."""
        if len(self._held) > self._max_bytes:
            self._check_first()
        rest, self._held = self._held, bytearray()
        return self._text(rest)

    def _text(self, data: bytearray) -> str:
        text = data.decode("utf-8", "replace")
        if self._at_start:
            self._at_start = False
            return text.removeprefix(_BOM)
        return text

    def _is_too_long(self, record: bytearray) -> bool:
        return len(record.strip(b"\n")) > self._max_bytes

    def _before_too_long(self, cut: int) -> int:
        """The last separator before the first record that is too long; negative if it is first."""
        start = 0
        for record in self._held[:cut].split(self._separator):
            if self._is_too_long(record):
                return start - len(self._separator)
            start += len(record) + len(self._separator)
        return cut

    def _check_first(self) -> None:
        first = self._held.partition(self._separator)[0]
        if self._is_too_long(first):
            raise ProtocolError(
                f"one frame of the answer is longer than {self._max_bytes} bytes: "
                f"{len(first)} bytes came without its end. If the vendor really sends frames "
                f"of that size, raise the limit with Client(max_frame_bytes=...)."
            )
