"""The README lists the laws as they are."""

from __future__ import annotations

from pathlib import Path

from streamkit_contract_tests import AdapterContract
from streamkit_contract_tests.contract import problems
from streamkit_contract_tests.expected import Expected
from streamkit_contract_tests.laws import LAWS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_every_law_is_listed() -> None:
    listed = README.partition("<!-- laws -->\n")[2].partition("<!-- end of laws -->")[0]
    rows = [f"- {law.id} {law.name}\n" for law in LAWS.values()]
    assert listed == "".join(rows)


def test_every_field_of_an_expectation_is_listed() -> None:
    assert [name for name in Expected.model_fields if f"`{name}`" not in README] == []


def test_every_declaration_is_listed() -> None:
    assert [n for n in AdapterContract.__annotations__ if f"| `{n}` |" not in README] == []


def test_a_class_without_declarations_is_told_what_it_needs() -> None:
    assert [p.partition(" ")[0] for p in problems(AdapterContract)] == ["adapter", "recordings"]
