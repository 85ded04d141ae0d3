"""The public names, module by module, from their docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import streamkit
from _make.markdown import first_sentence, table

# In the order a reader meets them. Errors and events have pages of their own.
MODULES = (
    "streamkit",
    "streamkit.sync",
    "streamkit.values",
    "streamkit.testing",
    "streamkit.adapter",
    "streamkit.chunks",
    "streamkit.writing",
    "streamkit.reading",
    "streamkit.faults",
    "streamkit.hookspecs",
)
# Their methods are most of what a program calls.
WITH_MEMBERS = ("Client", "Stream")
# Made by a library, so it cannot say it itself.
SAID_HERE = {"hookimpl": "Marks the functions by which a plugin implements a hook."}


def sections() -> dict[str, str]:
    return {
        module.replace("streamkit.", ""): table(
            ("name", ""), _rows(importlib.import_module(module))
        )
        for module in MODULES
    }


def _rows(module: ModuleType) -> Iterator[tuple[str, str]]:
    said = _documented_values(module)
    for name, value in _public(module):
        yield f"`{name}`", said.get(name) or SAID_HERE.get(name) or first_sentence(value.__doc__)
        if module is streamkit and name in WITH_MEMBERS:
            for member, words in _members(value):
                yield f"`{name}.{member}`", words


def _public(module: ModuleType) -> list[tuple[str, Any]]:
    """What ``__all__`` lists; without one, what the module itself defines."""
    if hasattr(module, "__all__"):
        names = list(module.__all__)
    else:
        here = module.__name__
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and (getattr(value, "__module__", None) == here or name in _documented_values(module))
        ]
    return [(name, getattr(module, name)) for name in names]


def _documented_values(module: ModuleType) -> dict[str, str]:
    """Values with a string below them, which is how we document what is no class or function."""
    found = {}
    for source in _sources(module):
        body = ast.parse(source.read_text("utf-8")).body
        for statement, after in pairwise(body):
            match statement, after:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(words))),
                ):
                    found[name] = first_sentence(words)
    return found


def _sources(module: ModuleType) -> Iterable[Path]:
    """The module's file; of a package such as `streamkit.testing`, all of its files."""
    path = Path(module.__file__ or "")
    return path.parent.glob("*.py") if path.name == "__init__.py" else [path]


def _members(kind: type) -> Iterator[tuple[str, str]]:
    for base in reversed(kind.__mro__[:2]):
        for name, value in list(vars(base).items()):
            function = getattr(value, "__func__", None) or getattr(value, "func", None) or value
            words = (
                inspect.getdoc(function) if callable(function) else getattr(value, "__doc__", "")
            )
            if name.startswith("_") or not words or not base.__module__.startswith("streamkit"):
                continue
            if isinstance(value, property) or getattr(value, "func", None):
                yield name, first_sentence(words)
            elif inspect.isfunction(function):
                yield f"{name}()", first_sentence(words)
