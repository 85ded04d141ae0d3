"""What went wrong, in words: what happened, after how much of the answer, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Final

from streamkit._commands import SILENT, Lost, Reply, TimedOut
from streamkit._draft import Draft
from streamkit._secrets import drop_telling, scrub, without_prompt
from streamkit._signals import let_through
from streamkit._stopwatch import Stopwatch
from streamkit.chunks import Fault
from streamkit.errors import (
    BY_KIND,
    ConfigurationError,
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

_LONGEST_WORDS: Final = 4000
"""Characters of the vendor's words that a message repeats. All of them are in ``error.body``."""

_TIMER_WORDS: Final = {
    "first_event": "nothing was heard from the vendor",
    "first_content": "no content came",
    "no_content": "no further content came",
    "no_bytes": "no byte came",
}

_CHECK_CREDENTIALS: Final = (
    "No API key was found, so the request was signed with the cloud credentials of this machine or "
    "those given to the signer: check which they are, their region, and what they may use."
)

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
    """The errors of one stream.

    ``secrets`` are what the attempt sent and no error may show, ``signed`` is whether it had a
    signature in place of a key, ``target`` where it was sent, and ``request_id`` what the vendor
    called it, if its answer has begun.
    """

    def __init__(self, call: Call, draft: Draft, watch: Stopwatch) -> None:
        self._call = call
        self._draft = draft
        self._watch = watch
        self.secrets: tuple[str, ...] = ()
        self.signed = False
        self.target: Target | None = None
        self.request_id: str | None = None

    def truncated(self) -> StreamkitError:
        """The body ended cleanly, without the end mark."""
        return self.about(
            TruncatedError(
                f"the stream ended {self.when()}, without the end mark that "
                f"{self._call.adapter.dialect} puts behind a whole answer"
            )
        )

    def no_stream(self, content_type: str, body: str | None) -> StreamkitError:
        error = ProtocolError(
            f"status 200 with content-type {content_type} came where a stream was asked for. "
            "The base URL may be wrong, or a proxy answers in the vendor's place",
            status=200,
            body=body,
        )
        error.advice = self._check_place()
        return self.about(error)

    def vendor_fault(self, fault: Fault) -> StreamkitError:
        kind = BY_KIND[fault.kind]
        where = f"HTTP {fault.status}" if fault.status else f"in the stream, {self.when()}"
        said = _REPORTS.get(fault.kind, "the vendor reports an error")
        if self.signed and fault.kind == "authentication":
            said = "the vendor refuses the credentials"
        if redirected := fault.status is not None and 300 <= fault.status < 400:
            said = "the vendor's server sends the request elsewhere"
        asked = (message.text for message in self._call.request.messages)
        words = without_prompt(fault.message[:_LONGEST_WORDS], asked)
        error = kind(
            f"{said} ({where}): {words}",
            status=fault.status,
            code=fault.code,
            retryable=fault.retryable,
            retry_after=fault.retry_after,
            request_id=fault.request_id,
            body=fault.body,
        )
        if redirected:
            error.advice = self._check_place()
        elif self.signed and fault.kind in ("authentication", "permission"):
            error.advice = _CHECK_CREDENTIALS
        return self.about(error, going_on=fault.status is not None)

    def not_opened(self, error: StreamkitError) -> StreamkitError:
        """No answer began. A place that cannot be reached is named, and what sets it."""
        assert self.target is not None
        if isinstance(error, StreamTimeoutError):
            error.message = (
                f"no connection to {self.target.host} within {self._call.timeouts.connect:g} s "
                "(timer 'connect'; set it with Timeouts(connect=...))"
            )
            error.advice = self._check_place()
        if isinstance(error, ConnectError):
            error.message = f"{error.message} ({self.target.host})"
            error.advice = self._check_place()
        return self.about(error, going_on=True)

    def _check_place(self) -> str:
        sets = [f"Client(base_url={{{self._call.adapter.name!r}: ...}})"]
        if self.target is not None:
            sets += self.target.endpoint.base_url_env
        return f"Check the base URL ({' or '.join(sets)}), the network and any proxy."

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

    def about(
        self, error: StreamkitError, *, when: bool = False, going_on: bool = False
    ) -> StreamkitError:
        """The error, with the model it is about, and without secrets.

        ``going_on``: it met an attempt that had yet to begin, perhaps to go on with an answer.
        """
        secrets = self.secrets
        said = error.message.rstrip(". ")
        if when:
            said = f"{self.when()}, {said}"
        elif going_on and self._count:
            said = f"{self.when()}, the attempt to go on failed: {said}"
        error.request_id = error.request_id or self.request_id
        error.message = scrub(f"{self._call.model}: {said}.", secrets)
        error.args = (error.message,)
        error.code = scrub(error.code, secrets)
        error.request_id = scrub(error.request_id, secrets)
        error.body = scrub(error.body, secrets)
        drop_telling(error, secrets)
        return error

    def when(self) -> str:
        count = self._count
        if count == 0:
            return "before any text came"
        return f"after {count} character{'s' if count != 1 else ''} of the answer"

    @property
    def _count(self) -> int:
        """Characters that the caller will have seen if this is the end."""
        return self._draft.delivered + self._draft.seam.owed

    def started_anew(self, instead: str = "") -> StreamkitError:
        """Asked to go on, the model did something else ``instead``."""
        error = ProtocolError(
            f"asked to go on {self.when()}, the model {instead or 'began another answer'}",
            retryable=True,
            code=STARTED_ANEW,
        )
        error.advice = "Small models often cannot go on: ask again, or take a larger one."
        error.public_text = StreamInterrupted.public_text
        return self.about(error)

    def gave_up(self, error: StreamkitError, why: str, closed: str | None) -> None:
        """Say at the end of the message why the answer did not go on, and what to do now.

        ``why`` it was not gone on with or sent again, "" if that need not be said; ``closed`` if
        nobody could go on with it.
        """
        stop, reason, advice = self._draft.stop, "", _advice(error, why)
        helps = isinstance(error, RequestError | StreamTimeoutError | ProtocolError)
        if not isinstance(error, StreamInterrupted):
            reason = f"It was not sent again: {why}." if why else ""
        elif closed is None:
            reason = f"It was not gone on with: {why}." if why else ""
            resume = "client.resume(error.token)"
            if isinstance(error, ConfigurationError):
                resume = f"{resume} of a new client"
            onward = f"What came is in error.partial; {resume} goes on from there."
            advice = f"{onward} {advice if helps else ''}"
        elif self._draft.response(None).tool_calls:
            reason = f"It cannot be gone on with: {closed}."
            advice = (
                "error.partial holds a finished tool call: run it and send its result. Do not ask "
                f"for the whole again, or the tool runs twice. {advice if helps else ''}"
            )
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


def _advice(error: StreamkitError, why: str) -> str:
    """What to do, with what this error knows and ``why`` does not say."""
    said = [error.advice]
    if isinstance(error, VendorError) and error.retry_after is not None:
        wait = f"he vendor asks to wait {ceil(error.retry_after)} s"
        if wait not in why:
            said.append(f"T{wait}.")
    if isinstance(error, VendorError) and error.request_id:
        said.append("error.request_id helps the vendor's support.")
    if isinstance(error, ProtocolError) and error.body is not None:
        said.append("error.body holds what was read.")
    return " ".join(said)
