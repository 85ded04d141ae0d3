"""The laws about conversations: who said what, and which result is whose."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from streamkit.adapter import WireRequest
from streamkit.messages import (
    ChatRequest,
    IncompleteToolCall,
    MediaPart,
    Message,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResult,
)

from ._body import Way, around, at, objects, path, place_of, sent, written
from ._case import Subject
from ._pairing import ids_of_the_vendor_go_back, same_tool_twice
from ._probes import word
from ._registry import for_adapter
from ._violation import Violation, clip

ASSISTANT: Final = frozenset({"assistant", "model", "chatbot", "ai", "bot"})
USER: Final = frozenset({"user", "human"})
"""The vendors' words for who speaks."""


_PICTURE: Final = "iVBORw0KGgo="


def _call(nr: str) -> ToolCall:
    argument = {word(f"name {nr}"): word(f"argument {nr}")}
    return ToolCall(
        id=f"call_{word(f'id {nr}')}",
        name=word(f"function {nr}"),
        arguments=dict(argument),
        arguments_text=written(argument),
    )


def _result(nr: str, *, is_error: bool = False) -> ToolResult:
    call = _call(nr)
    text = word(f"result {nr}")
    return ToolResult(call_id=call.id, content=text, name=call.name, is_error=is_error)


TALK: Final = (
    Message.user(word("first question")),
    Message.assistant(word("first answer")),
    Message.user(word("second question")),
)
CALLS: Final = (
    Message.assistant(word("plan"), _call("one"), _call("two")),
    Message.tool(
        _result("two"),
        ToolResult(
            call_id=_call("one").id,
            content=(TextPart(text=word("result one")), TextPart(text=word("more of one"))),
            name=_call("one").name,
        ),
    ),
    Message.user(word("last question")),
)


@for_adapter(25, "a conversation keeps its shape")
def conversation_keeps_its_shape(subject: Subject) -> None:
    """What was said goes out in the order in which it was said, by whom it was said; a result of a
    tool, of one text or several, stands with its own call, by the vendor's ids or, where it has
    none, by name and order; and a call has its arguments wherever it is named. What another vendor
    alone can read (its items, its signatures, its reasoning), and a call that was cut, is left out
    with a warning: a conversation that began elsewhere goes on here.
    """
    body = subject.wire(subject.request(*TALK)).body
    ways = [_way(body, message.text) for message in TALK]
    for earlier, later in pairwise(ways):
        _in_order(body, earlier, later)
    _speakers(body, *ways[:2])
    if {"tool_call", "tool_result"} <= subject.adapter.supports.parts:
        body = _sent_with_results(subject.adapter.request, subject.request(*TALK, *CALLS))
        for nr, other in (("one", "two"), ("two", "one")):
            _with_its_call(body, nr, other)
            _with_its_arguments(body, nr)
        same_tool_twice(subject)
        for case in subject.cases:
            ids_of_the_vendor_go_back(case)
    _foreign(subject)


def _way(body: Any, text: str) -> Way:
    way = place_of(body, text)
    if way is None:
        raise Violation(
            f"{text!r} is not in the request",
            where="a question, an answer and another question",
            user="an answer to something else than was said",
        )
    return way


def _in_order(body: Any, earlier: Way, later: Way) -> None:
    first, second = at(body, earlier), at(body, later)
    for a, b in zip((*earlier, ""), (*later, ""), strict=False):
        if a != b:
            wrong = isinstance(a, int) and isinstance(b, int) and a > b
            break
    else:
        texts = [message.text for message in TALK]
        wrong = [t for _, t in sorted((first.find(t), t) for t in texts)] != texts
    if wrong:
        raise Violation(
            f"{clip(first)} stands behind {clip(second)}, but was said before it",
            where="a question, an answer and another question",
            user="an answer to another conversation",
        )


def _speakers(body: Any, question: Way, answer: Way) -> None:
    asked, answered = _speaker(body, question), _speaker(body, answer)
    wrong = None
    if asked & ASSISTANT:
        wrong = f"the user's words are marked {', '.join(asked & ASSISTANT)}"
    elif answered & USER:
        wrong = f"the assistant's words are marked {', '.join(answered & USER)}"
    elif (
        question != answer
        and _kind(question) == _kind(answer)
        and _marks(body, question) == (_marks(body, answer))
    ):
        wrong = "nothing tells the user's turns from the assistant's"
    if wrong:
        raise Violation(
            wrong,
            where=f"{path(question)} is the user's, {path(answer)} the assistant's",
            user="a model that takes its own words for the user's",
            mend="look up how the vendor names those who speak",
        )


def _speaker(body: Any, way: Way) -> frozenset[str]:
    """The vendor's word for the speaker, as the nearest object names it."""
    for holder in around(body, way):
        said = {v.lower() for v in holder.values() if isinstance(v, str)} & (USER | ASSISTANT)
        if said:
            return frozenset(said)
    return frozenset()


def _kind(way: Way) -> Way:
    return tuple(step for step in way if isinstance(step, str))


def _marks(body: Any, way: Way) -> list[dict[str, Any]]:
    """What else the objects around say, in which nothing else was said."""
    return [
        {k: v for k, v in holder.items() if isinstance(v, str) and v != at(body, way)}
        for holder in around(body, way)
        if holder is not body
    ]


def _sent_with_results(build: Any, request: ChatRequest) -> Any:
    where = "two calls in one turn, and their results in the turn behind it, one of two text parts"
    try:
        wire: WireRequest = build(request)
    except Exception as error:
        raise Violation(
            f"Supports.parts claims tool_result, but request() raised {type(error).__name__}: "
            f"{error}",
            where=where,
            user="an error for a result that every tool may give",
            mend="a result's content is a text, or a tuple of parts: join the texts of TextPart",
        ) from error
    for text in ("result one", "more of one", "result two", "last question"):
        if word(text) not in sent(wire):
            raise Violation(
                f"{word(text)!r}, the {text}, is not in the request",
                where=where,
                user="an answer without the tool's result",
            )
    return wire.body


