"""The terminal in the README, from a real run: ``uv run python docs/_make/terminal.py``.

Runs ``streamkit ask`` with the local model in a terminal of 80 columns and writes what is on the
screen at the end to ``docs/_static/ask.svg``. A model's words differ from run to run, so this is
not part of `docs/generate.py`.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 80
COMMAND = 'streamkit ask "Describe the sea in one sentence."'
PICTURE = Path(__file__).parents[1] / "_static" / "ask.svg"

FONT_FACES = re.compile(r" *@font-face \{.*?\}\n", re.DOTALL)
SPINNER = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h\s*\x1b\[1A\x1b\[2K", re.DOTALL)
"""From hiding the cursor to showing it, and the line that is then wiped."""


def shown(command: str) -> str:
    """What the program writes to a terminal, both channels, with its colours."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    program = subprocess.Popen(  # noqa: S603 - the command is the one above
        shlex.split(command), stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    written = bytearray()
    with suppress(OSError):  # EIO: the program is over
        while piece := os.read(screen, 65536):
            written += piece
    os.close(screen)
    if program.wait() != 0:
        sys.exit(f"{command} failed:\n{written.decode()}")
    return written.decode()


def picture(command: str, output: str) -> str:
    """The screen as SVG, in the reader's own monospaced font: a picture that fetches nothing."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "green"), (command, "bold")))
    console.print(Text.from_ansi(SPINNER.sub("", output).replace("\r\n", "\n").rstrip()))
    svg = console.export_svg(title="streamkit", unique_id="ask")
    return FONT_FACES.sub("", svg).replace("Fira Code", "ui-monospace")


if __name__ == "__main__":
    PICTURE.write_text(picture(COMMAND, shown(COMMAND)), "utf-8")
    print(f"wrote {PICTURE.name}")
