"""A draft that broke off: what of it can stand, and its form as JSON.

By part: visible text stands and may be gone on with. Reasoning and calls that were not finished
are taken back, to be done again. Whatever else the vendor did - a finished call, a tool of its own,
a picture, a refusal, several choices - cannot be continued by asking again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from streamkit import events as e
from streamkit._draft import NO_ARGUMENTS, Draft
from streamkit._parts import ChoiceDraft, PartDraft
from streamkit._spent import cut_usage, summed, tokens_taken
from streamkit.chunks import Key, Stop
from streamkit.messages import Part, ReasoningPart, TextPart, ToolCall
from streamkit.values import Citation, Usage, Warned

_UNFINISHED = frozenset({"reasoning", "tool_call"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What another attempt could build on.

    ``text`` is the visible text of choice 0; ``obstacle`` what forbids to ask for the rest, in
    words, or None; ``reasoned`` whether the model thought before the text.
    """

    text: str
    obstacle: str | None
    reasoned: bool


def standing(draft: Draft) -> Standing:
    choice = draft.choices[0]
    reasoned = any(part.kind == "reasoning" for part in choice.parts)
    return Standing(draft.text, _obstacle(draft, choice), reasoned)


def _obstacle(draft: Draft, choice: ChoiceDraft) -> str | None:
    if len(draft.choices) > 1:
        return "several choices were being given"
    if choice.stop is not None:
        return "the model had stopped already"
    for part in choice.parts:
        if part.kind == "tool_call":
            if part.closed or not all(map(_is_unfinished, choice.parts[part.index :])):
                return "a finished tool call would be asked for again"
        elif part.kind == "provider_item":
            return "the vendor's own tools had been at work"
        elif part.kind in ("media", "refusal"):
            return f"the answer holds a {part.kind}"
    return None


def break_off(draft: Draft, *, text: bool = True) -> None:
    """Make the draft ready for an attempt that goes on.

    Unfinished reasoning and calls at its end are taken back, and said so; without ``text``,
    everything is: the request is sent anew, before any was shown.
    """
    choice = draft.choices[0]
    settle_usage(draft, draft.seam.break_off())
    while choice.parts and (not text or _is_unfinished(choice.parts[-1])):
        _take_back(draft, choice, choice.parts.pop())
    _forget_attempt(draft, choice)
    last = choice.newest_text
    choice.continued = last if last is not None and not last.closed else None


def parts_to_send(draft: Draft, text: str) -> tuple[Part, ...]:
    """The assistant's turn so far, ending with ``text`` in place of all its text.

    Closed and signed reasoning goes with it, as far as the dialect takes its own back.
    """
    reasoning = [
        part.value(draft.owner)
        for part in draft.choices[0].parts
        if part.kind == "reasoning" and part.closed and part.signature
    ]
    return (*(p for p in reasoning if isinstance(p, ReasoningPart)), TextPart(text=text))


def taken(draft: Draft, text: str) -> int:
    """How many tokens of ``max_tokens`` the text took, at least."""
    seam = draft.seam
    return tokens_taken(text, seam.pieces, seam.characters, draft.counted + _counted(draft))


def _counted(draft: Draft) -> int:
    """What the vendor has counted of the attempt's words so far; 0 if thoughts are among them."""
    usage = draft.attempt_usage
    if usage is None or usage.reasoning_tokens:
        return 0
    thought = any(part.kind == "reasoning" for part in draft.choices[0].parts)
    return 0 if thought else usage.output_tokens or 0


def settle_usage(draft: Draft, unshown: str) -> None:
    """Book what the attempt that broke off cost."""
    draft.spent.append(_cost(draft, unshown))
    draft.counted += _counted(draft)
    draft.usage = summed(draft.spent[:-1], draft.spent[-1])
    draft.attempt_usage = None


def estimate_usage(draft: Draft) -> None:
    """Of an answer that ends broken: what is not reported is estimated, unless it had stopped."""
    if draft.stop is None or draft.attempt_usage is None:
        draft.usage = summed(draft.spent, _cost(draft, ""))


def _cost(draft: Draft, unshown: str) -> Usage:
    said = "".join(p.text for p in draft.choices[0].parts if p.kind != "media")
    return cut_usage(draft.attempt_usage, said[draft.booked :] + unshown)


def _is_unfinished(part: PartDraft) -> bool:
    return part.kind in _UNFINISHED and not part.closed


def _take_back(draft: Draft, choice: ChoiceDraft, part: PartDraft) -> None:
    length = len(part.text)
    if part.kind != "tool_call":
        draft.delivered -= length
    draft.emit(e.Rewound, part.index, length, True, choice.index)


