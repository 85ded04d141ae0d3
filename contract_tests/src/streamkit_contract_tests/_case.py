"""One recording under one adapter, and what the adapter makes of it when nothing disturbs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pickle import PicklingError, dumps, loads
from typing import Any

from streamkit.adapter import Adapter, Decoder, Frame, WireRequest, parse_json
from streamkit.chunks import Chunk, End, Fault
from streamkit.errors import StreamkitError
from streamkit.events import StreamEnded
from streamkit.messages import ChatRequest, ChatResponse, Message
from streamkit.testing import Decoded, decode
from streamkit.testing import Recording as Recorded
from streamkit.values import Timings

from ._violation import Violation, clip
from ._wire import WIRES, Wire
from .recordings import BadRecording, Recording

NOT_A_STREAM = frozenset({"application/json", "application/problem+json", "text/html"})
"""Content types that are no stream unless the adapter's request says so, as for the core."""


class Suite:
    """All that the author of a contract class declared: its adapters, recordings and noise."""

    def __init__(
        self,
        adapter: Adapter,
        recordings: Iterable[Recording],
        *,
        variants: Mapping[str, Adapter] | None = None,
        model: str = "any",
        keep_alives: Iterable[str] = (),
        padding_fields: Iterable[str] = (),
        replayed_with: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.replayed_with = dict(replayed_with or {})
        self.keep_alives = [Recorded.load(text.encode()).body for text in keep_alives]
        self.padding_fields = frozenset(padding_fields)
        self.subjects: dict[str | None, Subject] = {None: Subject(self, adapter)}
        for name, variant in (variants or {}).items():
            self.subjects[name] = Subject(self, variant, name)
        self.cases: dict[str, Case] = {}
        for recording in recordings:
            subject = self.subjects.get(recording.expected.variant)
            if subject is None:
                known = ", ".join(filter(None, self.subjects)) or "none"
                raise BadRecording(
                    f"{recording.name}: no variant {recording.expected.variant!r}; known: {known}"
                )
            self.cases[recording.name] = Case(subject, recording)

    @cached_property
    def frequency(self) -> Counter[tuple[str, str]]:
        """In how many frames of all recordings each value stands at its path."""
        streams = [c for c in self.cases.values() if c.is_stream]
        return Counter(leaf for c in streams for f in c.frames for leaf in c.leaves(f))


class Subject:
    """One adapter under test. ``variant`` is its name among the variants, None for the main one."""

    def __init__(self, suite: Suite, adapter: Adapter, variant: str | None = None) -> None:
        self.suite = suite
        self.adapter = adapter
        self.variant = variant
        self.model = suite.model

    @property
    def cases(self) -> list[Case]:
        """The recordings that this adapter reads."""
        return [case for case in self.suite.cases.values() if case.subject is self]

    def request(self, *messages: Message, **options: Any) -> ChatRequest:
        """A request for the declared model, with a prompt unless messages are given."""
        return ChatRequest(
            model=self.model,
            messages=messages or (Message.user("Why is the sky blue?"),),
            **options,
        )

    def replayed_request(self) -> ChatRequest:
        """A request whose answer the server keeps, as the author says; else a plain one."""
        return self.request(**self.suite.replayed_with)

    def wire(self, request: ChatRequest) -> WireRequest:
        """The adapter's request, for one that it must be able to build."""
        try:
            return self.adapter.request(request)
        except Exception as error:
            raise Violation(
                f"request() raised {type(error).__name__}: {error}",
                where=words(request),
                user="no answer to a request that is right",
            ) from error

    def decoder(self) -> Decoder:
        """A fresh decoder, as for a plain request."""
        return self.adapter.decoder(self.request())


class Case:
    """One recording, with the undisturbed results computed once."""

    def __init__(self, subject: Subject, recording: Recording) -> None:
        self.subject = subject
        self.adapter = subject.adapter
        self.recording = recording
        self.body = recording.body
        self._wire = _wire(subject, recording)
        if not self.body or (self.is_stream and not self.frames):
            raise BadRecording(f"the recording {recording.name!r} holds nothing, so proves nothing")
        if self.is_stream and recording.expected.after_end >= len(self.frames):
            raise BadRecording(
                f"the recording {recording.name!r} has {len(self.frames)} frames, and after_end "
                f"says that the answer can do without {recording.expected.after_end} of them"
            )

    @property
    def is_stream(self) -> bool:
        """Whether the body is cut into frames; an error answer is not."""
        return self._wire is not None

    @property
    def wire(self) -> Wire:
        """How bodies of this stream's framing look."""
        assert self._wire is not None
        return self._wire

    @property
    def expected_complete(self) -> bool:
        return self.recording.expected.outcome == "complete"

    def decode(
        self, body: bytes, *, splits: int | list[int] | None = None, lost: bool | None = None
    ) -> Decoded:
        """What a user gets for ``body``, with the timings taken out: they say nothing here.

        ``lost``: the line breaks behind the body; None: it does if the recording's did.
        """
        try:
            got = decode(
                self.adapter,
                body,
                status=self.recording.status,
                headers={"content-type": self.recording.content_type},
                splits=splits,
                lost=self.recording.lost if lost is None else lost,
            )
        except Exception as error:
            first_lines = " ".join(str(error).splitlines()[:3])
            raise Violation(
                "streamkit cannot make an event of what the decoder said: "
                f"{type(error).__name__}: {clip(first_lines, 300)}",
                where=f"a body of {len(body)} bytes that ends with {clip(body[-200:], 200)}",
                user="an exception that is no StreamkitError, in place of the answer so far",
                mend="look at the types of the fields of streamkit.chunks, and check what the "
                "vendor sends before it goes into a chunk",
            ) from error
        ended = got.events[-1]
        if isinstance(ended, StreamEnded):
            ended.timings = Timings()
        got.response = got.response.model_copy(update={"timings": None})
        return got

    @cached_property
    def whole(self) -> Decoded:
        """What a user gets for the recording as it is."""
        return self.decode(self.body)

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames of the recording, one that lacks its terminator included."""
        cut = self.wire.frames(self.body)
        return [*cut, cut.rest] if cut.rest is not None else list(cut)

    def received(self, prefix: bytes) -> int:
        """How many frames of the recording have come whole with this beginning of its body."""
        cut = self.wire.frames(prefix)
        count = len(cut)
        if cut.rest is not None and count < len(self.frames) and cut.rest == self.frames[count]:
            count += 1
        return count

    @cached_property
    def steps(self) -> list[list[Chunk]]:
        """The chunks of each frame, by a decoder that is fed them all; last those of `close`."""
        return run(self.subject.decoder(), self.frames)

    @cached_property
    def end_frame(self) -> int | None:
        """The frame whose chunks hold `End` (their number: at `close`); None if there is none."""
        found = (i for i, step in enumerate(self.steps) if any(isinstance(c, End) for c in step))
        return next(found, None)

    def place(self, number: int) -> str:
        """A frame for a message: its number, its last byte in the recording, what it holds."""
        if number >= len(self.frames):
            return f"close(), behind all {len(self.frames)} frames"
        low, high = 0, len(self.body)
        while low < high:
            middle = (low + high) // 2
            if len(self.wire.frames(self.body[:middle])) > number:
                high = middle
            else:
                low = middle + 1
        return f"frame {number}, whole at byte {low}: {clip(self.frames[number].data)}"

    def is_keep_alive(self, frame: Frame) -> bool:
        """Whether the frame is one of those that the author declared as carrying nothing."""
        return any(
            (known.event, self.leaves(known)) == (frame.event, self.leaves(frame))
            for piece in self.subject.suite.keep_alives
            for known in self.wire.frames(piece)
        )

    def leaves(self, frame: Frame) -> set[tuple[str, str]]:
        """The (path, value) pairs of the frame that are not empty, without declared padding."""
        try:
            value = parse_json(frame.data)
        except ValueError:
            value = frame.data
        return set(_leaves(value, "", self.subject.suite.padding_fields))

    def decoder_before(self, number: int) -> Decoder:
        """A decoder that has read the frames before this one."""
        if self._before is not None:
            kept: Decoder = loads(self._before[number])  # noqa: S301 - dumped below
            return kept
        decoder = self.subject.decoder()
        for i, frame in enumerate(self.frames[:number]):
            said(decoder, frame, i)
        return decoder

    @cached_property
    def _before(self) -> list[bytes] | None:
        """The decoder before each frame; None if it holds what cannot be kept: a closure, say."""
        decoder, kept = self.subject.decoder(), []
        try:
            for i, frame in enumerate(self.frames):
                kept.append(dumps(decoder))
                said(decoder, frame, i)
        except (TypeError, AttributeError, PicklingError):
            return None
        return kept

    @cached_property
    def last_read(self) -> int:
        """The last frame that the core reads: that of `End` or a `Fault`, or their number."""
        found = (i for i, s in enumerate(self.steps) if any(isinstance(c, End | Fault) for c in s))
        return next(found, len(self.frames))


def _wire(subject: Subject, recording: Recording) -> Wire | None:
    """How the core would cut this answer; None if it would take it for an error."""
    content_type = recording.content_type.partition(";")[0].strip().lower()
    written = next((f for f, w in WIRES.items() if w.content_type == content_type), None)
    try:
        request = subject.adapter.request(subject.request())
    except Exception:  # L15 says so
        framing = written
    else:
        framing = request.framing_by_type.get(content_type)
        if framing is None and content_type not in NOT_A_STREAM:
            framing = request.framing
    if recording.status != 200 or framing is None:
        return None
    if written not in (framing, None):
        raise BadRecording(
            f"the recording {recording.name!r} is of the framing {written!r}, but the adapter's "
            f"WireRequest has framing={framing!r} for the content type {content_type!r}"
        )
    return WIRES[framing]


def _leaves(value: Any, path: str, padding: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in padding:
                yield from _leaves(inner, f"{path}.{name}", padding)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{i}]", padding)
    elif value not in (None, "", 0, False):
        yield path.removeprefix("."), str(value)


def feed(decoder: Decoder, frame: Frame, number: int) -> list[Chunk]:
    """The frame's chunks, copied, for a decoder may change them later. It must not raise."""
    return deepcopy(said(decoder, frame, number))


def said(decoder: Decoder, frame: Frame, number: int) -> list[Chunk]:
    """As `feed`, for chunks that are looked at before the decoder goes on."""
    try:
        return list(decoder.feed(frame))
    except Exception as error:
        raise Violation(
            f"feed() raised {type(error).__name__}: {error}",
            where=f"frame {number}: {clip(frame.data)}",
            user="a ProtocolError in place of the answer",
            mend="return malformed(frame, …) for what cannot be read, Opaque for what is unknown",
        ) from error


def run(decoder: Decoder, sequence: Iterable[Frame]) -> list[list[Chunk]]:
    """The chunks of each frame, and at last those of `close`."""
    steps = [feed(decoder, frame, i) for i, frame in enumerate(sequence)]
    return [*steps, deepcopy(list(decoder.close()))]


def same(case: Case, got: Decoded, where: str) -> None:
    """Raise a Violation unless a user got exactly what the undisturbed recording gives."""
    difference = first_difference(case.whole.events, got.events)
    if difference is None and got.response != case.whole.response:
        difference = response_difference(case.whole.response, got.response)
    if difference is not None:
        raise Violation(difference, where=where, user="another answer, by an accident of the line")


def first_difference(want: Sequence[Any], have: Sequence[Any]) -> str | None:
    """The first event that differs, in words."""
    for i, (a, b) in enumerate(zip(want, have, strict=False)):
        if a != b:
            return f"event {i} is\n{clip(b, 200)}\ninstead of\n{clip(a, 200)}"
    if len(want) > len(have):
        return f"{len(want) - len(have)} events are missing, the first {clip(want[len(have)], 200)}"
    if len(have) > len(want):
        return f"there are {len(have) - len(want)} more events, first {clip(have[len(want)], 200)}"
    return None


def response_difference(want: ChatResponse, have: ChatResponse) -> str:
    for name in ChatResponse.model_fields:
        a, b = getattr(want, name), getattr(have, name)
        if a != b:
            return f"response.{name} is\n{clip(b, 200)}\ninstead of\n{clip(a, 200)}"
    return "the responses differ"


def bug(error: StreamkitError | None) -> BaseException | None:
    """The adapter's own exception behind a user's error, if there is one."""
    cause: BaseException | None = error
    while isinstance(cause, StreamkitError):
        cause = cause.__cause__
    return cause


def words(request: ChatRequest) -> str:
    """A request for a message: how many turns, and what is asked for besides."""
    asked = request.model_dump(exclude_defaults=True, exclude={"model", "messages"})
    options = ", ".join(f"{name}={clip(getattr(request, name))}" for name in sorted(asked))
    kinds = sorted({part.type for message in request.messages for part in message.content})
    return (
        f"a request of {len(request.messages)} messages with {', '.join(kinds)}"
        f"{' and ' + options if options else ''}"
    )
