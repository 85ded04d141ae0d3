"""Every option that an adapter claims does in the request what its snapshot shows."""

from __future__ import annotations

import json

import pytest

from tests.dialects.snapshots import HERE, OPTIONS, adapters, snapshot, written

ADAPTERS = adapters()


def test_every_adapter_has_a_snapshot_and_every_option_a_sample() -> None:
    assert {path.stem for path in HERE.iterdir()} == ADAPTERS.keys()
    claimed = {option for adapter in ADAPTERS.values() for option in adapter.supports.options}
    assert claimed == {name.partition(" ")[0] for name in OPTIONS}


@pytest.mark.parametrize("name", ADAPTERS)
def test_options_are_sent_as_the_snapshot_shows(name: str) -> None:
    """If the change is meant: ``python -m tests.dialects.snapshots``, and read what it changed."""
    made = written(snapshot(ADAPTERS[name]))
    assert made.splitlines() == (HERE / f"{name}.json").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_claimed_option_reaches_the_vendor(name: str) -> None:
    cells = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    del cells["plain"]
    sent = {cell for cell, shown in cells.items() if shown.keys() & {"body", "headers"}}
    assert {cell.partition(" ")[0] for cell in sent} == ADAPTERS[name].supports.options
