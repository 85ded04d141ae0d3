"""Exceptions that a signal handler of the program raised while our code happened to run.

That is how plain code limits its time (``signal.alarm``). Such an exception is the caller's own,
though it may look like a timeout of the line, and comes through as itself.
"""

from __future__ import annotations

import signal
import threading
from functools import partial
from traceback import walk_tb
from types import CodeType
from typing import Any


def let_through(error: BaseException) -> None:
    """Raise what a signal handler raised, if that is what ``error`` is, or was made of.

    Only stated causes are looked at: the context of an error may be older than the stream.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python runs handlers in the main thread only
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    link: BaseException | None = error
    while link is not None:
        if any(frame.f_code in handlers for frame, _ in walk_tb(link.__traceback__)):
            raise link from link.__cause__
        link = link.__cause__


def _code(handler: Any) -> CodeType | None:
    while isinstance(handler, partial):
        handler = handler.func
    if callable(handler) and not hasattr(handler, "__code__"):
        handler = type(handler).__call__
    return getattr(handler, "__code__", None)
