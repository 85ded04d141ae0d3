"""The laws of the contract kit: each with its reason, and broken once, by a mutant of its tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import unified_diff
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from unittest.mock import patch

os.environ["STREAMKIT_CONTRACT_SEED"] = "1"  # the kit's probes are other ones in every run

from streamkit.adapter import Adapter
from streamkit_contract_tests.laws import CHANGES, LAWS, Law

KIT_TESTS = Path(__file__).parents[2] / "contract_tests" / "tests"
sys.path.insert(0, str(KIT_TESTS))

from mutants import MUTANTS, OF_THE_CORE  # noqa: E402
from mutation import SOURCE, Change, broken, changed, mutant, toy_suite  # noqa: E402

TESTED = {
    "recording": "Tested on every recording",
    "stream": "Tested on every recorded stream",
    "adapter": "Tested once for each adapter",
}


@cache
def sections() -> dict[str, str]:
    return {
        "laws": "\n\n".join(_law(law) for law in LAWS.values()),
        "contracts": "\n".join(f"- **Contract {n}.** {what}" for n, what in CHANGES.items()),
    }


def shipped() -> dict[str, str]:
    """The laws as the kit's wheel has them, for `python -m streamkit_contract_tests`."""
    return {"laws": sections()["laws"]}


def _law(law: Law) -> str:
    return "\n\n".join(
        [
            f"## {law.id} {law.name}",
            fill(law.reason, width=118, break_long_words=False, break_on_hyphens=False),
            f"{TESTED[law.scope]}; since contract {law.contract}.",
            *_example(law),
        ]
    )


def _example(law: Law) -> Iterator[str]:
    """A change that breaks the law, and what its author is told."""
    found = next(((w, c) for w, (id_, c) in MUTANTS.items() if id_ == law.id), None)
    if found is not None:
        what, changes = found
        yield f"Broken by an adapter that {what}:"
        yield _block(_diff(changes))
        with _mutant(changes) as adapter:
            yield _block(_failure(law, adapter))
    else:
        what, (owner, name, make) = OF_THE_CORE[law.id]
        yield f"No adapter can break it, but streamkit could. Were it one that {what}:"
        with patch.object(owner, name, make(getattr(owner, name))), _mutant([]) as adapter:
            yield _block(_failure(law, adapter))


@contextmanager
def _mutant(changes: Sequence[Change]) -> Iterator[Adapter]:
    with TemporaryDirectory() as folder, mutant(Path(folder), changes, name="acme") as adapter:
        yield adapter


def _diff(changes: Sequence[Change]) -> str:
    lines = unified_diff(SOURCE.splitlines(), changed(changes).splitlines(), lineterm="", n=1)
    return "\n".join(line.rstrip() for line in lines if not line.startswith(("---", "+++", "@@")))


def _failure(law: Law, adapter: Adapter) -> str:
    violations = dict(broken(law.id, toy_suite(adapter)))
    recording = next((n for n in ("text", "tools") if n in violations), next(iter(violations)))
    told = violations[recording].explain(law, adapter.name, recording)
    without_reason, _, _ = told.partition("\n  the law ")
    return without_reason


def _block(text: str) -> str:
    return f"```text\n{text}\n```"
