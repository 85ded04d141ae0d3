"""Reading fields of decoded JSON that may be missing, null or of the wrong type.

A decoder must not raise whatever a frame holds, so every field of the wire passes through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def rest(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The fields that say something and that nobody here knows."""
    return {k: v for k, v in fields.items() if k not in known and v is not None}
