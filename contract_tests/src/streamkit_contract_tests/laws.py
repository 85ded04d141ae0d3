"""The laws of the contract, by number."""

from __future__ import annotations

from . import _cutting, _errors, _purity, _reading, _registry, _requests, _secrets, _telling
from ._registry import Law

_MODULES = (_cutting, _errors, _purity, _reading, _requests, _secrets, _telling)

LAWS: dict[str, Law] = dict(sorted(_registry.LAWS.items()))
"""Every law by its id."""

__all__ = ["LAWS", "Law"]
