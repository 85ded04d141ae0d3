"""What is known of models: what they keep in a cache, and how a user says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from streamkit.messages import ChatRequest, JsonSchema, Message
from streamkit_bedrock import MODELS, Bedrock, BedrockAnthropic, ModelFacts
from streamkit_bedrock.models import CLAUDE

ASK = (Message.user("Hi"),)


def test_a_family_that_nobody_knew_gets_what_the_user_says_of_it() -> None:
    adapter = Bedrock(models={**MODELS, "acme.": ModelFacts("effort", ("low", "high"), top_k="k")})
    asked = ChatRequest(model="eu.acme.one", messages=ASK, reasoning_effort="medium", top_k=3)
    fields = adapter.request(asked).body["additionalModelRequestFields"]
    assert fields == {"reasoning_effort": "low", "k": 3}
    assert "additionalModelRequestFields" not in Bedrock().request(asked).body


def test_what_is_known_of_claude_can_be_replaced_for_converse() -> None:
    refusing = replace(CLAUDE["claude-opus-4-6"], sampling="none")
    adapter = Bedrock(claude_models={"claude-": refusing})
    model = "us.anthropic.claude-opus-4-6-v1"
    asked = ChatRequest(model=model, messages=ASK, temperature=0.5)
    assert Bedrock().request(asked).body["inferenceConfig"] == {"temperature": 0.5}
    assert "inferenceConfig" not in adapter.request(asked).body


def test_what_is_known_of_claude_can_be_replaced_for_invoke() -> None:
    schema = JsonSchema(json_schema={"type": "object"})
    asked = ChatRequest(model="anthropic.claude-opus-5", messages=ASK, response_format=schema)
    assert "output_config" not in BedrockAnthropic().request(asked).body
    taken = BedrockAnthropic(models={"claude-": CLAUDE["claude-sonnet-4-6"]}).request(asked)
    assert taken.body["output_config"]["format"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("model", "asked", "point", "warned"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "5m", {"type": "default"}, []),
        ("eu.anthropic.claude-haiku-4-5", "1h", {"type": "default", "ttl": "1h"}, []),
        ("us.anthropic.claude-opus-4-20250514-v1:0", "1h", {"type": "default"}, ["adjusted"]),
        ("amazon.nova-lite-v1:0", "1h", {"type": "default"}, ["adjusted"]),
        ("anthropic.claude-3-haiku-20240307-v1:0", "5m", None, ["ignored"]),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "5m", None, ["ignored"]),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "5m", {"type": "default"}, []),
        ("meta.llama4", "5m", None, ["ignored"]),
    ],
)
def test_a_prompt_is_kept_for_as_long_as_the_model_can(
    model: str, asked: Literal["5m", "1h"], point: dict[str, str] | None, warned: list[str]
) -> None:
    talk = (Message.system("Be brief."), *ASK, Message.assistant("It is"))
    wire = Bedrock().request(ChatRequest(model=model, messages=talk, prompt_cache_ttl=asked))
    mark = [{"cachePoint": point}] if point else []
    assert wire.body["system"] == [{"text": "Be brief."}, *mark]
    assert wire.body["messages"][0]["content"] == [{"text": "Hi"}, *mark]
    assert wire.body["messages"][1]["content"] == [{"text": "It is"}]
    told = [(w.code, w.what) for w in wire.warnings]
    assert told == [(f"option_{code}", "prompt_cache_ttl") for code in warned]
