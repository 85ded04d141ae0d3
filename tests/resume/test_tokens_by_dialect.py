"""Every dialect goes on from a token in another process, wherever its answer was cut."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import Resume, Timeouts
from streamkit._setup import Setup
from streamkit.errors import StreamInterrupted
from streamkit.messages import ChatResponse
from streamkit.testing import decode
from tests.resume.chaos import Answer, Case, Vendor, answers
from tests.resume.lines import Heard, play

CUTS = 24
ANSWERS = [answer for answer in answers() if answer.story.text]
ONCE: dict[str, Any] = {"resume": Resume(attempts=1), "timeouts": Timeouts(no_bytes=0.002)}


def cut(answer: Answer, offset: int) -> tuple[Vendor, Heard]:
    """The answer, cut behind so many bytes and given up on; and its server, which lives on."""
    case = Case(answer, offset, "rst", "honest")
    vendor, heard = Vendor(case), Heard()
    setup = Setup(adapters=[answer.dialect.adapter], **ONCE)
    play(vendor.answer, setup.call(answer.dialect.model, "Hi", answer.dialect.options), heard)
    return vendor, heard


def gone_on(answer: Answer, vendor: Vendor, token: str) -> Heard:
    heard = Heard()
    play(vendor.answer, Setup(adapters=[answer.dialect.adapter]).resumed(token, {}, {}), heard)
    return heard


def shown(*heard: Heard) -> str:
    """The text as a program has it that reads both streams."""
    text = ""
    for event in (event for each in heard for event in each.events):
        match event.type:
            case "text.delta":
                text += event.text
            case "rewound" if not event.dropped:
                text = text[: len(text) - event.length]
    return text


def whole(answer: Answer) -> ChatResponse:
    headers = {"content-type": answer.dialect.content_type}
    return decode(answer.dialect.adapter, b"".join(answer.frames), headers=headers).response


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_another_process_has_the_answer_whole(answer: Answer) -> None:
    want, tried = whole(answer), 0
    for offset in range(0, answer.size, max(1, answer.size // CUTS)):
        vendor, first = cut(answer, offset)
        if not isinstance(first.error, StreamInterrupted):
            continue
        tried += 1
        if first.error.token is None:  # nobody could
            continue
        then = gone_on(answer, vendor, first.error.token)
        assert then.events[0].seq == first.events[-1].seq + 1
        assert then.error is None, offset
        assert then.response.text == answer.story.words, offset
        assert shown(first, then) == answer.story.words, offset
        if answer.dialect.replays:
            assert then.response.parts == want.parts, offset
            assert then.response.usage == want.usage
    assert tried > CUTS // 3
