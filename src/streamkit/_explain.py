"""What went wrong, in words: what happened, after how much of the answer, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from streamkit._commands import SILENT, Lost, Reply, TimedOut
from streamkit._draft import Draft
from streamkit._secrets import scrub
from streamkit._signals import let_through
from streamkit._stopwatch import Stopwatch
from streamkit.chunks import Fault
from streamkit.errors import (
    BY_KIND,
    ConnectError,
    ProtocolError,
    RequestError,
    StreamInterrupted,
    StreamkitError,
    StreamTimeoutError,
    TruncatedError,
    VendorError,
)
from streamkit.values import FaultKind

if TYPE_CHECKING:
    from streamkit._call import Call
    from streamkit._target import Target

STARTED_ANEW: Final = "started_anew"
"""The ``code`` of an error: asked to go on, the model gave another answer."""

_TIMER_WORDS: Final = {
    "first_event": "nothing was heard from the vendor",
    "first_content": "no content came",
    "no_content": "no further content came",
    "no_bytes": "no further byte came",
}


_REPORTS: Final[Mapping[FaultKind, str]] = {
    "authentication": "the vendor refuses the key",
    "permission": "the vendor does not permit it",
    "billing": "the vendor reports a lack of credit",
    "not_found": "the vendor does not know it",
    "invalid_request": "the vendor refuses the request",
    "content_filter": "the vendor's filter blocked the request",
    "rate_limit": "the vendor's rate limit is reached",
    "overloaded": "the vendor is overloaded",
    "server": "the vendor failed",
    "vendor_timeout": "the vendor took too long",
    "protocol": "what came cannot be read",
}


class Explainer:
    """The errors of one stream. ``secrets`` are what the attempt sent and no error may show."""

    def __init__(self, call: Call, draft: Draft, watch: Stopwatch) -> None:
        self._call = call
        self._draft = draft
        self._watch = watch
        self.secrets: tuple[str, ...] = ()

    def truncated(self) -> StreamkitError:
        """The body ended cleanly, without the end mark."""
        return self.about(
            TruncatedError(
                f"the stream ended {self.when()}, without the end mark that "
                f"{self._call.adapter.dialect} puts behind a whole answer"
            )
        )

    def no_stream(self, content_type: str, body: str | None) -> StreamkitError:
        return self.about(
            ProtocolError(
                f"status 200 with content-type {content_type} came where a stream was asked for. "
                "The base URL may be wrong, or a proxy answers in the vendor's place",
                status=200,
                body=body,
            )
        )

    def vendor_fault(self, fault: Fault) -> StreamkitError:
        kind = BY_KIND[fault.kind]
        where = f"HTTP {fault.status}" if fault.status else f"in the stream, {self.when()}"
        said = _REPORTS.get(fault.kind, "the vendor reports an error")
        error = kind(
            f"{said} ({where}): {fault.message}",
            status=fault.status,
            code=fault.code,
            retryable=fault.retryable,
            retry_after=fault.retry_after,
            request_id=fault.request_id,
            body=fault.body,
        )
        return self.about(error)

    def not_opened(self, error: StreamkitError, target: Target) -> StreamkitError:
        """No answer began. A place that cannot be reached is named, and what sets it."""
        if isinstance(error, ConnectError):
            name = self._call.adapter.name
            said = (f"Client(base_url={{{name!r}: ...}})", *target.endpoint.base_url_env)
            error.message = f"{error.message} ({target.host})"
            error.advice = f"Check the base URL ({' or '.join(said)}), the network and any proxy."
        return self.about(error)

    def line_lost(self, reply: Reply) -> StreamkitError:
        assert isinstance(reply, Lost)
        return self.about(reply.error, when=True)

    def timed_out(self, reply: TimedOut) -> StreamkitError:
        timer, seconds = self._watch.fired(silent=reply is SILENT)
        return self.about(
            StreamTimeoutError(
                f"{_TIMER_WORDS[timer]} within {seconds:g} s, {self.when()} "
                f"(timer {timer!r}; set it with Timeouts({timer}=...))",
                timer=timer,
            )
        )

    def adapter_broke(self, error: Exception) -> StreamkitError:
        let_through(error)
        if isinstance(error, StreamkitError):
            return self.about(error)
        broken = ProtocolError(
            f"the adapter {self._call.adapter.name!r} failed on what the vendor sent, "
            f"{self.when()}: {type(error).__name__}. This is a defect of the adapter; "
            "a recording of the stream helps its author."
        )
        broken.__cause__ = error
        return self.about(broken)

    def about(self, error: StreamkitError, *, when: bool = False) -> StreamkitError:
        """The error, with the model it is about, and without secrets."""
        secrets = self.secrets
        said = error.message.rstrip(". ")
        if when:
            said = f"{self.when()}, {said}"
        error.message = scrub(f"{self._call.model}: {said}.", secrets)
        error.args = (error.message,)
        error.code = scrub(error.code, secrets)
        error.request_id = scrub(error.request_id, secrets)
        error.body = scrub(error.body, secrets)
        return error

    def when(self) -> str:
        count = self._draft.delivered
        if count == 0:
            return "before any text came"
        return f"after {count} character{'s' if count != 1 else ''} of the answer"

    def started_anew(self, instead: str = "") -> StreamkitError:
        """Asked to go on, the model did something else ``instead``."""
        error = ProtocolError(
            f"asked to go on {self.when()}, the model {instead or 'began another answer'}",
            retryable=True,
            code=STARTED_ANEW,
        )
        error.advice = "Small models often cannot go on: ask again, or take a larger one."
        return self.about(error)

    def gave_up(self, error: StreamkitError, why: str, closed: str | None) -> None:
        """Say at the end of the message why the answer did not go on, and what to do now.

        ``why`` it was not gone on with, "" if that need not be said; ``closed`` if nobody could.
        """
        stop, reason, advice = self._draft.stop, "", error.advice
        if error.request_id and isinstance(error, VendorError):
            advice = f"{advice} error.request_id helps the vendor's support."
        if not isinstance(error, StreamInterrupted):
            pass
        elif closed is None:
            reason = f"It was not gone on with: {why}." if why else ""
            helps = isinstance(error, RequestError | StreamTimeoutError | ProtocolError)
            onward = "What came is in error.partial; client.resume(error.token) goes on from there."
            advice = f"{onward} {advice if helps else ''}"
        elif stop is not None:
            advice = (
                f"The model had stopped by then (finish reason {stop.reason!r}), so most likely "
                "error.partial is the whole answer; asked again, it would be paid for again."
            )
        else:
            reason = f"It cannot be gone on with: {closed}."
            advice = f"What came is in error.partial. {advice}"
        error.advice = advice.strip()
        error.message = " ".join(filter(None, (error.message, reason, error.advice)))
        error.args = (error.message,)
