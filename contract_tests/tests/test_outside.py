"""The kit in an author's own repository: only core and kit installed, no network, no key."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from author import CLASS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
WORKSPACE = HERE.parents[1]
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"the network was used: {event} {arguments}")

sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own, with what `pip install streamkit-contract-tests` would bring.

    In the versions that are at hand: what need not be resolved need not be asked for.
    """
    home = tmp_path_factory.mktemp("outside") / "env"
    uv = ("uv", "--offline", "--quiet", "--directory", str(home.parent))
    subprocess.run([*uv, "venv", "--python", sys.executable, str(home)], check=True)
    executable = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ("pip", "install", "--no-sources", "--python", str(executable))
    ours = {"streamkit-core": WORKSPACE, "streamkit-contract-tests": WORKSPACE / "contract_tests"}
    theirs = [f"{name}=={version(name)}" for name in _brings(*ours) if name not in ours]
    subprocess.run([*uv, *install, "--no-deps", *map(str, ours.values()), *theirs], check=True)
    return executable


def _brings(*names: str) -> set[str]:
    """The distributions, and all that they require."""
    found, ahead = set[str](), list(names)
    while ahead:
        name = canonicalize_name(ahead.pop())
        if name not in found:
            found.add(name)
            required = map(Requirement, requires(name) or ())
            ahead += [
                r.name for r in required if r.marker is None or r.marker.evaluate({"extra": ""})
            ]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An author's repository: the adapter, its recordings, and one class."""
    (tmp_path / "recordings").mkdir()
    for path in (HERE / "recordings").iterdir():
        (tmp_path / "recordings" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "acme.py").write_bytes((HERE / "acme.py").read_bytes())
    (tmp_path / "test_acme.py").write_text(CLASS, "utf-8")
    (tmp_path / "conftest.py").write_text(NO_NETWORK, "utf-8")
    return tmp_path


def run(python: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "TMPDIR")}
    return subprocess.run(
        [str(python), *command], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )


def test_the_contract_is_proven_with_the_core_and_the_kit_alone(python: Path, folder: Path) -> None:
    """And fast, counted in CPU seconds, which a busy machine does not change much."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(python, folder, "-m", "pytest", "-q", "-W", "error")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "93 held" in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10


def test_nothing_of_the_workspace_is_used(python: Path, folder: Path) -> None:
    paths = (
        "import streamkit, streamkit_contract_tests as kit; print(streamkit.__file__, kit.__file__)"
    )
    found = run(python, folder, "-c", paths).stdout.split()
    assert len(found) == 2
    assert all(path.startswith(str(python.parents[1])) for path in found)


def test_the_plugin_costs_nothing_where_the_kit_is_not_used(python: Path, folder: Path) -> None:
    (folder / "test_acme.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'pydantic' not in sys.modules\n", "utf-8"
    )
    done = run(python, folder, "-m", "pytest", "-q")
    assert done.returncode == 0, done.stdout
    assert "streamkit contract" not in done.stdout
