"""The real program, run as a user runs it: with pipes, or in a terminal of its own."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

import pytest

from streamkit.cli import main
from tests.core.tape_server import Answer, TapeServer

MODEL: Final = "openai-compatible:tiny"
KEY: Final = "sk-secret-4eC39HqLyjWDarjtT1zdp7dc"
DONE: Final = b"data: [DONE]\n\n"

PROGRAM: Final = (sys.executable, "-m", "streamkit.cli")
# Takes the terminal on stdin as its own, so that Ctrl-C typed there interrupts the program.
_IN_TERMINAL: Final = (
    sys.executable,
    "-c",
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])",
)
_SPEAKS_TO_USERS: Final = ("COLORTERM", "FORCE_COLOR", "NO_COLOR", "STREAMKIT_DEBUG", "COLUMNS")
_KEYS: Final = re.compile(r"_(API_KEY|TOKEN|BASE_URL)$")
_STATE: Final = tempfile.TemporaryDirectory(prefix="streamkit-state-")
_WRITTEN_OVER: Final = re.compile(r"[^\n]*\r")
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


# --- what the vendor says ------------------------------------------------------------------------


def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One event of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    value = {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return b"data: %s\n\n" % json.dumps(value).encode()


def said(*words: str) -> list[bytes | float]:
    return [event({"content": word}) for word in words]


def end(tokens: int = 7, finish: str = "stop") -> list[bytes | float]:
    """The stop, the usage and the end mark."""
    usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": 3 + tokens}
    value = {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": []}
    return [
        event({}, finish),
        b"data: %s\n\n" % json.dumps({**value, "usage": usage}).encode(),
        DONE,
    ]


def whole(*words: str) -> Answer:
    return Answer([*said(*words), *end()])


def refused(status: int, message: str, **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message, "type": "error"}}).encode()
    return Answer([body], status=status, headers={"content-type": "application/json", **headers})


# --- running it ----------------------------------------------------------------------------------


def environment(server: TapeServer | None = None, **extra: str) -> dict[str, str]:
    """The environment of a user without keys, whose vendor is ``server``."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in _SPEAKS_TO_USERS and not _KEYS.search(name)
    }
    if server is not None:
        clean["OPENAI_COMPATIBLE_BASE_URL"] = f"{server.url}/v1"
        clean["OPENAI_COMPATIBLE_API_KEY"] = KEY
    # A connection or stream left open would be complained of on stderr.
    clean |= {"TERM": "xterm-256color", "PYTHONWARNINGS": "always::ResourceWarning"}
    return {**clean, "XDG_STATE_HOME": _STATE.name, **extra}


@dataclass(slots=True)
class Ran:
    """How a run with pipes ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: str, server: TapeServer | None = None, stdin: str = "", **env: str) -> Ran:
    """Call the entry point in this process, with what looks like pipes around it."""
    pipes = [io.TextIOWrapper(io.BytesIO(x), encoding="utf-8") for x in (stdin.encode(), b"", b"")]
    env = environment(server, **env)
    with patch.dict(os.environ, env, clear=True), pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["streamkit", *arguments])
        for name, pipe in zip(("stdin", "stdout", "stderr"), pipes, strict=True):
            patched.setattr(sys, name, pipe)
        code = main()
    out, err = (pipe.detach().getvalue().decode() for pipe in pipes[1:])
    return Ran(code, out, err)


def run_process(
    *arguments: str, server: TapeServer | None = None, stdin: bytes = b"", **env: str
) -> Ran:
    """Run the program in a process of its own, with real pipes."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(server, **env),
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """The program in a terminal of 24 lines by 80 columns; ``seen`` is all it has sent there.

    ``stdout`` may name a file that takes the program's stdout instead.
    """

    def __init__(self, *arguments: str, server: TapeServer, stdout: Any = None, **env: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = ""
        self._waited = 0
        self._process = subprocess.Popen(
            [*_IN_TERMINAL, *PROGRAM, *arguments],
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            env=environment(server, **env),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def text(self) -> str:
        """What was sent, without colour and cursor codes, and without what was written over."""
        return _WRITTEN_OVER.sub("", _ESCAPES.sub("", self.seen).replace("\r\n", "\n"))

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait_for(self, words: str, within: float = 20.0) -> None:
        """Read until ``words`` are seen behind what earlier calls waited for."""
        until = time.monotonic() + within
        while words not in self.seen[self._waited :]:
            left = until - time.monotonic()
            assert left > 0, f"{words!r} did not come in {within} s; seen: {self.seen!r}"
            assert self._read(left), f"{words!r} never came; seen: {self.seen!r}"
        self._waited = self.seen.index(words, self._waited) + len(words)

    def ends(self, within: float = 20.0) -> int:
        """Read until the program ends; its exit code."""
        until = time.monotonic() + within
        while self._read(max(0.0, until - time.monotonic())):
            assert time.monotonic() < until, f"still running after {within} s: {self.seen!r}"
        return self._process.wait(5)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that nobody holds the other side any more
            return False
        self.seen += data.decode()
        return bool(data)
