"""The kit tested by broken adapters: each has one defect, caught by the law it breaks.

Laws that only the core can break are tested by breaking the core.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import twists
from mutants import MUTANTS, OF_THE_CORE
from mutation import HERE, broken, mutant, toy_suite

from streamkit.adapter import Adapter
from streamkit.chunks import Meta, Opaque
from streamkit_anthropic import AnthropicMessages
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests.laws import LAWS
from streamkit_contract_tests.recordings import Recording, load
from streamkit_openai import OpenAIChat

PLUGINS = HERE.parents[1] / "plugins"
REAL: dict[str, tuple[Adapter, tuple[str, ...]]] = {
    "anthropic": (AnthropicMessages(), ("text", "thinking_then_tools", "error_inside")),
    "openai": (
        OpenAIChat(),
        ("openai_text", "openai_parallel_tools", "openai_error", "openai_two_choices"),
    ),
}
"""Real adapters, with recordings that are enough to tell a broken one."""


@cache
def recordings(plugin: str) -> tuple[Recording, ...]:
    of = {r.name: r for r in load(PLUGINS / f"streamkit-{plugin}" / "tests" / "recordings")}
    return tuple(of[name] for name in REAL[plugin][1])


@cache
def mutants_of(plugin: str) -> dict[str, tuple[str, Adapter]]:
    real = REAL[plugin][0]
    steps = [s for case in Suite(real, recordings(plugin)).cases.values() for s in case.steps]
    # Fields that streamkit has no name for are not compared unless a recording asks for it.
    said = {type(chunk) for step in steps for chunk in step} - {Meta, Opaque}
    return twists.all_of(real, sorted(said, key=repr))


TWISTED = [(plugin, what) for plugin in REAL for what in mutants_of(plugin)]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_toy_is_caught_by_the_law_it_breaks(name: str, tmp_path: Path) -> None:
    law, changes = MUTANTS[name]
    with mutant(tmp_path, changes) as adapter:
        found = broken(law, toy_suite(adapter))
    assert found, f"{law} lets pass an adapter that {name}"
    assert all(v.what and v.where and v.user for _, v in found)


@pytest.mark.parametrize(("plugin", "what"), TWISTED)
def test_a_real_adapter_that_was_broken_is_caught(plugin: str, what: str) -> None:
    law, adapter = mutants_of(plugin)[what]
    suite = Suite(adapter, recordings(plugin))
    assert broken(law, suite), f"{law} lets pass an adapter that {what}"


@pytest.mark.parametrize("law", LAWS)
def test_the_right_adapter_breaks_no_law(law: str, tmp_path: Path) -> None:
    with mutant(tmp_path, []) as adapter:
        assert broken(law, toy_suite(adapter)) == []


@pytest.mark.parametrize("law", OF_THE_CORE)
def test_a_broken_core_is_caught(law: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, make = OF_THE_CORE[law][1]
    monkeypatch.setattr(owner, name, make(getattr(owner, name)))
    with mutant(tmp_path, []) as adapter:
        assert broken(law, toy_suite(adapter))


def test_every_law_has_a_mutant() -> None:
    assert {law for law, _ in MUTANTS.values()} | set(OF_THE_CORE) == set(LAWS)


def test_there_are_mutants_enough_and_half_of_them_are_made_of_real_adapters() -> None:
    assert len(MUTANTS) + len(TWISTED) >= 40
    assert len(TWISTED) >= (len(MUTANTS) + len(TWISTED)) / 2


def test_an_adapter_may_build_on_the_dialect_of_another_plugin(tmp_path: Path) -> None:
    changes = [("import copy\n", "import copy\n\nfrom streamkit_openai import OpenAIChat\n")]
    with mutant(tmp_path, changes) as adapter:
        assert broken("L13", toy_suite(adapter)) == []


def test_what_another_plugin_does_is_looked_at(tmp_path: Path) -> None:
    changes = [("import copy\n", "import copy\n\nfrom streamkit_local import serve\n")]
    with mutant(tmp_path, changes) as adapter:
        [(_, violation)] = broken("L13", toy_suite(adapter))
    assert "server.py" in violation.what
