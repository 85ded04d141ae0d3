"""Reading fields of decoded JSON that may be missing, null or of the wrong type.

A decoder must not raise whatever a frame holds, so every field of the wire passes through here.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any


def text(value: Any) -> str:
    """A string as it is; "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """An object as it is; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list as it is; an empty one for anything else."""
    return value if isinstance(value, list) else []


def entries(value: Any) -> list[Any]:
    """A list's entries; anything else is one entry, and nothing is none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def count(value: Any) -> int | None:
    """A whole number, which some gateways write as a float; None for anything else."""
    whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    return int(value) if whole else None


def rest(fields: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
    """The fields that say something and are not ``known``: what must not vanish."""
    return {k: v for k, v in fields.items() if k not in known and v is not None}
