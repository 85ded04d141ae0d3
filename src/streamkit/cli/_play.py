"""Shows a running answer: words as they come, reasoning apart, a closing line of figures.

Where an answer broke and went on, a terminal shows a dim mark in its midst and explains it below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streamkit.cli._output import Screen
from streamkit.cli._tokens import token_of
from streamkit.errors import StreamkitError
from streamkit.events import (
    AttemptStarted,
    ChoiceEnded,
    Event,
    Interrupted,
    Notice,
    PartEnded,
    PartKind,
    PartStarted,
    ReasoningDelta,
    RefusalDelta,
    Resumed,
    Rewound,
    SafetyReported,
    StreamStarted,
    TextDelta,
    ToolCallReady,
)
from streamkit.messages import (
    ChatResponse,
    IncompleteToolCall,
    MediaPart,
    Part,
    ProviderItem,
)
from streamkit.sync import Stream
from streamkit.values import FinishReason

_STOPS: Final[dict[FinishReason, str]] = {
    "length": "the model stopped at its token limit; --max-tokens sets one",
    "content_filter": "the vendor's content filter stopped the answer",
    "pause": "the vendor paused the answer",
    "error": "the vendor stopped the answer because of an error",
}


_LONG_WAIT: Final = 2.0
"""Seconds. Who is to wait longer, is told why at once."""


def play(stream: Stream, screen: Screen, *, resumable: bool = False) -> StreamkitError | None:
    """Show the whole of ``stream``. Returns the error it ended with, None if it ended well.

    ``resumable``: should it break off, another run may write the rest behind what a pipe got.
    Ctrl-C closes the stream; its snapshot then has the outcome ``cancelled``.
    """
    attempts = 0
    error = None
    seams = _Seams(screen)
    if screen.appends_only:
        iter(stream.text)  # who reads words alone is never asked to take any back
    try:
        for event in stream:
            match event:
                case TextDelta(choice=0):
                    seams.answering = True
                    screen.answer(event.text)
                case ReasoningDelta(choice=0) | RefusalDelta(choice=0):
                    screen.thought(event.text)
                case StreamStarted():
                    local = stream.model.startswith("local:")
                    screen.wait("starting the local model…" if local else "connecting…")
                case AttemptStarted():
                    attempts = event.attempt
                    if not seams.answering:
                        screen.wait(f"waiting for {stream.model}…")
                case Interrupted():
                    seams.broken(event)
                case Resumed():
                    seams.went_on(event)
                case Rewound(choice=0):
                    seams.took_back(event)
                case Notice():
                    mark = "warning: " if event.level == "warning" else ""
                    screen.warn(f"{mark}{event.message or event.code}")
                case _:
                    if isinstance(event, PartStarted):
                        seams.kinds[event.part] = event.kind
                    if line := _aside(event):
                        screen.aside(line)
    except KeyboardInterrupt:
        stream.close()
    except StreamkitError as problem:
        error = problem
    finally:
        screen.end(goes_on=resumable and token_of(error) is not None)
    answer = stream.snapshot
    for line in (*seams.explained, *_closing(answer, attempts)):
        screen.aside(line)
    return error


class _Seams:
    """Tells of breaks: in the answer's midst and below it on a terminal, else line by line."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._breaks: list[str] = []
        self.answering = False
        self.kinds: dict[int, PartKind] = {}
        self.explained: list[str] = []

    def broken(self, event: Interrupted) -> None:
        status = f" (HTTP {event.fault.status})" if event.fault.status else ""
        what = f"{event.fault.kind.replace('_', ' ')}{status}"
        if event.delivered:
            what += f" after {event.delivered} characters"
        self._breaks.append(what)
        if self.answering and self._screen.shared and event.retry_in < _LONG_WAIT:
            self._screen.seam()
            return
        then = "going on" if event.delivered else "trying again"
        self._screen.aside(f"attempt {event.attempt}: {what}; {then} in {event.retry_in:.1f} s")

    def went_on(self, event: Resumed) -> None:
        how = f"went on: {event.fidelity} ({event.strategy})"
        breaks, self._breaks = self._breaks, []
        if self._screen.shared:
            self.explained.append(f"┊ {', '.join(breaks)}; {how}" if breaks else f"┊ {how}")
        else:
            self._screen.aside(how)

    def took_back(self, event: Rewound) -> None:
        kind = self.kinds.get(event.part, "text")
        if kind == "reasoning":
            self._screen.aside("the thought above is taken back")
        elif kind == "text":
            self._screen.take_back(event.length)


def _aside(event: Event) -> str | None:
    """What to say of an event that is no part of the answer; None: nothing."""
    match event:
        case SafetyReported(blocked=True):
            return f"the vendor's safety filter blocked the {event.scope}"
        case PartStarted(kind="refusal", choice=0):
            return "the model refuses:"
        case ToolCallReady(choice=0):
            return f"tool call, not run: {event.call.name} {event.call.arguments_text}"
        case PartEnded(choice=0):
            return _part_aside(event.content)
        case ChoiceEnded(choice=0):
            return _STOPS.get(event.finish_reason)
    return None


def _part_aside(part: Part) -> str | None:
    match part:
        case IncompleteToolCall():
            return f"incomplete tool call, not safe to run: {part.name} {part.arguments_text}"
        case ProviderItem():
            return f"{part.name or part.kind} (run by the vendor; --json shows it)"
        case MediaPart():
            return f"{part.media_type or 'media'}: {part.url or '--json holds it'}"
    return None


def _closing(answer: ChatResponse, attempts: int) -> Iterator[str]:
    """The sources of an answer, and the figures of one that was not an error."""
    for url in dict.fromkeys(c.url for c in answer.citations if c.url):
        yield f"source: {url}"
    if len(answer.choices) > 1:
        yield f"the first of {len(answer.choices)} answers; --json has them all"
    if answer.outcome not in ("complete", "cancelled"):
        return
    timings, usage = answer.timings, answer.usage
    figures = ["stopped"] if answer.outcome == "cancelled" else []
    if usage is not None and usage.output_tokens is not None:
        figures.append(f"{usage.output_tokens} token{'' if usage.output_tokens == 1 else 's'}")
    if timings is not None and timings.first_text is not None:
        figures.append(f"first text after {timings.first_text:.2f} s")
    if timings is not None and timings.tokens_per_second is not None:
        figures.append(f"{timings.tokens_per_second:.1f} tokens/s")
    if attempts > 1:
        figures.append(f"{attempts} attempts")
    if figures:
        yield " · ".join(figures)
