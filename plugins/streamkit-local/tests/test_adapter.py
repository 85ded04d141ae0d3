"""The model id ``local:…`` from end to end, and that every declared option has its effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import streamkit
from streamkit.errors import ConfigurationError, InvalidRequestError, UnsupportedError
from streamkit.messages import ChatRequest, JsonSchema, Message, NamedTool, Tool
from streamkit_local import LocalChat

SKY = "Why is the sky blue?"
WEATHER = Tool(
    name="get_weather",
    description="Get the weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ADD = Tool(
    name="add",
    description="Add two numbers",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
)


@pytest.fixture(scope="module")
def client() -> Iterator[streamkit.sync.Client]:
    with streamkit.sync.Client() as client:
        yield client


def ask(client: streamkit.sync.Client, prompt: str = SKY, **options: Any) -> Any:
    options = {"temperature": 0, "max_tokens": 12, "strict": True} | options
    return client.complete("local:smollm2", prompt, **options)


def test_an_answer_streams_from_a_server_that_starts_by_itself(
    client: streamkit.sync.Client,
) -> None:
    with client.stream("local:smollm2", "What is the capital of France?", temperature=0) as stream:
        pieces = list(stream.text)
        response = stream.response()
    assert len(pieces) > 5
    assert "".join(pieces) == response.text
    assert "Paris" in response.text
    assert (response.outcome, response.finish_reason) == ("complete", "stop")
    assert response.model == "smollm2"
    assert response.usage.output_tokens >= len(pieces)


def test_the_same_seed_gives_the_same_words(client: streamkit.sync.Client) -> None:
    first, again, other = (
        ask(client, temperature=1.5, seed=seed, max_tokens=20).text for seed in (7, 7, 8)
    )
    assert first == again != other


@pytest.mark.parametrize("option", [{"top_k": 1}, {"top_p": 0.01}])
def test_sampling_can_be_narrowed_to_the_likeliest_word(
    client: streamkit.sync.Client, option: dict[str, Any]
) -> None:
    assert ask(client, temperature=1.5, seed=8, **option).text == ask(client).text


@pytest.mark.parametrize("option", ["frequency_penalty", "presence_penalty"])
def test_penalties_change_the_words(client: streamkit.sync.Client, option: str) -> None:
    assert ask(client, max_tokens=30, **{option: 2.0}).text != ask(client, max_tokens=30).text


def test_stop_and_max_tokens_end_the_answer(client: streamkit.sync.Client) -> None:
    stopped = ask(client, stop=["blue"], max_tokens=40)
    assert stopped.text == "The sky appears "
    assert stopped.finish_reason == "stop"
    short = ask(client, max_tokens=3)
    assert short.usage.output_tokens == 3
    assert short.finish_reason == "length"


def test_there_may_be_two_answers_but_no_more_than_the_server_has_slots(
    client: streamkit.sync.Client,
) -> None:
    both = ask(client, n=2, temperature=1.2, seed=3)
    assert [c.index for c in both.choices] == [0, 1]
    assert all(c.parts for c in both.choices)
    with pytest.raises(InvalidRequestError, match="slots"):
        ask(client, n=3)


def test_logprobs_come_with_the_text(client: streamkit.sync.Client) -> None:
    options = {"temperature": 0, "max_tokens": 2, "logprobs": 2, "strict": True}
    with client.stream("local:smollm2", SKY, **options) as stream:
        known = [e.logprobs for e in stream if getattr(e, "logprobs", None)]
    assert [len(entry["top_logprobs"]) for entries in known for entry in entries] == [2, 2]


def test_the_answer_can_be_made_to_fit_a_schema(client: streamkit.sync.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
        "required": ["city", "country"],
        "additionalProperties": False,
    }
    wanted = JsonSchema(json_schema=schema)
    answer = ask(client, "Describe Paris.", response_format=wanted, max_tokens=60)
    assert set(json.loads(answer.text)) == {"city", "country"}


def test_json_asked_for_is_json(client: streamkit.sync.Client) -> None:
    prompt = "Give me a JSON object with the name and age of a person."
    answer = ask(client, prompt, response_format="json", max_tokens=80)
    assert isinstance(json.loads(answer.text), dict)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (NamedTool(name="get_weather"), {"get_weather"}),
        (NamedTool(name="add"), {"add"}),
        ("none", set()),
    ],
)
def test_the_choice_of_a_tool_is_honoured(
    client: streamkit.sync.Client, choice: Any, names: set[str]
) -> None:
    answer = ask(
        client,
        "What is the weather in Paris?",
        tools=[WEATHER, ADD],
        tool_choice=choice,
        parallel_tool_calls=False,
        max_tokens=100,
    )
    called = {call.name for call in answer.tool_calls}
    assert len(answer.tool_calls) == bool(names)
    assert called <= names
    assert (answer.finish_reason == "tool_call") == bool(names)


@pytest.mark.parametrize("option", ["user", "reasoning_effort", "service_tier"])
def test_what_the_server_ignores_is_not_declared(
    client: streamkit.sync.Client, option: str
) -> None:
    with pytest.raises(UnsupportedError, match=option):
        ask(client, **{option: "low"})


def test_a_path_stays_on_the_machine() -> None:
    asked = ChatRequest(model="/home/ann/secret/some.gguf", messages=(Message.user("Hi"),))
    wire = LocalChat().request(asked)
    assert wire.body["model"] == "some"
    assert "ann" not in json.dumps(wire.body)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("gpt-4", r"local:smollm2, or name a GGUF file by its path"),
        ("/no/such/model.gguf", "a file that is not there"),
    ],
)
def test_a_model_that_is_not_there_is_explained(
    client: streamkit.sync.Client, model: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        client.complete(f"local:{model}", "Hi")
