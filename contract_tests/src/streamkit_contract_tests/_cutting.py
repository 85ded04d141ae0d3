"""The law about broken lines: what is cut short never passes for whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pickle import PicklingError, dumps, loads

from streamkit.adapter import Decoder, Frame
from streamkit.chunks import Chunk, Closed, Fault, Stop, ToolArguments, ToolOpened
from streamkit.errors import LineError
from streamkit.messages import Choice, ReasoningPart, RefusalPart, TextPart, ToolCall
from streamkit.testing import Decoded, Frames

from ._case import Case, said
from ._registry import for_recordings
from ._violation import Violation, clip


@for_recordings(5, "a cut shows")
def cut_shows(case: Case) -> None:
    """Lines break anywhere, and often end as cleanly as a whole answer. Before the end mark the
    outcome is truncated (or failed, once the vendor has reported an error); what the user has is
    the beginning of the answer; and a tool call is finished only if the vendor closed it, never
    because its arguments happen to parse. Tried at every byte.
    """
    _closed_by_the_vendor(case)
    needed = len(case.frames) - case.recording.expected.after_end
    complete_from = _complete_from(case)
    too_many = case.recording.expected.after_end > 0
    for cut, clean in _cuts(case):
        got = case.decode(case.body[:cut], lost=not clean)
        _check(case, cut, got, cut >= complete_from)
        if got.response.outcome == "complete" and case.received(case.body[:cut]) == needed:
            too_many = False
    if too_many:
        raise Violation(
            f"after_end is {case.recording.expected.after_end}, but an answer without its last "
            f"{case.recording.expected.after_end} frames is not taken for complete",
            where=f"{case.recording.name}.expect.json",
            user="an end that comes too early, unnoticed by this kit",
            mend="say less; 0 is the default",
        )


def _cuts(case: Case) -> Iterator[tuple[int, bool]]:
    """Where to cut the body, and whether the line ends cleanly there, for all that can differ.

    What a user gets hangs on the whole frames, and on what the decoder says of the piece behind
    them and to the end of the body. Most cuts in one frame are therefore one: the piece is refused.
    """
    known = set[tuple[int, str]]()
    decoder, fed, copy = case.subject.decoder(), -1, case.subject.decoder
    for cut in range(len(case.body)):
        came = case.wire.frames(case.body[:cut])
        if len(came) > fed:
            for i in range(max(fed, 0), len(came)):
                said(decoder, came[i], i)
            fed, copy = len(came), _copies(case, decoder, came)
            yield cut, False
        ending = repr(_ending(copy(), came))
        if (fed, ending) not in known:
            known.add((fed, ending))
            yield cut, True


def _copies(case: Case, decoder: Decoder, came: Sequence[Frame]) -> Callable[[], Decoder]:
    """Makes decoders that have read these frames, as this one has."""
    try:
        return partial(loads, dumps(decoder))
    except (TypeError, AttributeError, PicklingError):  # it holds a generator or a closure, say

        def read_again() -> Decoder:
            again = case.subject.decoder()
            for i, frame in enumerate(came):
                said(again, frame, i)
            return again

        return read_again


def _ending(decoder: Decoder, came: Frames) -> list[Chunk]:
    """What the decoder says at a clean end of the body; as the core, which believes no half."""
    last = said(decoder, came.rest, len(came)) if came.rest is not None else []
    if any(isinstance(chunk, Fault) and chunk.kind == "protocol" for chunk in last):
        last = []
    return [*last, *decoder.close()]


def _complete_from(case: Case) -> int:
    """The shortest beginning of the body that holds the end mark."""
    if not case.expected_complete:
        return len(case.body) + 1
    needed = len(case.frames) - case.recording.expected.after_end
    low, high = 0, len(case.body)
    while low < high:
        middle = (low + high) // 2
        if case.received(case.body[:middle]) >= needed:
            high = middle
        else:
            low = middle + 1
    return low


def _check(case: Case, cut: int, got: Decoded, may_be_complete: bool) -> None:
    count = case.received(case.body[:cut])
    where = f"cut behind byte {cut} of {len(case.body)}, {count} of {len(case.frames)} frames whole"
    whole, response = case.whole.response, got.response
    so_far = f"{response.text[-60:]!r}" if response.text else "nothing"
    beginning = f"{so_far}, taken for the whole answer"
    match response.outcome:
        case "complete" if not may_be_complete:
            raise Violation(
                "the outcome is complete, though the end mark has not come",
                where=where,
                user=beginning,
                mend="say End only for the vendor's end mark. Frames that come behind it, and that "
                "the answer can do without, are counted in .expect.json as after_end",
            )
        case "complete" if response.choices != whole.choices:
            raise Violation(
                f"the outcome is complete, but the answer is not: {clip(response.choices, 300)}",
                where=where,
                user=beginning,
            )
        case "failed" if not _fault_read(case, count):
            raise Violation(
                f"the outcome is failed, though no error was reported so far: {got.error}",
                where=where,
                user="an error that nobody sent in place of a truncated answer",
            )
        case "truncated" if not isinstance(got.error, LineError):
            raise Violation(
                f"the outcome is truncated, but the error is {got.error!r}",
                where=where,
                user="an error that does not say that the line broke",
            )
    _is_beginning(case, response.choices, where)
    finished = [p for c in response.choices for p in c.parts if isinstance(p, ToolCall)]
    if response.outcome != "complete" and len(finished) > _closed_calls(case, count):
        raise Violation(
            f"{clip(finished[-1])} is a finished call, though the vendor has not closed it",
            where=where,
            user="a tool run on arguments that may be cut",
            mend="say Closed for a call only where the vendor closes it; nothing in close()",
        )


def _fault_read(case: Case, count: int) -> bool:
    return any(isinstance(c, Fault) for step in case.steps[:count] for c in step)


def _is_beginning(case: Case, choices: tuple[Choice, ...], where: str) -> None:
    whole = {choice.index: choice for choice in case.whole.response.choices}
    for choice in choices:
        for kind in (TextPart, ReasoningPart, RefusalPart):
            have, want = _joined(choice, kind), _joined(whole[choice.index], kind)
            if not want.startswith(have):
                raise Violation(
                    f"the {kind.__name__} text so far, {clip(have[-80:])}, is not how the whole "
                    f"begins: {clip(want)}",
                    where=where,
                    user="words that the answer does not hold",
                )
        calls = [p for p in whole[choice.index].parts if isinstance(p, ToolCall)]
        for part in choice.parts:
            if isinstance(part, ToolCall) and part not in calls:
                raise Violation(
                    f"{clip(part)} is a finished call that the whole answer does not hold",
                    where=where,
                    user="a tool run on arguments that were never sent",
                )


def _joined(choice: Choice, kind: type[TextPart] | type[ReasoningPart] | type[RefusalPart]) -> str:
    return "".join(p.text for p in choice.parts if isinstance(p, kind))


def _closed_calls(case: Case, count: int) -> int:
    """How many calls are closed by the first frames."""
    opened, closed = set(), 0
    for step in case.steps[:count]:
        for chunk in step:
            if isinstance(chunk, ToolOpened):
                opened.add((chunk.choice, chunk.key))
            elif isinstance(chunk, Closed) and (chunk.choice, chunk.key) in opened:
                closed += 1
    return closed


def _closed_by_the_vendor(case: Case) -> None:
    """A call that came in pieces is closed by a frame of its own, or by the stop.

    Where a vendor closes it in the frame of the last piece, the recording names the mark
    (``closed_by``).
    """
    marks = {c.id: c.closed_by for c in case.recording.expected.tool_calls if c.closed_by}
    opened: dict[tuple[object, ...], tuple[int, ToolOpened]] = {}
    for i, step in enumerate(case.steps[: len(case.frames)]):
        data = case.frames[i].data
        stopped = {c.choice for c in step if isinstance(c, Stop)}
        pieces = {(c.choice, c.key) for c in step if isinstance(c, ToolArguments) and c.text}
        for chunk in step:
            if isinstance(chunk, ToolOpened):
                opened[chunk.choice, chunk.key] = (i, chunk)
            if not isinstance(chunk, Closed) or (chunk.choice, chunk.key) not in opened:
                continue
            since, call = opened[chunk.choice, chunk.key]
            mark = marks.get(call.id or "")
            in_pieces = since < i and (chunk.choice, chunk.key) in pieces
            if mark not in data if mark else in_pieces and chunk.choice not in stopped:
                raise Violation(
                    f"the call {call.name} ({call.id or 'without an id'}) is closed by "
                    + (f"a frame without {mark!r}" if mark else "the frame of its last piece"),
                    where=case.place(i),
                    user="a tool run on arguments that may be cut",
                    mend="arguments that parse can still grow: say Closed only at the vendor's "
                    "word. If this frame holds it, name it with closed_by in the tool call of "
                    ".expect.json",
                )
