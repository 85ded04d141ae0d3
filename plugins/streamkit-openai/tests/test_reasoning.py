"""Where servers put what the model thinks, beyond the recordings of the contract test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.messages import ReasoningPart, TextPart
from streamkit.testing import Decoded, decode
from streamkit_openai import OpenAIChat


def read(*deltas: dict[str, Any], profile: str = "openai-compatible") -> Decoded:
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    body = "".join(f"data: {json.dumps({'id': 'x', 'choices': [c]})}\n\n" for c in choices)
    headers = {"content-type": "text/event-stream"}
    return decode(OpenAIChat(profile), (body + "data: [DONE]\n\n").encode(), headers=headers)


@pytest.mark.parametrize(
    ("deltas", "want"),
    [
        pytest.param(
            [{"reasoning_content": {"text": "Hm"}}, {"reasoning_content": {"signature": "c2ln"}}],
            ReasoningPart(text="Hm", signature="c2ln", scheme="openai-compatible"),
            id="an object, its signature by itself (Envoy AI Gateway)",
        ),
        pytest.param(
            [{"content": [{"type": "reasoning", "text": "Hm"}]}],
            ReasoningPart(text="Hm", kind="summary"),
            id="a piece of content with a text",
        ),
        pytest.param(
            [
                {"content": [{"type": "reasoning", "summary": [{"text": "H"}, {"text": "m"}]}]},
                {"content": [{"type": "reasoning"}]},
            ],
            ReasoningPart(text="Hm", kind="summary"),
            id="a piece of content with a summary of two parts, and one with none",
        ),
        pytest.param(
            [{"content": [{"type": "thinking", "thinking": "Hm"}]}],
            ReasoningPart(text="Hm"),
            id="a piece of content with words instead of a list",
        ),
    ],
)
def test_reasoning_is_reasoning_wherever_it_comes(
    deltas: list[dict[str, Any]], want: ReasoningPart
) -> None:
    got = read(*deltas, {"content": "Ok"})
    assert got.response.parts == (want, TextPart(text="Ok"))
    assert not [event for event in got.events if event.type == "opaque"]


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": {"tokens": 3}},
        {"content": [{"type": "reasoning", "summary": [{"tokens": 3}]}]},
    ],
)
def test_what_is_no_words_is_told_as_it_came(delta: dict[str, Any]) -> None:
    got = read(delta, {"content": "Ok"})
    assert got.response.parts == (TextPart(text="Ok"),)
    [opaque] = [event for event in got.events if event.type == "opaque"]
    assert opaque.data == {"tokens": 3}
