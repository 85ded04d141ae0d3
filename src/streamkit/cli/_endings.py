"""How a command ends: its exit code, and the one line that says what went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Final

from streamkit._explain import STARTED_ANEW
from streamkit.cli._output import console, printable
from streamkit.errors import StreamInterrupted, StreamkitError
from streamkit.values import FaultKind, Outcome

COMPLETE: Final = 0
FAILED: Final = 1
TRUNCATED: Final = 3
INTERRUPTED: Final = 130
READER_GONE: Final = 141
"""What a shell reports of a program that SIGPIPE ended."""

_ADVICE: Final[dict[FaultKind, str]] = {
    "authentication": "Check the API key: `streamkit adapters` says where it is read from.",
    "rate_limit": "Wait a little, then ask again.",
    "server": "Ask again later.",
    "connection_lost": "Ask again.",
    "truncated": "Ask again.",
    "timeout": "Ask again, or wait longer with --timeout.",
    "protocol": "Please report it with a recording of the stream.",
}
"""Where the library's own advice speaks of Python, what to do at a command line."""


def exit_code(outcome: Outcome | None) -> int:
    """The code for how a stream ended."""
    match outcome:
        case "complete":
            return COMPLETE
        case "truncated":
            return TRUNCATED
        case "cancelled":
            return INTERRUPTED
    return FAILED


def error_code(error: StreamkitError) -> int:
    """The code for an error, raised before anything was sent or by a stream."""
    return FAILED if error.partial is None else exit_code(error.partial.outcome)


def explain(error: StreamkitError) -> str:
    """What went wrong and what to do about it."""
    message = error.message.rstrip()
    if error.advice:
        message = message.replace(error.advice, _advice(error))
    if error.attempts > 1 and not isinstance(error, StreamInterrupted):  # which says it itself
        message += f" Tried {error.attempts} times."
    return message


def _advice(error: StreamkitError) -> str:
    advice = _ADVICE.get(error.kind, type(error).advice)
    if error.code == STARTED_ANEW:
        advice = "Small models often cannot go on: ask again, or take a larger one."
    if not isinstance(error, StreamInterrupted):
        return advice
    if error.token is None and error.partial is not None and error.partial.finish_reason:
        return "The model had stopped by then, so most likely this is the whole answer."
    incomplete = "What came is not the whole answer."
    goes_on = _notes(error) and advice == "Ask again."  # the note tells something better
    return incomplete if goes_on else f"{incomplete} {advice}"


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def error_line(message: str) -> None:
    """``error: …`` in red on stderr."""
    line = f"error: {printable(' '.join(message.split()))}"
    console(sys.stderr).print(line, style="red", soft_wrap=True)


def guarded(command: Callable[[], int], *, debug: bool) -> int:
    """Run a command. Whatever it raises becomes an exit code and a line; a traceback if ``debug``.

    ``STREAMKIT_DEBUG`` set in the environment counts as ``debug``.
    """
    try:
        return command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:
        if debug or os.environ.get("STREAMKIT_DEBUG"):
            traceback.print_exception(error)
        match error:
            case StreamkitError():
                error_line(explain(error))
                for note in _notes(error):
                    console(sys.stderr).print(printable(note), style="dim", soft_wrap=True)
                return error_code(error)
            case OSError():
                error_line(f"{error.strerror or error}: {error.filename or 'no file'}")
            case _:
                error_line(
                    f"{type(error).__name__}: {error}. This is a defect of streamkit; "
                    "--debug shows where."
                )
        return FAILED


def _reader_gone() -> int:
    # Python flushes stdout once more at exit, and would complain of the closed pipe then.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if not stream.isatty():
            os.dup2(nowhere, stream.fileno())
    return READER_GONE
