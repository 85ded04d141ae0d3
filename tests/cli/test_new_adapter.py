"""``streamkit new-adapter``: a plugin to begin with, which is red until it is written.

That it is green once written as the page says, the page's own test shows.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from streamkit._plugins import Plugins
from tests.cli.program import run


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def run_tests(folder: Path) -> tuple[int, str]:
    """What the author sees of pytest, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, " ".join(done.stdout.split())


def test_it_writes_a_plugin_and_lists_its_files(tmp_path: Path) -> None:
    ran = run("new-adapter", "acme")
    assert (ran.code, ran.err) == (0, "")
    assert files(tmp_path / "streamkit-acme") == {
        "pyproject.toml",
        "README.md",
        "src/streamkit_acme/__init__.py",
        "src/streamkit_acme/adapter.py",
        "src/streamkit_acme/py.typed",
        "tests/test_contract.py",
        "tests/recordings/README.md",
    }
    listed = {line for line in ran.out.splitlines() if line.startswith("streamkit-acme/")}
    assert listed == {f"streamkit-acme/{name}" for name in files(tmp_path / "streamkit-acme")}
    assert "cd streamkit-acme; pip install -e ." in ran.out


@pytest.mark.parametrize("name", ["acme", "acme-cloud", "a1"])
def test_its_entry_point_leads_to_its_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run("new-adapter", name)
    folder = tmp_path / f"streamkit-{name}"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    ((prefix, module),) = project["entry-points"]["streamkit"].items()
    monkeypatch.syspath_prepend(folder / "src")
    plugins = Plugins((EntryPoint(prefix, module, "streamkit"),))
    adapter = plugins.adapter(name)
    assert (adapter.name, adapter.dialect) == (name, name)
    assert project["name"] == f"streamkit-{name}"


def test_its_code_is_clean(tmp_path: Path) -> None:
    run("new-adapter", "acme-cloud")
    for check in (["check", "--select", "E,F,I,UP,B,PT"], ["format", "--check", "--diff"]):
        command = [sys.executable, "-m", "ruff", *check, "--line-length", "100", "--no-cache"]
        done = subprocess.run(
            [*command, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_tests_are_red_and_say_what_to_write_in_order(tmp_path: Path) -> None:
    run("new-adapter", "acme")
    code, said = run_tests(tmp_path / "streamkit-acme")
    assert code != 0
    steps = [
        "TestAcme: nothing is proven yet. Left to do, in this order:",
        "[ ] 1. Say where the vendor is: Acme.endpoint",
        "https://api.acme.example",
        "[ ] 2. Build the request: Acme.request",
        "L15",
        "[ ] 3. Read the answer: the decoder that Acme.decoder makes",
        "L20",
        "[ ] 4. Record answers",
        "streamkit record acme:MODEL",
        "Law L19",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places, said
    assert places == sorted(places)


def test_what_is_done_is_ticked_off_and_then_the_laws_speak(tmp_path: Path) -> None:
    run("new-adapter", "acme")
    folder = tmp_path / "streamkit-acme"
    module = folder / "src/streamkit_acme/adapter.py"
    code = module.read_text("utf-8")
    code = code.replace("https://api.acme.example/v1", "https://api.acme.test/v1")
    request = (
        'raise NotImplementedError("make a WireRequest(path, body) of the messages and options")'
    )
    assert request in code
    code = code.replace(request, 'return WireRequest("/talk", {"model": request.model})')
    module.write_text(code, "utf-8")
    _, said = run_tests(folder)
    assert "[x] 1." in said
    assert "[x] 2." in said
    assert "[ ] 3." in said
    feed = 'raise NotImplementedError("parse frame.data and say in chunks what it means")'
    assert feed in code
    module.write_text(code.replace(feed, "return []"), "utf-8")
    (folder / "tests/recordings/text.sse").write_text("data: Blue\n\ndata: [DONE]\n\n")
    (folder / "tests/recordings/text.expect.json").write_text('{"text": "Blue"}')
    _, said = run_tests(folder)
    assert "nothing is proven yet" not in said
    assert "L01 the recorded result: broken by 'acme' on the recording 'text'" in said


@pytest.mark.parametrize("name", ["Acme", "acme cloud", "acme_cloud", "1acme", "-acme", "a/b", ""])
def test_a_name_that_is_no_model_prefix_is_refused(tmp_path: Path, name: str) -> None:
    ran = run("new-adapter", "--", name)
    assert (ran.code, list(tmp_path.iterdir())) == (1, [])
    assert f"error: {name!r} is no model prefix" in ran.err
    assert "such as acme or acme-cloud" in ran.err


@pytest.mark.parametrize("name", ["core", "none"])
def test_a_name_that_means_something_else_is_refused(tmp_path: Path, name: str) -> None:
    ran = run("new-adapter", name)
    assert (ran.code, list(tmp_path.iterdir())) == (1, [])
    assert "means something else already" in ran.err


def test_a_prefix_that_is_taken_is_refused(tmp_path: Path) -> None:
    ran = run("new-adapter", "anthropic")
    assert (ran.code, list(tmp_path.iterdir())) == (1, [])
    assert "'anthropic' is taken" in ran.err


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "streamkit-acme").mkdir()
    (tmp_path / "streamkit-acme" / "mine").write_text("mine")
    ran = run("new-adapter", "acme")
    assert (ran.code, files(tmp_path)) == (1, {"streamkit-acme/mine"})
    assert ran.err == ("error: streamkit-acme is there already: choose another folder with -o\n")
    assert run("new-adapter", "acme", "-o", "elsewhere").code == 0
    assert "elsewhere/pyproject.toml" in files(tmp_path)
