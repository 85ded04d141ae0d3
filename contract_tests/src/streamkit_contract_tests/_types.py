"""Whether the fields of a chunk hold what their annotations say, down to the values inside."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ._violation import told


def mistyped(chunks: Iterable[Any]) -> str | None:
    """The first field that holds what it must not, in words. True is no number, but a key."""
    return next(filter(None, map(_mistyped, chunks)), None)


def _mistyped(value: Any) -> str | None:
    if not is_dataclass(value) or isinstance(value, type):
        return f"{value!r}, which is no chunk"
    for name, check in _fields(type(value)):
        held = getattr(value, name)
        if is_dataclass(held) and (inner := _mistyped(held)):
            return inner
        try:
            check.validate_python(held, strict=True)
        except ValidationError:
            return f"{told(value)}, whose {name} is of another type"
    return None


@cache
def _fields(kind: type) -> list[tuple[str, TypeAdapter[Any]]]:
    hints = get_type_hints(kind)
    hints["key"] = Hashable
    return [(field.name, TypeAdapter(hints[field.name])) for field in fields(kind)]
