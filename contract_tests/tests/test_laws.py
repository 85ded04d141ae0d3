"""The laws as a list: numbered, explained, and versioned so that new ones break nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from author import CLASS, output, run, settle
from mutation import HERE

from streamkit_contract_tests import CONTRACT, _closing
from streamkit_contract_tests.__main__ import main
from streamkit_contract_tests._violation import Violation
from streamkit_contract_tests.laws import CHANGES, LAWS, Law, asked_for

pytest_plugins = ["pytester"]
PAGE = (HERE.parents[1] / "docs" / "laws.md").read_text("utf-8")


def test_laws_are_numbered_without_gaps_and_say_why() -> None:
    assert [law.number for law in LAWS.values()] == list(range(1, len(LAWS) + 1))
    assert all(len(law.reason.split()) > 10 for law in LAWS.values())


def test_every_law_is_of_a_contract_that_is_told() -> None:
    assert {law.contract for law in LAWS.values()} <= CHANGES.keys()
    assert max(CHANGES) == CONTRACT


def test_a_new_law_breaks_nobody_unasked() -> None:
    later = replace(LAWS["L05"], number=99, contract=2)
    assert later not in asked_for([*LAWS.values(), later], 1)
    assert later in asked_for([*LAWS.values(), later], 2)


def test_a_class_that_does_not_say_keeps_the_first_contract(pytester: pytest.Pytester) -> None:
    result = run(settle(pytester), CLASS.replace("    contract = 1\n", ""))
    assert result.ret == 0
    assert "93 held" in output(result)


def test_the_closing_table_says_that_there_is_a_newer_contract(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = _closing.Closing.declared
    monkeypatch.setattr(
        _closing.Closing, "declared", lambda self, name, suite, _: declared(self, name, suite, 0)
    )
    result = run(settle(pytester), CLASS, "-k", "L13")
    assert f"TestAcme keeps contract 0; the newest is {CONTRACT}" in output(result)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_failure_names_the_law_and_where_it_is_explained(law: Law) -> None:
    told = Violation("it did", where="frame 7", user="less", mend="do").explain(law, "acme", "text")
    lines = [line.split() for line in told.splitlines()]
    assert told.startswith(f"{law.id} {law.name}: broken by 'acme' on the recording 'text'")
    assert ["where", "frame", "7"] in lines
    assert ["what", "it", "did"] in lines
    assert ["a", "user", "gets", "less"] in lines
    assert ["to", "mend", "it", "do"] in lines
    assert lines[-1] == f"read on python -m streamkit_contract_tests {law.id}".split()


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_law_is_explained_by_the_command_that_a_failure_names(
    law: Law, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([law.id]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"## {law.id} {law.name}\n")
    assert (
        law.reason.split() == told.split()[len(law.name.split()) + 2 :][: len(law.reason.split())]
    )
    assert told.rstrip() in PAGE


def test_the_command_lists_the_laws_and_knows_what_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{x.id} {x.name}" for x in LAWS.values()]
    assert main(["L99"]) == 2
    assert "no law L99" in capsys.readouterr().err
