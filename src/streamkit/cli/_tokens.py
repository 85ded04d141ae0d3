"""Where the tokens of broken answers are kept.

One file holds the last of them, so that nothing piles up, for the user's eyes only: a token holds
the question and the answer. It is removed when the answer has been gone on with to its end.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from streamkit.errors import ConfigurationError, StreamInterrupted, StreamkitError


def last_token() -> Path:
    """The file of the last broken answer, in the user's folder for the state of programs."""
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
    else:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "streamkit" / "interrupted.json"


def read_token(file: str | None) -> str:
    """The token in ``file``, ``-`` for stdin, or the last one.

    Raises:
        ConfigurationError: there is no last one.
        OSError: the file cannot be read.
    """
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file or last_token()).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        if file is not None:
            raise
    raise ConfigurationError(
        f"no broken answer waits to be gone on with: there is no {last_token()}. "
        "If you saved one elsewhere, name it: streamkit resume FILE"
    )


def token_of(error: StreamkitError | None) -> str | None:
    """The token of an answer that can be gone on with; None of any other."""
    return error.token if isinstance(error, StreamInterrupted) else None


def keep_token(error: StreamkitError, file: str | None) -> None:
    """Save the token of an answer that broke off, and note on the error how to go on with it."""
    token = token_of(error)
    if token is None:
        return
    path = Path(file) if file is not None else last_token()
    try:
        _write(path, token)
    except OSError as problem:
        error.add_note(f"It could not be saved to {path}: {problem.strerror or problem}.")
        return
    command = "streamkit resume" if file is None else f"streamkit resume {file}"
    error.add_note(f"Go on with: {command}  (question and answer so far are in {path})")


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A temporary file is readable by its owner alone, and keeps that when it is renamed.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(token)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
