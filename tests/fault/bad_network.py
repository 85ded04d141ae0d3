"""What streamkit does on a bad network: packets lost, connections reset, a route that vanishes.

    sudo uv run python -m tests.fault.bad_network

Needs root, iproute2 and iptables: it makes two hosts of network namespaces, joined by a cable, and
spoils the cable. Not part of the tests. Takes ten minutes, and writes bad_network.json, which
docs/reliability.md shows.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import streamkit
import streamkit.sync
from streamkit import Timeouts, errors
from tests.fault.leftovers import descriptors
from tests.fault.readers import BACKENDS, run
from tests.resume.going import Going
from wire import DONE, STOP, said

USER, VENDOR = "sk-user", "sk-vendor"
HOST, PORT = "10.98.0.2", 8000
STORY = "".join(f"word {number} " for number in range(120))
PACE: Final = 0.05
"""Seconds between two words: the answer takes twelve."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """``steps`` are what is done to the network: seconds after the beginning, where, a command."""

    name: str
    steps: tuple[tuple[float, str, str], ...]
    timeouts: Timeouts = Timeouts()
    resume: bool = True


def _lossy(share: float) -> tuple[tuple[float, str, str], ...]:
    drop = f"iptables -A INPUT -p tcp -m statistic --mode random --probability {share} -j DROP"
    return ((0.0, USER, drop), (0.0, VENDOR, drop))


_DROP = "iptables -A OUTPUT -p tcp -j DROP"
_RESET = "iptables -A INPUT -p tcp --dport 8000 -j REJECT --reject-with tcp-reset"
_NO_RESET = "iptables -D INPUT -p tcp --dport 8000 -j REJECT --reject-with tcp-reset"
_GONE = ((2.0, VENDOR, _DROP),)

TROUBLES = (
    Trouble("10 % of packets lost, both ways", _lossy(0.1)),
    Trouble("30 % of packets lost; `no_bytes=5`", _lossy(0.3), Timeouts(no_bytes=5)),
    Trouble("no route for 10 s", (*_GONE, (12.0, VENDOR, "iptables -F"))),
    Trouble("connection reset, once", ((2.0, VENDOR, _RESET), (2.3, VENDOR, _NO_RESET))),
    Trouble(
        "connection reset, once; `resume=False`",
        ((2.0, VENDOR, _RESET), (2.3, VENDOR, _NO_RESET)),
        resume=False,
    ),
    Trouble("no route before connecting", ((0.0, VENDOR, _DROP),)),
    Trouble("the route vanishes; `no_bytes=3`", _GONE, Timeouts(connect=3, no_bytes=3)),
    Trouble("the route vanishes", _GONE, Timeouts(connect=3)),
    Trouble(
        "the vendor's machine restarts, unseen",
        (
            *_GONE,
            (2.5, VENDOR, "restart"),
            (3.0, VENDOR, "iptables -F"),
        ),
    ),
)


# --- the vendor ----------------------------------------------------------------------------------


class _Vendor(BaseHTTPRequestHandler):
    """Tells the story, or the rest of it to whoever brings its beginning."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        at_once = struct.pack("ii", 1, 0)  # killed, it forgets its connections, like a machine
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        super().setup()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told = asked["turns"][-1][1] if asked.get("how") == "prefix" else ""
        words = STORY[len(told) :].split(" ") if STORY.startswith(told) else ["lost"]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, word in enumerate(words):
            self._send(*said(word if number == 0 else f" {word}"))
            time.sleep(PACE)
        self._send(STOP, DONE)
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, *pieces: bytes) -> None:
        piece = b"".join(pieces)
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


def serve() -> None:
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer((HOST, PORT), _Vendor).serve_forever()


# --- the user ------------------------------------------------------------------------------------


