"""Run the contenders against the fault server: ``uv run python -m benchmarks.reliability``.

A whole run writes ``results.json`` beside this file; one with ``--quick`` or ``--peers`` only
prints its tables. Every contender runs in an environment of its own, made by uv for the run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.reliability.render import RESULTS, render

ROOT = Path(__file__).resolve().parents[2]
PEERS: dict[str, tuple[str, ...]] = {
    # The newest of 2026-11-21 that could be installed; see README.md for two that could not.
    "streamkit": (),
    "openai": ("openai==3.54.0",),
    "anthropic": ("anthropic==2.12.0",),
    "langchain": ("langchain-openai==1.7.3",),
    "litellm": ("litellm[mcp]==1.106.2",),
    "pydantic_ai": ("pydantic-ai-slim[openai]==2.68.0",),
    "any_llm": ("any-llm-sdk[openai]==1.40.2",),
    "llm": ("llm==0.36",),
    "google_genai": ("google-genai==3.4.0",),
}
WORKSPACE = (".", "plugins/streamkit-openai")
LIMIT = 180
"""Seconds one contender may take, its environment included."""


@contextmanager
def fault_server() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.reliability.server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def environment(scratch: str) -> dict[str, str]:
    """The present one without keys and proxies; and litellm shall not fetch its price list."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith(("_api_key", "_proxy")) and name != "VIRTUAL_ENV"
    }
    return {**kept, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LLM_USER_PATH": scratch}


def measure(name: str, server: str, *, quick: bool) -> dict[str, Any]:
    """One contender's observations, or ``failed`` with the reason."""
    packages = [f"--with={package}" for package in PEERS[name]]
    packages += [f"--with-editable={path}" for path in WORKSPACE if name == "streamkit"]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "seen.json"
        command = ["uv", "run", "--isolated", "--no-project", "--quiet", "--python", sys.executable]
        command += [*packages, "python", "-m", "benchmarks.reliability.probe"]
        command += [name, server, str(file), *(["--quick"] if quick else [])]
        try:
            subprocess.run(
                command,
                cwd=ROOT,
                env=environment(scratch),
                check=True,
                timeout=LIMIT,
                stdout=subprocess.DEVNULL,
            )
            seen: dict[str, Any] = json.loads(file.read_text())
        except (subprocess.SubprocessError, OSError) as error:
            return {"failed": type(error).__name__}
    return {"packages": PEERS[name] or WORKSPACE, **seen}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--peers", default="all", help="all, or names: " + ",".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="without the stalled stream")
    arguments = parser.parse_args()
    names = list(PEERS) if arguments.peers == "all" else arguments.peers.split(",")
    if unknown := set(names) - set(PEERS):
        parser.error(f"no such peers: {', '.join(sorted(unknown))}")
    results: dict[str, Any] = {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    results["contenders"] = {}
    with fault_server() as server:
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            results["contenders"][name] = measure(name, server, quick=arguments.quick)
    if arguments.peers == "all" and not arguments.quick:
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    print(render(results))
    if any("failed" in seen for seen in results["contenders"].values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
