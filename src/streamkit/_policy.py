"""Whether and when to try again. The only home of tenacity.

Tenacity's objects decide (``stop``, ``wait`` and ``retry`` predicates of the user's own work too),
but they are *asked*, between attempts: a tenacity loop around a generator that yields to a caller
would yield everything again on a retry and swallow what the caller throws in.

On top: the vendor's ``retry-after`` is honoured, full jitter spreads callers out, and a token
bucket per client and host keeps a failing vendor from being stormed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from streamkit.errors import StreamkitError
from streamkit.faults import MAX_RETRY_AFTER

if TYPE_CHECKING:  # imported where it is needed, which keeps `import streamkit` cheap
    import tenacity
    from tenacity.retry import RetryBaseT
    from tenacity.stop import StopBaseT
    from tenacity.wait import WaitBaseT

_USED_UP: Final = "the budget of retries for this host is used up"


def _too_long(seconds: float) -> str:
    return f"the vendor asks to wait {ceil(seconds)} s, which is too long"


def _retryable(error: BaseException) -> bool:
    return isinstance(error, StreamkitError) and error.retryable


@lru_cache(maxsize=1)
def _stop() -> StopBaseT:
    import tenacity

    return tenacity.stop_after_attempt(4)


@lru_cache(maxsize=1)
def _wait() -> WaitBaseT:
    import tenacity

    return tenacity.wait_random_exponential(multiplier=0.5, max=8)


@lru_cache(maxsize=1)
def _retry() -> RetryBaseT:
    import tenacity

    return tenacity.retry_if_exception(_retryable)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a request that failed before its first content is sent again.

    ``stop``, ``wait`` and ``retry`` are tenacity objects and see the `StreamkitError` as the
    outcome. The default: four attempts, errors whose ``retryable`` is true, and a wait drawn
    evenly from zero to 0.5, 1, 2 … 8 seconds. A vendor's ``retry-after`` up to 120 s lengthens the
    wait; a longer one ends the retrying. ``Retry.never()`` turns retrying off. A ``stop`` of your
    own also bounds going on with an answer that broke, over all attempts since the call was made.
    """

    stop: StopBaseT = field(default_factory=_stop)
    wait: WaitBaseT = field(default_factory=_wait)
    retry: RetryBaseT = field(default_factory=_retry)

    @classmethod
    def never(cls) -> Retry:
        """No second request; nor one to go on with a broken answer, unless ``resume`` is given."""
        import tenacity

        return cls(stop=tenacity.stop_after_attempt(1))

    @property
    def is_never(self) -> bool:
        """Whether this allows one attempt only."""
        return getattr(self.stop, "max_attempt_number", None) == 1

    @property
    def bounds_all(self) -> bool:
        """Whether ``stop`` is the caller's own, and so bounds going on as well."""
        return self.stop is not _stop() and not self.is_never


@dataclass(slots=True)
class Budget:
    """Tokens that retries cost, refilled by successes; shared by all streams to one host.

    Starts with ``capacity``; a retry takes ``cost``, a stream that ends well gives ``refund`` back.
    With the defaults a healthy client may retry freely, one whose vendor is down soon stops.
    """

    capacity: float = 100.0
    cost: float = 5.0
    refund: float = 1.0
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    def spend(self) -> bool:
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def reward(self) -> None:
        self.tokens = min(self.capacity, self.tokens + self.refund)


class Retrying:
    """The retry decisions of one stream. ``why`` says in words why no attempt follows."""

    def __init__(self, retry: Retry, budget: Budget, started: float) -> None:
        self._budget = budget
        self._retry = retry
        self._started = started
        self.why = ""

    @cached_property
    def _state(self) -> tenacity.RetryCallState:
        # Not made before something fails: it takes a kilobyte, and most streams never do.
        import tenacity

        retry = self._retry
        controller = tenacity.Retrying(stop=retry.stop, wait=retry.wait, retry=retry.retry)
        state = tenacity.RetryCallState(controller, fn=None, args=(), kwargs={})
        state.start_time = self._started  # what `stop_after_delay` counts from
        return state

    def next_wait(self, error: StreamkitError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt, after attempt number ``attempt`` failed.

        None if there shall be none.
        """
        state = self._state
        state.attempt_number = attempt
        state.set_exception((type(error), error, error.__traceback__))
        if not _ask(self._retry.retry, state):
            return None
        wait = float(_ask(self._retry.wait, state))
        if error.retry_after is not None:
            if error.retry_after > MAX_RETRY_AFTER:
                self.why = _too_long(error.retry_after)
                return None
            wait = max(wait, error.retry_after)
        state.upcoming_sleep = wait
        if _ask(self._retry.stop, state):
            return None
        if not self._budget.spend():
            self.why = _USED_UP
            return None
        state.idle_for += wait
        return wait

    def wait_to_go_on(self, error: StreamkitError, attempt: int, idle: int) -> float | None:
        """Seconds to wait before an attempt that goes on with an answer; None if it may not.

        ``idle`` attempts in a row, this one included, brought nothing new: progress resets the
        wait. A ``stop`` of the caller's own is asked, of all attempts; but not that of
        ``Retry.never()``, nor the default, for `Resume` has its own bounds. ``retry`` is not asked.
        """
        state = self._state
        state.attempt_number = max(1, idle)
        state.set_exception((type(error), error, error.__traceback__))
        wait = float(_ask(self._retry.wait, state)) if idle else 0.0
        if error.retry_after is not None:
            if error.retry_after > MAX_RETRY_AFTER:
                self.why = _too_long(error.retry_after)
                return None
            wait = max(wait, error.retry_after)
        state.attempt_number, state.upcoming_sleep = attempt, wait
        if self._retry.bounds_all and _ask(self._retry.stop, state):
            self.why = "Retry(stop=...) forbids another attempt"
            return None
        if not self._budget.spend():
            self.why = _USED_UP
            return None
        state.idle_for += wait
        return wait

    def succeeded(self) -> None:
        self._budget.reward()


def _ask(predicate: Any, state: tenacity.RetryCallState) -> Any:
    return predicate(state)
