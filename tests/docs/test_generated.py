"""What the pages take from the code is what the code says now."""

from __future__ import annotations

import re
import subprocess
import sys

from streamkit.messages import ChatResponse, Options

from .pages import DOCS, ROOT


def test_generated_text_is_up_to_date():
    """If not: ``uv run python docs/generate.py``."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_request_option_is_explained():
    table = _table("requests.md", "Options")
    assert set(re.findall(r"`(\w+)`", _first_column(table))) == set(Options.__annotations__)


def test_every_field_of_a_response_is_explained():
    fields = {*ChatResponse.model_fields} | {
        name
        for name, value in vars(ChatResponse).items()
        if not name.startswith("_") and (isinstance(value, property) or hasattr(value, "func"))
    }
    table = _table("responses.md", "Responses")
    assert set(re.findall(r"`(\w+)`", _first_column(table))) == fields - {"model_config"}


def _table(page: str, heading: str) -> list[str]:
    """The rows of the first table below a heading."""
    text = (DOCS / page).read_text("utf-8")
    found = re.search(rf"^#+ {heading}$(?s:.*?)\n\| ---.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None
    return found[1].splitlines()


def _first_column(rows: list[str]) -> str:
    return "\n".join(row.split("|")[1] for row in rows)
