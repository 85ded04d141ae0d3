"""The pages of the documentation: their blocks of code, and what is said of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    ROOT / "README.md",
    *sorted(p for p in DOCS.rglob("*.md") if DOCS / "_build" not in p.parents),
)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass
class Block:
    """A fenced block. ``line`` is that of its first line of code, ``marks`` the comments above it:
    ``<!-- not run: why -->``, ``run on``, ``scripted``, ``file``, ``part of``, ``exit``."""

    page: Path
    line: int
    language: str
    code: str
    marks: dict[str, str] = field(default_factory=dict)
    output: str | None = None
    """The ``text`` block right below a block of code: what it prints."""

    @property
    def place(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def padded(self) -> str:
        """The code with its line numbers in the page, so that tracebacks point there."""
        return "\n" * (self.line - 1) + self.code


_MARK = re.compile(r"<!-- ([a-z ]+?)(?:: (.*?))? -->$")


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in order."""
    found: list[Block] = []
    for block in _fenced(page):
        code = found[-1] if found else None
        if block.language == "text" and not block.marks and code and code.output is None:
            between = page.read_text("utf-8").splitlines()[
                code.line + code.code.count("\n") : block.line - 2
            ]
            if code.language in ("python", "console") and not any(between):
                code.output = block.code
                continue
        found.append(block)
    return found


def _fenced(page: Path) -> Iterator[Block]:
    block: Block | None = None
    marks: dict[str, str] = {}
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if block is not None:
            if line == "```":
                yield block
                block, marks = None, {}
            else:
                block.code += line + "\n"
        elif line.startswith("```"):
            block = Block(page, number + 1, line[3:].strip(), "", marks)
        elif found := _MARK.match(line):
            marks[found[1]] = found[2] or ""
        elif line:
            marks = {}
    assert block is None, f"{name_of(page)}: a fence is not closed"
