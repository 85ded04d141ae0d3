"""What streamkit costs: ``uv run python -m benchmarks`` prints one table, and draws one plot.

Ratios are to the floor, the least that can read a stream (httpx, split at blank lines, `json`),
taken round by round in one run, each contender in a process of its own. ``--quick`` takes less than
a minute. ``--peers`` adds other libraries, each in an environment that uv makes for it, and
``--dialects`` the events of each vendor.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.contenders import IMPORTS, OWN, PEERS
from benchmarks.dialects import DIALECTS
from benchmarks.report import plot, table
from benchmarks.wire import Shape

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.json")
PLOT = ROOT / "docs" / "_static" / "benchmarks.svg"
QUICK = ("floor", "streamkit", "streamkit, aiohttp")


def orders(*, quick: bool, dialects: bool) -> dict[str, dict[str, Any]]:
    """What is measured, by the name it has in the results."""
    deltas = 5_000 if quick else 20_000
    crowd = Shape(40, rate=20).model
    wanted: dict[str, dict[str, Any]] = {
        "one": {"do": "burst", "model": Shape(deltas).model},
        "many": {"do": "burst", "model": Shape(2 * deltas, per_write=64).model},
        "long": {"do": "burst", "model": Shape(deltas, size=200).model},
        "alone": {"do": "crowd", "model": crowd, "count": 1},
        "crowd": {"do": "crowd", "model": crowd, "count": 200},
        "first": {"do": "first", "model": Shape(5).model, "count": 50},
        "calls": {"do": "calls", "count": 155},
        "cut": {"do": "cut"},
        "imports": {"do": "imports"},
    }
    if not quick:
        wanted["thousand"] = {"do": "crowd", "model": Shape(100, rate=20).model, "count": 1000}
        wanted["memory"] = {"do": "memory", "count": 1000}
        wanted["short stream"] = {"do": "burst", "model": Shape(500).model}
        wanted["endless stream"] = {"do": "burst", "model": Shape(1_000_000, per_write=64).model}
    if dialects or not quick:
        for name in DIALECTS:
            for writes, shape in ((1, Shape(5_000)), (64, Shape(20_000, per_write=64))):
                order = {"do": "burst", "model": shape.model, "dialect": name}
                wanted[f"{name}, {writes}"] = order
    return wanted


ONCE = frozenset({"alone", "cut", "imports", "thousand", "memory", "endless stream"})
"""Too slow, or too steady, to be measured in every round."""
NOT_PEERS = frozenset({"alone", "long", "thousand", "memory", "short stream", "endless stream"})
"""What would take the others minutes, or tells nothing of them."""


def _is_for(name: str, what: str, order: dict[str, Any], number: int, *, quick: bool) -> bool:
    """Whether a contender has this measured in this round."""
    if number and (what in ONCE or (quick and what == "crowd")):
        return False
    if name in PEERS and (what in NOT_PEERS or number > 1 or (number and what == "crowd")):
        return False
    if "dialect" in order:
        return name in ("floor", "streamkit")
    return what != "imports" or name in IMPORTS


class Worker:
    """A contender's process. One that cannot be had, or dies, gives no figures."""

    def __init__(self, name: str, url: str) -> None:
        python = [sys.executable]
        if name in PEERS:
            python = ["uv", "run", "--isolated", "--no-project", "--quiet"]
            python += ["--python", sys.executable, "--with", PEERS[name][1], "python"]
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.name = name
        self._process = subprocess.Popen(
            [*python, "-m", "benchmarks.worker", name, url],
            cwd=ROOT,
            env={**kept, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            figures: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            return {"failed": f"the process ended: {error}"}
        return figures

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


class Vendor:
    """The server's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def stats(self) -> dict[str, float]:
        with closing(HTTPConnection(self.url.removeprefix("http://"))) as connection:
            connection.request("GET", "/stats")
            seen: dict[str, float] = json.load(connection.getresponse())
        return seen

    def __enter__(self) -> Vendor:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def measure(names: list[str], rounds: int, *, quick: bool, dialects: bool) -> dict[str, Any]:
    """Every figure of every contender: ``{contender: {order: [figures of each round]}}``."""
    results: dict[str, Any] = {name: {} for name in names}
    with ExitStack() as scope:
        vendor = scope.enter_context(Vendor())
        workers = [scope.enter_context(Worker(name, vendor.url)) for name in names]
        for number in range(rounds):
            for what, order in orders(quick=quick, dialects=dialects).items():
                for worker in workers:
                    if not _is_for(worker.name, what, order, number, quick=quick):
                        continue
                    print(f"round {number + 1}: {what}: {worker.name} …", file=sys.stderr)
                    before = vendor.stats()
                    figures = worker.ask(order)
                    after = vendor.stats()
                    figures["server_cpu"] = after["cpu"] - before["cpu"]
                    # One of the connections is that of asking.
                    figures["connections"] = after["connections"] - before["connections"] - 1
                    results[worker.name].setdefault(what, []).append(figures)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer clients, shorter streams, no thousand of them"
    )
    parser.add_argument("--peers", action="store_true", help="the other libraries too")
    parser.add_argument("--dialects", action="store_true", help="each vendor's own events too")
    parser.add_argument("--only", help="contenders by name, separated by ';'")
    parser.add_argument("--rounds", type=int, help="default: 5, with --quick 3")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name} and the plot")
    arguments = parser.parse_args()
    names = list(QUICK if arguments.quick else OWN) + (list(PEERS) if arguments.peers else [])
    if arguments.only:
        names = ["floor", *(x for x in arguments.only.split(";") if x != "floor")]
        if unknown := set(names) - {*OWN, *PEERS}:
            parser.error(f"no such contenders: {', '.join(sorted(unknown))}")
    rounds = arguments.rounds or (3 if arguments.quick else 5)
    results = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "contenders": measure(names, rounds, quick=arguments.quick, dialects=arguments.dialects),
    }
    if arguments.save:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        PLOT.write_text(plot(results))
    print(table(results))


if __name__ == "__main__":
    main()