def _with_its_call(body: Any, nr: str, other: str) -> None:
    """The nearest object around a result that names a call, names its own."""
    for holder in around(body, _way(body, word(f"result {nr}"))):
        text = written(holder)
        own, foreign = (any(m in text for m in _names(which)) for which in (nr, other))
        if foreign and not own:
            raise Violation(
                f"the result of the call {_call(nr).id!r} ({_call(nr).name}) stands with "
                f"{_call(other).id!r} ({_call(other).name}): {clip(text, 300)}",
                where="two calls, and their results in another order",
                user="an answer that mixes up what the tools said",
                mend="find the call by ToolResult.call_id, not by its place",
            )
        if own:
            return


def _names(nr: str) -> tuple[str, ...]:
    call = _call(nr)
    return (call.id.removeprefix("call_"), call.name, word(f"argument {nr}"))


def _with_its_arguments(body: Any, nr: str) -> None:
    """Objects that name the call have its arguments in the same field, or no such field."""
    call, argument = _call(nr), word(f"argument {nr}")
    naming = [o for o in objects(body) if call.name in o.values()]
    fields = {name for o in naming for name, value in o.items() if argument in written(value)}
    for holder in naming:
        for name in fields & holder.keys():
            if argument not in written(holder[name]):
                raise Violation(
                    f"the call {call.name} stands there without its arguments: {clip(holder)}",
                    where="a call, and its result in a later turn",
                    user="a result that the model cannot tell from that of another call",
                    mend="find the call by ToolResult.call_id in the turns before, and send it "
                    "as it was",
                )
    if not fields and argument not in written(body):
        raise Violation(
            f"the arguments of the call {call.name} are not in the request",
            where="a call, and its result in a later turn",
            user="a model that does not know what it asked for",
        )


def _foreign(subject: Subject) -> None:
    """Parts that another vendor's answer can hold."""
    dialect, hidden = word("dialect"), word("payload")
    parts: Mapping[str, Any] = {
        "reasoning": ReasoningPart(text=word("thought"), signature=hidden, scheme=dialect),
        "refusal": RefusalPart(text=word("refusal")),
        "provider_item": ProviderItem(
            dialect=dialect, kind=word("item"), payload={"type": hidden}, id=word("item id")
        ),
        "incomplete_tool_call": IncompleteToolCall(
            id=word("cut"), name=word("function"), arguments_text='{"', reason="cut"
        ),
        "media": MediaPart(data=_PICTURE, media_type="image/png"),
    }
    for kind, part in parts.items():
        before, behind = TALK[0], TALK[2]
        answer = Message.assistant(part, word("first answer"))
        where = f"an answer of another vendor's with a part of type {kind!r}, as a turn"
        try:
            wire = subject.adapter.request(subject.request(before, answer, behind))
        except Exception as error:
            raise Violation(
                f"request() raised {type(error).__name__}: {error}",
                where=where,
                user="a conversation that cannot go on with another vendor",
                mend="leave out what only its own vendor can read, with a Warned('part_dropped', "
                f"{kind!r}, …); refuse only content of the user's",
            ) from error
        if kind == "incomplete_tool_call" and part.id in sent(wire):
            raise Violation(
                "a call that was cut goes out as if it had been made",
                where=where,
                user="a model that takes up a call that was never whole",
                mend="leave an IncompleteToolCall out, with a Warned",
            )
        if hidden in sent(wire):
            raise Violation(
                f"what is for {dialect!r} alone goes out: {hidden!r}",
                where=where,
                user="a 400 of the vendor, for a signature or an item that is not its own",
                mend="compare ReasoningPart.scheme and ProviderItem.dialect with your own",
            )
        words = getattr(part, "text", _PICTURE if kind == "media" else hidden)
        if words not in sent(wire) and not any(kind in w.what for w in wire.warnings):
            raise Violation(
                "it is left out, and nothing warns",
                where=where,
                user="a conversation with a hole that nobody sees",
                mend=f"add a Warned('part_dropped', {kind!r}, …) to WireRequest.warnings",
            )
        if word("first answer") not in sent(wire):
            raise Violation(
                "the words beside it are left out, too",
                where=where,
                user="a conversation with a hole",
            )


@for_adapter(26, "a failed result says so")
def failed_result_says_so(subject: Subject) -> None:
    """A tool that failed returns words too, often none that say so. If the vendor has a field for
    `ToolResult.is_error`, it is sent there, and `Supports.tool_errors` says so.
    """
    supports = subject.adapter.supports
    if "tool_result" not in supports.parts:
        return
    question, call = TALK[0], Message.assistant(_call("one"))
    good, bad = (
        sent(subject.wire(subject.request(question, call, Message.tool(result))))
        for result in (_result("one"), _result("one", is_error=True))
    )
    if supports.tool_errors and good == bad:
        raise Violation(
            "the request is the same whether the tool failed or not, though Supports claims "
            "tool_errors",
            where="ToolResult(is_error=True)",
            user="a model that takes an error message for the result",
            mend="send it in the vendor's field for it; claim nothing if there is none",
        )
    if good != bad and not supports.tool_errors:
        raise Violation(
            "the request tells that the tool failed, but Supports does not claim tool_errors",
            where="ToolResult(is_error=True)",
            user="a page that says the vendor is not told",
            mend="Supports(tool_errors=True)",
        )
