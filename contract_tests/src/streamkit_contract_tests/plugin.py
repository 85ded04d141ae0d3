"""The pytest plugin: a contract class becomes one test for each law and recording.

The tests are items of our own rather than methods, so that no subclass can override one. A table
closes the run; what was not run, or is known to be broken, shows in it.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from inspect import isclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ._case import Case, Subject, Suite
    from .contract import AdapterContract
    from .laws import Law

_LAW = "streamkit_law"


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Collector | None:
    # Installed in every environment of an author: costs nothing where the kit is not imported.
    module = sys.modules.get("streamkit_contract_tests.contract")
    if module is None or not isclass(obj):
        return None
    if not issubclass(obj, module.AdapterContract) or obj is module.AdapterContract:
        return None
    return ContractClass.from_parent(collector, name=name, obj=obj)


class ContractClass(pytest.Class):
    """The tests of one `AdapterContract` subclass."""

    obj: type[AdapterContract]

    def collect(self) -> Iterator[pytest.Item]:
        items = list(self._items(self._suite()))
        unused = dict(self.obj.deviations)
        for item in items:
            for key in {item.law.id, item.key} & self.obj.deviations.keys():
                unused.pop(key, None)
                reason = self.obj.deviations[key]
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        if unused:
            raise self.CollectError(
                f"{self.name}.deviations names no test of this class: {', '.join(unused)}; "
                'write them as "L04" or "L04[recording]"'
            )
        _generated(self.config).extend((i.nodeid, self.nodeid, i.law.id) for i in items)
        yield from items

    def _items(self, suite: Suite) -> Iterator[LawItem]:
        from .laws import LAWS

        for law in LAWS.values():
            if law.scope == "adapter":
                for name, subject in suite.subjects.items():
                    yield LawItem.make(self, law, subject, name)
            else:
                for name, case in suite.cases.items():
                    if law.scope == "recording" or case.recording.framing is not None:
                        yield LawItem.make(self, law, case, name)

    def _suite(self) -> Suite:
        from ._case import Suite
        from .contract import problems
        from .recordings import BadRecording, load

        cls = self.obj
        wrong = list(problems(cls))
        wrong += [
            f"it is marked {mark.name!r}: no law can be skipped. Put what is known to be broken "
            "into deviations, with the reason"
            for mark in self.iter_markers()
            if mark.name in ("skip", "skipif", "xfail")
        ]
        if wrong:
            raise self.CollectError("\n".join(f"{self.name}: {w}" for w in wrong))
        try:
            return Suite(
                cls.adapter,
                load(cls.recordings),
                variants=cls.variants,
                model=cls.model,
                keep_alives=cls.keep_alives,
                padding_fields=cls.padding_fields,
            )
        except BadRecording as error:
            raise self.CollectError(f"{self.name}: {error}") from None


class LawItem(pytest.Item):
    """One law, on one recording or on one adapter."""

    law: Law
    target: Case | Subject
    of: str | None
    owner: str
    line: int | None

    @classmethod
    def make(
        cls, parent: ContractClass, law: Law, target: Case | Subject, of: str | None
    ) -> LawItem:
        name = f"{law.id}_{law.name.replace(' ', '_')}" + (f"[{of}]" if of else "")
        item: LawItem = cls.from_parent(parent, name=name)
        item.law, item.target, item.of = law, target, of
        item.owner, item.line = parent.name, parent.reportinfo()[1]
        item.user_properties.append((_LAW, [parent.nodeid, law.id]))
        return item

    @property
    def key(self) -> str:
        """The name under which `deviations` knows it."""
        return f"{self.law.id}[{self.of}]" if self.of else self.law.id

    def runtest(self) -> None:
        self.law.check(self.target)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        from ._violation import Violation

        if isinstance(excinfo.value, Violation):
            recording = None if self.law.scope == "adapter" else self.of
            return excinfo.value.explain(self.law, self.target.adapter.name, recording)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, self.line, f"{self.owner}.{self.name}"


# --- the closing table ---------------------------------------------------------------------------

_KEY: pytest.StashKey[list[tuple[str, str, str]]] = pytest.StashKey()


def _generated(config: pytest.Config) -> list[tuple[str, str, str]]:
    """All law tests there are, run or not: their id, their class's, their law's."""
    return config.stash.setdefault(_KEY, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows: _Rows = defaultdict(lambda: defaultdict(Counter))
    ran: set[str] = set()
    known: list[str] = []
    for outcome, report, owner, law in _law_reports(terminalreporter):
        rows[owner][law][_OUTCOMES.get(outcome, "failed")] += 1
        ran.add(report.nodeid)
        if outcome == "xfailed":
            known.append(f"known to be broken: {report.nodeid}: {report.wasxfail}")
    if not rows:
        return
    for nodeid, owner, law in _generated(config):
        if nodeid not in ran:
            rows[owner][law]["not run"] += 1
    terminalreporter.section("streamkit contract")
    _write_table(terminalreporter, rows)
    for line in known:
        terminalreporter.write_line(line, yellow=True)


_Rows = dict[str, dict[str, Counter[str]]]
_OUTCOMES = {"passed": "passed", "xfailed": "known", "skipped": "not run"}


def _law_reports(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[tuple[str, pytest.TestReport, str, str]]:
    """The outcome and the report of each law test that ran, with its class and its law."""
    for outcome, reports in terminalreporter.stats.items():
        if not outcome:
            continue  # setups and teardowns that passed
        for report in reports:
            if isinstance(report, pytest.TestReport):
                for name, value in report.user_properties:
                    if name == _LAW and isinstance(value, list):
                        yield outcome, report, *value


def _write_table(terminalreporter: pytest.TerminalReporter, rows: _Rows) -> None:
    from .laws import LAWS

    names = {owner: owner.rpartition("::")[2] for owner in rows}
    width = max(len(name) for name in (*names.values(), "adapter"))
    terminalreporter.write_line(" ".join([f"{'adapter':<{width}}", *(f"{id_:>4}" for id_ in LAWS)]))
    for owner in sorted(rows):
        terminalreporter.write(f"{names[owner]:<{width}}")
        for law in LAWS:
            cell, style = _cell(rows[owner].get(law, Counter()))
            terminalreporter.write(f" {cell:>4}", **style)
        terminalreporter.write_line("")
    total = sum((counts for row in rows.values() for counts in row.values()), Counter[str]())
    words = {
        "passed": "held",
        "failed": "broken (!)",
        "known": "known (x)",
        "not run": "not run (-)",
    }
    told = [f"{total[k]} {word}" for k, word in words.items() if total[k] or k == "passed"]
    terminalreporter.write_line(", ".join(told))


def _cell(counts: Counter[str]) -> tuple[str, dict[str, bool]]:
    """The worst that happened, with its count."""
    for outcome, mark, style in (("failed", "!", "red"), ("known", "x", "yellow")):
        if counts[outcome]:
            return f"{counts[outcome]}{mark}", {style: True}
    if counts["not run"] or not counts["passed"]:
        return f"{counts['not run'] or ''}-", {"yellow": True}
    return str(counts["passed"]), {"green": True}
