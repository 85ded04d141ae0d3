"""Laws about what a user is told: order, parts, counts, and events that can be stored."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from streamkit import events as e
from streamkit.messages import (
    ChatResponse,
    IncompleteToolCall,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from streamkit.testing import Decoded

from ._case import Case, first_difference
from ._registry import for_recordings
from ._violation import Violation, clip

COUNTS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


@for_recordings(8, "one ending", streams_only=False)
def one_ending(case: Case) -> None:
    """A stream starts with one event and ends with one, numbered without gaps, whatever came
    between, and the outcome, the error and the last event agree.
    """
    bodies = {"as recorded": case.body}
    if case.is_stream:
        for end in case.wire.ends(case.body):
            bodies[f"cut behind byte {end}"] = case.body[:end]
    for where, body in bodies.items():
        wrong = _wrong_ending(case.decode(body))
        if wrong:
            raise Violation(
                wrong,
                where=f"the body {where}",
                user="a stream whose end cannot be told",
                mend="this is streamkit's own bug unless the adapter changes chunks after it "
                "returned them: report it with the recording",
            )


def _wrong_ending(got: Decoded) -> str | None:
    if not isinstance(got.events[0], e.StreamStarted):
        return "the first event is no StreamStarted"
    ends = [i for i, event in enumerate(got.events) if isinstance(event, e.StreamEnded)]
    last = got.events[-1]
    if len(ends) != 1 or not isinstance(last, e.StreamEnded):
        return f"StreamEnded stands at {ends} of {len(got.events)} events"
    if [event.seq for event in got.events] != list(range(len(got.events))):
        return "seq has gaps"
    outcome = got.response.outcome
    if last.outcome != outcome or (outcome == "complete") != (got.error is None):
        return f"the outcome is {outcome}, the last event {last}, the error {got.error!r}"
    return None


_Delta = e.TextDelta | e.ReasoningDelta | e.RefusalDelta | e.ToolArgumentsDelta | e.MediaDelta
_KINDS: dict[type[_Delta], tuple[str, ...]] = {
    e.TextDelta: ("text",),
    e.ReasoningDelta: ("reasoning",),
    e.RefusalDelta: ("refusal",),
    e.ToolArgumentsDelta: ("tool_call", "provider_item"),
    e.MediaDelta: ("media",),
}


@for_recordings(9, "parts are whole")
def parts_are_whole(case: Case) -> None:
    """A part starts, grows and ends, in this order and once; what its deltas carry is of its kind,
    and joined they are its text. A user may print deltas, or wait for the parts: same answer. Each
    call has an id of its own.
    """
    kinds: dict[tuple[int, int], str] = {}
    pieces: dict[tuple[int, int], list[str]] = {}
    ready: dict[tuple[int, int], ToolCall] = {}
    for event in case.whole.events:
        wrong = None
        match event:
            case e.PartStarted(choice=choice, part=part):
                if part != sum(c == choice for c, _ in pieces):
                    wrong = "the part starts twice, or out of order"
                kinds[choice, part], pieces[choice, part] = event.kind, []
            case e.ToolCallReady():
                ready[event.choice, event.part] = event.call
            case e.PartEnded():
                at = (event.choice, event.part)
                if kinds.pop(at, None) is None:
                    wrong = "the part ends, but is not open"
                else:
                    wrong = _wrong_part(event.content, "".join(pieces[at]), ready.get(at))
            case _ if isinstance(event, _Delta):
                at = (event.choice, event.part)
                if kinds.get(at) not in _KINDS[type(event)]:
                    wrong = f"the part is {kinds.get(at)}: two kinds of content have one key"
                else:
                    pieces[at].append(event.data if isinstance(event, e.MediaDelta) else event.text)
        if wrong:
            raise Violation(
                wrong,
                where=f"event {event.seq}: {clip(event)}",
                user="another answer on the screen than in the response",
                mend="give each part a key of its own; calls and text share one namespace",
            )
    for answer in case.whole.response.choices:
        ids = [p.id for p in answer.parts if isinstance(p, ToolCall | IncompleteToolCall)]
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        if twice is not None:
            raise Violation(
                f"{ids.count(twice)} calls of one answer have the id {twice!r}",
                where=f"the calls {clip([p for p in answer.parts if p.type == 'tool_call'], 300)}",
                user="results that belong to two calls, and a next turn that the vendor refuses",
                mend="hand on the vendor's id; where it sends none, leave id=None in ToolOpened: "
                "the core makes ids that differ",
            )
    finished = [p for c in case.whole.response.choices for p in c.parts if isinstance(p, ToolCall)]
    if sorted(map(repr, finished)) != sorted(map(repr, ready.values())):
        raise Violation(
            "the ToolCallReady events are not the tool calls of the answer",
            user="other calls while streaming than in the response",
        )


def _wrong_part(content: Part, joined: str, announced: ToolCall | None) -> str | None:
    match content:
        case TextPart(text=text) | ReasoningPart(text=text) | RefusalPart(text=text):
            pass
        case ToolCall() if announced != content:
            return "the finished call was not announced by ToolCallReady"
        case ToolCall(arguments_text=text) if not joined.strip() and text == "{}":
            return None  # a call without arguments
        case ToolCall(arguments_text=text) | IncompleteToolCall(arguments_text=text):
            pass
        case _:
            return None  # pieces of items and media are a view; the payload is the whole
    if text != joined:
        return f"the deltas say {clip(joined)}, the part says {clip(text)}"
    return None


@for_recordings(10, "usage only grows")
def usage_only_grows(case: Case) -> None:
    """A usage report is a running total that replaces the one before. A count that falls, or is
    gone again, means that something else was counted; a bill is made of these.
    """
    known: dict[str, int] = {}
    for event in case.whole.events:
        if not isinstance(event, e.UsageUpdated):
            continue
        where = f"event {event.seq}: {clip(event.usage, 300)}"
        for name in COUNTS:
            count = getattr(event.usage, name)
            if name in known and (count is None or count < known[name]):
                raise Violation(
                    f"{name} goes from {known[name]} to {count}",
                    where=where,
                    user="a bill that is too small",
                    mend="add up what the vendor counts piece by piece, and merge reports that "
                    "hold only some of the counts: a report replaces the one before",
                )
            if count is not None:
                known[name] = count
        if not event.usage.raw:
            raise Violation(
                "usage.raw is empty; it is the usage object as the vendor sent it",
                where=where,
                user="no way to check the bill",
            )


_EVENTS: TypeAdapter[list[Any]] = TypeAdapter(list[e.Event])


@for_recordings(12, "events survive JSON", streams_only=False)
def events_survive_json(case: Case) -> None:
    """Events and answers are stored, queued and sent to browsers. What an adapter puts into
    `vendor`, `data` and `payload` is therefore what JSON can hold, and comes back the same.
    """
    events = case.whole.events
    try:
        back = _EVENTS.validate_json(_EVENTS.dump_json(events))
        answer = ChatResponse.model_validate_json(case.whole.response.model_dump_json())
    except (ValueError, TypeError) as error:
        raise Violation(
            f"{type(error).__name__}: {error}",
            where="the events, written as JSON",
            user="a crash where the answer is stored",
            mend="put only what JSON holds into vendor, data and payload: parse_json gives that",
        ) from error
    difference = first_difference(events, back)
    if difference is None and answer != case.whole.response:
        difference = f"the answer comes back as {clip(answer, 300)}"
    if difference is not None:
        raise Violation(
            difference,
            where="the events, written as JSON and read again",
            user="another answer from the store, the queue or the server than was streamed",
            mend="put only what JSON holds into vendor, data and payload: parse_json gives that",
        )


@for_recordings(18, "an answer can go back")
def answer_can_go_back(case: Case) -> None:
    """The next request holds the answer as a turn. It must be accepted as it came, and opaque
    tokens (signatures of reasoning) go back byte-identical: a changed one makes the vendor refuse
    the whole conversation.
    """
    if not case.expected_complete:
        return
    message = case.whole.response.message
    if not message.content:
        return
    user = case.subject.request().messages[0]
    wire_request = case.subject.wire(case.subject.request(user, message, user))
    try:
        body = json.dumps(wire_request.body, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise Violation(
            f"the request is no JSON: {error}",
            where="the next request, with the answer as a turn",
            user="a ConfigurationError on the second turn of every conversation",
        ) from error
    for part in message.content:
        signature = getattr(part, "signature", None)
        if signature and json.dumps(signature, ensure_ascii=False) not in body:
            raise Violation(
                f"the signature {clip(signature)} is not in the next request as it came",
                where=f"part {clip(part)}",
                user="a 400 for every further turn of the conversation",
                mend="send part.signature back as it is, in the field the vendor names for it",
            )
