"""``streamkit resume``: go on with an answer that broke off."""

from __future__ import annotations

from streamkit import sync
from streamkit.cli._endings import COMPLETE, exit_code
from streamkit.cli._output import Screen
from streamkit.cli._play import play
from streamkit.cli._tokens import keep_token, last_token, read_token
from streamkit.cli.ask import timeouts, write_events
from streamkit.errors import StreamkitError

_TAIL = 60


def resume(file: str | None, *, timeout: float | None, as_json: bool) -> int:
    """Show the rest of the answer whose token is in ``file``; returns the exit code.

    Raises:
        StreamkitError: the token cannot be used, or the answer broke off again. Its new token is
            then where the old one was.
        OSError: the file cannot be read.
    """
    token = read_token(file)
    kept = None if file == "-" else file
    with (
        sync.Client(timeouts=timeouts(timeout)) as client,
        client.resume(token) as stream,
    ):
        try:
            if as_json:
                code = write_events(stream)
            else:
                before = stream.snapshot.text
                screen = Screen(before)
                screen.aside(f"going on with {stream.model} after: …{before[-_TAIL:]}")
                error = play(stream, screen, resumable=True)
                if error is not None:
                    raise error
                code = exit_code(stream.snapshot.outcome)
        except StreamkitError as error:
            keep_token(error, kept)
            raise
    if file is None and code == COMPLETE:
        last_token().unlink(missing_ok=True)
    return code
