"""One stream, from request to outcome, as a generator without I/O.

`Flow.run` yields commands (`Open`, `Read`, …) and is sent what came of them; it fills ``events``.
The drivers in `_http` carry the commands out, so asyncio, trio and sync share every decision made
here, and a test can play any wire to it, byte by byte, without a network.

The clock comes in as a function. Times are in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final

from streamkit import events as e
from streamkit._attempt import Attempts, Verdict, Whole
from streamkit._call import Call
from streamkit._checkpoint import estimate_usage
from streamkit._commands import Close, Command, Drain, Locate, Reply, Sleep
from streamkit._draft import Draft
from streamkit._policy import Retrying
from streamkit._resume import Leg, Resuming
from streamkit._stopwatch import Stopwatch
from streamkit._target import Target
from streamkit._token import maker
from streamkit.adapter import Adapter, Located
from streamkit.chunks import Stop
from streamkit.errors import (
    ConnectError,
    LineError,
    StreamkitError,
    StreamTimeoutError,
    UnsupportedError,
    interrupted,
)
from streamkit.hookspecs import StreamReport
from streamkit.messages import ChatResponse
from streamkit.values import Outcome

MISSES: Final = 6
"""How often in a row an answer may be gone on with in vain because no connection is made. With the
default waits that is some eight seconds, in which a network comes back or a server restarts."""


def _met_nobody(error: StreamkitError) -> bool:
    unmet = isinstance(error, StreamTimeoutError) and error.timer == "connect"
    return unmet or isinstance(error, ConnectError)


class Flow:
    """The run of one call: drive ``run()``, take ``events``, ask ``error`` at the end."""

    def __init__(self, call: Call, now: Callable[[], float]) -> None:
        self.call = call
        self.events: deque[Any] = deque()
        if call.saved is None:
            self.draft = Draft(self.events, call.adapter.owner)
        else:
            self.draft = call.saved.draft(self.events, call.adapter)
        self.watch = Stopwatch(now)
        self.outcome: Outcome | None = None
        self.error: StreamkitError | None = None
        self.attempts = 0
        self._unsent = self._missed = 0  # attempts that met nobody: in all, and in a row
        self._vain = 0  # attempts that were sent before one showed anything
        self._leg = Leg(call.request, call.wire, call.content)
        self._fault: StreamkitError | None = None
        self._tries = Attempts(call, self.draft, self.watch)

    # --- the story -----------------------------------------------------------------------------

    def run(self) -> Generator[Command, Reply, None]:
        """The whole stream, from the first event to the last."""
        call = self.call
        self.draft.emit(e.StreamStarted, call.model, call.adapter.dialect)
        for warned in (*call.warnings, *call.wire.warnings):
            self.draft.warn(warned)
        try:
            target = yield from self._locate()
        except StreamkitError as problem:
            self._end("failed", problem)
            return
        retrying = Retrying(call.retry, call.budget(target.host), self.watch.began)
        ladder = Resuming(self._leg, call.adapter, call.resume, target.base_url, call.learned)
        if ladder.holds_back:
            self.draft.seam.hold_back()
        if call.saved is not None:
            leg = ladder.next(self.draft, 0, 0, reading=False)
            if leg is None:
                self._end("failed", UnsupportedError(f"{call.model}: cannot go on: {ladder.why}"))
                return
            self._step_on(ladder, leg)
        first: StreamkitError | None = None
        idle, barren, reached = 0, 0, self.draft.delivered
        while True:
            self.attempts += 1
            self.draft.emit(e.AttemptStarted, self.attempts)
            verdict = yield from self._attempt(target, ladder)
            if isinstance(verdict, Whole):
                retrying.succeeded()
                self._end("complete", None)
                yield Drain()
                return
            yield Close()
            if verdict.__context__ is None and verdict is not self._fault:
                verdict.__context__ = self._fault  # an attempt's fault that nobody else would keep
            self._fault, first = verdict, first or verdict
            ladder.failed(self._leg, verdict)
            delivered = self.draft.delivered
            self._missed = self._missed + 1 if _met_nobody(verdict) else 0
            self._unsent += self._missed > 0
            if delivered > reached:
                idle = barren = 0
            else:
                barren += 1
                idle += not self._missed  # what was not sent costs nothing
            reached = max(reached, delivered)
            leg = self._onward(verdict, ladder, idle)
            wait = None if leg is None else self._wait(verdict, retrying, barren)
            if leg is None or wait is None:
                self._give_up(verdict, ladder, ladder.why if leg is None else retrying.why, first)
                return
            self.draft.emit(e.Interrupted, self.attempts, verdict.info(), delivered, wait)
            yield Sleep(wait)
            self._step_on(ladder, leg)

    @property
    def _shown(self) -> bool:
        return self.draft.progress > 0 or self.draft.stop is not None

    @property
    def _sent(self) -> int:
        """How often was sent what was shown in part, and what went on from there."""
        return self.attempts - self._unsent - self._vain

    def _onward(self, error: StreamkitError, ladder: Resuming, idle: int) -> Leg | None:
        """What to send next; None if nothing.

        What was shown would be shown twice, and what has stopped would be paid for twice, if the
        request were simply sent again: such an answer must be gone on with.
        """
        if not self._shown:
            self._vain = self.attempts - self._unsent
            return self._leg
        if not ladder.worth_it(error):
            return None
        if self._missed >= MISSES:
            ladder.why = f"{self._missed} times in a row no connection could be made"
            return None
        return ladder.next(self.draft, self._sent, idle, reading=self._tries.reading)

    def _wait(self, error: StreamkitError, retrying: Retrying, barren: int) -> float | None:
        """Seconds until the next attempt; None if there is none."""
        if self._shown:
            return retrying.wait_to_go_on(error, self.attempts, barren)
        return retrying.next_wait(error, self.attempts)

    def _step_on(self, ladder: Resuming, leg: Leg) -> None:
        self._leg = leg
        if self._shown:
            ladder.begin(self.draft, leg)
        else:
            self.draft.begin_attempt()

    def _locate(self) -> Generator[Command, Reply, Target]:
        located: Located | None = None
        if type(self.call.adapter).locate is not Adapter.locate:
            reply = yield Locate(self.call.adapter, self.call.request.model)
            if isinstance(reply, StreamkitError):
                raise reply
            assert reply is None or isinstance(reply, Located)
            located = reply
        return self.call.target(located)

    def _attempt(self, target: Target, ladder: Resuming) -> Generator[Command, Reply, Verdict]:
        """Send the request, once for every way that is not refused, and read the answer."""
        while True:
            came = self.draft.progress
            verdict = yield from self._tries.send(target, self._leg)
            if isinstance(verdict, Whole) or self.draft.progress != came:
                return verdict
            if not ladder.refused(self._leg, verdict):
                return verdict
            yield Close()
            leg = ladder.next(self.draft, self._sent - 1, 0, reading=self._tries.reading)
            if leg is None and self._fault is not None:
                verdict.__context__ = self._fault.__context__
                self._fault.__context__ = verdict
                return self._fault  # what broke the answer is not this refusal
            if leg is None:
                return verdict
            self._step_on(ladder, leg)

    # --- the end -------------------------------------------------------------------------------

    def snapshot(self) -> ChatResponse:
        return self.draft.response(self.outcome, self.watch.timings(self.draft.usage))

    def _give_up(
        self, error: StreamkitError, ladder: Resuming, why: str, first: StreamkitError
    ) -> None:
        # An answer that was cut is one thing, a request that got none another.
        cut = (self._tries.answering or self.draft.progress) and isinstance(error, LineError)
        closed = None
        if self.draft.progress:
            closed = ladder.closed(self.draft, error)
            error = interrupted(error)
            error.__cause__, error.__context__ = first, self._fault
            error._token = None if closed else maker(self.call, self.draft)
        if self._shown and self.call.resume is None:
            why = ""  # the caller knows
        self._tries.explain.gave_up(error, why, closed)
        self._end("truncated" if cut else "failed", error)

    def cancel(self) -> None:
        """The caller leaves. Legal at any time; without effect once there is an outcome."""
        if self.outcome is None:
            self._end("cancelled", None)

    def _end(self, outcome: Outcome, error: StreamkitError | None) -> None:
        self.outcome, self.error = outcome, error
        if outcome != "complete":
            self.draft.seam.give_back()
        if error is not None and self.draft.progress and self.call.estimates:
            estimate_usage(self.draft)
        draft, stop = self.draft, self.draft.stop
        self.watch.stop()
        timings = self.watch.timings(draft.usage)
        if error is not None:
            error.attempts = self.attempts
            error.partial = draft.response(outcome, timings)
        reason = stop.reason if isinstance(stop, Stop) else None
        fault = error.info() if error is not None else None
        draft.emit(e.StreamEnded, outcome, reason, self.attempts, timings, draft.usage, fault)

    def report(self) -> StreamReport:
        """What observers are told."""
        stop = self.draft.stop
        assert self.outcome is not None
        return StreamReport(
            model=self.call.model,
            dialect=self.call.adapter.dialect,
            outcome=self.outcome,
            finish_reason=stop.reason if stop else None,
            attempts=self.attempts,
            timings=self.watch.timings(self.draft.usage),
            usage=self.draft.usage,
            fault=self.error.kind if self.error else None,
        )
