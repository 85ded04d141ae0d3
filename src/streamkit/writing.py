"""What adapters share when they write a request.

Each dialect has its own words; the rules here hold for all of them: what goes back to a vendor and
what cannot, that nothing is changed without a warning, and which facts of a model count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from hashlib import sha256
from typing import Any, Final, TypeVar, get_args

from streamkit.adapter import Warned
from streamkit.errors import UnsupportedError
from streamkit.messages import (
    ChatRequest,
    IncompleteToolCall,
    JsonSchema,
    Message,
    Part,
    ProviderItem,
    ReasoningEffort,
    ReasoningPart,
    Role,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
)

EFFORTS: Final[tuple[str, ...]] = get_args(ReasoningEffort)
"""The levels of ``reasoning_effort``, lowest first."""

_Row = TypeVar("_Row")


class Warnings:
    """What could not be sent as asked, for ``WireRequest.warnings``. Each thing is told once."""

    def __init__(self, told: Sequence[Warned] = ()) -> None:
        self._told = dict.fromkeys(told)

    def __iter__(self) -> Iterator[Warned]:
        return iter(self._told)

    def ignored(self, option: str, why: str) -> None:
        """``option`` is not sent. The message says so; ``why`` names the vendor or the model."""
        self._told[Warned("option_ignored", option, f"{option} is not sent: {why}")] = None

    def adjusted(self, option: str, how: str) -> None:
        """``option`` is sent, but not as it was given: ``how``, and by whose rule."""
        self._told[Warned("option_adjusted", option, f"{option}: {how}")] = None

    def dropped(self, part: Part, why: str) -> None:
        """A part that a model made does not go back."""
        what = part.type.replace("_", " ")
        self._told[Warned("part_dropped", part.type, f"{what} is left out: {why}")] = None


# --- messages ----------------------------------------------------------------------------------


def results_apart(
    messages: Sequence[Message], *, in_order: bool = False
) -> Iterator[tuple[Role, Sequence[Part]]]:
    """Turns as role and parts, in which each tool result is a turn of its own.

    What else stood beside results is the user's, and comes after them. ``in_order`` puts the
    results of a message into the order of the calls before, for vendors whose calls have no ids.
    """
    places: dict[str, int] = {}
    for message in messages:
        if message.role == "assistant":
            calls = (part for part in message.content if isinstance(part, ToolCall))
            places = {call.id: place for place, call in enumerate(calls)}
            yield "assistant", message.content
            continue
        results = [part for part in message.content if isinstance(part, ToolResult)]
        others = [part for part in message.content if not isinstance(part, ToolResult)]
        if in_order:
            results.sort(key=lambda result: places.get(result.call_id, -1))
        for result in results:
            yield "tool", (result,)
        if others:
            yield "user" if message.role == "tool" else message.role, others


def goes_back(
    part: Part, warnings: Warnings, *, dialect: str, schemes: Collection[str | None] = ()
) -> bool:
    """Whether a part that a model made may go back in ``dialect``; if not, a warning says why.

    ``schemes`` are those of reasoning that the vendor reads; None stands for unsigned reasoning.
    """
    match part:
        case IncompleteToolCall():
            why = "it was cut"
        case ReasoningPart(closed=False):
            why = "it was cut"
        case ReasoningPart(scheme=None) if None not in schemes:
            why = f"{dialect} takes back only reasoning that it signed"
        case ReasoningPart(scheme=str(scheme)) if scheme not in schemes:
            why = f"it is signed for {scheme.partition(':')[0]}"
        case ProviderItem(dialect=owner) if owner != dialect:
            why = f"one of {owner} means nothing to {dialect}"
        case ProviderItem() if not (part.complete and part.payload):
            why = "it was cut"
        case _:
            return True
    warnings.dropped(part, why)
    return False


def refused(part: Part, by: str, role: Role, instead: str = "") -> UnsupportedError:
    """The error for a part of the caller's that ``by`` has no place for in a turn of ``role``."""
    what = part.type.replace("_", " ")
    hint = f": {instead}" if instead else ""
    return UnsupportedError(f"{by} takes no {what} in a message of role {role!r}{hint}")


def words_of(parts: str | Sequence[Part]) -> str | None:
    """The text of parts that are nothing but text, joined with nothing between; else None.

    The content of a tool result is such parts, or a text.
    """
    if isinstance(parts, str):
        return parts
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    return "".join(texts) if len(texts) == len(parts) else None


def arguments_of(call: ToolCall) -> dict[str, Any]:
    """A call's arguments as an object, also those of another vendor's custom tool."""
    return {"input": call.arguments_text} if call.arguments is None else call.arguments


