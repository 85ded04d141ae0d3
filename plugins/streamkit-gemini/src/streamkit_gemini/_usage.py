"""Token counts, which come as snapshots.

A later snapshot may leave out what an earlier one told, and gateways lose counts on the way
(pydantic-ai#5205), so the newest that was told of each counts. Not the highest: in one recording
of ten the last snapshot counts the prompt lower than the first did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamkit.chunks import Chunk, UsageReport
from streamkit.reading import count
from streamkit.values import Usage

# Far more than there are. Merging an object that grows with every event would be quadratic.
_MAX_FIELDS = 256


class RunningUsage:
    """The usage of one answer so far. The arguments name the vendor's fields of each count.

    ``tools`` is what the vendor's own tools put into the prompt, ``answer`` leaves thoughts out.
    """

    def __init__(
        self, *, prompt: str, tools: str, answer: str, thoughts: str, cached: str, total: str
    ) -> None:
        self._names = (prompt, tools, answer, thoughts, cached, total)
        self._counts: Callable[[dict[str, Any]], Usage] = self._read_counts
        self._raw: dict[str, Any] = {}

    def read(self, usage: Any, out: list[Chunk]) -> None:
        """One snapshot, as the vendor sent it."""
        known = self._raw
        if type(usage) is not dict or usage == known:
            return
        if usage.keys() != known.keys() or None in usage.values():
            told = {name: value for name, value in usage.items() if value is not None}
            usage = (known if len(known) < _MAX_FIELDS else {}) | told
            if usage == known:
                return
        self._raw = usage
        out.append(UsageReport(Usage.lazy(self._counts, usage)))

    def _read_counts(self, raw: dict[str, Any]) -> Usage:
        prompt, tools, answer, thoughts, cached, total = (
            count(raw.get(name)) for name in self._names
        )
        return Usage(
            input_tokens=_sum(prompt, tools),
            output_tokens=_sum(answer, thoughts),
            total_tokens=total,
            cache_read_tokens=cached,
            reasoning_tokens=thoughts,
            raw=raw,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)
