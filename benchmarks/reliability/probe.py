"""Put one contender through every row, inside its own environment, and write what was seen as JSON.

    python -m benchmarks.reliability.probe <contender> <server> <file> [--quick]

What is written are observations: what was raised, what the library reported, what the server saw.
What to call them is for `render`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import itertools
import json
import logging
import platform
import re
import time
import traceback
from collections.abc import Callable, Coroutine
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Literal
from urllib.request import urlopen

from benchmarks.reliability.contenders import KEY, Call
from benchmarks.reliability.wire import ANSWER, ARGUMENTS

GOES_ON = 3.2
"""How long the program goes on after it left a stream, in seconds."""
PATIENCE = 25.0
CELL_LIMIT = 20.0
FAULTS = (
    *("clean", "end_missing", "reset", "event_cut", "error_event", "bad_json"),
    *("html", "unknown_event", "tool_whole", "tool_cut", "tool_named"),
    *("rate_limit", "unavailable"),
)
"""``clean`` and ``tool_whole`` have no fault: they show that the loops read a good answer right."""
FAULTS_OF_OPTIONS = ("end_missing", "event_cut", "tool_cut", "tool_named", "rate_limit")
VERSIONS = re.compile(
    "openai|anthropic|google-genai|langchain-(core|openai)|litellm|pydantic-ai-slim|any-llm-sdk|llm"
    "|streamkit-.*|httpx2?|aiohttp|pydantic"
)
"""The distributions whose versions are written down."""

Observation = dict[str, Any]


class Records(logging.Handler):
    """Keeps every record that any logger of the process makes."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.name, record.levelname, record.getMessage()))


