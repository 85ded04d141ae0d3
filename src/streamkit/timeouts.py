"""The timers of a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for what, in seconds; None waits for ever.

    ``connect``: for the connection. ``first_event``: from sending to the first event or keep-alive.
    ``first_content``: from sending to the first content (keep-alives are not content).
    ``no_bytes``: between two arrivals of bytes. ``no_content``: between two pieces of content.

    The defaults are patient: a model may think for many minutes, in silence or behind keep-alives,
    and the vendors' own libraries wait 600 s for a byte. A connection whose other end is gone is
    noticed within two minutes all the same, by TCP. For a limit on the whole
    answer, put your framework's own timeout around it (``asyncio.timeout``, ``trio.fail_after``).
    """

    connect: float | None = 10.0
    first_event: float | None = 600.0
    first_content: float | None = 1800.0
    no_bytes: float | None = 600.0
    no_content: float | None = 1800.0
