"""Putting tool calls together from deltas, in all the ways servers cut them.

Which call a delta belongs to, by what it carries:

1. an id that is known: that call; an id that is new: a new call, even at an index in use;
2. no id but an index: the newest call at that index;
3. neither: the newest call.

A name that differs from the call's own always begins a new call (whole calls that all say index 0),
and so does any further name without id and index, or at another index under an id in use (Gemini
behind OpenRouter). Names may come late or again; arguments are held until there is one. A call
closes when its choice stops or the stream ends, never before: arguments that parse may still grow.
Sources: the OpenAI API reference (chat completion chunk), and servers that leave out or repeat the
index (openai-python#3246, smolagents#1958, sglang#7117, LocalAI#9722, Qwen-Agent#943).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamkit.chunks import Chunk, Closed, Opaque, ToolArguments, ToolOpened
from streamkit.reading import text as text_of
from streamkit.values import ToolKind

# Google's thought signatures travel here and must come back with the call.
ECHOED = "extra_content"
_FIELDS = frozenset(
    {"index", "id", "type", "function", "custom", "name", "arguments", "input", ECHOED}
)


class _Call:
    __slots__ = ("closed", "held", "id", "index", "key", "kind", "name")

    def __init__(self, key: int, kind: ToolKind, index: int | str | None) -> None:
        self.key = key
        self.kind = kind
        self.index = index
        self.id: str | None = None
        self.name = ""
        self.held: list[str] = []
        self.closed = False


class ToolCalls:
    """The calls of one choice. Chunks go to the list ``out`` that each method is given.

    What must go back with a call goes back to ``owner`` only, the profile of who sent it.
    """

    def __init__(self, choice: int, owner: str) -> None:
        self._choice = choice
        self._owner = owner
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int | str, _Call] = {}
        self._open: list[_Call] = []
        self.any = False
        """Whether the model called at least one tool by name."""

    def read(self, delta: Mapping[str, Any], out: list[Chunk]) -> None:
        """One entry of ``delta.tool_calls``, or one shaped like it."""
        index = delta.get("index")
        if not isinstance(index, int | str):
            index = None
        kind: ToolKind = "custom" if isinstance(delta.get("custom"), Mapping) else "function"
        body = delta.get(kind)
        if not isinstance(body, Mapping):
            body = delta  # flat: name and arguments beside the id
        call_id, name = text_of(delta.get("id")), text_of(body.get("name"))
        text = _argument_text(body.get("input" if kind == "custom" else "arguments"))

        call = self._find(call_id, index, name) or self._begin(call_id, index, kind)
        out.extend(
            Opaque(f"tool_call.{field}", value)
            for field, value in delta.items()
            if field not in _FIELDS and value is not None
        )
        if call.closed:
            if text:
                out.append(Opaque("tool_call.late", dict(delta)))
            return
        if name and not call.name:
            call.name = name
            self.any = True
            echoed = delta.get(ECHOED)
            vendor = {self._owner: {ECHOED: echoed}} if echoed else None
            out.append(ToolOpened(call.key, name, call.id, self._choice, call.kind, vendor))
            text = "".join(call.held) + text
        elif not call.name:
            call.held.append(text)
            return
        if text:
            out.append(ToolArguments(call.key, text, self._choice))

    def close(self, out: list[Chunk], *, cut: bool = False) -> None:
        """The choice has stopped: all calls are whole.

        With ``cut`` (a token limit, a filter) free text in the making is not: nothing shows where
        it should have ended, while arguments that were cut do not parse.
        """
        closing, self._open = self._open, []
        for call in closing:
            if cut and call.kind == "custom" and call is self._calls[-1]:
                self._open.append(call)
                continue
            call.closed = True
            if call.name:
                out.append(Closed(call.key, self._choice))
            else:
                unnamed = {"id": call.id, "arguments": "".join(call.held)}
                out.append(Opaque("tool_call.unnamed", unnamed))

    def _find(self, call_id: str, index: int | str | None, name: str) -> _Call | None:
        at_index = self._by_index.get(index) if index is not None else None
        if call_id:
            call = at_index if at_index and at_index.id == call_id else self._by_id.get(call_id)
            elsewhere = call and index is not None and call.index not in {None, index}
            if call and elsewhere and name and call.name:
                return None
            if call is None and at_index and at_index.id is None and not (name and at_index.name):
                call = at_index  # its id comes late
                call.id = call_id
                self._by_id[call_id] = call
        elif index is not None:
            call = at_index
        else:
            call = self._calls[-1] if self._calls else None
            if call and name and call.name:
                return None
        if call and name and call.name and name != call.name:
            return None
        return call

    def _begin(self, call_id: str, index: int | str | None, kind: ToolKind) -> _Call:
        call = _Call(len(self._calls), kind, index)
        self._calls.append(call)
        self._open.append(call)
        if call_id:
            call.id = call_id
            self._by_id[call_id] = call
        if index is not None:
            self._by_index[index] = call
        return call


def _argument_text(value: Any) -> str:
    """Argument text; some servers (Mistral, those modelled on Ollama) send the object itself."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
