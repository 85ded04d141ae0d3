"""What is known of models can be replaced by the user, for Converse and for Invoke."""

from __future__ import annotations

from dataclasses import replace

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
