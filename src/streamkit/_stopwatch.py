"""When things happened in one stream, and which timer is due next. Reads the clock it is given."""

from __future__ import annotations

from collections.abc import Callable

from streamkit._joint import HELD_SECONDS, HoldBack
from streamkit.timeouts import Timeouts
from streamkit.values import Timings, Usage

_MAX_GAPS = 4096
_ROUNDING = 0.02


class Stopwatch:
    """Times of one stream, in seconds on the clock ``now``.

    ``deadline`` is when the next timer is due, or None. ``no_bytes`` is not watched here: the
    drivers hand it to the transport, which waits for bytes anyway. ``heard`` is whether the attempt
    was answered with any byte.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.began = now()
        self._end: float | None = None
        self._first_event: float | None = None
        self._first_text: float | None = None
        self._first_content: float | None = None
        self._last_content = self.began
        self._gaps: list[float] = []
        self._stride = 1
        self._skipped = 0
        self._timeouts = Timeouts()
        self._sent = self.began
        self.heard = self._seen_content = False
        self._timer = ""
        self.deadline: float | None = None

    def begin_attempt(self, timeouts: Timeouts) -> None:
        """The request is about to be sent."""
        self._timeouts = timeouts
        self._sent = self._now()
        self.heard = self._seen_content = False
        self._set_deadline()

    def life_came(self) -> None:
        """The first bytes of the attempt's answer came: an event, or a keep-alive."""
        self.heard = True
        self._set_deadline()

    def events_came(self) -> None:
        """Events were cut from the bytes that just came."""
        if self._first_event is None:
            self._first_event = self._now()

    def content_came(self, *, text: bool) -> None:
        """Content was shown; ``text`` if some of it is words."""
        now = self._now()
        if text and self._first_text is None:
            self._first_text = now
        if self._seen_content:
            self._note_gap(now - self._last_content)
            self._last_content = now
            if self._timeouts.no_content is not None:
                self.deadline = now + self._timeouts.no_content
        else:
            self._seen_content = True
            self._last_content = now
            if self._first_content is None:
                self._first_content = now
            self._set_deadline()

    def put_off(self, seconds: float) -> float | None:
        """The caller took so long over the last events, in which nobody waited for the vendor.

        Returns the new deadline.
        """
        self._sent += seconds
        if self.deadline is not None:
            self.deadline += seconds
        return self.deadline

    def wake(self, hold: HoldBack) -> float:
        """When what is held back has waited long enough."""
        if hold.since is None:
            hold.since = self._now()
        return hold.since + HELD_SECONDS

    def expired(self) -> bool:
        """Whether the deadline has passed though bytes keep coming (keep-alives)."""
        return self.deadline is not None and self._now() >= self.deadline

    def fired(self, *, silent: bool) -> tuple[str, float]:
        """The timer that is due, and its seconds. ``silent``: it was ``no_bytes``."""
        timer = "no_bytes" if silent else self._timer
        return timer, getattr(self._timeouts, timer)

    def stop(self) -> None:
        self._end = self._now()

    def timings(self, usage: Usage | None) -> Timings:
        tokens = usage.output_tokens if usage else None
        spoken = self._last_content - self._first_content if self._first_content else 0.0
        gaps = sorted(self._gaps)
        return Timings(
            first_event=self._since_start(self._first_event),
            first_text=self._since_start(self._first_text),
            total=self._since_start(self._end),
            gap_p50=_percentile(gaps, 0.50),
            gap_p95=_percentile(gaps, 0.95),
            tokens_per_second=tokens / spoken if tokens and spoken > 0 else None,
        )

    def _since_start(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self.began

    def _set_deadline(self) -> None:
        t = self._timeouts
        due: list[tuple[float, str]] = []
        if not self.heard and t.first_event is not None:
            due.append((self._sent + t.first_event, "first_event"))
        if not self._seen_content and t.first_content is not None:
            due.append((self._sent + t.first_content, "first_content"))
        if self._seen_content and t.no_content is not None:
            due.append((self._last_content + t.no_content, "no_content"))
        self.deadline, self._timer = min(due) if due else (None, "")

    def _note_gap(self, gap: float) -> None:
        # Bounded: when full, every second one is dropped and every further one counts double.
        self._skipped += 1
        if self._skipped >= self._stride:
            self._skipped = 0
            self._gaps.append(gap)
            if len(self._gaps) >= _MAX_GAPS:
                del self._gaps[::2]
                self._stride *= 2


def _percentile(ordered: list[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
