"""Docstrings and tables as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: our docstrings differ from it in their double backticks only."""
    return inspect.cleandoc(docstring or "").replace("``", "`")


def first_sentence(docstring: str | None) -> str:
    """The first sentence of a docstring, on one line, with its code spans whole."""
    paragraph = " ".join(prose(docstring).partition("\n\n")[0].split())
    found = re.match(r"(?:`[^`]*`|[^`])*?\.(?=\s|$)", paragraph)
    sentence = found.group() if found else paragraph
    return sentence.removesuffix(":")


def code(*words: str) -> str:
    """Each word as code, with commas between; an em dash for none."""
    return ", ".join(f"`{word}`" for word in words) or "—"
