"""What the author of an adapter builds and is given, field by field, from the code."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import FunctionType
from typing import Any

from pydantic import BaseModel

from _make.markdown import prose

NAMES = {
    "adapter": (
        "streamkit.adapter",
        *("Adapter", "Endpoint", "Supports", "WireRequest", "Warned", "Framing", "Decoder"),
        *("Frame", "ResumeBy", "INSTRUCT", "KeySource", "Signer", "Unsigned", "Located"),
        *("parse_json", "malformed"),
    ),
    "chunks": (
        "streamkit.chunks",
        *("Key", "Text", "Reasoning", "Signature", "Refusal", "ToolOpened", "ToolArguments"),
        *("Closed", "ServerToolOpened", "ServerToolArguments", "Item", "Cited", "Media", "Meta"),
        *("UsageReport", "Cursor", "Notice", "Safety", "Opaque", "Stop", "Fault", "End"),
    ),
    "values": (
        "streamkit.values",
        *("Usage", "Citation", "FinishReason", "FaultKind", "ReasoningKind", "ToolKind"),
    ),
    "messages": (
        "streamkit.messages",
        *("ChatRequest", "Message", "TextPart", "ReasoningPart", "RefusalPart", "ImagePart"),
        *("DocumentPart", "MediaPart", "ToolCall", "IncompleteToolCall", "ToolResult"),
        *("ProviderItem", "Tool", "VendorTool", "NamedTool", "JsonSchema", "Role"),
    ),
    "faults": ("streamkit.faults", "fault_from_http", "fault_from_error"),
    "reading": ("streamkit.reading", "text", "mapping", "items", "entries", "count", "rest"),
    "writing": (
        "streamkit.writing",
        *("Warnings", "results_apart", "goes_back", "refused", "words_of", "arguments_of"),
        *("arguments_text_of", "renamed", "function_tool", "without_none", "nearest_effort"),
    ),
}
"""The sections of the page: a module, and its names in the order in which they are met."""


def sections() -> dict[str, str]:
    return {
        section: "\n\n".join(_entry(importlib.import_module(module), name) for name in names)
        for section, (module, *names) in NAMES.items()
    }


def _entry(module: Any, name: str) -> str:
    value = getattr(module, name)
    if isinstance(value, FunctionType):
        return _told(name, _signature(value), inspect.getdoc(value))
    if inspect.isclass(value):
        return _told(name, "\n".join(_class(value)), inspect.getdoc(value))
    return _told(name, *_value(module, name))


def _told(name: str, code: str, words: str | None) -> str:
    return f"### {name}\n\n```text\n{code}\n```\n\n{prose(words)}".rstrip()


def _class(value: type) -> Iterator[str]:
    yield f"class {value.__name__}:"
    found = [*_fields(value), *_methods(value)]
    yield from (f"    {line}" for line in found or ["no fields"])


def _fields(value: type) -> Iterator[str]:
    if is_dataclass(value):
        for field in fields(value):
            default = "" if field.default is MISSING else f" = {field.default!r}"
            if field.default_factory is not MISSING:
                default = f" = {field.default_factory()!r}"
            yield f"{field.name}: {field.type}{default}"
    elif issubclass(value, BaseModel):
        annotations = _annotations(value)
        for name, info in value.model_fields.items():
            made = not info.is_required()
            default = f" = {info.get_default(call_default_factory=True)!r}" if made else ""
            yield f"{name}: {annotations[name]}{default}"
    else:
        yield from (f"{name}: {kind}" for name, kind in _annotations(value).items())


def _annotations(value: type) -> dict[str, Any]:
    """As they are written, those of base classes too."""
    found: dict[str, Any] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("streamkit"):
            found |= {k: v for k, v in vars(base).get("__annotations__", {}).items() if k[0] != "_"}
    return found


def _methods(value: type) -> Iterator[str]:
    """Those that an adapter has or calls; of a value, nothing but its fields is of interest."""
    if not is_dataclass(value) and not issubclass(value, BaseModel):
        for name, method in vars(value).items():
            if isinstance(method, property) and method.fget is not None:
                yield f"{name}: {inspect.signature(method.fget).return_annotation}"
            elif isinstance(method, FunctionType) and not name.startswith("_"):
                yield _signature(method)


def _signature(function: FunctionType) -> str:
    [node] = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{node.name}({ast.unparse(node.args)}){returns}"
    return line if len(line) < 96 else line.replace(", *, ", ",\n        *, ", 1)


def _value(module: Any, name: str) -> tuple[str, str]:
    """The source of a value, and the string below it."""
    body = ast.parse(inspect.getsource(module)).body
    for i, node in enumerate(body):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            after = body[i + 1] if i + 1 < len(body) else None
            match after:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    pass
                case _:
                    words = ""
            return ast.get_source_segment(inspect.getsource(module), node) or "", words
    raise KeyError(f"{module.__name__} has no {name}")