def _forget_attempt(draft: Draft, choice: ChoiceDraft) -> None:
    choice.running = None
    choice.open, choice.by_key, choice.announced = {}, {}, {}
    choice.empty_calls = []
    choice.calls = sum(part.kind == "tool_call" for part in choice.parts)
    choice.newest_text = next((p for p in reversed(choice.parts) if p.kind == "text"), None)
    if choice.newest_text is not None:
        choice.newest_text.half = ""
    draft.cursor = draft.kept = None
    draft.booked = sum(len(p.text) for p in choice.parts if p.kind != "media")


# --- JSON ----------------------------------------------------------------------------------------

_PART_FIELDS = (
    "kind",
    "closed",
    "id",
    "name",
    "signature",
    "scheme",
    "reasoning_kind",
    "tool_kind",
    "vendor",
    "vendor_kind",
    "payload",
    "media_type",
    "url",
)


def dump(draft: Draft) -> dict[str, Any]:
    """The draft as JSON, for another process to go on from."""
    return {
        "seq": draft.seq,
        "cursor": draft.cursor,
        "kept": draft.kept,
        "space": draft.seam.space,
        "info": draft.info(),
        "warnings": [asdict(warned) for warned in draft.warnings],
        "usage": asdict(summed(draft.spent, _cost(draft, ""))),
        "choices": [_dump_choice(choice) for choice in draft.choices.values()],
    }


def _dump_choice(choice: ChoiceDraft) -> dict[str, Any]:
    keys = {id(part): key for key, part in choice.open.items()}
    stop = choice.stop
    return {
        "index": choice.index,
        "stop": asdict(stop) if stop else None,
        "running": choice.running.index if choice.running else None,
        "parts": [
            {
                **{name: getattr(part, name) for name in _PART_FIELDS},
                "text": part.text,
                "half": part.half,
                "key": keys.get(id(part)),
                "citations": [asdict(citation) for citation in part.citations],
                "call": part.call.model_dump(mode="json") if part.call else None,
            }
            for part in choice.parts
        ],
    }


def load(data: dict[str, Any], events: deque[Any], owner: str) -> Draft:
    """The draft that `dump` wrote. Raises what Python does at a wrong shape, if it is none."""
    draft = Draft(events, owner)
    draft.seq = int(data["seq"])
    draft.cursor, draft.kept = _text(data["cursor"]), _text(data["kept"])
    draft.recall(data["info"])
    draft.warnings = {Warned(**warned): None for warned in data["warnings"]}
    draft.seam.recall(str(data["space"]))
    draft.usage = Usage(**data["usage"])
    draft.spent = [draft.usage]
    draft.choices = {}
    for saved in data["choices"]:
        choice = draft.choices[saved["index"]] = ChoiceDraft(saved["index"])
        choice.stop = Stop(**saved["stop"]) if saved["stop"] else None
        for part_data in saved["parts"]:
            _load_part(choice, part_data)
        if saved["running"] is not None:
            choice.running = choice.parts[saved["running"]]
        _count(draft, choice)
    if 0 not in draft.choices:
        raise ValueError("no first choice")
    draft.response(None)  # whatever is of the wrong type shows itself here, not in mid-stream
    dump(draft)
    return draft


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError


def _load_part(choice: ChoiceDraft, data: dict[str, Any]) -> None:
    part = PartDraft(data["kind"], len(choice.parts), choice.index)
    for name in _PART_FIELDS:
        setattr(part, name, data[name])
    part.add(data["text"])
    part.half = _text(data["half"]) or ""
    part.citations = [Citation(**citation) for citation in data["citations"]]
    part.call = ToolCall.model_validate(data["call"]) if data["call"] else None
    choice.parts.append(part)
    key: Key = tuple(data["key"]) if isinstance(data["key"], list) else data["key"]
    if key is not None:
        choice.open[key] = choice.by_key[key] = part
    if part.kind == "text":
        choice.newest_text = part


def _count(draft: Draft, choice: ChoiceDraft) -> None:
    for part in choice.parts:
        if part.kind in ("text", "reasoning", "refusal"):
            draft.delivered += len(part.text)
    draft.progress = max(draft.progress, len(choice.parts))
    calls = [part for part in choice.parts if part.kind == "tool_call"]
    choice.calls = len(calls)
    choice.empty_calls = [
        p for p in calls if p.closed and p.call is None and p.text.strip() in NO_ARGUMENTS
    ]
    draft.booked = draft.delivered
