"""What goes where: the answer to stdout, everything else, dim or red, to stderr.

Colour, spinner and cursor codes go to terminals only, and no colour at all with NO_COLOR or a dumb
terminal. Control characters in what a model or vendor says are shown, never obeyed, on a terminal.
"""

from __future__ import annotations

import os
import sys
from shutil import get_terminal_size
from typing import Final, TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from streamkit.cli._wrap import WordWrap

_VISIBLE: Final = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}


def printable(text: str) -> str:
    """``text`` with control characters made visible, so that no answer can drive a terminal."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would exit here; how this program ends is decided elsewhere


def console(file: TextIO) -> Console:
    """A rich console for ``file``, plain unless it is a terminal."""
    terminal = file.isatty()
    # An empty NO_COLOR counts as not set: https://no-color.org
    coloured = terminal and not os.environ.get("NO_COLOR")
    return _Console(
        file=file,
        force_terminal=terminal,
        color_system="auto" if coloured else None,
        width=None if terminal else 10_000,  # a pipe has no width to fit
        highlight=False,
        markup=False,
        emoji=False,
    )


_SEAM: Final = "┊"
_TAIL: Final = 200
"""Characters of the answer that are remembered, to say what of it is taken back."""


class Screen:
    """Shows one answer after another, and keeps the two channels apart on a shared terminal.

    Args:
        before: what the user has of the answer already, from another run.

    Attributes:
        shared: answer and remarks are seen in one place.
        appends_only: the answer goes to a pipe or a file, from which nothing can be taken back.
    """

    def __init__(self, before: str = "") -> None:
        self._out = sys.stdout
        self._err = console(sys.stderr)
        self._out_is_terminal = self._out.isatty()
        self.shared = self._out_is_terminal and self._err.is_terminal
        self.appends_only = not self._out_is_terminal
        self._spinner: Status | None = None
        self._answering = False  # the last line of the answer lacks its end
        self._thinking = self._thought_open = False
        self._wrap = WordWrap(lambda: get_terminal_size().columns)
        self._tail = printable(before)[-_TAIL:]
        self._warned: set[str] = set()

    def wait(self, words: str) -> None:
        """Say what is being waited for, until something else is shown. On a terminal only."""
        if not self._err.is_interactive:
            return
        self._make_room()
        self._spinner = self._err.status(Text(words, "dim"), spinner_style="dim")
        self._spinner.start()

    def answer(self, text: str) -> None:
        """More of the answer."""
        self._stop_spinner()
        if self._thinking:
            self._end_thought()
            if self.shared:
                self._print("\n")
        self._answering = not text.endswith("\n")  # before writing, where Ctrl-C may fall
        if self._out_is_terminal:
            text = printable(text)
            self._tail = (self._tail + text)[-_TAIL:]
            text = self._wrap.feed(text)
        self._write(text)

    def seam(self) -> None:
        """The answer broke off here and is to go on: a dim mark, in its midst."""
        self._stop_spinner()
        self._write(self._wrap.mark())
        self._print(_SEAM, "dim")

    def take_back(self, length: int) -> None:
        """The last characters of the answer are void: erase them, or say so where that fails."""
        if self.appends_only or not length:
            return
        taken, self._tail = self._tail[-length:], self._tail[:-length]
        columns = self._wrap.take_back(length)
        if columns is None:
            self.aside(f"taken back: {taken}")
        else:
            back = "\b" * columns
            self._write(f"{back}{' ' * columns}{back}")
            if self.shared:
                self.seam()

    def thought(self, text: str) -> None:
        """More of the reasoning: dim, and apart from the answer."""
        if not self._thinking:
            self._make_room()
        self._stop_spinner()
        self._thinking, self._thought_open = True, not text.endswith("\n")
        self._print(self._wrap.feed(printable(text)) if self._err.is_terminal else text, "dim")

    def aside(self, line: str, style: str = "dim") -> None:
        """A line of its own that is not part of the answer."""
        self._make_room()
        line = " ".join(line.splitlines())
        self._print(f"{printable(line) if self._err.is_terminal else line}\n", style)

    def warn(self, line: str) -> None:
        """A dim line that is said once: a chat would hear it with every turn."""
        if line not in self._warned:
            self._warned.add(line)
            self.aside(line)

    def end(self, *, goes_on: bool = False) -> None:
        """The answer is over: end its last line, which a reader of stdout wants too.

        ``goes_on``: not over, but left, and a later program may write the rest behind it.
        """
        self._stop_spinner()
        self._end_thought()
        if goes_on and self.appends_only:
            self._answering = False
        self._end_answer()

    def blank(self) -> None:
        """An empty line between turns, on a terminal."""
        if self._err.is_terminal:
            self._print("\n")

    def _make_room(self) -> None:
        # A line's end goes to stdout only where a terminal shows both channels in one place.
        self._stop_spinner()
        self._end_thought()
        if self.shared:
            self._end_answer()

    def _end_thought(self) -> None:
        if self._thinking:
            self._thinking = False
            last = self._wrap.end() if self._err.is_terminal else ""
            self._print(f"{last}\n" if self._thought_open else last, "dim")

    def _end_answer(self) -> None:
        if self._answering:
            self._answering = False
            last = self._wrap.end() if self._out_is_terminal else ""
            self._write(f"{last}\n")

    def _stop_spinner(self) -> None:
        spinner, self._spinner = self._spinner, None
        if spinner is not None:
            spinner.stop()

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _print(self, text: str, style: str = "") -> None:
        self._err.print(Text(text, style), end="", soft_wrap=True)
