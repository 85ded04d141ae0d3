"""A server is started once, is reused, and never outlives the process that started it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import streamkit_local
from streamkit.errors import ConfigurationError
from streamkit_local.models import find


def gone(pid: int, within: float = 2.0) -> bool:
    """Whether the process ends in time; a zombie has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def healthy(server: streamkit_local.LocalServer) -> bool:
    return httpx.get(f"{server.origin}/health").status_code == 200


class Program:
    """A program that has started a server and says its process id, and then what ``code`` does."""

    def __init__(self, code: str) -> None:
        source = (
            "import os, signal, sys, threading, time, streamkit_local\n"
            "server = streamkit_local.serve()\n"
            "print(server.pid, flush=True)\n"
        ) + textwrap.dedent(code)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.server_pid = int(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit status and what it wrote to standard error."""
        _, complaints = self.process.communicate(timeout=20)
        return self.process.returncode, complaints


@pytest.fixture
def program() -> Iterator[Callable[[str], Program]]:
    made: list[Program] = []

    def run(code: str) -> Program:
        made.append(Program(code))
        return made[-1]

    yield run
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


# --- it ends ------------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_dies_with_a_killed_parent(
    program: Callable[[str], Program], signum: signal.Signals
) -> None:
    parent = program("time.sleep(60)")
    parent.process.send_signal(signum)
    assert gone(parent.server_pid)


@pytest.mark.parametrize(
    ("code", "status"),
    [("1 / 0", 1), ("os._exit(4)", 4)],
    ids=["exception", "os._exit"],
)
def test_the_server_ends_with_a_parent_that_ends(
    program: Callable[[str], Program], code: str, status: int
) -> None:
    parent = program(code)
    returned, complaints = parent.end()
    assert returned == status
    assert "ResourceWarning" not in complaints
    assert gone(parent.server_pid)


def test_the_server_dies_with_its_parent_though_a_fork_of_the_parent_lives(
    program: Callable[[str], Program],
) -> None:
    parent = program("""
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        print(child, flush=True)
        time.sleep(60)
    """)
    fork = int(parent.line())
    parent.process.kill()
    try:
        assert gone(parent.server_pid)
        assert not gone(fork, within=0.1)
    finally:
        os.kill(fork, signal.SIGKILL)


def test_the_server_dies_though_a_fork_that_python_knows_nothing_of_holds_its_pipe(
    program: Callable[[str], Program],
) -> None:
    parent = program("""
        import ctypes
        child = ctypes.PyDLL(None).fork()  # no hook is run
        if child == 0:
            time.sleep(60)
            os._exit(0)
        print(child, flush=True)
        time.sleep(60)
    """)
    fork = int(parent.line())
    parent.process.kill()
    try:
        assert gone(parent.server_pid)
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.parametrize("after", [0.05, 0.2, 0.35])
def test_nothing_is_left_of_a_start_whose_parent_is_killed(after: float) -> None:
    mark = f"streamkit-test-{os.getpid()}-{after}"
    code = "from streamkit_local import serve; print(flush=True); serve()"
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "STREAMKIT_TEST_MARK": mark},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    time.sleep(after)
    parent.kill()
    parent.communicate()
    family = [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/environ")
        if mark.encode() in _read(entry)
    ]
    assert all(gone(pid) for pid in family)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_server_heeds_signals(signum: signal.Signals) -> None:
    with streamkit_local.running() as server:
        os.kill(server.pid, signum)
        assert gone(server.pid)


def test_the_server_ends_with_the_block() -> None:
    with streamkit_local.running() as server:
        assert healthy(server)
    assert gone(server.pid)
    assert not server.alive
    server.close()  # a second time does nothing


# --- it lives -----------------------------------------------------------------------------------


def test_ctrl_c_reaches_the_program_and_not_the_server(
    program: Callable[[str], Program],
) -> None:
    parent = program("""
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(0.3)
            print(server.alive and streamkit_local.serve() is server, flush=True)
    """)
    assert parent.line() == "ready"
    os.killpg(parent.process.pid, signal.SIGINT)
    assert parent.line() == "True"
    assert parent.end() == (0, "")


def test_the_server_outlives_the_thread_that_started_it(
    program: Callable[[str], Program],
) -> None:
    parent = program("""
        server.close()
        thread = threading.Thread(target=streamkit_local.serve)
        thread.start()
        thread.join()
        first = streamkit_local.serve()
        time.sleep(1)
        print(first.alive and streamkit_local.serve() is first, flush=True)
    """)
    assert parent.line() == "True"


def test_a_fork_neither_uses_nor_kills_the_server_of_its_parent(
    program: Callable[[str], Program],
) -> None:
    parent = program("""
        mine = streamkit_local.running()
        child = os.fork()
        if child == 0:
            assert not server.alive
            mine.close()
            server.close()
            own = streamkit_local.serve()
            assert own.pid not in (server.pid, mine.pid)
            print(own.pid, flush=True)
            sys.exit(0)
        os.waitpid(child, 0)
        print(server.alive and mine.alive and streamkit_local.serve() is server, flush=True)
    """)
    servers_own = int(parent.line())
    assert parent.line() == "True"
    assert gone(servers_own)
    assert parent.end() == (0, "")


# --- it is one ------------------------------------------------------------------------------------


@pytest.fixture
def shared() -> Iterator[streamkit_local.LocalServer]:
    server = streamkit_local.serve()
    yield server
    server.close()
    streamkit_local.serve().close()


def test_the_server_is_reused(shared: streamkit_local.LocalServer) -> None:
    assert streamkit_local.serve() is shared
    assert streamkit_local.serve(str(find("smollm2").path)) is shared


def test_threads_that_ask_at_once_get_one_server(shared: streamkit_local.LocalServer) -> None:
    shared.close()
    with ThreadPoolExecutor(8) as pool:
        servers = set(pool.map(lambda _: streamkit_local.serve(), range(8)))
    assert len(servers) == 1


def test_a_server_that_died_is_started_again(shared: streamkit_local.LocalServer) -> None:
    os.kill(shared.pid, signal.SIGKILL)
    deadline = time.monotonic() + 2
    while shared.alive and time.monotonic() < deadline:  # its threads end one by one
        time.sleep(0.01)
    assert healthy(streamkit_local.serve())


def test_a_running_server_is_not_the_shared_one(
    server: streamkit_local.LocalServer, shared: streamkit_local.LocalServer
) -> None:
    assert server.origin != shared.origin
    assert server.api_key != shared.api_key


# --- it keeps to itself ---------------------------------------------------------------------------


def test_the_server_listens_on_127_0_0_1_alone(server: streamkit_local.LocalServer) -> None:
    port = urlsplit(server.origin).port
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection(("127.0.0.2", port), timeout=1)


def test_the_key_is_in_neither_the_command_line_nor_the_environment_nor_the_repr(
    server: streamkit_local.LocalServer,
) -> None:
    shown = [Path(f"/proc/{server.pid}/{what}").read_bytes() for what in ("cmdline", "environ")]
    assert b"_child.py" in shown[0]
    assert not any(server.api_key.encode() in each for each in shown)
    assert server.api_key not in repr(server)


# --- it does not start ----------------------------------------------------------------------------


def test_a_broken_file_is_explained(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(find("smollm2").path.read_bytes()[:3_000_000])
    with pytest.raises(ConfigurationError, match=r"corrupted or incomplete") as caught:
        streamkit_local.serve(str(broken))
    assert "Check that the file is a whole GGUF" in str(caught.value)
    assert str(broken) in str(caught.value)


def test_any_gguf_is_served_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "other model.gguf"
    shutil.copyfile(find("smollm2").path, path)
    with streamkit_local.running(str(path)) as server:
        answer = httpx.get(f"{server.base_url}/models")
        assert [m["id"] for m in answer.json()["data"]] == ["other model"]
