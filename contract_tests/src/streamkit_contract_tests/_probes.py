"""Words and numbers that no vendor sends, other ones in every run.

An adapter that knows what it is tested with would pass without being right. A run can be repeated:
its closing table names the seed, which the environment variable `SEED_ENV` sets.
"""

from __future__ import annotations

import os
from random import Random, SystemRandom
from typing import Final

SEED_ENV: Final = "STREAMKIT_CONTRACT_SEED"
GIVEN: Final = SEED_ENV in os.environ
"""Whether somebody chose the seed, to repeat a run or to know its probes."""

SEED: Final = int(os.environ.setdefault(SEED_ENV, str(SystemRandom().randrange(10**6))))
"""Of this process; those that it starts inherit it."""

_SYLLABLES: Final = tuple(f"{c}{v}" for c in "bdfgklmnprstvz" for v in "aeiou")


def word(of: str) -> str:
    """A word of five syllables, the same for the same ``of`` throughout a run."""
    return "".join(_random(of).choices(_SYLLABLES, k=5))


def number(of: str, low: int, high: int) -> int:
    """A number from ``low`` to ``high``."""
    return _random(of).randint(low, high)


def fraction(of: str, low: float, high: float) -> float:
    """A number between the two that a power of two divides, so that it survives any arithmetic."""
    steps = 1024
    return round(low * steps + _random(of).random() * (high - low) * steps) / steps


def _random(of: str) -> Random:
    return Random(f"{SEED} {of}")  # noqa: S311 - to be repeatable, no secret