class Probe:
    def __init__(self, name: str, server: str, *, quick: bool = False) -> None:
        self.contender = importlib.import_module(f"benchmarks.reliability.contenders.{name}")
        self.name, self.server, self.quick = name, server, quick
        self.numbers = itertools.count()
        self.records = Records()

    def connect(self, fault: str, how: str = "connect") -> tuple[str, Any]:
        run = f"{fault}-{self.name}{next(self.numbers)}"
        return run, getattr(self.contender, how)(f"{self.server}/{run}", KEY)

    def requests(self, run: str) -> list[dict[str, Any]]:
        with urlopen(f"{self.server}/log/{run}", timeout=5) as reply:
            return list(json.load(reply))

    async def observe(
        self,
        run: str,
        do: Callable[[Any, Call], Coroutine[Any, Any, None]],
        client: Any,
        call: Call,
    ) -> Observation:
        """One call, and everything that can be said of it afterwards."""
        mark, began = len(self.records.lines), time.monotonic()
        task = asyncio.ensure_future(do(client, call))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE if "stall" in run else CELL_LIMIT)
        seen: Observation = {"seconds": round(time.monotonic() - began, 2), "over": bool(done)}
        if not done:
            task.cancel()
            await asyncio.wait({task}, timeout=2)
        elif error := task.exception():
            shown = f"{error}{error!r}"
            seen["raised"] = f"{type(error).__module__}.{type(error).__name__}"
            seen["message"] = str(error).replace(KEY, "<the key>")[:300]
            seen["key_in_error"] = KEY in shown
            seen["key_in_traceback"] = KEY in "".join(traceback.format_exception(error))
        lines = self.records.lines[mark:]
        seen["records_with_key"] = sorted({name for name, _, text in lines if KEY in text})
        seen["retry_records"] = sorted(
            {
                f"{n} {level}"
                for n, level, text in lines
                if level != "DEBUG" and "retr" in text.lower()
            }
        )
        requests = self.requests(run)
        seen["requests"] = len(requests)
        seen["connections"] = len({request["connection"] for request in requests})
        if len(requests) > 1:
            seen["gap"] = round(requests[-1]["at"] - requests[0]["at"], 2)
        return {**seen, **call.report()}

    async def fault(self, fault: str, how: str = "connect") -> Observation:
        """The everyday loop, or the one for tools, against one fault."""
        if fault == "tool_named" and not getattr(self.contender, "CALL_IN_PIECES", True):
            return {"offered": False}
        run, client = self.connect(fault, how)
        do = self.contender.tools if fault.startswith("tool") else self.contender.stream
        seen = await self.observe(run, do, client, Call())
        words = seen["text"].split()
        doubled = len(words) > len(set(words))  # no word of the answer comes twice
        return {**seen, "text_whole": seen["text"] == ANSWER, "text_doubled": doubled}

    def closed_after(self, run: str, since: float | None) -> float | None:
        """Seconds from leaving to the client's close as the server saw it; None if it did not."""
        (request,) = self.requests(run)
        if since is None or request["closed_by"] != "client":
            return None
        after: float = request["closed_at"] - since
        return round(max(0.0, after), 3)

    async def leave(self, how: str) -> Observation:
        """Leave the loop after some text while the program goes on, the stream still in scope."""
        do = getattr(self.contender, how, None)
        if do is None:
            return {"offered": False}
        run, client = self.connect("drip")
        closed: list[float | None] = []

        async def after() -> None:
            await asyncio.sleep(GOES_ON)
            closed.append(self.closed_after(run, call.left_at))

        call = Call(leave_after=3, after=after)
        seen = await self.observe(run, do, client, call)
        return {"offered": True, "closed_after": closed[0], "raised": seen.get("raised")}

    async def interrupt(self, by: Literal["raise", "cancel"]) -> Observation:
        """End the everyday loop after some text by an exception of the program, or from outside."""
        run, client = self.connect("drip")
        call = Call(leave_after=3 if by == "raise" else None, leave_by="raise")
        task = asyncio.ensure_future(self.contender.stream(client, call))
        while not task.done() and len(call.pieces) < 3:  # noqa: ASYNC110 - the loop is the library's
            await asyncio.sleep(0.01)
        began = call.left_at or time.monotonic()
        if by == "cancel":
            task.cancel()
        raised = None
        try:
            await task
        except (asyncio.CancelledError, Exception) as error:
            raised = type(error).__name__
        took = round(time.monotonic() - began, 3)
        del task
        await asyncio.sleep(GOES_ON)
        closed_after = self.closed_after(run, began)
        return {"closed_after": closed_after, "returned_after": took, "raised": raised}

    async def second_call(self, fault: str) -> Observation:
        """Two calls with one client; what is told is the second."""
        run, client = self.connect(fault)
        first = await self.observe(run, self.contender.stream, client, Call())
        await asyncio.sleep(0.4 if fault == "idle_closed" else 0)
        second = await self.observe(run, self.contender.stream, client, Call())
        second["requests"] -= first["requests"]
        before, *after = self.requests(run)
        if fault == "idle_closed":
            met = before["closed_by"] == "server"
        else:
            met = after[0]["connection"] == before["connection"]
        return {**second, "met_the_fault": met, "text_whole": second["text"] == ANSWER}

    async def run(self) -> Observation:
        logging.getLogger().addHandler(self.records)
        logging.getLogger().setLevel(logging.INFO)
        cells = {fault: await self.fault(fault) for fault in FAULTS}
        check_controls(cells, calls=self.contender.CALLS is not None)
        for fault in ("idle_closed", "keepalive_race"):
            cells[fault] = await self.second_call(fault)
        if hasattr(self.contender, "OPTION"):
            for fault in FAULTS_OF_OPTIONS:
                cells[f"{fault}+option"] = await self.fault(fault, "connect_with_option")
        logging.getLogger().setLevel(logging.DEBUG)
        for fault in ("unauthorized", "key_echoed"):
            cells[fault] = await self.fault(fault)
        logging.getLogger().setLevel(logging.INFO)
        slow = {
            "break_everyday": self.leave("stream"),
            "break_loop": self.leave("break_loop"),
            "break_closing": self.leave("break_closing"),
            "consumer_raises": self.interrupt("raise"),
            "cancel": self.interrupt("cancel"),
        }
        if not self.quick:
            slow["stall"] = self.fault("stall")
        cells |= zip(slow, await asyncio.gather(*slow.values()), strict=True)
        return cells


def check_controls(cells: dict[str, Observation], *, calls: bool) -> None:
    """A loop that cannot read a good answer would tell nothing of bad ones."""
    assert cells["clean"]["text_whole"], cells["clean"]
    whole, arguments = cells["tool_whole"], json.loads("".join(ARGUMENTS))
    handed_out = [a if isinstance(a, dict) else json.loads(a) for _, a in whole["handed_out"]]
    seen = [*handed_out, *({"path": path} for path in whole["ran"])]
    assert not calls or (seen and all(call == arguments for call in seen)), whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender")
    parser.add_argument("server")
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    probe = Probe(arguments.contender, arguments.server, quick=arguments.quick)
    cells = asyncio.run(probe.run())
    words = ("HOW", "CLOSING", "CALLS", "OPTION", "NOTE")
    about = {
        **{word.lower(): getattr(probe.contender, word, None) for word in words},
        "read_timeout": probe.contender.read_timeout(probe.connect("clean")[1]),
        "python": platform.python_version(),
        "installed": {d.name: d.version for d in distributions() if VERSIONS.fullmatch(d.name)},
    }
    arguments.file.write_text(json.dumps({"about": about, "cells": cells}))


if __name__ == "__main__":
    main()
