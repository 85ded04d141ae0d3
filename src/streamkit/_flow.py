"""One stream, from request to outcome, as a generator without I/O.

`Flow.run` yields commands (`Open`, `Read`, …) and is sent what came of them; it fills ``events``.
The drivers in `_http` carry the commands out, so asyncio, trio and sync share every decision made
here, and a test can play any wire to it, byte by byte, without a network.

The clock comes in as a function. Times are in seconds.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streamkit import events as e
from streamkit._again import announce, read_whole
from streamkit._commands import (
    NOT_YET,
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
    Sign,
    Signed,
    Sleep,
    TimedOut,
)
from streamkit._draft import Draft
from streamkit._explain import Explainer
from streamkit._framing import framer
from streamkit._joint import StartedAnewError
from streamkit._policy import Budget, Retry, Retrying
from streamkit._resume import Learned, Leg, Resume, Resuming
from streamkit._seam import StopString
from streamkit._secrets import secrets_of
from streamkit._stopwatch import Stopwatch
from streamkit._target import Target, request_headers
from streamkit._token import Saved, maker
from streamkit.adapter import (
    Adapter,
    Decoder,
    Frame,
    Framing,
    Located,
    Unsigned,
    Warned,
    WireRequest,
    parse_json,
)
from streamkit.chunks import Chunk, End, Fault, Stop
from streamkit.errors import (
    ConnectError,
    LineError,
    StreamkitError,
    StreamTimeoutError,
    UnsupportedError,
    interrupted,
)
from streamkit.faults import fault_from_http
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
    resume: Resume | None = None
    learned: Learned = field(default_factory=set)
    saved: Saved | None = field(default=None, repr=False)


MISSES: Final = 6
"""How often in a row an answer may be gone on with in vain because no connection is made. With the
default waits that is some eight seconds, in which a network comes back or a server restarts."""


def _met_nobody(error: StreamkitError) -> bool:
    unmet = isinstance(error, StreamTimeoutError) and error.timer == "connect"
    return unmet or isinstance(error, ConnectError)


class Whole:
    """The answer came whole."""


WHOLE: Final = Whole()


class Running:
    """The answer that was polled is not over yet."""


RUNNING: Final = Running()

Verdict = Whole | StreamkitError
"""How an attempt ended."""


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
        self._leg = Leg(call.request, call.wire, call.content)
        self._decoder: Decoder | None = None
        self._fault: StreamkitError | None = None
        self._explain = Explainer(call, self.draft, self.watch)
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

    def _onward(self, error: StreamkitError, ladder: Resuming, idle: int) -> Leg | None:
        """What to send next; None if nothing.

        What was shown would be shown twice, and what has stopped would be paid for twice, if the
        request were simply sent again: such an answer must be gone on with.
        """
        if not self._shown:
            return self._leg
        if not ladder.worth_it(error):
            return None
        if self._missed >= MISSES:
            ladder.why = f"{self._missed} times in a row no connection could be made"
            return None
        sent = self.attempts - self._unsent
        return ladder.next(self.draft, sent, idle, reading=self._decoder is not None)

    def _wait(self, error: StreamkitError, retrying: Retrying, barren: int) -> float | None:
        """Seconds until the next attempt; None if there is none."""
        if self._shown:
            return retrying.wait_to_go_on(error, barren)
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
            verdict = yield from self._send(target)
            if isinstance(verdict, Whole) or self.draft.progress != came:
                return verdict
            if not ladder.refused(self._leg, verdict):
                return verdict
            yield Close()
            reading = self._decoder is not None
            sent = self.attempts - self._unsent
            leg = ladder.next(self.draft, sent - 1, 0, reading=reading)
            if leg is None and self._fault is not None:
                verdict.__context__ = self._fault.__context__
                self._fault.__context__ = verdict
                return self._fault  # what broke the answer is not this refusal
            if leg is None:
                return verdict
            self._step_on(ladder, leg)

    def _send(self, target: Target) -> Generator[Command, Reply, Verdict]:
        self.watch.begin_attempt(self.call.timeouts)
        while True:
            verdict = yield from self._ask(target)
            if not isinstance(verdict, Running):
                return verdict
            yield Drain()
            yield Sleep(self._leg.wire.poll_every or 0.0)
            if self.watch.expired():
                return self._explain.timed_out(TIMED_OUT)

    def _ask(self, target: Target) -> Generator[Command, Reply, Verdict | Running]:
        self._answering = False
        opened = yield from self._open(target)
        if isinstance(opened, StreamkitError):
            return opened
        if opened.status != 200:
            return (yield from self._refused(opened))
        wire = self._leg.wire
        content_type = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
        framing = wire.framing_by_type.get(content_type)
        polled, head = wire.poll_every is not None, b""
        if framing is None and content_type in _NOT_A_STREAM:
            head, over = yield from self._beginning()
            if over or polled or wire.framing != "sse" or not _EVENT.match(head):
                return (yield from self._not_a_stream(opened, content_type, head, over))
        self._answering, self._content_type = True, content_type
        if self._leg.how == "replay" and not polled:
            announce(self.draft)
        try:
            if polled:
                return (yield from self._polled(framing or wire.framing))
            return (yield from self._body(framing or wire.framing, head))
        except StreamkitError as error:  # a frame beyond the limit
            return self._explain.about(error, when=True)

    def _open(self, target: Target) -> Generator[Command, Reply, Opened | StreamkitError]:
        call, leg = self.call, self._leg
        wire = leg.wire
        for spare in range(FREE_REOPENS, -1, -1):
            try:
                key = target.key()
            except StreamkitError as error:
                return error
            headers = request_headers(target, key, wire, call.request.extra_headers)
            url = target.url(wire.path)
            if target.endpoint.signer is not None and not key:
                unsigned = Unsigned(wire.method, url, headers, leg.content)
                signed = yield Sign(target.endpoint.signer, unsigned)
                if isinstance(signed, StreamkitError):
                    return signed
                assert isinstance(signed, Signed)
                headers |= signed.headers
            self._explain.secrets = secrets_of(key, headers, url)
            reply = yield Open(wire.method, url, headers, leg.content, self.watch.deadline)
            if isinstance(reply, Opened):
                return reply
            if isinstance(reply, TimedOut):
                return self._explain.timed_out(reply)
            assert isinstance(reply, Lost)
            if not (reply.stale and spare):
                return self._explain.not_opened(reply.error, target)
        raise AssertionError("the last round always returns")

    def _body(self, framing: Framing, head: bytes) -> Generator[Command, Reply, Verdict]:
        """Read the answer; ``head`` is what was read of it already."""
        cut = framer(framing, max_bytes=self.call.max_frame_bytes)
        if self._decoder is None or self._leg.how != "replay":
            self._decoder = self.call.adapter.decoder(self._leg.request)
            self.draft.cursor = None  # only this decoder's own tells what it has read
        decoder, draft, watch, read = self._decoder, self.draft, self.watch, Read()
        hold = draft.seam.hold
        while True:
            read.deadline = watch.deadline
            read.wake = watch.wake(hold) if hold is not None and draft.seam.overdue else None
            data, head = head or (yield read), b""
            if type(data) is not bytes:
                if data is NOT_YET:
                    draft.seam.release()
                    continue
                if isinstance(data, TimedOut):
                    return self._explain.timed_out(data)
                return self._explain.line_lost(data)
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
                return self._explain.timed_out(TIMED_OUT)  # keep-alives are not progress

    def _polled(self, framing: Framing) -> Generator[Command, Reply, Verdict | Running]:
        """One look at the whole answer, as far as the server has it."""
        cut, frames, read = framer(framing, max_bytes=self.call.max_frame_bytes), [], Read()
        while True:
            read.deadline = self.watch.deadline
            data = yield read
            if isinstance(data, TimedOut):
                return self._explain.timed_out(data)
            if type(data) is not bytes:
                return self._explain.line_lost(data)
            if not data:
                break
            frames += cut.feed(data)
        if cut.end() is not None or not frames:
            return self._explain.truncated()
        self.watch.frames_came()
        delivered = self.draft.delivered
        try:
            over = read_whole(self.call.adapter.decoder(self._leg.request), frames, self.draft)
        except StartedAnewError:
            return self._explain.started_anew()
        except Exception as bug:
            return self._explain.adapter_broke(bug)
        if self.draft.delivered != delivered:
            self.watch.content_came(text=True)
        if over is None:
            return RUNNING
        return WHOLE if isinstance(over, End) else self._explain.vendor_fault(over)

    # --- reading frames ------------------------------------------------------------------------

    def _take(self, decoder: Decoder, frame: Frame) -> Verdict | None:
        """Decode one frame and fold it. None: the answer goes on."""
        try:
            chunks = decoder.feed(frame)
        except Exception as bug:
            return self._explain.adapter_broke(bug)
        return self._fold(chunks)

    def _fold(self, chunks: Sequence[Chunk]) -> Verdict | None:
        apply = self.draft.apply
        try:
            for chunk in chunks:
                kind = type(chunk)
                if kind is End:
                    self.draft.finish()
                    return WHOLE
                if kind is Fault:
                    assert isinstance(chunk, Fault)
                    self._decoder = self.draft.cursor = None  # the decoder is at its end
                    if chunk.kind != "protocol":
                        self.draft.kept = None  # the answer itself has failed
                    return self._explain.vendor_fault(chunk)
                apply(chunk)
        except StopString as stopped:
            return self._stopped_at(str(stopped))
        except StartedAnewError as other:
            return self._explain.started_anew(str(other))
        except Exception as bug:
            return self._explain.adapter_broke(bug)
        return None

    def _stopped_at(self, sequence: str) -> Verdict:
        self.draft.apply(Stop("stop", sequence=sequence))
        self.draft.finish()
        return WHOLE

    def _body_ended(self, tail: Frame | None, decoder: Decoder) -> Verdict:
        """The body ended cleanly. Whether that is the answer's end, the decoder knows."""
        try:
            chunks: list[Chunk] = list(decoder.feed(tail)) if tail is not None else []
            if any(isinstance(x, Fault) and x.kind == "protocol" for x in chunks):
                chunks = []  # cut inside its last event: not garbage, but an unfinished line
            if not any(isinstance(x, End | Fault) for x in chunks):
                chunks.extend(decoder.close())
        except Exception as bug:
            return self._explain.adapter_broke(bug)
        verdict = self._fold(chunks)
        eventless = self.watch.timings(None).first_event is None
        if verdict is None and eventless and self._content_type in _TEXT:
            return self._explain.no_stream(self._content_type, None)
        return verdict or self._explain.truncated()

    # --- what went wrong -----------------------------------------------------------------------

    def _refused(self, opened: Opened) -> Generator[Command, Reply, StreamkitError]:
        body = yield from self._rest()
        return self._http_fault(opened, body)

    def _beginning(self) -> Generator[Command, Reply, tuple[bytes, bool]]:
        """The body's first bytes, enough to tell events from anything else, and if it is over."""
        head, read = b"", Read()
        while len(head.strip()) < _TELLING and len(head) < 1024:
            read.deadline = self.watch.deadline
            data = yield read
            if type(data) is not bytes or not data:
                return head, True
            head += data
        return head, False

    def _not_a_stream(
        self, opened: Opened, content_type: str, head: bytes, over: bool
    ) -> Generator[Command, Reply, StreamkitError]:
        body = head if over else head + (yield from self._rest())
        if content_type.endswith("json") and _tells_error(body):
            return self._http_fault(opened, body)  # some vendors report errors with status 200
        return self._explain.no_stream(content_type, body[:2000].decode("utf-8", "replace"))

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
            return self._explain.vendor_fault(
                self.call.adapter.fault(opened.status, opened.headers, body)
            )
        except Exception as bug:
            broken = self._explain.adapter_broke(bug)
            fault = fault_from_http(opened.status, opened.headers, body)
            broken.__context__ = self._explain.vendor_fault(fault)
            broken.status = opened.status
            return broken

    # --- the end -------------------------------------------------------------------------------

    def snapshot(self) -> ChatResponse:
        return self.draft.response(self.outcome, self.watch.timings(self.draft.usage))

    def _give_up(
        self, error: StreamkitError, ladder: Resuming, why: str, first: StreamkitError
    ) -> None:
        # An answer that was cut is one thing, a request that got none another.
        cut = (self._answering or self.draft.progress) and isinstance(error, LineError)
        closed = None
        if self.draft.progress:
            closed = ladder.closed(self.draft, error)
            error = interrupted(error)
            error.__cause__, error.__context__ = first, self._fault
            error._token = None if closed else maker(self.call, self.draft)
        self._explain.gave_up(error, why if self.call.resume is not None else "", closed)
        self._end("truncated" if cut else "failed", error)

    def cancel(self) -> None:
        """The caller leaves. Legal at any time; without effect once there is an outcome."""
        if self.outcome is None:
            self._end("cancelled", None)

    def _end(self, outcome: Outcome, error: StreamkitError | None) -> None:
        self.outcome, self.error = outcome, error
        if outcome != "complete":
            self.draft.seam.give_back()
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

# Some servers send events all the same, and call them what they send else.
_EVENT: Final = re.compile(rb"(\xef\xbb\xbf)?\s*(data|event|id|retry)?:")
_TELLING: Final = len(b"\xef\xbb\xbfevent:")

_TEXT: Final = frozenset({"text/plain", "text/xml"})
"""Some gateways call a stream so; without an event in it, it was none."""


def _tells_error(body: bytes) -> bool:
    """Whether a JSON body is about an error, and not an answer that says ``"error": null``."""
    try:
        value = parse_json(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return b'"error"' in body  # cut
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return False
    return bool(value.get("error")) or "error" in (value.get("object"), value.get("type"))
