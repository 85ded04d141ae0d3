"""The fuzzing targets hold on their seeds, and would tell if a promise broke."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "fuzz/targets.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_targets", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


targets = load()


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_a_target_holds_on_its_seeds_whole_and_cut(name: str) -> None:
    seeds = targets.seeds()
    assert len(seeds) > 50
    for number, seed in enumerate(seeds):
        targets.TARGETS[name](seed)
        targets.TARGETS[name](bytes([number % 4, number % 256]) + seed[2 : len(seed) // 2])
    targets.TARGETS[name](b"")


def test_the_engine_target_tells_of_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    told = targets.decode

    def doubled(*args: object, **options: object) -> object:
        got = told(*args, **options)
        got.events += got.events[-1:]
        return got

    monkeypatch.setattr(targets, "decode", doubled)
    with pytest.raises(AssertionError):
        targets.engine(targets.seeds()[0])
