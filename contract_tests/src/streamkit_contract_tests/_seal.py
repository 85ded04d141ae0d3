"""Whether the kit still is what was installed: a law that was patched proves nothing.

A snapshot is taken when the kit is imported, before the author's code can reach it, and compared
around every law. It holds what the modules define, down to the code of each function.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType, ModuleType
from typing import Any

_Found = dict[str, object]
_METHODS = (FunctionType, property, staticmethod, classmethod)


class Seal:
    """What the loaded modules of a package define. ``code_only``: functions and classes."""

    def __init__(self, package: str, *, code_only: bool = False) -> None:
        self._package = package
        self._code_only = code_only
        self._modules = [
            module
            for name, module in sorted(sys.modules.items())
            if isinstance(module, ModuleType) and f"{name}.".startswith(f"{package}.")
        ]
        self._sealed = self._look()

    def changed(self) -> str | None:
        """The first name that is not what it was, or None."""
        now = self._look()
        return next((n for n, old in self._sealed.items() if now.get(n) is not old), None)

    def _look(self) -> _Found:
        found: _Found = {}
        for module in self._modules:
            for name, value in list(vars(module).items()):
                is_code = isinstance(value, FunctionType | type)
                if name.startswith("__") or (self._code_only and not is_code):
                    continue
                at = f"{module.__name__}.{name}"
                found[at] = value
                if is_code and not (value.__module__ or "").startswith(self._package):
                    continue  # somebody else's, only used here
                found.update(_inside(at, value))
        return found


def _inside(at: str, value: Any) -> Iterator[tuple[str, object]]:
    match value:
        case FunctionType():
            yield f"{at}.__code__", value.__code__
            yield f"{at}.__defaults__", value.__defaults__
        case type():
            for name, inner in list(vars(value).items()):
                if isinstance(inner, _METHODS):
                    yield f"{at}.{name}", inner
                    yield from _inside(f"{at}.{name}", inner)
        case Mapping():
            for name, inner in list(value.items()):
                yield f"{at}[{name!r}]", inner
                if is_dataclass(inner):
                    yield from _inside(f"{at}[{name!r}]", inner)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield f"{at}.{field.name}", getattr(value, field.name)
