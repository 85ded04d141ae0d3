"""The law that what is asked for goes out, and where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from streamkit.adapter import WireRequest
from streamkit.messages import Tool

from ._body import Way, leaves, path, sent, words_of
from ._case import Subject
from ._probes import fraction, number, word
from ._registry import for_adapter
from ._violation import Violation

NUMBERS: Final[Mapping[str, int | float]] = {
    "max_tokens": number("max_tokens", 300, 900),
    "temperature": fraction("temperature", 0.1, 0.9),
    "top_p": fraction("top_p", 0.1, 0.9),
    "top_k": number("top_k", 11, 60),
    "seed": number("seed", 1001, 9999),
    "frequency_penalty": fraction("frequency_penalty", 0.1, 0.9),
    "presence_penalty": fraction("presence_penalty", 0.1, 0.9),
}
"""Options whose value is a number for every vendor."""

TEXTS: Final[Mapping[str, Any]] = {
    "stop": (word("first stop").upper(), word("second stop").upper()),
    "user": word("user"),
}
"""Options whose value is text for every vendor."""


@for_adapter(24, "what is asked for goes out")
def asked_for_goes_out(subject: Subject) -> None:
    """The model's name, the value of each number and text that is claimed, and all that a tool says
    of itself stand in the request, or a warning names what does not. And they stand in their own
    place: with `top_p` in the field of `top_k`, both are wrong. The values are other ones each run.
    """
    model = word("model") if subject.model == "any" else subject.model
    wire = subject.wire(subject.request().model_copy(update={"model": model}))
    if model not in sent(wire):
        _missing(wire, "model", model, "a request for the model")
    claimed = subject.adapter.supports.options
    places = {name: _place(subject, name, NUMBERS[name]) for name in NUMBERS if name in claimed}
    for (one, here), (other, there) in combinations(places.items(), 2):
        if here and there and (here == there or _swapped(one, here, other, there)):
            raise Violation(
                f"{one} goes out as {path(here)}, and {other} as {path(there)}",
                where=f"{one}={NUMBERS[one]}, {other}={NUMBERS[other]}",
                user="other numbers than were asked for",
                mend="look both fields up once more; each option has a field of its own",
            )
    for name, value in TEXTS.items():
        if name in claimed:
            wire = subject.wire(subject.request(**{name: value}))
            for text in (value,) if isinstance(value, str) else value:
                if text not in sent(wire):
                    _missing(wire, name, text, f"a request with {name}={value!r}")
    if "tools" in claimed:
        _tool(subject)


def _missing(wire: WireRequest, what: str, value: Any, where: str) -> None:
    if not any(what in warned.what for warned in wire.warnings):
        raise Violation(
            f"{what} is {value!r}, which is nowhere in the request, and nothing warns",
            where=where,
            user="something else than was asked for, and nobody says so",
            mend=f"send it; or, where the server has no such thing, add a Warned that names {what}",
        )


def _place(subject: Subject, name: str, value: float) -> Way | None:
    """Where the number goes; None if a warning says that it does not."""
    wire = subject.wire(subject.request(**{name: value}))
    plain = dict(leaves(subject.wire(subject.request()).body))
    found = [w for w, v in leaves(wire.body) if v == value and plain.get(w) != v]
    if not found:
        _missing(wire, name, value, f"a request with {name}={value}")
    return found[0] if found else None


def _swapped(one: str, here: Way, other: str, there: Way) -> bool:
    return _is_rather(here, other, one) and _is_rather(there, one, other)


def _is_rather(place: Way, this: str, than: str) -> bool:
    words, these, those = words_of(*place), words_of(this), words_of(than)
    return bool(words & (these - those)) and not words & (those - these)


def _tool(subject: Subject) -> None:
    said = dict(_said_of_a_tool())
    wire = subject.wire(subject.request(tools=(_TOOL,)))
    for what, text in said.items():
        if text not in sent(wire):
            _missing(wire, "tools", text, f"a request with a tool, of which it is {what}")
    free = _TOOL.model_copy(update={"parameters": {**_TOOL.parameters, "required": []}})
    relaxed = subject.wire(subject.request(tools=(free,)))
    if sent(relaxed) == sent(wire) and not any("tools" in w.what for w in wire.warnings):
        raise Violation(
            "the request is the same whether a parameter of the tool is required or not",
            where=f"a request with a tool whose parameters are {_TOOL.parameters}",
            user="calls without arguments that the tool cannot do without",
            mend="send the JSON Schema of the parameters as it is; where the vendor has words of "
            "its own for it, translate `required`, and warn of what cannot be said",
        )


_TOOL: Final = Tool(
    name=word("tool"),
    description=f"About {word('tool description')}",
    parameters={
        "type": "object",
        "properties": {
            word("parameter"): {
                "type": "string",
                "description": f"About {word('parameter description')}",
            },
        },
        "required": [word("parameter")],
    },
)


def _said_of_a_tool() -> Iterator[tuple[str, str]]:
    yield "the name", word("tool")
    yield "the description", word("tool description")
    yield "the name of a parameter", word("parameter")
    yield "the description of a parameter", word("parameter description")
