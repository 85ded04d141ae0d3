"""The kit tested by broken adapters: each is the toy with one defect, caught by the law it breaks.

Laws that only the core can break are tested by breaking the core.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from mutants import MUTANTS, Change

from streamkit import _flow
from streamkit._framing import sse
from streamkit.adapter import Adapter
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests._violation import Violation
from streamkit_contract_tests.laws import LAWS
from streamkit_contract_tests.recordings import load

HERE = Path(__file__).parent
SOURCE = (HERE / "acme.py").read_text("utf-8")
NUMBER = count()


@contextmanager
def mutant(tmp_path: Path, changes: Sequence[Change]) -> Iterator[Adapter]:
    """The toy adapter with these replacements, imported from a module of its own."""
    source = SOURCE
    for old, new in changes:
        assert old in source, f"the toy has changed: no {old!r} in it"
        source = source.replace(old, new, 1)
    name = f"acme_mutant_{next(NUMBER)}"
    path = tmp_path / f"{name}.py"
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.Acme()
    del sys.modules[name]


def broken(law: str, adapter: Adapter) -> list[Violation]:
    """The violations of one law, over all recordings."""
    suite = Suite(adapter, load(HERE / "recordings"), keep_alives=('data: {"t":"ping"}\n\n',))
    targets: list[Any] = list(suite.subjects.values())
    if LAWS[law].scope != "adapter":
        streams_only = LAWS[law].scope == "stream"
        targets = [c for c in suite.cases.values() if c.recording.framing or not streams_only]
    found = []
    for target in targets:
        try:
            LAWS[law].check(target)
        except Violation as violation:
            found.append(violation)
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_adapter_is_caught_by_the_law_it_breaks(name: str, tmp_path: Path) -> None:
    law, changes = MUTANTS[name]
    with mutant(tmp_path, changes) as adapter:
        found = broken(law, adapter)
        assert found, f"{law} lets pass an adapter that {name}"
        assert all(v.what for v in found)


@pytest.mark.parametrize("law", LAWS)
def test_the_right_adapter_breaks_no_law(law: str, tmp_path: Path) -> None:
    with mutant(tmp_path, []) as adapter:
        assert broken(law, adapter) == []


def test_a_core_that_knows_only_one_line_end_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse.ServerSentEvents, "_with_lf", lambda _self, data: data)
    with mutant(tmp_path, []) as adapter:
        assert broken("L03", adapter)


def test_a_core_that_ends_twice_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = _flow.Flow._end

    def twice(self: _flow.Flow, *args: Any) -> None:
        end(self, *args)
        end(self, *args)

    monkeypatch.setattr(_flow.Flow, "_end", twice)
    with mutant(tmp_path, []) as adapter:
        assert broken("L08", adapter)


def test_every_law_has_a_mutant() -> None:
    of_the_core = {"L03", "L08"}
    assert {law for law, _ in MUTANTS.values()} | of_the_core == set(LAWS)
