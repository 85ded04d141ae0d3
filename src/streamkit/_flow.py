"""One stream, from request to outcome, as a generator without I/O.

`Flow.run` yields commands (`Open`, `Read`, …) and is sent what came of them; it fills ``events``.
The drivers in `_http` carry the commands out, so asyncio, trio and sync share every decision made
here, and a test can play any wire to it, byte by byte, without a network.

The clock comes in as a function. Times are in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streamkit import events as e
from streamkit._commands import (
    SILENT,
    TIMED_OUT,
    Close,
    Command,
    Drain,
    Locate,
    Lost,
    Open,
    Opened,
    Read,
    Reply,
    Sleep,
    TimedOut,
)
from streamkit._draft import Draft
from streamkit._framing import framer
from streamkit._policy import Budget, Retry, Retrying
from streamkit._secrets import scrub, secrets_of
from streamkit._stopwatch import Stopwatch
from streamkit._target import Target, request_headers
from streamkit.adapter import (
    Adapter,
    Decoder,
    Frame,
    Framing,
    Located,
    Warned,
    WireRequest,
)
from streamkit.chunks import Chunk, End, Fault, Stop
from streamkit.errors import (
    BY_KIND,
    LineError,
    ProtocolError,
    StreamkitError,
    StreamTimeoutError,
    TruncatedError,
)
from streamkit.hookspecs import StreamReport
from streamkit.messages import ChatRequest, ChatResponse
from streamkit.timeouts import Timeouts
from streamkit.values import Outcome

MAX_ERROR_BODY: Final = 256 * 1024
"""Bytes of an error answer that are read; the rest tells nothing more."""

FREE_REOPENS: Final = 3
"""How many stale pooled connections in a row are replaced before a loss counts as an attempt."""


# --- the call ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Call:
    """Everything one stream needs to know, put together by the client."""

    model: str
    adapter: Adapter
    request: ChatRequest = field(repr=False)
    wire: WireRequest = field(repr=False)
    content: bytes = field(repr=False)
    target: Callable[[Located | None], Target]
    warnings: tuple[Warned, ...] = ()
    retry: Retry = field(default_factory=Retry)
    budget: Callable[[str], Budget] = field(default=lambda _host: Budget())
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_frame_bytes: int = 64 * 2**20


class Whole:
    """The answer came whole."""


WHOLE: Final = Whole()

Verdict = Whole | StreamkitError
"""How an attempt ended."""


class Flow:
    """The run of one call: drive ``run()``, take ``events``, ask ``error`` at the end."""

    def __init__(self, call: Call, now: Callable[[], float]) -> None:
        self.call = call
        self.events: deque[Any] = deque()
        self.draft = Draft(self.events, call.adapter.dialect)
        self.watch = Stopwatch(now)
        self.outcome: Outcome | None = None
        self.error: StreamkitError | None = None
        self.attempts = 0
        self._secrets: tuple[str, ...] = ()
        self._answering = False
        self._content_type = ""

    # --- the story -----------------------------------------------------------------------------

    def run(self) -> Generator[Command, Reply, None]:
        """The whole stream, from the first event to the last."""
        call = self.call
        self.draft.emit(e.StreamStarted, call.model, call.adapter.dialect)
        for warned in (*call.warnings, *call.wire.warnings):
            data = {"what": warned.what}
            self.draft.emit(e.Notice, "warning", warned.code, warned.message, data)
        try:
            target = yield from self._locate()
        except StreamkitError as problem:
            self._end("failed", problem)
            return
        retrying = Retrying(call.retry, call.budget(target.host))
        while True:
            self.attempts += 1
            self.draft.emit(e.AttemptStarted, self.attempts)
            verdict = yield from self._attempt(target)
            if isinstance(verdict, Whole):
                retrying.succeeded()
                self.draft.finish()
                self._end("complete", None)
                yield Drain()
                return
            yield Close()
            wait = None if self._past_retrying() else retrying.next_wait(verdict, self.attempts)
            if wait is None:
                self._give_up(verdict)
                return
            self.draft.emit(
                e.Interrupted, self.attempts, verdict.info(), self.draft.delivered, wait
            )
            yield Sleep(wait)
            self.draft.begin_attempt()

    def _past_retrying(self) -> bool:
        # What was shown would be shown twice; what has stopped would be paid for twice.
        return self.draft.progress > 0 or self.draft.stop is not None

    def _locate(self) -> Generator[Command, Reply, Target]:
        located: Located | None = None
        if type(self.call.adapter).locate is not Adapter.locate:
            reply = yield Locate(self.call.adapter, self.call.request.model)
            if isinstance(reply, StreamkitError):
                raise reply
            assert reply is None or isinstance(reply, Located)
            located = reply
        return self.call.target(located)

    def _attempt(self, target: Target) -> Generator[Command, Reply, Verdict]:
        """Send the request once and read the answer."""
        self._answering = False
        opened = yield from self._open(target)
        if isinstance(opened, StreamkitError):
            return opened
        if opened.status != 200:
            return (yield from self._refused(opened))
        content_type = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
        framing = self.call.wire.framing_by_type.get(content_type)
        if framing is None and content_type in _NOT_A_STREAM:
            return (yield from self._not_a_stream(opened, content_type))
        self._answering, self._content_type = True, content_type
        try:
            return (yield from self._body(framing or self.call.wire.framing))
        except StreamkitError as error:  # a frame beyond the limit
            return self._about(error, when=True)

    def _open(self, target: Target) -> Generator[Command, Reply, Opened | StreamkitError]:
        call, wire = self.call, self.call.wire
        self.watch.begin_attempt(call.timeouts)
        for spare in range(FREE_REOPENS, -1, -1):
            try:
                key = target.key()
            except StreamkitError as error:
                return error
            headers = request_headers(target, key, wire.headers, call.request.extra_headers)
            url = target.url(wire.path)
            self._secrets = secrets_of(key, headers, url)
            reply = yield Open(wire.method, url, headers, call.content, self.watch.deadline)
            if isinstance(reply, Opened):
                return reply
            if isinstance(reply, TimedOut):
                return self._timed_out(reply)
            assert isinstance(reply, Lost)
            if not (reply.stale and spare):
                return self._about(reply.error)
        raise AssertionError("the last round always returns")

    def _body(self, framing: Framing) -> Generator[Command, Reply, Verdict]:
        cut = framer(framing, max_bytes=self.call.max_frame_bytes)
        decoder = self.call.adapter.decoder(self.call.request)
        draft, watch, read = self.draft, self.watch, Read()
        while True:
            read.deadline = watch.deadline
            data = yield read
            if type(data) is not bytes:
                if isinstance(data, TimedOut):
                    return self._timed_out(data)
                return self._line_lost(data)
            if not data:
                return self._body_ended(cut.end(), decoder)
            delivered, progress = draft.delivered, draft.progress
            verdict = None
            frames = cut.feed(data)
            if frames:
                watch.frames_came()
                for frame in frames:
                    verdict = self._take(decoder, frame)
                    if verdict is not None:
                        break
            if draft.progress != progress:
                watch.content_came(text=draft.delivered != delivered)
            if verdict is not None:
                return verdict
            if draft.progress == progress and watch.expired():
                return self._timed_out(TIMED_OUT)  # keep-alives are not progress

    # --- reading frames ------------------------------------------------------------------------

    def _take(self, decoder: Decoder, frame: Frame) -> Verdict | None:
        """Decode one frame and fold it. None: the answer goes on."""
        try:
            chunks = decoder.feed(frame)
        except Exception as bug:
            return self._adapter_broke(bug)
        return self._fold(chunks)

    def _fold(self, chunks: Sequence[Chunk]) -> Verdict | None:
        apply = self.draft.apply
        try:
            for chunk in chunks:
                kind = type(chunk)
                if kind is End:
                    return WHOLE
                if kind is Fault:
                    return self._vendor_fault(chunk)  # type: ignore[arg-type]
                apply(chunk)
        except Exception as bug:
            return self._adapter_broke(bug)
        return None

    def _body_ended(self, tail: Frame | None, decoder: Decoder) -> Verdict:
        """The body ended cleanly. Whether that is the answer's end, the decoder knows."""
        try:
            chunks: list[Chunk] = list(decoder.feed(tail)) if tail is not None else []
            if any(isinstance(x, Fault) and x.kind == "protocol" for x in chunks):
                chunks = []  # cut inside its last event: not garbage, but an unfinished line
            if not any(isinstance(x, End | Fault) for x in chunks):
                chunks.extend(decoder.close())
        except Exception as bug:
            return self._adapter_broke(bug)
        verdict = self._fold(chunks)
        eventless = self.watch.timings(None).first_event is None
        if verdict is None and eventless and self._content_type in _TEXT:
            return self._no_stream(self._content_type, None)
        return verdict or self._about(
            TruncatedError(
                f"the stream ended {self._when()}, without the end mark that "
                f"{self.call.adapter.dialect} puts behind a whole answer"
            )
        )

    # --- what went wrong -----------------------------------------------------------------------

    def _refused(self, opened: Opened) -> Generator[Command, Reply, StreamkitError]:
        body = yield from self._rest()
        return self._http_fault(opened, body)

    def _not_a_stream(
        self, opened: Opened, content_type: str
    ) -> Generator[Command, Reply, StreamkitError]:
        body = yield from self._rest()
        if content_type.endswith("json") and b'"error"' in body:
            return self._http_fault(opened, body)  # some vendors report errors with status 200
        return self._no_stream(content_type, body[:2000].decode("utf-8", "replace"))

    def _no_stream(self, content_type: str, body: str | None) -> StreamkitError:
        return self._about(
            ProtocolError(
                f"status 200 with content-type {content_type} came where a stream was asked for. "
                "The base URL may be wrong, or a proxy answers in the vendor's place",
                status=200,
                body=body,
            )
        )

    def _rest(self) -> Generator[Command, Reply, bytes]:
        """The body of an answer that is no stream, as far as it comes."""
        read, parts, size = Read(), list[bytes](), 0
        while size < MAX_ERROR_BODY:
            read.deadline = self.watch.deadline
            data = yield read
            if type(data) is not bytes or not data:
                break
            parts.append(data)
            size += len(data)
        return b"".join(parts)

    def _http_fault(self, opened: Opened, body: bytes) -> StreamkitError:
        try:
            return self._vendor_fault(self.call.adapter.fault(opened.status, opened.headers, body))
        except Exception as error:
            return self._adapter_broke(error)

    def _vendor_fault(self, fault: Fault) -> StreamkitError:
        kind = BY_KIND[fault.kind]
        where = f"HTTP {fault.status}" if fault.status else f"in the stream, {self._when()}"
        what = fault.kind.replace("_", " ")
        said = "what came cannot be read" if kind is ProtocolError else f"the vendor reports {what}"
        error = kind(
            f"{said} ({where}): {fault.message}",
            status=fault.status,
            code=fault.code,
            retryable=fault.retryable,
            retry_after=fault.retry_after,
            request_id=fault.request_id,
            body=fault.body,
        )
        return self._about(error)

    def _line_lost(self, reply: Reply) -> StreamkitError:
        assert isinstance(reply, Lost)
        return self._about(reply.error, when=True)

    def _timed_out(self, reply: TimedOut) -> StreamkitError:
        timer, seconds = self.watch.fired(silent=reply is SILENT)
        return self._about(
            StreamTimeoutError(
                f"{_TIMER_WORDS[timer]} within {seconds:g} s, {self._when()} "
                f"(timer {timer!r}; set it with Timeouts({timer}=...))",
                timer=timer,
            )
        )

    def _adapter_broke(self, error: Exception) -> StreamkitError:
        if isinstance(error, StreamkitError):
            return self._about(error)
        broken = ProtocolError(
            f"the adapter {self.call.adapter.name!r} failed on what the vendor sent, "
            f"{self._when()}: {type(error).__name__}. This is a defect of the adapter; "
            "a recording of the stream helps its author."
        )
        broken.__cause__ = error
        return self._about(broken)

    def _about(self, error: StreamkitError, *, when: bool = False) -> StreamkitError:
        """The error, with the model it is about and what to do, and without secrets."""
        secrets = self._secrets
        said = error.message.rstrip(". ")
        if when:
            said = f"{self._when()}, {said}"
        error.message = scrub(f"{self.call.model}: {said}. {error.advice}", secrets)
        error.args = (error.message,)
        error.code = scrub(error.code, secrets)
        error.request_id = scrub(error.request_id, secrets)
        error.body = scrub(error.body, secrets)
        return error

    def _when(self) -> str:
        count = self.draft.delivered
        if count == 0:
            return "before any text came"
        return f"after {count} character{'s' if count != 1 else ''} of the answer"

    # --- the end -------------------------------------------------------------------------------

    def snapshot(self) -> ChatResponse:
        return self.draft.response(self.outcome, self.watch.timings(self.draft.usage))

    def _give_up(self, error: StreamkitError) -> None:
        # An answer that was cut is one thing, a request that got none another.
        cut = self._answering and isinstance(error, LineError)
        self._end("truncated" if cut else "failed", error)

    def cancel(self) -> None:
        """The caller leaves. Legal at any time; without effect once there is an outcome."""
        if self.outcome is None:
            self._end("cancelled", None)

    def _end(self, outcome: Outcome, error: StreamkitError | None) -> None:
        self.outcome, self.error = outcome, error
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


_NOT_A_STREAM: Final = frozenset({"application/json", "application/problem+json", "text/html"})

_TEXT: Final = frozenset({"text/plain", "text/xml"})
"""Some gateways call a stream so; without an event in it, it was none."""

_TIMER_WORDS: Final = {
    "first_event": "nothing was heard from the vendor",
    "first_content": "no content came",
    "no_content": "no further content came",
    "no_bytes": "no further byte came",
}
