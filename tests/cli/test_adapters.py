"""``streamkit adapters``: what is installed, what it can do, and what is broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.program import KEY, run, run_process


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages: one plugin that cannot be imported, and what a test adds."""
    plugin(tmp_path, "streamkit-broken", "broken = streamkit_broken")
    (tmp_path / "streamkit_broken.py").write_text("raise RuntimeError('no licence file')\n")
    return tmp_path


def plugin(site: Path, distribution: str, *points: str) -> None:
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(["[streamkit]", *points, ""]))


def test_each_prefix_is_listed_with_its_plugin_dialect_key_and_abilities() -> None:
    ran = run("adapters", ANTHROPIC_API_KEY=KEY)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split() for line in ran.out.splitlines()]
    heading = lines.index(["streamkit-anthropic", "anthropic-messages"])
    row = lines[heading + 1]
    assert row[:3] == ["anthropic", "ANTHROPIC_API_KEY", "set"]
    assert row[3].isdigit()
    assert row[4:] == ["image", "document", "tools", "reasoning"]
    assert any(line[:4] == ["openai", "OPENAI_API_KEY", "not", "set"] for line in lines)
    assert any(line[:3] == ["vllm", "VLLM_API_KEY", "optional"] for line in lines)
    assert any(
        line[:4] == ["bedrock", "AWS_BEARER_TOKEN_BEDROCK", "signed", "by"] for line in lines
    )
    assert any(line[:3] == ["local", "none", "needed"] for line in lines)
    assert KEY not in ran.out
    assert "\x1b" not in ran.out


def test_json_has_the_names_of_all_options_and_parts_and_no_key() -> None:
    ran = run("adapters", "--json", ANTHROPIC_API_KEY=KEY)
    rows = {row["prefix"]: row for row in ran.lines}
    row = rows["anthropic"]
    assert row["distribution"] == "streamkit-anthropic"
    assert row["dialect"] == "anthropic-messages"
    assert row["key"] == {"variable": "ANTHROPIC_API_KEY", "required": True, "set": True}
    assert {"temperature", "max_tokens"} <= set(row["options"])
    assert {"text", "tool_call", "tool_result"} <= set(row["parts"])
    assert (row["reasoning"], row["problem"]) == (True, None)
    assert KEY not in ran.out


def test_a_broken_plugin_is_named_with_its_reason_and_hides_no_other(site: Path) -> None:
    plugin(site, "acme-openai", "openai = acme")
    ran = run_process("adapters", PYTHONPATH=str(site))
    assert ran.code == 0
    broken = {line.split()[1]: line for line in ran.out.splitlines() if line.startswith("broken:")}
    assert broken.keys() == {"broken", "openai"}
    assert "streamkit-broken" in broken["broken"]
    assert "RuntimeError: no licence file" in broken["broken"]
    assert "acme-openai and streamkit-openai" in broken["openai"]
    assert "ANTHROPIC_API_KEY" in ran.out


def test_json_of_a_broken_plugin_has_the_problem(site: Path) -> None:
    rows = run_process("adapters", "--json", PYTHONPATH=str(site)).lines
    row = next(row for row in rows if row["prefix"] == "broken")
    assert row["distribution"] == "streamkit-broken"
    assert "no licence file" in row["problem"]


def test_asking_a_broken_plugin_says_why(site: Path) -> None:
    ran = run_process("ask", "-m", "broken:x", "Hi", PYTHONPATH=str(site))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: the plugin streamkit-broken")
    assert "no licence file" in ran.err


def test_without_any_plugin_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    none = sys.modules["streamkit._plugins"].Plugins(())
    monkeypatch.setattr("streamkit.cli.adapters.installed", lambda: none)
    ran = run("adapters")
    assert (ran.code, ran.out.partition(":")[0]) == (0, "no working adapter is installed")
