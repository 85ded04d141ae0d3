"""Servers of local models: started on first use, shared by the process, gone when it is gone.

The server is a child process. It ends when its standard input does, and the other end of that pipe
is held by this process alone: whether this process returns, raises, is terminated or is killed with
``kill -9``, the kernel closes the pipe. The child has a session of its own, so that Ctrl-C in
the terminal reaches the program, which may well want to go on, and never the server.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Self

from streamkit.errors import ConfigurationError
from streamkit_local.models import Model, find

_LOG_LINES = 6


class LocalServer:
    """One model behind an HTTP server on a free loopback port, in a child process.

    It speaks three dialects: OpenAI chat completions and responses below ``base_url``, and
    Anthropic messages below ``origin``. All want ``api_key``, which is random and known to nobody
    else. Use it as a context manager, or call `close`; it also ends with this process.

    Attributes:
        model: the model's name, such as ``smollm2``.
        origin: ``http://127.0.0.1:`` and the port.
        base_url: the origin and ``/v1``.
        api_key: as bearer token, or in the header ``x-api-key``.
        pid: the child's process id.
    """

    def __init__(self, model: Model) -> None:
        """Start the server and wait until it is ready.

        Raises:
            ConfigurationError: it does not start; the message has the last lines of its log.
        """
        self.model = model.name
        self.api_key = secrets.token_urlsafe(32)
        order = {**asdict(model), "path": str(model.path), "api_key": self.api_key}
        with TemporaryFile() as log:
            self._process = _spawn(log)
            try:
                self.origin = _first_words(self._process, json.dumps(order).encode() + b"\n")
                if not self.origin:
                    raise _failed(model, self._process.wait(), log)
            except BaseException:
                _stop(self._process)
                raise
        self.base_url = f"{self.origin}/v1"
        self.pid = self._process.pid
        _started.add(self)

    def __repr__(self) -> str:
        return f"<LocalServer {self.model} at {self.origin}, pid {self.pid}>"

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the server at once, whatever it is doing. A second call does nothing."""
        _started.discard(self)
        _stop(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _disown(self) -> None:
        # In a fork of the process that started it: not ours to wait for or to kill, and the fork's
        # copy of the pipe must not keep the server alive.
        self._process.returncode = 0
        _close_pipes(self._process)


def running(model: str = "smollm2") -> LocalServer:
    """A server of the caller's own, for a ``with`` block at whose end it ends.

    Raises ConfigurationError as `LocalServer` and `streamkit_local.models.find` do.
    """
    return LocalServer(find(model))


def serve(model: str = "smollm2") -> LocalServer:
    """The server that this process shares for ``model``: started if it does not run. May block.

    Threads that ask for the same model at the same time get the same server. A fork of the process
    starts its own. Raises ConfigurationError as `running` does.
    """
    wanted = find(model)
    with _lock:
        turn = _turns.setdefault(wanted, threading.Lock())
    with turn:
        server = _shared.get(wanted)
        if server is None or not server.alive:
            server = _shared[wanted] = LocalServer(wanted)
        return server


# --- the process's servers -------------------------------------------------------------------

_lock = threading.Lock()
_turns: dict[Model, threading.Lock] = {}
_shared: dict[Model, LocalServer] = {}
_started: set[LocalServer] = set()


def _close_all() -> None:
    for server in tuple(_started):
        server.close()


def _forget() -> None:
    global _lock  # noqa: PLW0603 - another thread may hold it, and does not exist here
    _lock = threading.Lock()
    for server in _started:
        server._disown()
    for register in (_turns, _shared, _started):
        register.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


# --- the child process -------------------------------------------------------------------------


def _spawn(log: IO[bytes]) -> subprocess.Popen[bytes]:
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    child = Path(__file__).with_name("_child.py")
    try:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", str(child)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        raise ConfigurationError(
            f"no process for a local server could be started: {error}"
        ) from error


def _first_words(process: subprocess.Popen[bytes], order: bytes) -> str:
    """Hand over the order; what the child answers, "" if it ends without an answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(order)
    except BrokenPipeError:
        return ""
    return process.stdout.readline().decode().strip()


def _failed(model: Model, status: int, log: IO[bytes]) -> ConfigurationError:
    log.seek(0)
    lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    said = "\n".join(f"    {line}" for line in lines[-_LOG_LINES:]) or "    (nothing)"
    return ConfigurationError(
        f"the server for {model.path} did not start (exit status {status}). It said:\n{said}\n"
        "Check that the file is a whole GGUF of a kind that xllamacpp 0.2.14 reads, and that there "
        "is memory enough for it."
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it has nothing to save
    process.wait()
    _close_pipes(process)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
