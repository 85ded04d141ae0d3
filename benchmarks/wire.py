"""The streams that are measured: their shapes, and the text every contender must make of them.

A request names its stream in the ``model`` field, so that any library can ask for any stream:

    d20000-e64-r0-c6-whole     20,000 deltas, 64 events a write, no pacing, 6 characters a delta
    d40-e1-r20-c6-whole        40 deltas, one event a write, 20 writes a second
    d10-e1-r0-c6-cut           the same shape without finish reason and end mark, cleanly closed
    d1-e1-r0-c6-hold           one delta, and then nothing until the client goes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ending = Literal["whole", "cut", "hold"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One stream. ``rate``: writes per second, 0 for as fast as the socket takes them."""

    deltas: int
    per_write: int = 1
    rate: int = 0
    size: int = 6
    ending: Ending = "whole"

    @property
    def model(self) -> str:
        return f"d{self.deltas}-e{self.per_write}-r{self.rate}-c{self.size}-{self.ending}"

    @classmethod
    def read(cls, model: str) -> Shape:
        deltas, per_write, rate, size, ending = model.rpartition("/")[2].split("-")
        numbers = (int(word[1:]) for word in (deltas, per_write, rate, size))
        return cls(*numbers, ending)  # type: ignore[arg-type]

    def words(self) -> tuple[str, ...]:
        """The texts of the deltas, over and over; equal ones in a row look like a broken model."""
        return tuple(" " + (letter * self.size)[1:] for letter in "abcdefgh")

    @property
    def text(self) -> str:
        """The whole answer."""
        whole, rest = divmod(self.deltas, len(self.words()))
        return "".join(self.words()) * whole + "".join(self.words()[:rest])
