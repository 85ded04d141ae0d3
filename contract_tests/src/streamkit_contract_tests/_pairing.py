"""Which result belongs to which call: by the vendor's ids, or, where there are none, by order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from streamkit.messages import Message, ToolCall, ToolResult

from ._body import Way, around, leaves, place_of, written
from ._case import Case, Subject
from ._probes import word
from ._violation import Violation, clip

NUMBERS = ("one", "two")
_ANOTHER = "an answer that mixes up what the tools said, or a request that the vendor refuses"


def same_tool_twice(subject: Subject) -> None:
    """Two calls of one tool, whose results come in another order: ids link them, else order does.

    An adapter may send ids of its own making, so an id is known by what it does: a text of
    its own in the same place of both calls.
    """
    calls = [_call(nr) for nr in NUMBERS]
    answer, results = Message.assistant(*calls), Message.tool(*map(_result, reversed(NUMBERS)))
    user = subject.request().messages[0]
    body = subject.wire(subject.request(user, answer, results)).body
    arguments = [word(f"same argument {nr}") for nr in NUMBERS]
    words = [word(f"same result {nr}") for nr in NUMBERS]
    if any(place_of(body, each) is None for each in (*arguments, *words)):
        return  # that they go out at all is looked at with two tools
    call_ids, result_ids = _own(body, arguments), _own(body, words)
    if any((*call_ids, *result_ids)):
        for nr, of_call, of_result in zip(NUMBERS, call_ids, result_ids, strict=True):
            if not of_call & of_result:
                raise Violation(
                    f"no id stands with call {nr} and with its result alone: with the call "
                    f"{clip(sorted(of_call))}, with the result {clip(sorted(of_result))}",
                    where=f"two calls of one tool, {clip(written(body), 400)}",
                    user=_ANOTHER,
                    mend="send ToolCall.id with the call, and ToolResult.call_id with its result",
                )
    elif _in_order(body, arguments) != _in_order(body, words):
        raise Violation(
            "the results stand in another order than the calls, and no id tells whose they are",
            where=f"two calls of one tool, {clip(written(body), 400)}",
            user=_ANOTHER,
            mend="where a vendor has no ids, send the results in the order of their calls: "
            "results_apart(messages, in_order=True)",
        )


def ids_of_the_vendor_go_back(case: Case) -> None:
    """An id that the vendor gave to a call is what it knows the result by."""
    answer = case.whole.response.message
    recorded = case.body.decode("utf-8", "replace")
    calls = [p for p in answer.content if isinstance(p, ToolCall) and p.id in recorded]
    if not calls or not case.expected_complete:
        return
    body = _next_request(case, answer)
    for call in calls:
        # A vendor that takes ids of one form alone gets others, of the adapter's making, for these.
        other = [
            p.model_copy(update={"id": word("other id")}) if p is call else p
            for p in answer.content
        ]
        changed = dict(leaves(_next_request(case, answer.model_copy(update={"content": other}))))
        linked = max(
            written(body).count(call.id),
            sum(changed.get(way) != text for way, text in leaves(body)),
        )
        if linked < 2:
            raise Violation(
                f"the vendor's id {call.id!r} does not stand with the call and with its result",
                where=f"the next request behind the recording {case.recording.name!r}: "
                f"{clip(written(body), 400)}",
                user=_ANOTHER,
                mend="send ToolCall.id with the call, and ToolResult.call_id with its result",
            )


def _next_request(case: Case, answer: Message) -> Any:
    calls = [part for part in answer.content if isinstance(part, ToolCall)]
    results = (ToolResult(call_id=c.id, name=c.name, content=word("result")) for c in calls)
    user = case.subject.request().messages[0]
    return case.subject.wire(case.subject.request(user, answer, Message.tool(*results))).body


def _call(nr: str) -> ToolCall:
    argument: dict[str, JsonValue] = {"of": word(f"same argument {nr}")}
    id_ = f"call_{word(f'same id {nr}')}"
    name = word("same function")
    return ToolCall(id=id_, name=name, arguments=argument, arguments_text=written(argument))


def _result(nr: str) -> ToolResult:
    call = _call(nr)
    return ToolResult(call_id=call.id, name=call.name, content=word(f"same result {nr}"))


def _own(body: Any, words: list[str]) -> list[set[str]]:
    """The texts that stand with one of the words, where another text stands with the other."""
    one, two = (_beside(body, *pair) for pair in (words, words[::-1]))
    fields = [name for name in one.keys() & two.keys() if one[name] != two[name]]
    return [{texts[name] for name in fields} for texts in (one, two)]


def _beside(body: Any, one: str, other: str) -> dict[Way, str]:
    """The texts in the largest object around the first word that does not hold the other."""
    way = place_of(body, one)
    assert way is not None
    holder: Mapping[str, Any] = {}
    for wider in around(body, way):
        if other in written(wider):
            break
        holder = wider
    return {
        place: text for place, text in leaves(holder) if isinstance(text, str) and one not in text
    }


def _in_order(body: Any, words: list[str]) -> bool:
    text = written(body)
    return text.find(words[0]) < text.find(words[1])
