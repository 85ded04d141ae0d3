"""The laws by number. A law is a function; its docstring is the reason, as authors read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Literal

from ._case import Case, Subject

Scope = Literal["recording", "stream", "adapter"]


@dataclass(frozen=True, slots=True)
class Law:
    """``scope``: tested on every recording, on every recorded stream, or once for an adapter.

    ``contract`` is the version of the contract that brought it.
    """

    number: int
    name: str
    scope: Scope
    check: Callable[[Any], None]
    contract: int = 1

    @property
    def id(self) -> str:
        return f"L{self.number:02}"

    @property
    def reason(self) -> str:
        return " ".join(cleandoc(self.check.__doc__ or "").split())

    @property
    def page(self) -> str:
        """The command that prints it, with an example of breaking it."""
        return f"python -m streamkit_contract_tests {self.id}"


LAWS: dict[str, Law] = {}
"""All laws by id, in order once the package is imported."""


def _register(law: Law) -> None:
    if law.id in LAWS:
        raise ValueError(f"two laws {law.id}")
    LAWS[law.id] = law


def for_recordings(
    number: int, name: str, *, streams_only: bool = True, contract: int = 1
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """A law that each recording is tested by, or each that is a stream."""

    def register(check: Callable[[Case], None]) -> Callable[[Case], None]:
        scope: Scope = "stream" if streams_only else "recording"
        _register(Law(number, name, scope, check, contract))
        return check

    return register


def for_adapter(
    number: int, name: str, *, contract: int = 1
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """A law that the adapter is tested by once."""

    def register(check: Callable[[Subject], None]) -> Callable[[Subject], None]:
        _register(Law(number, name, "adapter", check, contract))
        return check

    return register


def asked_for(laws: Iterable[Law], contract: int) -> list[Law]:
    """The laws of this version of the contract, and of those before it."""
    return [law for law in laws if law.contract <= contract]
