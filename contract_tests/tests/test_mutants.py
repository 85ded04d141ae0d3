"""The kit tested by broken adapters: each has one defect, caught by the law it breaks.

Laws that only the core can break are tested by breaking the core.
"""

from __future__ import annotations

import os
import subprocess
import sys
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
from streamkit_contract_tests.expected import Expected
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


CUMULATIVE = b"".join(
    b'data: {"t":"say","d":"%s"}\n\n' % text for text in (b"The", b"The sky", b"The sky is blue")
)


def test_an_adapter_whose_vendor_sends_the_text_so_far_holds_nothing_back(tmp_path: Path) -> None:
    changes = [
        ("        self.done = False\n", '        self.done = False\n        self.so_far = ""\n'),
        (
            "                return [Text(text)] if text else []\n",
            "                new, self.so_far = text.removeprefix(self.so_far), text\n"
            "                return [Text(new)] if new else []\n",
        ),
    ]
    expected = Expected(text="The sky is blue", finish_reason="stop", raw_finish_reason="finished")
    body = CUMULATIVE + b'data: {"t":"stop","why":"finished"}\n\ndata: {"t":"bye"}\n\n'
    recording = Recording("so_far", body, expected, "text/event-stream")
    with mutant(tmp_path, changes) as adapter:
        suite = Suite(adapter, [recording])
        assert [law for law in ("L01", "L11", "L22", "L23") if broken(law, suite)] == []


def test_probes_are_other_words_in_every_run_and_the_same_for_one_seed() -> None:
    """So no adapter can know them. In processes of their own: those of this one are made."""

    def probe(seed: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", "from streamkit_contract_tests import _wire; print(_wire.NEW)"],
            env=os.environ | {"STREAMKIT_CONTRACT_SEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert probe(1) == probe(1) != probe(2)


def test_an_adapter_may_build_on_the_dialect_of_another_plugin(tmp_path: Path) -> None:
    changes = [("import copy\n", "import copy\n\nfrom streamkit_openai import OpenAIChat\n")]
    with mutant(tmp_path, changes) as adapter:
        assert broken("L13", toy_suite(adapter)) == []


def test_what_another_plugin_does_is_looked_at(tmp_path: Path) -> None:
    changes = [("import copy\n", "import copy\n\nfrom streamkit_local import serve\n")]
    with mutant(tmp_path, changes) as adapter:
        [(_, violation)] = broken("L13", toy_suite(adapter))
    assert "server.py" in violation.what
