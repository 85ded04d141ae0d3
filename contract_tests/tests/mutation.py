"""Broken adapters: made from the toy's text, or by twisting what a real adapter says."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from streamkit.adapter import Adapter
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests._violation import Violation
from streamkit_contract_tests.laws import LAWS
from streamkit_contract_tests.recordings import load

HERE = Path(__file__).parent
SOURCE = (HERE / "acme.py").read_text("utf-8")
KEEP_ALIVES = ('data: {"t":"ping"}\n\n',)

Change = tuple[str, str]
_NUMBER = count()


def changed(changes: Iterable[Change]) -> str:
    """The toy's source with these replacements."""
    source = SOURCE
    for old, new in changes:
        assert old in source, f"the toy has changed: no {old!r} in it"
        source = source.replace(old, new, 1)
    return source


@contextmanager
def mutant(folder: Path, changes: Sequence[Change], name: str = "") -> Iterator[Adapter]:
    """The toy adapter with these replacements, imported from a module of its own."""
    name = name or f"acme_mutant_{next(_NUMBER)}"
    path = folder / f"{name}.py"
    path.write_text(changed(changes), "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.Acme()
    del sys.modules[name]


def toy_suite(adapter: Adapter) -> Suite:
    """The toy's recordings, read by this adapter."""
    return Suite(adapter, load(HERE / "recordings"), keep_alives=KEEP_ALIVES)


def broken(law: str, suite: Suite) -> list[tuple[str | None, Violation]]:
    """The violations of one law, each with the recording."""
    targets: list[tuple[str | None, Any]] = [(None, s) for s in suite.subjects.values()]
    if LAWS[law].scope != "adapter":
        streams_only = LAWS[law].scope == "stream"
        targets = [(n, c) for n, c in suite.cases.items() if c.is_stream or not streams_only]
    found = []
    for name, target in targets:
        try:
            LAWS[law].check(target)
        except Violation as violation:
            found.append((name, violation))
    return found
