"""The child process: one model behind xllamacpp's HTTP server, for as long as the parent lives.

Run as a file, on the standard library and xllamacpp alone, so that it starts at once. Standard
input brings the order (one line of JSON, the key in it) and then stays open: its end is the
parent's end, however that came about. Standard output says the server's address once it is ready.

xllamacpp holds the interpreter's lock while it loads a model, so no thread can watch standard input
then; Linux watches in its stead. It must stop doing so afterwards, because its notion of a parent
is the *thread* that started the child, and that may well be a short-lived one.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import xllamacpp

SLOTS = 2  # answers at a time; more wait their turn
SLOT_TOKENS = 4096  # context of one answer: prompt and output
HTTP_THREADS = 32  # a kept-alive connection holds one; with the default of 4, a fifth waits 5 s
SMALL = 512 * 2**20  # bytes
ERRORS_ONLY = 1
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until the parent is gone."""
    answer = os.dup(1)
    os.dup2(2, 1)  # native code prints where it likes
    parent = os.getppid()
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _kernel_watches_parent(True)
    try:
        server = xllamacpp.Server(_params(order))
    except RuntimeError as error:  # the reason is in the log already
        sys.exit(str(error))
    _kernel_watches_parent(False)
    # xllamacpp has put handlers in their place that swallow the signals.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.write(answer, server.listening_address.encode() + b"\n")
    os.close(answer)
    while os.getppid() == parent:  # a fork of the parent may hold our standard input open
        time.sleep(0.5)
    os._exit(0)


def _leave_with_parent() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock would be in the way at a failed start
        pass
    os._exit(0)


def _kernel_watches_parent(wanted: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL if wanted else 0)


def _params(order: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["name"]}
    params.hostname = "127.0.0.1"
    params.port = 0  # any free one
    params.api_keys = [order["api_key"]]
    params.webui = False
    params.endpoint_slots = False  # shows prompts
    params.verbosity = ERRORS_ONLY
    params.n_threads_http = HTTP_THREADS
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_TOKENS
    params.cache_ram_mib = 0  # would grow to 8 GiB
    if Path(order["path"]).stat().st_size < SMALL:
        # Two threads spin while they wait for each other, which on busy cores takes longer than
        # the work; a small model is fast enough on one. It also fits any device.
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.fit_params = False
    if order["chat_template"] is not None:
        params.chat_template = order["chat_template"]
    for name, value in order["sampling"]:
        setattr(params.sampling, name, value)
    return params


if __name__ == "__main__":
    main()
