"""One small file per contender: its documented streaming API, used the way its documents show.

Each file has

- ``HOW``, the API of the everyday loop;
- ``connect(url, key)``: whatever a program would keep between calls;
- ``stream(client, call)``: the everyday loop over an answer;
- ``tools(client, call)``: the documented way to finished tool calls, or to have the tool run;
  ``CALLS`` says which, None if the API has none; ``CALL_IN_PIECES`` is False in a dialect that
  sends a tool call in one piece;
- ``break_loop``: the loop left by ``break``, where the API needs no ``with`` block around it;
- ``break_closing`` and ``CLOSING``: leaving early by the stream's own means of closing, if any;
- ``read_timeout(client)``: the longest silence the library allows by default, in seconds, read from
  the library itself; None if there is no bound;
- ``OPTION`` and ``connect_with_option``: a documented option that bears on a row, if there is one;
- ``NOTE``: what else of its documents bears on a row.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

KEY = "sk-planted-4f1d9c6e2b7a8035"
PROMPT = "Why is the sky blue?"
MESSAGES: Any = [{"role": "user", "content": PROMPT}]
PARAMETERS: Any = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
}
FUNCTION: Any = {
    "name": "delete_files",
    "description": "Delete the files below a path.",
    "parameters": PARAMETERS,
}
TOOLS: Any = [{"type": "function", "function": FUNCTION}]


async def _nothing() -> None:
    pass


class ConsumerError(Exception):
    """What the program raises inside its loop."""


@dataclass
class Call:
    """One call: what its loop received, and whether it wants to leave, by ``break`` or by raising.

    ``leave_after`` is a number of pieces of text.
    """

    leave_after: int | None = None
    leave_by: Literal["break", "raise"] = "break"
    after: Callable[[], Awaitable[None]] = _nothing
    pieces: list[str] = field(default_factory=list)
    finish: str | None = None
    handed_out: list[Any] = field(default_factory=list)
    ran: list[Any] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    left_at: float | None = None

    def take(self, text: str | None) -> bool:
        """Note a piece of text. True: leave the loop now."""
        if text:
            self.pieces.append(text)
        if self.leave_after is None or len(self.pieces) < self.leave_after:
            return False
        self.left_at = time.monotonic()
        if self.leave_by == "raise":
            raise ConsumerError
        return True

    def finished(self, reason: Any) -> None:
        """Note the finish reason that the API reports, if it does."""
        if reason is not None:
            self.finish = str(getattr(reason, "value", reason))

    def hand_out(self, name: str | None, arguments: Any) -> None:
        """Note a tool call that the API hands out as one to act on."""
        self.handed_out.append([name, arguments])

    def delete_files(self, path: str = ".") -> str:
        """Delete the files below a path."""
        self.ran.append(path)
        return "done"

    async def go_on(self) -> None:
        """The rest of the program. The loop's names, its stream among them, are still in scope."""
        await self.after()

    def report(self) -> dict[str, Any]:
        return {
            "text": "".join(self.pieces),
            "finish": self.finish,
            "handed_out": self.handed_out,
            "ran": self.ran,
            "told": self.told,
        }
