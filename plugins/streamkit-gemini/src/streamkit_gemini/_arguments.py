"""Arguments of a call that come as values at JSON paths, written as the text of one JSON object.

Vertex AI streams ``{"jsonPath": "$.places[0].name", "stringValue": "Par", "willContinue": true}``
(Vertex AI docs, function calling, streaming of arguments). The model writes its arguments from left
to right, so each value is either a further piece of the last string or stands behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Step = str | int

_STEP = re.compile(
    r"""\.([^.\[\]'"]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]"""
)
_MAX_DEPTH = 100
"""More than any schema has, and less than what JSON readers refuse."""


class ArgumentsWriter:
    """Writes one object. What `write` and `finish` give, joined, is its JSON text."""

    def __init__(self) -> None:
        self._path: tuple[Step, ...] = ()
        """Of the value that was written last."""
        self._in_string = False
        self._used: list[set[Step]] = []
        """Names used so far in each container on the way to it."""
        self.begun = False

    def write(self, piece: Mapping[str, Any]) -> str:
        """The text that one value adds.

        Raises ValueError for a value without a legal path, or at a place that was left already.
        """
        path = _parse(piece.get("jsonPath"))
        value = _value(piece)
        if self._in_string and path == self._path and isinstance(value, str):
            return _escaped(value)
        text = '"' if self._in_string else ""
        self._in_string = False
        if self.begun:
            text += self._leave(path)
        else:
            text += "{" + self._enter(path, 0)
        self._path, self.begun = path, True
        if isinstance(value, str):
            self._in_string = True
            return f'{text}"{_escaped(value)}'
        return text + json.dumps(value)

    def finish(self) -> str:
        """What closes the object; "" if nothing was written."""
        if not self.begun:
            return ""
        quote, self._in_string = '"' if self._in_string else "", False
        return quote + _closers(self._path, 0)

    def _leave(self, path: tuple[Step, ...]) -> str:
        """From the last value to the next: out of containers, and into others."""
        last, shared = self._path, 0
        while shared < min(len(last), len(path)) and last[shared] == path[shared]:
            shared += 1
        if shared == min(len(last), len(path)):
            raise ValueError("a value inside a value")
        here, there = last[shared], path[shared]
        in_order = there == here + 1 if isinstance(here, int) else there not in self._used[shared]
        if type(here) is not type(there) or not in_order:
            raise ValueError("a value that does not stand behind the one before")
        del self._used[shared + 1 :]
        self._used[shared].add(there)
        name = f"{json.dumps(there)}:" if isinstance(there, str) else ""
        return _closers(last, shared + 1) + "," + name + self._enter(path, shared + 1)

    def _enter(self, path: tuple[Step, ...], depth: int) -> str:
        """Opens the containers of ``path`` from ``depth`` on; the outermost is open already."""
        text = ""
        for level in range(depth, len(path)):
            step = path[level]
            self._used.append({step})
            if isinstance(step, str):
                text += ("{" if level else "") + f"{json.dumps(step)}:"
            elif step == 0:
                text += "["
            else:
                raise ValueError("a list that does not begin with its first value")
        return text


def _closers(path: tuple[Step, ...], depth: int) -> str:
    """What closes the containers of ``path``, innermost first, down to ``depth``."""
    return "".join("}" if isinstance(step, str) else "]" for step in reversed(path[depth:]))


def _parse(path: Any) -> tuple[Step, ...]:
    """An RFC 9535 path of names and indexes. Raises ValueError for any other."""
    if not isinstance(path, str) or not path.startswith("$"):
        raise ValueError("no JSON path")
    steps: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or len(steps) == _MAX_DEPTH:
            raise ValueError("a JSON path that cannot be read")
        bare, index, single, double = match.groups()
        if index is not None:
            steps.append(int(index))
        elif bare is not None:
            steps.append(bare)
        else:
            quoted = (
                double if double is not None else single.replace("\\'", "'").replace('"', '\\"')
            )
            steps.append(json.loads(f'"{quoted}"'))
        at = match.end()
    if not steps or not isinstance(steps[0], str):
        raise ValueError("arguments are an object")
    return tuple(steps)


def _value(piece: Mapping[str, Any]) -> str | float | bool | None:
    match piece:
        case {"stringValue": str(words)}:
            return words
        case {"boolValue": bool(value)}:
            return value
        case {"numberValue": int(value) | float(value)} if not isinstance(value, bool):
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case {"nullValue": _}:
            return None
    raise ValueError("a value of no known kind")


def _escaped(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)[1:-1]
