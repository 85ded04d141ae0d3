"""What the flow asks of a driver, and what a driver can answer.

Deadlines are moments on a monotonic clock, in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from streamkit.adapter import Adapter, Located, Signer, Unsigned
from streamkit.errors import StreamkitError

now = time.monotonic
"""The clock of all deadlines."""


@dataclass(slots=True)
class Locate:
    """Call ``adapter.locate(model)``, which may block. Reply: Located, None, or an error."""

    adapter: Adapter
    model: str


@dataclass(slots=True)
class AskKey:
    """Call what returns the key, and await what has to be awaited. Reply: Key, or an error."""

    source: Callable[[], str | Awaitable[str]] = field(repr=False)


@dataclass(slots=True)
class Sign:
    """Have a request signed, which may block. Reply: Signed, or an error."""

    signer: Signer | str
    request: Unsigned


@dataclass(slots=True)
class Open:
    """Send the request. Reply: Opened, TIMED_OUT, SILENT, or Lost."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    deadline: float | None = None


@dataclass(slots=True)
class Read:
    """Wait for more of the body. Reply: bytes (b"" at its end), TIMED_OUT, SILENT, or Lost.

    If nothing has come by ``wake``, a driver that can say so without giving the read up replies
    NOT_YET; others go on waiting.
    """

    deadline: float | None = None
    wake: float | None = None


@dataclass(slots=True)
class Drain:
    """The answer is whole: read the body's last bytes, briefly, so the connection can be reused."""


@dataclass(slots=True)
class Close:
    """Give the response up."""


@dataclass(slots=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


Command = Locate | AskKey | Sign | Open | Read | Drain | Close | Sleep


@dataclass(slots=True)
class Key:
    """What was returned, which need not be a key."""

    value: Any = field(repr=False)


@dataclass(slots=True)
class Signed:
    """The headers to add, by lower-case name."""

    headers: dict[str, str] = field(repr=False)


@dataclass(slots=True)
class Opened:
    """The vendor answered; ``headers`` have lower-case names."""

    status: int
    headers: dict[str, str]


@dataclass(slots=True)
class Lost:
    """The line failed. ``stale``: a pooled connection turned out dead before the first byte."""

    error: StreamkitError
    stale: bool = False


class TimedOut:
    """A timer fired. Which one, the driver says: clocks differ too much to find out afterwards."""


TIMED_OUT: Final = TimedOut()
"""The deadline of the command passed."""

SILENT: Final = TimedOut()
"""No byte came within ``Timeouts.no_bytes``."""


class NotYet:
    """No byte came until ``Read.wake``. The line is well, and the read may be asked for again."""


NOT_YET: Final = NotYet()

Reply = Opened | Key | Signed | bytes | NotYet | Lost | TimedOut | Located | StreamkitError | None
