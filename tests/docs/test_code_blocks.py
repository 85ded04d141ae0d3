"""Every block of code in the documentation runs, and prints what the page says it prints.

Blocks of one page share a namespace, in order. Where a block uses ``client`` without making one,
it gets an open `streamkit.Client`, as the pages say. ``openai:`` and ``anthropic:`` are answered by
the local model's server, which speaks both dialects, or by a scripted one where the page says so.
"""

from __future__ import annotations

import ast
import dis
import io
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import redirect_stdout
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import anyio
import pytest

import streamkit
import streamkit_local

from .pages import DOCS, PAGES, Block, blocks, name_of
from .scripted_vendor import scripted_vendor

# One transparent dot, for pages that send a picture.
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
CODE = [b for page in PAGES for b in blocks(page) if b.language in ("python", "console")]


@pytest.fixture(scope="module")
def scripted() -> Iterator[str]:
    with scripted_vendor() as url:
        yield url


@pytest.fixture(scope="module")
def real() -> streamkit_local.LocalServer:
    return streamkit_local.serve("smollm2")


def test_nearly_all_code_is_run():
    left_out = [b for b in CODE if "not run" in b.marks]
    assert all(b.marks["not run"] for b in left_out), "say why"
    assert len(left_out) <= 5
    assert len(CODE) - len(left_out) > 40


def test_code_fits_the_page():
    """The site shows 90 columns; a wider line would scroll."""
    for block in (b for b in CODE if DOCS in b.page.parents):
        for number, line in enumerate(block.code.splitlines(), block.line):
            assert len(line) <= 90, f"{name_of(block.page)}:{number}"


def test_no_code_hides_behind_another_language():
    known = {"python", "console", "text", "json", "{include} ../CHANGELOG.md", "{toctree}", ""}
    for page in PAGES:
        for block in blocks(page):
            assert block.language in known, block.place


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_run(page, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("logo.png").write_bytes(PNG)
    found = blocks(page)
    if any(re.search(r"^(async )?def test_", b.code, re.MULTILINE) for b in found):
        return run_pytest(found, tmp_path)
    module = ModuleType("page")  # frameworks look handlers' annotations up in their module
    monkeypatch.setitem(sys.modules, "page", module)
    names = vars(module)
    names["streamkit"] = streamkit
    for block in found:
        if "not run" in block.marks:
            continue
        if "part of" in block.marks:
            add_part(block, found)
            continue
        if "file" in block.marks:
            file = Path(block.marks["file"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code)
        if block.language not in ("python", "console"):
            continue
        serve(monkeypatch, request, block)
        if block.language == "console":
            run_console(block)
        else:
            run_python(block, names)
    return None


def add_part(block: Block, found: list[Block]) -> None:
    """Blocks that are parts of one file make up the file, joined in order."""
    file = Path(block.marks["part of"])
    parts = [b for b in found if b.marks.get("part of") == block.marks["part of"]]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(part.code for part in parts[: parts.index(block) + 1]))


def serve(monkeypatch, request, block: Block) -> None:
    """Points the vendors' environment at a server on this machine."""
    if "scripted" in block.marks:
        origin, key = request.getfixturevalue("scripted"), "sk-none"
    else:
        local = request.getfixturevalue("real")
        origin, key = local.origin, local.api_key
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{origin}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", origin)


# --- python --------------------------------------------------------------------------------------


def run_python(block: Block, names: dict[str, Any]) -> None:
    backends = block.marks.get("run on", "asyncio").split(", ")
    code = compile(
        block.padded, block.page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    before = set(names)
    for backend in backends:
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                if code.co_flags & CO_COROUTINE:
                    anyio.run(execute, code, names, backend=backend)
                else:
                    eval(code, names)
        except Exception as error:
            error.add_note(f"in the block at {block.place}, on {backend}")
            raise
        check_output(block, printed.getvalue())
        assert printed.getvalue() or set(names) - before, f"{block.place} does nothing"


async def execute(code: CodeType, names: dict[str, Any]) -> None:
    if not takes_client(code):
        await eval(code, names)
        return
    async with streamkit.Client() as names["client"]:
        await eval(code, names)
    del names["client"]


def takes_client(code: CodeType) -> bool:
    steps = {(i.opname, i.argval) for i in dis.get_instructions(code)}
    return ("LOAD_NAME", "client") in steps and ("STORE_NAME", "client") not in steps


# --- console -------------------------------------------------------------------------------------


def run_console(block: Block) -> None:
    """Runs each ``$ command``. Lines below it, if any, are what it prints."""
    commands = re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]
    assert commands, f"{block.place}: no line begins with $"
    bin_dir = str(Path(sys.executable).parent)
    path = {"PATH": bin_dir + os.pathsep + os.environ["PATH"]}
    for entry in commands:
        command, _, shown = entry.partition("\n")
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env=os.environ | path,
        )
        expected = int(block.marks.get("exit", "0"))
        assert done.returncode == expected, f"{block.place}: {command}\n{done.stderr}"
        printed = done.stdout + done.stderr
        assert printed.strip(), f"{block.place}: {command} prints nothing"
        if shown.strip():
            check_text(block, shown, printed)


# --- output --------------------------------------------------------------------------------------


def check_output(block: Block, printed: str) -> None:
    if block.output is not None:
        check_text(block, block.output, printed)


def check_text(block: Block, shown: str, printed: str) -> None:
    """``…`` in the page stands for anything."""
    pattern = ".*?".join(re.escape(piece) for piece in shown.strip().split("…"))
    printed = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    matches = re.fullmatch(pattern, printed, re.DOTALL)
    assert matches, f"{block.place} prints:\n{printed}\nthe page shows:\n{shown}"


# --- pytest --------------------------------------------------------------------------------------


def run_pytest(found: list[Block], tmp_path: Path) -> None:
    """A page of tests: its blocks, put together at their own lines, pass as a reader's would."""
    code = ""
    for block in found:
        if block.language == "python":
            code += "\n" * (block.line - 1 - code.count("\n")) + block.code
    module = tmp_path / "test_page.py"
    module.write_text(code)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    env = {k: v for k, v in os.environ.items() if not k.endswith("_BASE_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", module],
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
        cwd=tmp_path,
        env=env,
    )
    assert done.returncode == 0, f"{name_of(found[0].page)}:\n{done.stdout}{done.stderr}"
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= len(re.findall(r"^(?:async )?def test_", code, re.MULTILINE))