def read(backend: str, trouble: Trouble) -> None:
    """Print when words begin to come, and in the end what this user got, as JSON."""
    options: dict[str, Any] = {
        "adapters": [Going(f"http://{HOST}:{PORT}")],
        "allow_http": True,
        "timeouts": trouble.timeouts,
        "resume": trouble.resume,
    }
    began = time.monotonic()
    seen: list[Any] = []

    def see(event: Any) -> None:
        seen.append(event)
        if event.type == "text.delta" and sum(x.type == event.type for x in seen) == 1:
            print("begun", flush=True)

    error: errors.StreamkitError | None = None

    async def main() -> None:
        async with streamkit.Client(**options) as client:
            async with client.stream("wire:any", "Hi") as stream:
                async for event in stream:
                    see(event)

    try:
        if backend == "sync":
            with streamkit.sync.Client(**options) as client:
                with client.stream("wire:any", "Hi") as stream:
                    for event in stream:
                        see(event)
        else:
            run(backend, main)
    except errors.StreamkitError as problem:
        error = problem
    text = "".join(event.text for event in seen if event.type == "text.delta")
    told = {
        "outcome": seen[-1].outcome if seen[-1].type == "stream.ended" else None,
        "error": type(error).__name__ if error else None,
        "timer": getattr(error, "timer", None),
        "whole": text.strip() == STORY.strip(),
        "sound": STORY.startswith(text.rstrip()),
        "attempts": error.attempts if error else seen[-1].attempts,
        "seconds": round(time.monotonic() - began, 1),
        "left": sum(what.startswith("socket:") for _, what in descriptors()),
    }
    print(json.dumps(told))


# --- the network ---------------------------------------------------------------------------------


def _sh(command: str, host: str | None = None) -> None:
    inside = f"ip netns exec {host} " if host else ""
    subprocess.run((inside + command).split(), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _two_hosts() -> Iterator[None]:
    for host in (USER, VENDOR):
        subprocess.run(["ip", "netns", "del", host], stderr=subprocess.DEVNULL, check=False)
        _sh(f"ip netns add {host}")
    try:
        _sh("ip link add sk0 type veth peer name sk1")
        for host, device, address in ((USER, "sk0", "10.98.0.1"), (VENDOR, "sk1", HOST)):
            _sh(f"ip link set {device} netns {host}")
            _sh(f"ip addr add {address}/24 dev {device}", host)
            _sh(f"ip link set {device} up", host)
            _sh("ip link set lo up", host)
        yield
    finally:
        for host in (USER, VENDOR):
            _sh(f"ip netns del {host}")


def _python(host: str, *arguments: str) -> subprocess.Popen[str]:
    command = ["ip", "netns", "exec", host, sys.executable, "-m", __spec__.name, *arguments]
    paths = os.pathsep.join(["tests/core", *sys.path])
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    )


def play(trouble: Trouble) -> dict[str, Any]:
    """What the users on each backend got, at the same time."""
    with _two_hosts():
        server = _python(VENDOR, "serve")
        time.sleep(4)
        try:
            for _, host, command in [s for s in trouble.steps if s[0] == 0]:
                _sh(command, host)
            number = str(TROUBLES.index(trouble))
            users = {name: _python(USER, "read", name, number) for name in BACKENDS}
            later = [step for step in trouble.steps if step[0] > 0]
            for user in users.values() if later else ():
                assert user.stdout is not None
                user.stdout.readline()
            began = time.monotonic()
            for when, host, command in later:
                time.sleep(max(0.0, began + when - time.monotonic()))
                if command == "restart":
                    server.kill()
                    server.wait()
                    server = _python(VENDOR, "serve")
                else:
                    _sh(command, host)
            told = {name: user.communicate(timeout=400)[0] for name, user in users.items()}
            return {name: json.loads(words.splitlines()[-1]) for name, words in told.items()}
        finally:
            server.kill()
            server.wait()


def main() -> None:
    found = {}
    for trouble in TROUBLES:
        found[trouble.name] = play(trouble)
        print(trouble.name, json.dumps(found[trouble.name]), flush=True)
    told = {"measured": time.strftime("%Y-%m-%d"), "users": found}
    words = json.dumps(told, indent=1, ensure_ascii=False)
    Path(__file__).with_suffix(".json").write_text(f"{words}\n", "utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["read", backend, number]:
            read(backend, TROUBLES[int(number)])
        case _:
            main()
