"""One attempt: a request is sent, and its answer is read into the draft, until there is a verdict.

Like the flow, whose part it is, it does no I/O: it yields commands and is sent what came of them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Final

from streamkit._again import announce, read_whole
from streamkit._call import Call
from streamkit._commands import (
    NOT_YET,
    TIMED_OUT,
    AskKey,
    Command,
    Drain,
    Key,
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
from streamkit._resume import Leg
from streamkit._seam import StopString
from streamkit._secrets import secrets_of
from streamkit._stopwatch import Stopwatch
from streamkit._target import Target, checked_key, request_headers
from streamkit.adapter import Decoder, Frame, Framing, Unsigned, parse_json
from streamkit.chunks import Chunk, End, Fault, Stop
from streamkit.errors import StreamkitError
from streamkit.faults import fault_from_http, request_id

MAX_ERROR_BODY: Final = 256 * 1024
"""Bytes of an error answer that are read; the rest tells nothing more."""

FREE_REOPENS: Final = 3
"""How many stale pooled connections in a row are replaced before a loss counts as an attempt."""

_NOT_A_STREAM: Final = frozenset({"application/json", "application/problem+json", "text/html"})

# Some servers send events all the same, and call them what they send else.
_EVENT: Final = re.compile(rb"(\xef\xbb\xbf)?\s*(data|event|id|retry)?:")
_TELLING: Final = len(b"\xef\xbb\xbfevent:")

_TEXT: Final = frozenset({"text/plain", "text/xml"})
"""Some gateways call a stream so; without an event in it, it was none."""


class Whole:
    """The answer came whole."""


WHOLE: Final = Whole()


class Running:
    """The answer that was polled is not over yet."""


RUNNING: Final = Running()

Verdict = Whole | StreamkitError
"""How an attempt ended."""


class Attempts:
    """Sends requests and reads their answers, one after another, for one stream.

    ``answering`` is whether the last one was answered with a stream.
    """

    def __init__(self, call: Call, draft: Draft, watch: Stopwatch) -> None:
        self.call, self.draft, self.watch = call, draft, watch
        self.explain = Explainer(call, draft, watch)
        self.answering = False
        self._leg = Leg(call.request, call.wire, call.content)
        self._decoder: Decoder | None = None
        self._content_type = ""

    @property
    def reading(self) -> bool:
        """Whether a decoder knows what of the answer has come."""
        return self._decoder is not None

    def send(self, target: Target, leg: Leg) -> Generator[Command, Reply, Verdict]:
        """Send the request of a leg, and read its answer into the draft."""
        self._leg = leg
        self.watch.begin_attempt(self.call.timeouts)
        while True:
            verdict = yield from self._ask(target)
            if not isinstance(verdict, Running):
                return verdict
            yield Drain()
            yield Sleep(self._leg.wire.poll_every or 0.0)
            if self.watch.expired():
                return self.explain.timed_out(TIMED_OUT)

    def _ask(self, target: Target) -> Generator[Command, Reply, Verdict | Running]:
        self.answering = False
        opened = yield from self._open(target)
        if isinstance(opened, StreamkitError):
            return opened
        content_type = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
        streams = opened.status // 100 == 2 and content_type == "text/event-stream"
        if opened.status != 200 and not streams:
            return (yield from self._refused(opened))
        wire = self._leg.wire
        framing = wire.framing_by_type.get(content_type)
        polled, head = wire.poll_every is not None, b""
        if framing is None and content_type in _NOT_A_STREAM:
            head, over = yield from self._beginning()
            if over or polled or wire.framing != "sse" or not _EVENT.match(head):
                return (yield from self._not_a_stream(opened, content_type, head, over))
        self.answering, self._content_type = True, content_type
        if self._leg.how == "replay" and not polled:
            announce(self.draft)
        try:
            if polled:
                return (yield from self._polled(framing or wire.framing))
            return (yield from self._body(framing or wire.framing, head))
        except StreamkitError as error:  # a frame beyond the limit
            return self.explain.about(error, when=True)

    def _open(self, target: Target) -> Generator[Command, Reply, Opened | StreamkitError]:
        call, leg = self.call, self._leg
        wire = leg.wire
        self.explain.target, self.explain.request_id = target, None
        for spare in range(FREE_REOPENS, -1, -1):
            try:
                key = yield from self._key(target)
            except StreamkitError as error:
                return error
            headers = request_headers(target, key, wire, call.request.extra_headers)
            url = target.url(wire.path)
            signer = None if key else target.endpoint.signer
            self.explain.signed = signer is not None
            if signer is not None:
                region = target.endpoint.region
                unsigned = Unsigned(wire.method, url, headers, leg.content, region)
                signed = yield Sign(signer, unsigned)
                if isinstance(signed, StreamkitError):
                    return signed
                assert isinstance(signed, Signed)
                headers |= signed.headers
            self.explain.secrets = secrets_of(key, headers, url)
            reply = yield Open(wire.method, url, headers, leg.content, self.watch.deadline)
            if isinstance(reply, Opened):
                self.explain.request_id = request_id(reply.headers)
                return reply
            if isinstance(reply, TimedOut):
                return self.explain.timed_out(reply)
            assert isinstance(reply, Lost)
            if not (reply.stale and spare):
                return self.explain.not_opened(reply.error)
        raise AssertionError("the last round always returns")

    def _key(self, target: Target) -> Generator[Command, Reply, str | None]:
        """The key for the next attempt; a callable is asked every time. Raises StreamkitError."""
        source = target.key_source
        if not callable(source):
            return checked_key(source)
        reply = yield AskKey(source)
        if isinstance(reply, StreamkitError):
            raise reply
        assert isinstance(reply, Key)
        return checked_key(reply.value, returned=True)

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
                    return self.explain.timed_out(data)
                return self.explain.line_lost(data)
            if not data:
                return self._body_ended(cut.end(), decoder)
            if not watch.heard:
                watch.life_came()
            delivered, progress = draft.delivered, draft.progress
            verdict = None
            frames = cut.feed(data)
            if frames:
                watch.events_came()
                for frame in frames:
                    verdict = self._take(decoder, frame)
                    if verdict is not None:
                        break
            if draft.progress != progress:
                watch.content_came(text=draft.delivered != delivered)
            if verdict is not None:
                return verdict
            if draft.progress == progress and watch.expired():
                return self.explain.timed_out(TIMED_OUT)  # keep-alives are not progress

    def _polled(self, framing: Framing) -> Generator[Command, Reply, Verdict | Running]:
        """One look at the whole answer, as far as the server has it."""
        cut, frames, read = framer(framing, max_bytes=self.call.max_frame_bytes), [], Read()
        while True:
            read.deadline = self.watch.deadline
            data = yield read
            if isinstance(data, TimedOut):
                return self.explain.timed_out(data)
            if type(data) is not bytes:
                return self.explain.line_lost(data)
            if not data:
                break
            frames += cut.feed(data)
        if cut.end() is not None or not frames:
            return self.explain.truncated()
        if not self.watch.heard:
            self.watch.life_came()
        self.watch.events_came()
        delivered = self.draft.delivered
        try:
            over = read_whole(self.call.adapter.decoder(self._leg.request), frames, self.draft)
        except StartedAnewError:
            return self.explain.started_anew()
        except Exception as bug:
            return self.explain.adapter_broke(bug)
        if self.draft.delivered != delivered:
            self.watch.content_came(text=True)
        if over is None:
            return RUNNING
        return WHOLE if isinstance(over, End) else self.explain.vendor_fault(over)

    # --- frames ------------------------------------------------------------------------------

    def _take(self, decoder: Decoder, frame: Frame) -> Verdict | None:
        """Decode one frame and fold it. None: the answer goes on."""
        try:
            chunks = decoder.feed(frame)
        except Exception as bug:
            return self.explain.adapter_broke(bug)
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
                    return self.explain.vendor_fault(chunk)
                apply(chunk)
        except StopString as stopped:
            return self._stopped_at(str(stopped))
        except StartedAnewError as other:
            return self.explain.started_anew(str(other))
        except Exception as bug:
            return self.explain.adapter_broke(bug)
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
            return self.explain.adapter_broke(bug)
        verdict = self._fold(chunks)
        eventless = self.watch.timings(None).first_event is None
        if verdict is None and eventless and self._content_type in _TEXT:
            return self.explain.no_stream(self._content_type, None)
        return verdict or self.explain.truncated()

    # --- answers that are none ---------------------------------------------------------------

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
        return self.explain.no_stream(content_type, body[:2000].decode("utf-8", "replace"))

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
            return self.explain.vendor_fault(
                self.call.adapter.fault(opened.status, opened.headers, body)
            )
        except Exception as bug:
            broken = self.explain.adapter_broke(bug)
            fault = fault_from_http(opened.status, opened.headers, body)
            broken.__context__ = self.explain.vendor_fault(fault)
            broken.status = opened.status
            return broken


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
