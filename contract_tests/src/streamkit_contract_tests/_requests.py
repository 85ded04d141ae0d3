"""Laws about requests: built without a trace, and honest about what they carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from streamkit.adapter import WireRequest
from streamkit.errors import UnsupportedError
from streamkit.events import Event, Notice, TextDelta
from streamkit.messages import ChatRequest, Message
from streamkit.testing import Tape
from streamkit.writing import merged

from ._case import Case, Subject, words
from ._offline import ask
from ._registry import for_adapter
from ._samples import OPTIONS, PARTS, TALK, TALK_WITH_TOOLS, WORDS, requests
from ._violation import Violation, clip, counted


@for_adapter(15, "requests are built without a trace")
def requests_are_pure(subject: Subject) -> None:
    """A request is the caller's, who may use it again: building gives the same every time, changes
    nothing that was handed in, and makes what JSON can hold.
    """
    supports = subject.adapter.supports
    for request in requests(supports.options, supports.parts, subject.model):
        where = words(request)
        before = deepcopy(request)
        first = subject.wire(request)
        snapshot = deepcopy(_wire(first))
        if request != before:
            raise Violation(
                f"the caller's request was changed: it is now {words(request)}",
                where=where,
                user="an option of one call in the next",
                mend="copy what is changed: copy.deepcopy(request.extra_body), list(request.stop)",
            )
        _json_safe(first.body, "body", where)
        second = _wire(subject.wire(request))
        if second != snapshot:
            raise Violation(
                _difference(snapshot, second),
                where=where,
                user="requests that no test can repeat, and no cache can know",
                mend="no counters, clocks or random ids: what is sent follows from the request",
            )


def _difference(first: tuple[Any, ...], second: tuple[Any, ...]) -> str:
    """What the same request gives the second time."""
    one, other = first[2], second[2]
    for name in [n for n in {**one, **other} if one.get(n) != other.get(n)]:
        return f"body.{name} is {clip(other.get(name))}, and was {clip(one.get(name))} before"
    return f"the second time it gives {clip(second, 300)}, and gave {clip(first, 300)} before"


def _wire(wire: WireRequest) -> tuple[Any, ...]:
    return (
        wire.method,
        wire.path,
        dict(wire.body),
        dict(wire.headers),
        wire.framing,
        wire.warnings,
    )


def _json_safe(value: Any, path: str, where: str) -> None:
    match value:
        case Mapping():
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise Violation(
                        f"{path} has the key {name!r}, which is no text",
                        where=where,
                        user="a ConfigurationError for a request that is right",
                    )
                _json_safe(inner, f"{path}.{name}", where)
        case str() | bool() | None:
            pass
        case int() | float():
            try:
                json.dumps(value, allow_nan=False)
            except ValueError:
                raise Violation(
                    f"{path} is {value!r}, which JSON has not",
                    where=where,
                    user="a ConfigurationError for a request that is right",
                ) from None
        case Sequence() if not isinstance(value, bytes | bytearray):
            for i, inner in enumerate(value):
                _json_safe(inner, f"{path}[{i}]", where)
        case _:
            raise Violation(
                f"{path} is a {type(value).__name__}, which JSON has not",
                where=where,
                user="a ConfigurationError for a request that is right",
            )


@for_adapter(16, "options are honest")
def options_are_honest(subject: Subject) -> None:
    """An option that an adapter claims changes the request, or a warning says which value does
    not; one that it does not claim never reaches the wire and warns, or raises with strict=True. So
    no option is dropped in silence. `extra_body` is merged in, object by object, and wins.
    """
    claimed = subject.adapter.supports.options
    unknown = sorted(claimed - ChatRequest.model_fields.keys())
    if unknown:
        raise Violation(
            f"Supports.options names what ChatRequest has not: {', '.join(unknown)}",
            where="Supports.options",
            user="no such option, though it is claimed",
            mend="an option that only this vendor has goes through extra_body",
        )
    for name, sample in OPTIONS.items():
        beside = {k: v for k, v in sample.beside.items() if k in claimed}
        if name in claimed:
            _claimed(subject, name, sample.values, beside)
        else:
            _unclaimed(subject, name, sample.values[0])
    _extra_body_wins(subject)


def _claimed(subject: Subject, name: str, values: tuple[Any, ...], beside: dict[str, Any]) -> None:
    plain = subject.wire(subject.request(**beside))
    shown = 0
    for value in values:
        wire = subject.wire(subject.request(**beside, **{name: value}))
        changed = _content(wire) != _content(plain)
        warned = any(name in w.what for w in wire.warnings)
        shown += changed
        if not changed and not warned:
            raise Violation(
                f"{name}={clip(value)} changes nothing in the request, and nothing warns",
                where=f"Supports.options claims {name}",
                user="an option that is not honoured, and nobody says so",
                mend="put it into the body, add a Warned that names it, or do not claim it",
            )
    if not shown:
        raise Violation(
            f"no value of {name} changes the request; tried {clip(values)}",
            where=f"Supports.options claims {name}",
            user="an option that does nothing but warn",
            mend="do not claim it; or set `model` of the contract class to one that takes it",
        )


def _content(wire: WireRequest) -> tuple[Any, ...]:
    return (wire.path, dict(wire.body), dict(wire.headers))


def _unclaimed(subject: Subject, name: str, value: Any) -> None:
    tape = Tape(b"")
    plain = ask(subject.adapter, tape, model=subject.model)
    lax = ask(subject.adapter, tape, model=subject.model, **{name: value})
    strict = ask(subject.adapter, tape, model=subject.model, strict=True, **{name: value})
    warned = [e for e in lax.events if isinstance(e, Notice) and (e.data or {}).get("what") == name]
    where = f"{name}={clip(value)}, which Supports.options does not claim"
    if lax.sent != plain.sent:
        raise Violation(
            "it reaches the wire",
            where=where,
            user="a warning that it is ignored, though it is not",
            mend="claim it in Supports.options",
        )
    if not warned or not isinstance(strict.error, UnsupportedError):
        raise Violation(
            "nothing warns of it",
            where=where,
            user="an option dropped in silence",
            mend="streamkit warns by itself for what Supports.options does not list",
        )


def _extra_body_wins(subject: Subject) -> None:
    claimed = subject.adapter.supports.options
    options = {k: v for k, v in {"max_tokens": 64, "temperature": 0.5}.items() if k in claimed}
    plain = subject.wire(subject.request(**options)).body
    for name in ("streamkit_probe", *plain):
        probe = {"streamkit": [name]}
        request = subject.request(**options, extra_body={name: probe})
        body = subject.wire(request).body
        if body.get(name) != merged(plain, request)[name]:
            raise Violation(
                f"extra_body={{{name!r}: {probe}}} goes out as {clip(body.get(name))}, and without "
                f"it is {clip(plain.get(name))}",
                where=f"the body's field {name!r}",
                user="no way to reach an option that streamkit does not know, or others lost by it",
                mend="streamkit.writing.merged(body, request) as the last thing",
            )


@for_adapter(19, "claims are shown")
def claims_are_shown(subject: Subject) -> None:
    """`Supports` is the only declaration, so it is checked both ways: what is claimed, a recording
    or a request shows; what a recording shows, is claimed; a part that is not claimed is refused or
    warned of, never left out in silence; and every word of a conversation goes out.
    """
    supports = subject.adapter.supports
    claimed = {
        "reasoning": supports.reasoning,
        "usage": supports.usage,
        "tools": "tools" in supports.options,
    }
    asked = {name: name in supports.options for name in ("n", "logprobs")}  # come unasked, too
    # Variants are one dialect, so what one of them claims another's recording may show.
    shown = _shown(subject.suite.cases.values())
    shown_here = _shown(subject.cases)
    for what, claim in (claimed | asked).items():
        if claim and what not in shown:
            raise Violation(
                f"no recording shows {what}, but Supports claims it",
                where=counted(subject.suite.cases, "recording"),
                user="a promise that nobody has seen kept",
                mend="record an answer that shows it, or do not claim it",
            )
        if what in shown_here and not claim and what in claimed:
            raise Violation(
                f"recordings show {what}, but Supports does not claim it",
                where=", ".join(c.recording.name for c in subject.cases if what in _shown([c])),
                user="a table of what adapters can that is wrong",
                mend="claim it in Supports",
            )
    if "text" not in shown:
        raise Violation(
            "no recording shows a complete answer with text",
            where=counted(subject.suite.cases, "recording"),
            user="nothing that was proven",
            mend="record a plain answer first: a question, some text, the end mark",
        )
    for name, messages in PARTS.items():
        _part(subject, name, messages, name in supports.parts)
    _words_go_out(subject, TALK_WITH_TOOLS if "tool_call" in supports.parts else TALK)


def _shown(cases: Iterable[Case]) -> set[str]:
    """What these recordings show."""
    shown = set()
    for case in cases:
        answer = case.whole.response
        shown |= {
            what
            for what, there in (
                ("reasoning", answer.reasoning),
                ("usage", answer.usage and not answer.usage.estimated),
                ("tools", answer.tool_calls),
                ("n", len(answer.choices) > 1),
                ("logprobs", any(map(_has_logprobs, case.whole.events))),
                ("text", answer.text and answer.outcome == "complete"),
            )
            if there
        }
    return shown


def _has_logprobs(event: Event) -> bool:
    return isinstance(event, TextDelta) and bool(event.logprobs)


def _words_go_out(subject: Subject, messages: tuple[Message, ...]) -> None:
    request = subject.request(*messages)
    wire = subject.wire(request)
    sent = json.dumps(dict(wire.body), default=str)
    given = "".join(message.model_dump_json() for message in messages)
    lost = [word for word in WORDS if word in given and word not in sent]
    if lost and not any(w.code == "part_dropped" for w in wire.warnings):
        place = next(m for m in messages if lost[0] in m.model_dump_json())
        raise Violation(
            f"{', '.join(lost)} is not in the request, and nothing warns",
            where=f"a turn of {place.role!r} with {' and '.join(p.type for p in place.content)}",
            user="an answer to something else than was said",
            mend="a turn may hold several parts, of several kinds: send each of them",
        )


def _part(subject: Subject, name: str, messages: tuple[Any, ...], claimed: bool) -> None:
    where = f"a message with a part of type {name!r}"
    try:
        wire = subject.adapter.request(subject.request(*messages))
    except UnsupportedError as error:
        if claimed:
            raise Violation(
                f"Supports.parts claims it, but it is refused: {error}",
                where=where,
                user="an error for what the documentation promises",
                mend="send it, or do not claim it",
            ) from error
        return
    warned = any(w.code == "part_dropped" for w in wire.warnings)
    if claimed and warned:
        raise Violation(
            "Supports.parts claims it, but it is dropped with a warning",
            where=where,
            user="an answer to half of the question",
            mend="send it, or do not claim it",
        )
    if not claimed and not warned:
        raise Violation(
            "Supports.parts does not claim it, and it is neither refused nor warned of",
            where=where,
            user="an answer to a question without its picture",
            mend="raise UnsupportedError for a part that the dialect cannot carry",
        )
