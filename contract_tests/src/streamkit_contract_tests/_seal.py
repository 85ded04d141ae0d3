"""Whether the kit still is what was installed: a law that was patched proves nothing.

A snapshot is taken when the kit is imported, before the author's code can reach it, and compared
around every law. It holds what the modules define, down to the code of each function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

_METHODS = (FunctionType, property, staticmethod, classmethod)
_Place = tuple[str, Callable[[], object]]
"""A name, and how to look up what it names now."""


class Seal:
    """What the loaded modules of a package define. ``code_only``: functions and classes."""

    def __init__(self, package: str, *, code_only: bool = False) -> None:
        modules = [
            module
            for name, module in sorted(sys.modules.items())
            if isinstance(module, ModuleType) and f"{name}.".startswith(f"{package}.")
        ]
        places = (place for m in modules for place in _in_module(m, package, code_only))
        self._sealed = [(name, look, look()) for name, look in places]

    def changed(self) -> str | None:
        """The first name that is not what it was, or None."""
        return next((name for name, look, old in self._sealed if look() is not old), None)


def _in_module(module: ModuleType, package: str, code_only: bool) -> Iterator[_Place]:
    for name, value in list(vars(module).items()):
        is_code = isinstance(value, FunctionType | type)
        if name.startswith("__") or (code_only and not is_code):
            continue
        at = f"{module.__name__}.{name}"
        yield at, partial(vars(module).get, name)
        # What is somebody else's, and only used here, is not looked into.
        if not is_code or (value.__module__ or "").startswith(package):
            yield from _inside(at, value)


def _inside(at: str, value: Any) -> Iterator[_Place]:
    match value:
        case FunctionType():
            for name in ("__code__", "__defaults__"):
                yield f"{at}.{name}", partial(getattr, value, name)
        case type():
            for name, inner in list(vars(value).items()):
                if isinstance(inner, _METHODS):
                    yield f"{at}.{name}", partial(vars(value).get, name)
                    yield from _inside(f"{at}.{name}", inner)
        case Mapping():
            for name, inner in list(value.items()):
                yield f"{at}[{name!r}]", partial(value.get, name)
                if is_dataclass(inner):
                    yield from _inside(f"{at}[{name!r}]", inner)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield f"{at}.{field.name}", partial(getattr, value, field.name)