def arguments_text_of(call: ToolCall) -> str:
    """A call's arguments as JSON of an object, as the model wrote it."""
    if call.arguments is None:
        return json.dumps(arguments_of(call), ensure_ascii=False)
    return call.arguments_text if call.arguments else "{}"


def fitting_id(id_: str, form: re.Pattern[str], length: int = 32) -> str:
    """A call's id if it is of the vendor's ``form``, else as many hex digits of its digest.

    So the id of a call and of its result stay the same, and two ids never become one.
    """
    if form.fullmatch(id_):
        return id_
    return sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:length]


# --- options -----------------------------------------------------------------------------------


def renamed(request: ChatRequest, names: Mapping[str, str]) -> dict[str, Any]:
    """Options that are set, under the vendor's ``names`` for them, their values as they are."""
    values = {field: getattr(request, option) for option, field in names.items()}
    return {
        field: list(value) if isinstance(value, tuple) else value
        for field, value in values.items()
        if value not in (None, ())
    }


def nearest_effort(asked: str, levels: Sequence[str], warnings: Warnings, who: str) -> str:
    """The one of ``levels`` (lowest first) to send for an effort that ``who`` is asked for.

    What is not among them becomes the next one down, or the lowest there is, with a warning. To
    think less is not to stop thinking: nothing but ``none`` becomes ``none``.
    """
    if asked in levels:
        return asked
    thinking = [level for level in levels if level != "none"]
    below = [level for level in thinking if EFFORTS.index(level) < EFFORTS.index(asked)]
    level = below[-1] if below else thinking[0]
    warnings.adjusted("reasoning_effort", f"{who} has no effort {asked!r}: {level!r} is sent")
    return level


def tier_among(tiers: Sequence[str], asked: str, warnings: Warnings, who: str) -> str:
    """A service tier that ``who`` has; in place of any other, the first of ``tiers``."""
    if asked in tiers:
        return asked
    warnings.adjusted("service_tier", f"{who} has no tier {asked!r}: {tiers[0]!r} is sent")
    return tiers[0]


def function_tool(tool: Tool | VendorTool, *, strict: bool = True) -> dict[str, Any]:
    """A tool as ``{"type": "function", "function": …}``; ``strict``: is there such a field?"""
    if isinstance(tool, VendorTool):
        return tool.payload
    function = without_none(
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": tool.strict if strict else None,
        }
    )
    return {"type": "function", "function": function}


def described_schema(wanted: JsonSchema) -> dict[str, Any]:
    """The schema with its description inside, for vendors that have no other place for it."""
    if wanted.description:
        return {"description": wanted.description, **wanted.json_schema}
    return wanted.json_schema


# --- bodies ------------------------------------------------------------------------------------


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are set."""
    return {name: value for name, value in fields.items() if value is not None}


def put(fields: dict[str, Any], path: str, value: Any) -> None:
    """Set the field at a dotted ``path``, making the objects on the way."""
    *above, last = path.split(".")
    for name in above:
        fields = fields.setdefault(name, {})
    fields[last] = value


def merged(fields: Mapping[str, Any], request: ChatRequest) -> dict[str, Any]:
    """The body: ``fields``, and over them ``extra_body``. It shares nothing with the request.

    Objects are merged field by field, unless their ``type`` differs; anything else of
    ``extra_body`` takes the place of what was there.
    """
    return deepcopy(_over(fields, request.extra_body))


def _over(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    result = {**fields, **extra}
    for name in fields.keys() & extra.keys():
        below, above = fields[name], extra[name]
        if _of_one_kind(below, above):
            result[name] = _over(below, above)
    return result


def _of_one_kind(below: Any, above: Any) -> bool:
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return False
    return "type" not in above or above["type"] == below.get("type")


# --- models ------------------------------------------------------------------------------------


def row_of(model: str, rows: Mapping[str, _Row], unknown: _Row) -> _Row:
    """What is known of ``model``: the row of the longest name that a word in it begins with.

    So ``claude-opus-4`` is found in ``us.anthropic.claude-opus-4-1``, and ``o3`` in ``ft:o3-mini``
    but not in ``foo3``.
    """
    fitting = [name for name in rows if _begins_a_word(name, model)]
    return rows[max(fitting, key=len)] if fitting else unknown


def _begins_a_word(name: str, model: str) -> bool:
    place = model.find(name)
    while place > 0 and model[place - 1].isalnum():
        place = model.find(name, place + 1)
    return place >= 0
