"""What is slow but well does not trip the default timers. Played on a clock of ours."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streamkit import Timeouts
from streamkit._commands import Command, Opened, Read, Reply
from streamkit._flow import Flow
from streamkit._setup import Setup

from .rows import WORDS
from .vendors import ANTHROPIC, OPENAI, Vendor

MINUTE = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def play(vendor: Vendor, steps: Sequence[bytes | float]) -> Flow:
    """Bytes that come, and seconds of silence, which no timer may cut short."""
    setup = Setup(api_key={vendor.prefix: "sk-1"}, base_url={vendor.prefix: "https://x.invalid"})
    clock = Clock()
    flow = Flow(setup.call(f"{vendor.prefix}:any", "Hi", {}), clock)
    run = flow.run()
    command: Command | None = run.send(None)

    def answer(reply: Reply) -> None:
        nonlocal command
        try:
            command = run.send(reply)
        except StopIteration:
            command = None

    answer(Opened(200, {"content-type": "text/event-stream"}))
    for step in steps:
        if isinstance(step, bytes):
            answer(step)
            continue
        assert isinstance(command, Read)
        no_bytes = Timeouts().no_bytes
        assert no_bytes is not None
        assert step < no_bytes
        clock.now += step
        assert command.deadline is not None
        assert clock.now < command.deadline
    while command is not None:
        answer(b"")
    return flow


@pytest.mark.parametrize("vendor", [OPENAI, ANTHROPIC], ids=lambda vendor: vendor.prefix)
def test_arguments_of_a_tool_may_come_after_nine_minutes_of_silence(vendor: Vendor) -> None:
    first, *rest = vendor.tool()
    body = [*vendor.said(*WORDS), first, 9 * MINUTE, *rest, 9 * MINUTE, *vendor.tool_stopped()]
    flow = play(vendor, body)
    assert flow.outcome == "complete"
    assert [call.name for call in flow.snapshot().tool_calls] == ["delete_files"]


@pytest.mark.parametrize("vendor", [OPENAI, ANTHROPIC], ids=lambda vendor: vendor.prefix)
def test_reasoning_may_take_hours(vendor: Vendor) -> None:
    thoughts = [step for piece in vendor.thoughts(*["Hm. "] * 15) for step in (9 * MINUTE, piece)]
    words = [*vendor.opened(), *map(vendor.word, WORDS), *vendor.stopped()]
    flow = play(vendor, [*vendor.began(), *thoughts, *words])
    assert flow.outcome == "complete"
    assert flow.snapshot().reasoning == "Hm. " * 15


@pytest.mark.parametrize("vendor", [OPENAI, ANTHROPIC], ids=lambda vendor: vendor.prefix)
def test_the_first_word_may_come_after_nine_minutes(vendor: Vendor) -> None:
    assert play(vendor, [9 * MINUTE, *vendor.whole()]).outcome == "complete"


@pytest.mark.parametrize("vendor", [OPENAI, ANTHROPIC], ids=lambda vendor: vendor.prefix)
def test_the_first_word_may_come_after_twenty_minutes_of_keep_alives(vendor: Vendor) -> None:
    pings = [step for _ in range(20) for step in (MINUTE, b": ping\n\n")]
    assert play(vendor, [*vendor.began(), *pings, *vendor.whole()]).outcome == "complete"
