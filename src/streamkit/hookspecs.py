"""The hooks a plugin may implement, and the marker to implement them with.

A plugin is a package with an entry point in the group ``streamkit`` whose name is a model-id prefix
(``acme = "streamkit_acme"``). The module it names implements `streamkit_adapter`:

    from streamkit import hookimpl

    @hookimpl
    def streamkit_adapter(name):
        return Acme() if name == "acme" else None

A package may register several prefixes for one module. Nothing is loaded before a prefix is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

from streamkit.values import FaultKind, FinishReason, Outcome, Timings, Usage

if TYPE_CHECKING:
    from streamkit.adapter import Adapter

GROUP = "streamkit"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What an observer learns of a finished stream: figures only, no prompt, no answer, no key."""

    model: str
    dialect: str
    outcome: Outcome
    finish_reason: FinishReason | None
    attempts: int
    timings: Timings
    usage: Usage | None
    fault: FaultKind | None


@hookspec(firstresult=True)
def streamkit_adapter(name: str) -> Adapter | None:
    """The adapter for the model-id prefix ``name``, or None if this plugin has none."""


@hookspec
def streamkit_stream_ended(report: StreamReport) -> None:
    """Called once per stream, when it has ended in whatever way. Must be quick and not raise."""
