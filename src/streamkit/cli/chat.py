"""``streamkit chat``: a conversation, kept until you leave."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Final

from streamkit import sync
from streamkit.cli._endings import COMPLETE, INTERRUPTED, error_code, error_line, exit_code, explain
from streamkit.cli._output import Screen
from streamkit.cli._play import play
from streamkit.errors import StreamkitError
from streamkit.messages import Message

_HELP: Final = (
    "/new        forget the conversation",
    "/model ID   go on with another model",
    "/quit       leave; so do Ctrl-D, and Ctrl-C at the prompt",
    "Ctrl-C      while an answer comes: stop it, and keep what came",
)
_COMMAND: Final = re.compile(r"/[a-z]+(\s|$)")  # a path, such as /etc/hosts, is none
_BOLD_PROMPT: Final = "\001\x1b[1m\002> \001\x1b[0m\002"  # \001 and \002: no width, for readline


class Conversation:
    """Turns with one model, or with one after another. A turn without an answer leaves no trace."""

    def __init__(self, client: sync.Client, model: str, system: str | None) -> None:
        self._client = client
        self._system = [Message.system(system)] if system else []
        self._turns: list[Message] = []
        self.use(model)

    def use(self, model: str) -> None:
        """Go on with ``model``. Raises ConfigurationError if there is no adapter for it."""
        self._client.stream(model, "?")  # nothing is sent before its events are asked for
        self.model = model

    def forget(self) -> None:
        """Begin anew."""
        self._turns.clear()

    def say(self, words: str, screen: Screen) -> int:
        """Put one question and show the answer; returns the exit code it would have.

        Raises:
            StreamkitError: the answer did not come whole; what came has been shown and kept.
        """
        question = Message.user(words)
        messages = [*self._system, *self._turns, question]
        with self._client.stream(self.model, messages) as stream:
            error = play(stream, screen)
            answer = stream.snapshot
        turn = answer.message
        if turn.text.strip():  # vendors refuse a turn without words when it is sent back
            self._turns += [question, turn]
        else:
            screen.aside("nothing of this turn is kept, for it has no text")
        if error is not None:
            raise error
        return exit_code(answer.outcome)


def chat(model: str, system: str | None) -> int:
    """Talk until the user leaves. Returns 0; without a terminal, how the last turn ended."""
    screen = Screen()
    interactive = sys.stdin.isatty()
    code = COMPLETE
    with sync.Client() as client:
        conversation = Conversation(client, model, system)
        if interactive:
            _load_line_editor()
            screen.aside(f"{model} · /help lists the commands, Ctrl-D leaves")
        while (words := _read(interactive)) is not None:
            if not words:
                continue
            try:
                if _COMMAND.match(words):
                    if _command(words, conversation, screen):
                        break
                else:
                    code = conversation.say(words, screen)
            except KeyboardInterrupt:
                screen.end()
                code = INTERRUPTED
            except StreamkitError as error:
                error_line(explain(error))
                code = error_code(error)
            screen.blank()
    return COMPLETE if interactive else code


def _command(line: str, conversation: Conversation, screen: Screen) -> bool:
    """Carry out ``/name argument``. True: leave."""
    name, _, argument = line.partition(" ")
    match name, argument.strip():
        case "/quit" | "/exit" | "/bye", "":
            return True
        case "/new", "":
            conversation.forget()
            screen.aside("a new conversation")
        case "/model", model if model:
            conversation.use(model)
            screen.aside(f"going on with {model}")
        case "/help", _:
            for row in _HELP:
                screen.aside(row)
        case _:
            screen.aside(f"no such command: {name}; /help lists them")
    return False


def _load_line_editor() -> None:
    with contextlib.suppress(ImportError):  # not there on Windows
        import readline  # noqa: F401  # importing it is what gives input() its line editing


def _read(interactive: bool) -> str | None:
    """The next line, stripped. None: the user leaves."""
    if not interactive:
        line = sys.stdin.readline()
        return line.strip() if line else None
    try:
        if sys.stdout.isatty():
            return input("> " if os.environ.get("NO_COLOR") else _BOLD_PROMPT).strip()
        print("> ", end="", file=sys.stderr, flush=True)  # stdout is for the answers
        return input().strip()
    except (EOFError, KeyboardInterrupt):
        print(file=sys.stderr)
        return None
