"""The folder of an author, who has the toy adapter, its recordings and one contract class."""

from __future__ import annotations

from pathlib import Path

import pytest

import streamkit_contract_tests.contract  # noqa: F401 - once, for all runs in this process

HERE = Path(__file__).parent
CLASS = """
from pathlib import Path
from acme import Acme
from streamkit_contract_tests import AdapterContract

class TestAcme(AdapterContract):
    contract = 1
    adapter = Acme()
    recordings = Path(__file__).parent / "recordings"
    keep_alives = ('data: {"t":"ping"}\\n\\n',)
"""
QUIET = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""hypothesis would be imported, and its assertions rewritten, for each of these runs."""


def settle(pytester: pytest.Pytester) -> pytest.Pytester:
    """Put the toy and its recordings into the folder."""
    (pytester.path / "acme.py").write_bytes((HERE / "acme.py").read_bytes())
    folder = pytester.mkdir("recordings")
    for path in (HERE / "recordings").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return pytester


def run(author: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    author.makepyfile(test_acme=source)
    return author.runpytest_inprocess(*QUIET, *arguments)


def output(result: pytest.RunResult) -> str:
    return " ".join(result.stdout.str().split())
