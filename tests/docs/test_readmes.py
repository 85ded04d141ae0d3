"""The code in each plugin's README runs, against answers recorded from its vendor."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from inspect import CO_COROUTINE
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest

import streamkit
from streamkit._plugins import installed
from streamkit.testing import MemoryTransport, Recording, Tape

from .pages import ROOT, Block, blocks

PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/README.md"))
VENDORS = [path for path in PLUGINS if path.name != "streamkit-local"]  # that one runs a model

ANSWERS: dict[str, str] = {
    r"/openai/v1/chat/completions": "streamkit-openai/tests/recordings/groq_compound.sse",
    r"/responses$": "streamkit-openai/tests/responses_recordings/text.sse",
    r"/v1/messages$|:streamRawPredict": "streamkit-anthropic/tests/recordings/text.sse",
    r"/v2/chat$": "streamkit-cohere/tests/recordings/text.sse",
    r":streamGenerateContent": "streamkit-gemini/tests/recordings/text.sse",
    r"/conversations$": "streamkit-mistral/tests/conversations_recordings/text.sse",
    r"api\.mistral\.ai/v1/chat/completions": "streamkit-mistral/tests/recordings/text.sse",
    r"/converse-stream$": "streamkit-bedrock/tests/recordings/text.aws",
    r"/api/chat$": "streamkit-ollama/tests/recordings/text.jsonl",
}
"""What is answered, by the address that is asked."""

TYPES = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".aws": "application/vnd.amazon.eventstream",
}


def answer(request: httpx.Request) -> Tape:
    path = next(path for asked, path in ANSWERS.items() if re.search(asked, str(request.url)))
    body = Recording.load(ROOT / "plugins" / path).body
    return Tape(body, headers={"content-type": TYPES[Path(path).suffix]})


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> MemoryTransport:
    """All vendors, and a key for each."""
    for row in installed().report():
        if row.adapter is not None:
            for name in row.adapter.endpoint.key_env:
                monkeypatch.setenv(name, "a-key")
            for name in row.adapter.endpoint.base_url_env:
                monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "GOOGLE_CLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID"):
        monkeypatch.setenv(name, "eu-1")
    transport = MemoryTransport(answer)
    http = httpx.AsyncClient(transport=transport)
    monkeypatch.setattr(streamkit, "Client", partial(streamkit.Client, http=http))
    return transport


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_readme_says_how_to_begin_and_where_to_read_on(plugin: Path) -> None:
    page = (plugin / "README.md").read_text("utf-8")
    module = plugin.name.replace("-", "_")
    begin = f"    pip install streamkit-core {plugin.name}"
    assert begin in page or f"python -m {module}" in page
    assert blocks(plugin / "README.md")[0].code.startswith("import streamkit\n")
    assert "(../../docs/adapters.md#what-a-request-may-ask-for)" in page
    prose = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"^ {4,}(?!pip |python )", prose, re.MULTILINE), "code without a fence"
    if (plugin / "src" / module / "models.py").exists() and plugin in VENDORS:
        assert f"\n## What is known of models\n\n`{module}.models`" in page
        assert "models=known" in page
    for place, anchor in re.findall(r"\]\((\.\./[^)#]+)(#[^)]*)?\)", page):
        target = (plugin / place).resolve()
        assert target.is_file(), place
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
        slugs = {"#" + re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
        assert not anchor or anchor in slugs, anchor


@pytest.mark.parametrize("plugin", VENDORS, ids=lambda path: path.name)
def test_the_code_of_a_readme_runs(plugin: Path, vendors: MemoryTransport) -> None:
    names = vars(ModuleType("page"))
    names["streamkit"] = streamkit
    said = ""
    for block in blocks(plugin / "README.md"):
        if block.language == "python":
            said += run(block, names)
    assert vendors.requests
    assert said.strip()


def run(block: Block, names: dict[str, Any]) -> str:
    """What the block prints."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(block.padded, block.page, "exec", flags, dont_inherit=True)
    go: Callable[[], Any] = partial(eval, code, names)

    async def execute() -> None:
        await go()

    printed = io.StringIO()
    with redirect_stdout(printed):
        if code.co_flags & CO_COROUTINE:
            anyio.run(execute)
        else:
            go()
    return printed.getvalue()
