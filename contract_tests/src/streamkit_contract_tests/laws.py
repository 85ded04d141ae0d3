"""The laws of the contract, by number."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import (
    _asking,
    _conversing,
    _cutting,
    _errors,
    _purity,
    _reading,
    _registry,
    _requests,
    _resuming,
    _secrets,
    _telling,
    _words,
)
from ._registry import Law, asked_for

_MODULES = (
    _asking,
    _conversing,
    _cutting,
    _errors,
    _purity,
    _reading,
    _requests,
    _resuming,
    _secrets,
    _telling,
    _words,
)

LAWS: Final[Mapping[str, Law]] = MappingProxyType(dict(sorted(_registry.LAWS.items())))
"""Every law by its id."""

CHANGES: Final[Mapping[int, str]] = MappingProxyType(
    {1: "The first contract: L01 to L26."},
)
"""What each version of the contract brought."""

__all__ = ["CHANGES", "LAWS", "Law", "asked_for"]
