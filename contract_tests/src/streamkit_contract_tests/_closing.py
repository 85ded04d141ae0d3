"""What closes a run: the table of laws, what was declared, and the verdict on what is missing.

A run passes only if every law of every contract class held, or is declared as a deviation: what was
deselected, skipped or passed without being tested makes it red.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from ._probes import GIVEN, SEED, SEED_ENV

if TYPE_CHECKING:
    from ._case import Suite

LAW: Final = "streamkit_law"
HELD: Final = "streamkit_held"
FROM_WORKER: Final = "streamkit_from_worker"

Fate = Literal["held", "known", "not run", "broken"]
_WORST: Final[tuple[Fate, ...]] = ("held", "known", "not run", "broken")
_WORDS: Final[Mapping[Fate, str]] = {
    "held": "held",
    "broken": "broken (!)",
    "known": "known (x)",
    "not run": "not run (-)",
}
_COLLECTED: Final[set[type]] = set()
"""Contract classes that a run has seen: this one, or another in the same process."""


class Closing:
    """Watches one run. A plugin of pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._before = set(_defined())
        self._owners: dict[str, tuple[str, str]] = {}
        self._fates: dict[str, Fate] = {}
        self._lines: dict[str, None] = {}  # in order, each once
        self._known: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._wrong: list[str] = []
        self._session: pytest.Session | None = None
        # Of all that ends a run this comes last: no conftest has its say behind it.
        config.add_cleanup(self._red_if_wrong)

    # --- what the collection tells ---------------------------------------------------------------

    def collected(self, cls: type) -> None:
        """Pytest has found the class."""
        _COLLECTED.add(cls)

    def expect(self, nodeid: str, owner: str, law: str) -> None:
        """A law test that must run: its id, its class's, its law's."""
        self._owners[nodeid] = (owner, law)

    def declared(self, name: str, suite: Suite, contract: int) -> None:
        """What the author of a class says that the kit cannot prove; readers should know."""
        from .contract import CONTRACT

        short = [c.recording.name for c in suite.cases.values() if c.recording.expected.after_end]
        for what, said in (
            (
                "keep-alives",
                [repr(piece.decode("utf-8", "replace")) for piece in suite.keep_alives],
            ),
            ("padding", sorted(suite.padding_fields)),
            ("whole without their last frames (after_end)", short),
        ):
            if said:
                self._lines[f"declared by {name}: {what}: {', '.join(said)}"] = None
        if contract < CONTRACT:
            self._lines[f"{name} keeps contract {contract}; the newest is {CONTRACT}"] = None

    # --- what the run tells ----------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said: dict[str, Any] = dict(report.user_properties)
        if LAW not in said:
            return
        owner, law, deviation = said[LAW]
        self._owners.setdefault(report.nodeid, (owner, law))  # collected in another process
        fate = _fate(report, HELD in said, deviation)
        if fate is not None:
            past = self._fates.get(report.nodeid, fate)
            self._fates[report.nodeid] = max(past, fate, key=_WORST.index)
        if fate == "known":
            self._known[owner, law, deviation].append(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A process of pytest-xdist tells what it collected; all of them collect everything."""
        owners, lines = getattr(node, "workeroutput", {}).get(FROM_WORKER, ({}, []))
        self._owners |= owners
        self._lines |= dict.fromkeys(lines)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._config.option.collectonly:
            self._owners.clear()
            return
        if hasattr(self._config, "workeroutput"):  # the process that started this one judges
            self._config.workeroutput[FROM_WORKER] = (self._owners, list(self._lines))
            return
        self._session = session
        self._wrong = list(self._problems())
        self._red_if_wrong()

    def _red_if_wrong(self) -> None:
        passed = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._wrong and self._session and self._session.exitstatus in passed:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _problems(self) -> Iterator[str]:
        missing = [nodeid for nodeid in self._owners if self._fate(nodeid) == "not run"]
        if missing:
            total, such = len(self._owners), ", ".join(missing[:3]) + ", …" * (len(missing) > 3)
            yield f"{len(missing)} of {total} laws were not run: this run proves nothing ({such})"
        if any(fate == "broken" for fate in self._fates.values()):
            yield "a law is broken"
        for cls in _defined():
            known = cls in self._before or cls in _COLLECTED
            if not known and not cls.__subclasses__():
                yield f"{cls.__module__}.{cls.__name__} was defined, but never collected"
                _COLLECTED.add(cls)  # said once, also where one run contains another
        contract = sys.modules.get("streamkit_contract_tests.contract")
        changed = contract.changed() if contract else None
        if changed:
            yield f"{changed} is not what was installed: this run proves nothing"

    def _fate(self, nodeid: str) -> Fate:
        return self._fates.get(nodeid, "not run")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._owners:
            terminalreporter.section("streamkit contract")
            self._write_table(terminalreporter)
        for line in self._lines if self._owners else ():
            terminalreporter.write_line(line, yellow=True)
        for (owner, law, reason), nodeids in self._known.items():
            of = f"{owner.rpartition('::')[2]}::{law}, {len(nodeids)} times"
            told = f"known to be broken: {nodeids[0] if len(nodeids) == 1 else of}: {reason}"
            terminalreporter.write_line(told, yellow=True)
        if self._owners:
            seed = f"{SEED_ENV}={SEED}"
            told = f"the probes of this run come again with {seed}"
            if GIVEN:
                told = f"the probes of this run were chosen by {seed}: an adapter could know them"
            terminalreporter.write_line(told, yellow=GIVEN)
        for line in self._wrong:
            terminalreporter.write_line(f"streamkit contract: {line}", red=True)

    def _write_table(self, out: pytest.TerminalReporter) -> None:
        from .laws import LAWS

        rows: dict[str, dict[str, Counter[Fate]]] = defaultdict(lambda: defaultdict(Counter))
        for nodeid, (owner, law) in self._owners.items():
            rows[owner][law][self._fate(nodeid)] += 1
        names = {owner: owner.rpartition("::")[2] for owner in rows}
        width = max(len(name) for name in (*names.values(), "adapter"))
        out.write_line(" ".join([f"{'adapter':<{width}}", *(f"{id_:>4}" for id_ in LAWS)]))
        for owner in sorted(rows):
            out.write(f"{names[owner]:<{width}}")
            for law in LAWS:
                cell, style = _cell(rows[owner][law])
                out.write(f" {cell:>4}", **style)
            out.write_line("")
        total = Counter(self._fate(nodeid) for nodeid in self._owners)
        told = [f"{total[k]} {word}" for k, word in _WORDS.items() if total[k] or k == "held"]
        out.write_line(", ".join(told))


CLOSING: Final[pytest.StashKey[Closing]] = pytest.StashKey()


def _defined() -> list[type]:
    contract = sys.modules.get("streamkit_contract_tests.contract")
    return list(contract.DEFINED) if contract else []


def _fate(report: pytest.TestReport, held: bool, deviation: str) -> Fate | None:
    """What this report says of the law. None: nothing, a setup or teardown that went well."""
    if hasattr(report, "wasxfail"):
        return "known" if report.skipped and deviation else "broken"
    if report.skipped:
        return "not run"
    if report.failed:
        return "broken"
    if report.when == "call":
        return "held" if held else "broken"
    return None


def _cell(counts: Counter[Fate]) -> tuple[str, dict[str, bool]]:
    """The worst that happened, with its count; nothing for a law that was not asked for."""
    marks: tuple[tuple[Fate, str, str], ...] = (
        ("broken", "!", "red"),
        ("not run", "-", "yellow"),
        ("known", "x", "yellow"),
        ("held", "", "green"),
    )
    for fate, mark, style in marks:
        if counts[fate]:
            return f"{counts[fate]}{mark}", {style: True}
    return "", {}
