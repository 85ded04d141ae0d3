"""Whose result it is, where the vendor's calls have no ids: the order of the results says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutation import Change, broken, mutant, toy_suite

WITHOUT_IDS: list[Change] = [
    (', "call": part.call_id', ""),
    ('"call": part.id, ', ""),
    ("ToolOpened(i, name, id_)", "ToolOpened(i, name)"),
]
NAMED: Change = ('return {"result": result,', 'return {"result": result, "name": part.name,')
IN_ORDER: Change = (
    "        for message in request.messages:\n            parts = [",
    "        for role, content in results_apart(request.messages, in_order=True):\n"
    "            parts = [",
)
READ_APART: list[Change] = [
    IN_ORDER,
    ("for part in message.content if (p", "for part in content if (p"),
    ('{"who": message.role, ', '{"who": role, '),
    (
        "from streamkit.values import",
        "from streamkit.writing import results_apart\nfrom streamkit.values import",
    ),
]


@pytest.mark.parametrize("named", [[], [NAMED]], ids=["by order", "by name and order"])
def test_results_in_the_order_of_their_calls_need_no_ids(
    named: list[Change], tmp_path: Path
) -> None:
    with mutant(tmp_path, [*WITHOUT_IDS, *READ_APART, *named]) as adapter:
        assert broken("L25", toy_suite(adapter)) == []


@pytest.mark.parametrize("named", [[], [NAMED]], ids=["nothing", "names alone"])
def test_results_in_another_order_are_mixed_up_without_ids(
    named: list[Change], tmp_path: Path
) -> None:
    with mutant(tmp_path, [*WITHOUT_IDS, *named]) as adapter:
        [(_, violation)] = broken("L25", toy_suite(adapter))
    assert "the results stand in another order than the calls" in violation.what


def test_an_id_that_the_adapter_makes_itself_links_as_well(tmp_path: Path) -> None:
    changes = [
        ('"call": part.call_id', '"call": f"made-{part.call_id[::-1]}"'),
        ('"call": part.id', '"call": f"made-{part.id[::-1]}"'),
    ]
    with mutant(tmp_path, changes) as adapter:
        assert broken("L25", toy_suite(adapter)) == []
