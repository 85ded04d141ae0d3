"""The law about what an adapter may import: nothing that acts on the world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec, resolve_name
from pathlib import Path

from streamkit.adapter import Adapter

from ._case import Subject, run
from ._registry import for_adapter
from ._samples import requests
from ._violation import Violation
from ._watch import watched

ACTING = frozenset(
    {
        *("asyncio", "concurrent", "contextvars", "multiprocessing", "queue", "sched", "selectors"),
        *("select", "signal", "subprocess", "threading", "_thread", "time", "random", "secrets"),
        *("uuid", "os", "sys", "platform", "site", "pathlib", "io", "shutil", "tempfile", "fcntl"),
        *("shelve", "sqlite3", "logging", "getpass", "pty", "socket", "socketserver", "ssl"),
        *("http", "urllib", "ftplib", "imaplib", "poplib", "smtplib", "xmlrpc", "webbrowser"),
        *("importlib", "runpy", "ctypes"),
    }
)
"""Modules of the standard library that do I/O, wait, read a clock or throw dice."""

PURE_PARTS = frozenset({"urllib.parse", "http.HTTPStatus"})
KIT = "streamkit_contract_tests"
LIBRARIES = frozenset({"streamkit", "pydantic", "pydantic_core", "typing_extensions"})
_ACTING_CALLS = frozenset({"open", "input", "print", "exec", "eval", "__import__", "breakpoint"})
_CLOCKS = frozenset({"now", "utcnow", "today"})


@for_adapter(13, "purity")
def purity(subject: Subject) -> None:
    """An adapter does no I/O, waits for nothing, reads no clock, dice or environment. That makes it
    right on asyncio, trio and plain sync alike, and every failure playable in a test. Its modules
    import no more than the pure part of the standard library, pydantic and streamkit; a vendor's
    SDK is none of them. While it builds requests and reads recordings, the interpreter's audit
    events are watched as well.
    """
    module = type(subject.adapter).__module__
    found = sorted(_impurities(module)) + sorted(_acts(subject))
    if found:
        raise Violation(
            "\n".join(f"{where} {what}" for where, what in found),
            where=f"the modules that {module} imports, and what they do when run",
            user="a stream that blocks the event loop, or an answer that no test can repeat",
            mend=_advice(subject.adapter),
        )


def _advice(adapter: Adapter) -> str:
    module = type(adapter).__module__.rpartition(".")[2]
    if module.startswith("test_") or module.endswith("_test"):
        return "the adapter is defined among its tests: put it into a module of its own"
    return "the core does what must be done: keys and URLs by Endpoint, time by its own clock"


def _acts(subject: Subject) -> set[tuple[str, str]]:
    """What happens while requests are built and recordings are read."""
    found = set()
    with watched() as acts:
        for request in requests(frozenset(), frozenset(), subject.model):
            subject.wire(request)
        found |= {("request()", f"does {act}") for act in acts}
    for case in subject.cases:
        with watched() as acts:
            if case.is_stream:
                run(case.subject.decoder(), case.frames)
            else:
                headers = {"content-type": case.recording.content_type}
                subject.adapter.fault(case.recording.status, headers, case.body)
            found |= {(f"reading {case.recording.name!r}", f"does {act}") for act in acts}
    return found


@cache
def _impurities(module: str) -> frozenset[tuple[str, str]]:
    return frozenset(_look_for_impurities(module))


def _look_for_impurities(module: str) -> Iterator[tuple[str, str]]:
    """Walk the modules of the adapter's package, from its own along every import, lazy ones too."""
    package = module.partition(".")[0]
    pending, seen = [package, module], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _source(name)
        if path is None:
            continue
        tree = ast.parse(path.read_bytes())
        is_package = path.name == "__init__.py"
        for line, imported in _imports(tree, name, is_package):
            if _is_followed(imported.partition(".")[0], package):
                pending += [imported, imported.rpartition(".")[0]]
            elif not _is_pure(imported):
                yield f"{path.name}:{line}", f"imports {imported}"
        for line, call in _calls(tree):
            yield f"{path.name}:{line}", f"calls {call}"


def _is_followed(top: str, package: str) -> bool:
    """Whether the package's own modules are looked at: the adapter's, and dialects it builds on."""
    return top == package or (top.startswith("streamkit_") and top != KIT)


def _source(module: str) -> Path | None:
    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None)
    if origin is None:
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):
            return None  # a name inside a module, not a module
        origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = module if is_package else module.rpartition(".")[0]
            source = node.module or ""
            if node.level:
                source = resolve_name("." * node.level + source, home)
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def _is_pure(imported: str) -> bool:
    top = imported.partition(".")[0]
    if any(imported == pure or imported.startswith(f"{pure}.") for pure in PURE_PARTS):
        return True
    return top in LIBRARIES or (top in sys.stdlib_module_names and top not in ACTING)


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in _ACTING_CALLS:
                yield node.lineno, f"{name}()"
            case ast.Attribute(attr=name, value=ast.Name(id="datetime" | "date" as owner)) if (
                name in _CLOCKS
            ):
                yield node.lineno, f"{owner}.{name}()"
