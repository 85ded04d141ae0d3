"""An answer that is read again, whole, behind what the caller has of it.

The server has kept the answer, and a fresh decoder reads all of it into a draft of its own. Each
part that was told is found again there, or it is not the same answer; what lies behind is told. The
server may list parts in another order than it sent them in: what was told keeps its place, the
others follow. It may also write a call's arguments in another way: a finished call stays as it was
told, one that was not finished is taken back and told anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from streamkit import events as e
from streamkit._draft import Draft
from streamkit._joint import StartedAnewError
from streamkit._parts import ChoiceDraft, PartDraft
from streamkit.adapter import Decoder, Frame
from streamkit.chunks import End, Fault

# Of an answer that ended so, the server may keep less than it sent.
_BROKEN_OFF = frozenset({"error", "cancelled"})


def announce(draft: Draft) -> None:
    """Say that the same answer comes on: all that is open stays so."""
    parts = draft.choices[0].parts
    place = (parts[-1].index, len(parts[-1].text)) if parts else (0, 0)
    draft.emit(e.Resumed, "replay", "exact", *place)


def read_whole(decoder: Decoder, frames: Iterable[Frame], draft: Draft) -> End | Fault | None:
    """Read the answer from its beginning; once it is over, tell what ``draft`` has not told.

    Returns how it ended; None if it is not over, of which nothing is told.

    Raises:
        StartedAnewError: it is another answer. Nothing was told of it.
    """
    whole = Draft(deque(), draft.owner)
    for chunk in (chunk for frame in frames for chunk in decoder.feed(frame)):
        if not isinstance(chunk, End | Fault):
            whole.apply(chunk)
            continue
        if isinstance(chunk, End):
            whole.finish()
        try:
            _tell_rest(draft, whole)
        except StartedAnewError:
            stop = whole.stop
            if stop is None or stop.reason not in _BROKEN_OFF:
                raise
            draft.apply(stop)
            if isinstance(chunk, End):
                draft.finish()
        return chunk
    return None


def _tell_rest(draft: Draft, whole: Draft) -> None:
    rewritten = [
        part
        for choice in draft.choices.values()
        for part in choice.parts[-1:]
        if _is_rewritten(part, whole.choices.get(choice.index))
    ]
    told = {
        (choice.index, again.index): told
        for choice in draft.choices.values()
        for told, again in _found_again(choice, whole.choices.get(choice.index), rewritten)
    }
    for choice in whole.choices.values():
        new = [part.index for part in choice.parts if (choice.index, part.index) not in told]
        first = len(choice.parts) - len(new)
        told |= {(choice.index, index): _Told(place) for place, index in enumerate(new, first)}
    draft.seam.drop()
    announce(draft)
    for part in rewritten:
        draft.emit(e.Rewound, part.index, len(part.text), True, part.choice)
    for event in whole.events:
        news = _news(event, draft, told)
        if news is not None:
            _pass_on(news, draft)
    for choice in whole.choices.values():
        for part in choice.parts:
            part.index = told[choice.index, part.index].place
        choice.parts.sort(key=lambda part: part.index)
    draft.take_over(whole)


def _found_again(
    choice: ChoiceDraft, whole: ChoiceDraft | None, rewritten: list[PartDraft]
) -> Iterator[tuple[_Told, PartDraft]]:
    """The parts that were told, each with itself in the whole answer."""
    left = list(whole.parts) if whole is not None else []
    for part in (part for part in choice.parts if part not in rewritten):
        ended = part.closed and part not in choice.empty_calls  # those wait for the stop
        again = next((other for other in left if _goes_on(part, other, ended)), None)
        if again is None:
            raise StartedAnewError
        left.remove(again)
        again.call = part.call or again.call
        yield _Told(part.index, True, ended, len(part.text), len(part.citations)), again


def _goes_on(told: PartDraft, whole: PartDraft, ended: bool) -> bool:
    if told.kind != whole.kind or told.id not in (None, whole.id):
        return False
    if told.kind == "provider_item":  # its pieces are the vendor's own; the item is all of it
        return True
    if told.call is not None and whole.call is not None and told.call.arguments is not None:
        return told.call.arguments == whole.call.arguments
    return whole.text == told.text if ended else whole.text.startswith(told.text)


def _is_rewritten(part: PartDraft, whole: ChoiceDraft | None) -> bool:
    """Whether this is the beginning of a call that the whole answer writes in another way."""
    if part.kind != "tool_call" or part.closed or whole is None:
        return False
    same = [other for other in whole.parts if other.kind == part.kind and other.id == part.id]
    return bool(same) and not same[0].text.startswith(part.text)


def _news(event: Any, draft: Draft, told: dict[tuple[int, int], _Told]) -> Any:
    """What of an event was not told, or None."""
    match event:
        case e.ResponseInfo():
            info = draft.info()
            known = (event.id, event.model) == (info["id"], info["model"])
        case e.UsageUpdated():
            known = event.usage == draft.usage
        case e.ChoiceEnded():
            choice = draft.choices.get(event.choice)
            known = choice is not None and choice.stop is not None
        case _ if hasattr(event, "part"):
            return told[event.choice, event.part].news(event)
        case _:
            known = False
    return None if known else event


def _pass_on(event: Any, draft: Draft) -> None:
    if isinstance(event, e.TextDelta | e.ReasoningDelta | e.RefusalDelta):
        draft.delivered += len(event.text)
    draft.progress += 1
    draft.events.append(replace(event, seq=draft.seq))
    draft.seq += 1


@dataclass(slots=True)
class _Told:
    """What was told of one part; ``place`` is its index for the caller."""

    place: int
    started: bool = False
    ended: bool = False
    characters: int = 0
    citations: int = 0

    def news(self, event: Any) -> Any:
        match event:
            case e.PartStarted():
                known = self.started
            case e.PartEnded() | e.ToolCallReady():
                known = self.ended
            case e.CitationAdded():
                known, self.citations = self.citations > 0, self.citations - 1
            case _:
                field = "data" if isinstance(event, e.MediaDelta) else "text"
                text = getattr(event, field)
                known, skip = self.ended or len(text) <= self.characters, self.characters
                event = replace(event, **{field: text[skip:]})
                self.characters = max(0, skip - len(text))
        return None if known else replace(event, part=self.place)
