"""``streamkit ask``: one question, one answer."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any, cast

from pydantic import ValidationError

from streamkit import sync
from streamkit.cli._endings import INTERRUPTED, exit_code
from streamkit.cli._json import event_data, write_line
from streamkit.cli._output import Screen
from streamkit.cli._play import play
from streamkit.cli._tokens import keep_token
from streamkit.errors import ConfigurationError, StreamkitError
from streamkit.messages import ChatRequest, Message, Options
from streamkit.timeouts import Timeouts


def ask(
    words: Sequence[str],
    *,
    model: str,
    system: str | None,
    options: Options,
    strict: bool,
    timeout: float | None,
    as_json: bool,
    save: str | None = None,
    keep: bool = True,
) -> int:
    """Put the question, show the answer, return the exit code.

    If the answer breaks off and ``keep`` is set, its token goes to ``save``, or where
    ``streamkit resume`` looks for the last one.

    Raises:
        StreamkitError: the answer did not come whole; what came has been shown.
    """
    messages = [Message.system(system)] if system else []
    messages.append(Message.user(read_prompt(words)))
    with (
        sync.Client(strict=strict, timeouts=timeouts(timeout)) as client,
        client.stream(model, messages, **options) as stream,
    ):
        try:
            if as_json:
                return write_events(stream)
            error = play(stream, Screen(), resumable=keep)
            if error is not None:
                raise error
            return exit_code(stream.snapshot.outcome)
        except StreamkitError as problem:
            if keep:
                keep_token(problem, save)
            raise


def write_events(stream: sync.Stream) -> int:
    """Print the events of a stream as they come; returns the exit code."""
    try:
        for event in stream:
            write_line(event_data(event))
    except KeyboardInterrupt:
        stream.close()
        with contextlib.suppress(ConfigurationError):  # a closed stream says so at its end
            for event in stream:
                write_line(event_data(event))
        return INTERRUPTED
    return exit_code(stream.snapshot.outcome)


def read_prompt(words: Sequence[str]) -> str:
    """The prompt: the words of the command line, a lone ``-`` among them standing for stdin.

    Without words, a pipe on stdin is the prompt.
    """
    if not words and not sys.stdin.isatty():
        words = ["-"]
    parts: list[str] = []
    for word in words:
        if word == "-":
            parts += ["\n\n", sys.stdin.read().strip(), "\n\n"]
        else:
            parts += [" ", word]
    prompt = "".join(parts).strip()
    if not prompt:
        raise ConfigurationError(
            'no prompt: write streamkit ask "Why is the sky blue?", or pipe one in'
        )
    return prompt


def timeouts(seconds: float | None) -> Timeouts | None:
    """Timers that give up when nothing comes for ``seconds``; None: the patient defaults."""
    if seconds is None:
        return None
    return Timeouts(min(seconds, 10.0), seconds, seconds, seconds, seconds)


def read_options(pairs: Sequence[str]) -> Options:
    """``NAME=VALUE`` pairs as request options; a value is taken as JSON where text does not fit."""
    options: dict[str, Any] = {}
    known = Options.__annotations__
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in known:
            problem = f"no such option: {name}" if equals else f"{pair!r} is not NAME=VALUE"
            raise ConfigurationError(
                f"--option {pair}: {problem}. The names are {', '.join(sorted(known))}; "
                "what only one vendor has goes into extra_body={...}"
            )
        options[name] = _option_value(name, value)
    return cast("Options", options)


def _option_value(name: str, value: str) -> Any:
    try:
        fields = {"model": "any", "messages": (), name: value}
        return getattr(ChatRequest.model_validate(fields), name)
    except ValidationError:
        with contextlib.suppress(ValueError):
            return json.loads(value)
        return value  # the client says what is wrong with it
