"""Token counts, which come as snapshots.

A later snapshot may leave out what an earlier one told, and gateways lose counts on the way
(pydantic-ai#5205), so the newest that was told of each counts. Not the highest: in one recording
of ten the last snapshot counts the prompt lower than the first did.
"""

from __future__ import annotations

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
        self._raw: dict[str, Any] = {}
        self._newest: dict[str, int] = {}

    def read(self, usage: Any, out: list[Chunk]) -> None:
        """One snapshot, as the vendor sent it."""
        if not isinstance(usage, dict):
            return
        known, newest = self._raw, self._newest
        if usage.keys() == known.keys() and None not in usage.values():
            raw = usage
        else:
            known = known if len(known) < _MAX_FIELDS else {}
            raw = known | {k: v for k, v in usage.items() if v is not None}
        if raw == self._raw:
            return
        self._raw = raw
        for name in self._names:
            told = usage.get(name)
            if told is None:
                continue
            tokens = told if type(told) is int else count(told)
            if tokens is not None:
                newest[name] = tokens
        prompt, tools, answer, thoughts, cached, total = map(newest.get, self._names)
        counts = Usage(
            input_tokens=_sum(prompt, tools),
            output_tokens=_sum(answer, thoughts),
            total_tokens=total,
            cache_read_tokens=cached,
            reasoning_tokens=thoughts,
            raw=raw,
        )
        out.append(UsageReport(counts))


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)
