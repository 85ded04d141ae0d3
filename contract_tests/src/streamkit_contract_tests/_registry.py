"""The laws by number. A law is a function; its docstring is the reason, as authors read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Literal

from ._case import Case, Subject

Scope = Literal["recording", "stream", "adapter"]


@dataclass(frozen=True, slots=True)
class Law:
    """``scope``: tested on every recording, on every recorded stream, or once for an adapter."""

    number: int
    name: str
    scope: Scope
    check: Callable[[Any], None]

    @property
    def id(self) -> str:
        return f"L{self.number:02}"

    @property
    def reason(self) -> str:
        return " ".join(cleandoc(self.check.__doc__ or "").split())


LAWS: dict[str, Law] = {}
"""All laws by id, in order once the package is imported."""


def _register(number: int, name: str, scope: Scope, check: Callable[[Any], None]) -> None:
    law = Law(number, name, scope, check)
    if law.id in LAWS:
        raise ValueError(f"two laws {law.id}")
    LAWS[law.id] = law


def for_recordings(
    number: int, name: str, *, streams_only: bool = True
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """A law that each recording is tested by, or each that is a stream."""

    def register(check: Callable[[Case], None]) -> Callable[[Case], None]:
        _register(number, name, "stream" if streams_only else "recording", check)
        return check

    return register


def for_adapter(
    number: int, name: str
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """A law that the adapter is tested by once."""

    def register(check: Callable[[Subject], None]) -> Callable[[Subject], None]:
        _register(number, name, "adapter", check)
        return check

    return register
