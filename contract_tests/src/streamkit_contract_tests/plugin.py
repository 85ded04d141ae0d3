"""The pytest plugin: a contract class becomes one test for each law and recording.

The tests are items of our own rather than methods, so that no subclass can override one. What was
not run, was declared, or is known to be broken shows in the table that closes the run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import isclass
from typing import TYPE_CHECKING, Any

import pytest

from ._closing import CLOSING, HELD, LAW, Closing

if TYPE_CHECKING:
    from ._case import Case, Subject, Suite
    from .contract import AdapterContract
    from .laws import Law

LOADED: list[str] = []
"""Not empty once pytest has taken this module as a plugin."""


def pytest_configure(config: pytest.Config) -> None:
    if not LOADED:
        LOADED.append(__name__)
    config.stash[CLOSING] = closing = Closing(config)
    config.pluginmanager.register(closing, "streamkit-contract-closing")


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
        from ._violation import Violation

        closing = self.config.stash[CLOSING]
        closing.collected(self.obj)
        suite = self._suite()
        items = list(self._items(suite))
        unused = self.obj.deviations.keys() - {key for item in items for key in item.keys}
        if unused:
            raise self.CollectError(
                f"{self.name}.deviations names no test of this class: {', '.join(sorted(unused))}; "
                'write them as "L04[recording]"; for a law of requests as "L16" or "L16[variant]"'
            )
        for item in items:
            if item.deviation:
                mark = pytest.mark.xfail(reason=item.deviation, strict=True, raises=Violation)
                item.add_marker(mark)  # which excuses a broken law, but no crash
            closing.expect(item.nodeid, self.nodeid, item.law.id)
        closing.declared(self.name, suite, self.obj.contract)
        yield from items

    def _items(self, suite: Suite) -> Iterator[LawItem]:
        from .laws import LAWS, asked_for

        for law in asked_for(LAWS.values(), self.obj.contract):
            if law.scope == "adapter":
                for name, subject in suite.subjects.items():
                    yield LawItem.make(self, law, subject, name)
            else:
                for name, case in suite.cases.items():
                    if law.scope == "recording" or case.is_stream:
                        yield LawItem.make(self, law, case, name)

    def _suite(self) -> Suite:
        from ._case import Suite
        from ._steps import to_do
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
        if left := to_do(cls):
            raise self.CollectError(f"{self.name}: {left}")
        try:
            return Suite(
                cls.adapter,
                load(cls.recordings),
                variants=cls.variants,
                model=cls.model,
                keep_alives=cls.keep_alives,
                padding_fields=cls.padding_fields,
                replayed_with=cls.replayed_with,
            )
        except BadRecording as error:
            raise self.CollectError(f"{self.name}: {error}") from None


class NotBroken(Exception):
    """A law that is declared to be broken, and holds."""


class LawItem(pytest.Item):
    """One law, on one recording or on one adapter."""

    parent: ContractClass
    law: Law
    target: Case | Subject
    of: str | None
    owner: str
    line: int | None
    deviation: str

    @classmethod
    def make(
        cls, parent: ContractClass, law: Law, target: Case | Subject, of: str | None
    ) -> LawItem:
        name = f"{law.id}_{law.name.replace(' ', '_')}" + (f"[{of}]" if of else "")
        item: LawItem = cls.from_parent(parent, name=name)
        item.law, item.target, item.of = law, target, of
        item.owner, item.line = parent.name, parent.reportinfo()[1]
        deviations = parent.obj.deviations
        item.deviation = next((deviations[key] for key in item.keys if key in deviations), "")
        item.user_properties.append((LAW, [parent.nodeid, law.id, item.deviation]))
        return item

    @property
    def keys(self) -> tuple[str, str]:
        """The names under which `deviations` may hold it: for it alone, and for all of its law."""
        return f"{self.law.id}[{self.of or self.target.adapter.name}]", self.law.id

    def runtest(self) -> None:
        from .contract import unharmed

        unharmed()
        self.law.check(self.target)
        unharmed()
        if self.deviation:
            raise NotBroken(self._narrower())
        self.user_properties.append((HELD, True))

    def _narrower(self) -> str:
        """What to write into `deviations`, now that the law holds here."""
        from ._violation import Violation

        one, all_of_them = self.keys
        told = f"{self.law.id} holds on {self.of or self.target.adapter.name!r}"
        if one in self.parent.obj.deviations:
            return f"{told} now: take {one!r} out of deviations"
        broken = []
        for item in self.parent.session.items:
            if (
                isinstance(item, LawItem)
                and all_of_them in item.keys
                and item.parent == self.parent
            ):
                try:
                    item.law.check(item.target)
                except Violation:
                    broken.append(item.keys[0])
        if not broken:
            return f"{told}, as it does everywhere now: take {all_of_them!r} out of deviations"
        return f"{told}: narrow {all_of_them!r} in deviations to {', '.join(map(repr, broken))}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        from ._violation import Violation

        if isinstance(excinfo.value, NotBroken):
            return f"a deviation is too wide: {excinfo.value}"
        if isinstance(excinfo.value, Violation):
            recording = None if self.law.scope == "adapter" else self.of
            return excinfo.value.explain(self.law, self.target.adapter.name, recording)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, self.line, f"{self.owner}.{self.name}"
