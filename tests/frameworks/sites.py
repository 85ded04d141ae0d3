"""The recipes of docs/frameworks.md as programs, each on a real server in a process of its own."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tape_server import TapeServer
from tests.docs.pages import DOCS, blocks
from wire import KEY

PAGE = DOCS / "frameworks.md"
COMMON = "The stream as text, and as events"

# Others may hold on to a generator, as error trackers hold tracebacks: a recipe that counts on the
# garbage collector leaks then.
HELD = """
held = []


def holding(make):
    def made(stream):
        held.append(make(stream))
        return held[-1]

    return made


as_text, as_events = holding(as_text), holding(as_events)
"""

UVICORN = ("-m", "uvicorn", "--port", "0")
HYPERCORN = ("-m", "hypercorn", "--workers", "0", "--bind", "127.0.0.1:0")
ON_TRIO = (*HYPERCORN, "--worker-class", "trio")
ITSELF = ("-c", "import site_under_test; site_under_test.main(port=0)")


@dataclass(frozen=True)
class Recipe:
    """Sections of the page that make one program together, and what serves it."""

    sections: tuple[str, ...]
    server: tuple[str, ...]
    app: str = "app"
    change: tuple[str, str] = ("", "")

    def program(self) -> str:
        code = recipes()
        parts = (code[COMMON], HELD, *(code[x] for x in self.sections))
        return "".join(parts).replace(*self.change)

    def command(self) -> list[str]:
        target = () if self.server is ITSELF else (f"site_under_test:{self.app}",)
        return [sys.executable, *self.server, *target]


ASYNCIO_QUART = ("from quart_trio import QuartTrio", "from quart import Quart as QuartTrio")
SITES = {
    "starlette, uvicorn": Recipe(("Starlette",), UVICORN),
    "starlette, hypercorn": Recipe(("Starlette",), HYPERCORN),
    "starlette, hypercorn on trio": Recipe(("Starlette",), ON_TRIO),
    "fastapi, uvicorn": Recipe(("Starlette", "FastAPI"), UVICORN),
    "fastapi, hypercorn on trio": Recipe(("Starlette", "FastAPI"), ON_TRIO),
    "litestar, uvicorn": Recipe(("Litestar",), UVICORN),
    "litestar, hypercorn": Recipe(("Litestar",), HYPERCORN),
    "litestar, hypercorn on trio": Recipe(("Litestar",), ON_TRIO),
    "quart, hypercorn on trio": Recipe(("Quart",), ON_TRIO),
    "quart, hypercorn": Recipe(("Quart",), HYPERCORN, change=ASYNCIO_QUART),
    "django, uvicorn": Recipe(("Django",), UVICORN, app="application"),
    "django, hypercorn": Recipe(("Django",), HYPERCORN, app="application"),
    "aiohttp": Recipe(("aiohttp",), ITSELF),
}


def recipes() -> dict[str, str]:
    """The page's code by section."""
    lines = PAGE.read_text("utf-8").splitlines()
    found: dict[str, str] = {}
    for block in blocks(PAGE):
        if block.language == "python":
            section = [x for x in lines[: block.line] if x.startswith("## ")][-1]
            found[section.removeprefix("## ")] = block.code
    return found


class Visitor:
    """A browser that asks one question and reads the answer as it comes."""

    def __init__(self, port: int, path: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._line.request("GET", f"{path}?question=Why%3F")
        self.response: http.client.HTTPResponse | None = None

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def reads_until(self, end: str) -> None:
        """Read until the body so far has this in it; fail if nothing comes for ten seconds."""
        body, response = "", self._answer()
        while end not in body:
            piece = response.read1()
            assert piece, f"the body ended without {end!r}: {body!r}"
            body += piece.decode()

    def reads_all(self) -> str:
        """The rest of the body. Raises IncompleteRead if the server breaks off."""
        return self._answer().read().decode()

    def says_no_more(self) -> None:
        """Close the sending side only. Hypercorn takes that for leaving, uvicorn does not."""
        self._line.sock.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        if self.response is not None:
            self.response.close()
        self._line.close()

    def _answer(self) -> http.client.HTTPResponse:
        if self.response is None:
            self.response = self._line.getresponse()
            assert self.response.status == 200
        return self.response


# Not in lower case, which has a logger called hypercorn.error.
_ALARMING = re.compile(r"^.*(Traceback|Error\b|ERROR|CRITICAL|Exception|Warning|WARNING).*$", re.M)


class Site:
    """A running server, and the vendor it asks."""

    def __init__(self, vendor: TapeServer, port: int, log: Path) -> None:
        self.vendor = vendor
        self._port = port
        self._log = log

    def visit(self, path: str) -> Visitor:
        return Visitor(self._port, path)

    def log_is_clean(self) -> None:
        log = self._log.read_text("utf-8")
        assert not _ALARMING.search(log), log
        assert KEY not in log

    def asked(self, times: int = 1) -> int:
        """Wait until the vendor was asked; the number of the connection it was asked over."""
        until = time.monotonic() + 10
        while len(self.vendor.requests) < times:
            assert time.monotonic() < until, "the vendor is not asked"
            time.sleep(0.005)
        return self.vendor.requests[times - 1].connection


@contextmanager
def running(recipe: Recipe, folder: Path) -> Iterator[Site]:
    """Serve a recipe on a free port. At the end the server is asked to stop, and must, cleanly."""
    vendor = TapeServer()
    (folder / "site_under_test.py").write_text(recipe.program(), "utf-8")
    environment = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{vendor.url}/v1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "always::ResourceWarning",
    }
    log = folder / "log"
    try:
        with (
            log.open("w") as output,
            subprocess.Popen(
                recipe.command(),
                cwd=folder,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                site = Site(vendor, port_of(process, log), log)
                yield site
                process.terminate()
                process.wait(10)
                assert process.returncode in (0, -15), log.read_text("utf-8")
                site.log_is_clean()
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
    finally:
        vendor.close()


def port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the server says it listens on."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"unning on http://127\.0\.0\.1:(\d+)\D", log.read_text("utf-8")):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(f"the server does not start:\n{log.read_text('utf-8')}")
