"""What models refuse is not sent, by either dialect, and the user may know better."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest, Message
from streamkit_openai import MODELS, ModelFacts, OpenAIChat, OpenAIResponses

ADAPTERS = (OpenAIChat(), OpenAIResponses())


def build(adapter: OpenAIChat | OpenAIResponses, model: str, **options: Any) -> WireRequest:
    return adapter.request(ChatRequest(model=model, messages=(Message.user("Hi"),), **options))


def effort(wire: WireRequest) -> str:
    found: str = wire.body.get("reasoning_effort") or wire.body["reasoning"]["effort"]
    return found


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda a: a.name)
@pytest.mark.parametrize(
    ("model", "options", "taken"),
    [
        ("gpt-4.1", {}, True),
        ("o3-mini", {}, False),
        ("ft:gpt-5:acme", {}, False),
        ("gpt-5-chat-latest", {}, True),
        ("gpt-5.1", {}, False),
        ("gpt-5.1", {"reasoning_effort": "none"}, True),
        ("unheard-of", {}, True),
    ],
)
def test_sampling_options_go_to_models_that_take_them(
    adapter: OpenAIChat | OpenAIResponses, model: str, options: dict[str, Any], taken: bool
) -> None:
    wire = build(adapter, model, temperature=0.5, top_p=0.9, **options)
    assert ("temperature" in wire.body, "top_p" in wire.body) == (taken, taken)
    told = [(w.code, w.what) for w in wire.warnings]
    assert told == ([] if taken else [("option_ignored", x) for x in ("temperature", "top_p")])


@pytest.mark.parametrize("prefix", ["openai", "azure"])
@pytest.mark.parametrize(
    ("model", "taken"),
    [
        ("gpt-4.1", True), ("o3", False), ("o4-mini", False), ("gpt-5-mini", False),
        ("gpt-5.1", False), ("gpt-5.2", False), ("gpt-5.4-pro", False), ("gpt-5.5", True),
        ("gpt-5-chat-latest", True), ("unheard-of", True),
    ],
)  # fmt: skip
def test_stop_goes_to_models_that_take_it(prefix: str, model: str, taken: bool) -> None:
    wire = build(OpenAIChat(prefix), model, stop=("Z",))
    assert wire.body.get("stop") == (["Z"] if taken else None)
    assert [(w.code, w.what) for w in wire.warnings] == [("option_ignored", "stop")] * (not taken)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda a: a.name)
@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [("o3", "max", "high"), ("gpt-5", "minimal", "minimal"), ("gpt-5.1", "minimal", "low")],
)
def test_an_effort_that_a_model_has_not_is_the_next_one_down(
    adapter: OpenAIChat | OpenAIResponses, model: str, asked: str, sent: str
) -> None:
    wire = build(adapter, model, reasoning_effort=asked)
    assert effort(wire) == sent
    assert len(wire.warnings) == (asked != sent)


@pytest.mark.parametrize("kind", [OpenAIChat, OpenAIResponses])
def test_what_is_known_of_models_can_be_replaced(
    kind: type[OpenAIChat] | type[OpenAIResponses],
) -> None:
    adapter = kind(models={**MODELS, "gpt-9": ModelFacts(sampling="no", efforts=("low",))})
    wire = build(adapter, "gpt-9-mini", temperature=0.5, reasoning_effort="high")
    assert ("temperature" in wire.body, effort(wire)) == (False, "low")
    assert "temperature" in build(kind(), "gpt-9-mini", temperature=0.5).body
    assert "temperature" not in build(adapter, "o3", temperature=0.5).body
    assert len({kind(), kind(), adapter}) == 2
