"""A broken answer is gone on with by prefix, which Mistral sends once more."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from streamkit.messages import ChatRequest, Message
from streamkit.sync import Client
from streamkit.testing import MemoryTransport, Tape
from streamkit_mistral import MistralChat

ANSWER = "The sky is blue because of light that scatters in the air."


def body(*words: str, whole: bool) -> bytes:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({'id': 'c', 'model': 'm', 'choices': [choice]})}\n\n"

    frames = [chunk({"role": "assistant", "content": ""})]
    frames += [chunk({"content": word}) for word in words]
    end = [chunk({"content": ""}, "stop"), "data: [DONE]\n\n"]
    return "".join(frames + (end if whole else [])).encode()


@pytest.mark.parametrize("echo", [True, False])
def test_a_broken_answer_goes_on_whether_the_prefix_is_echoed_or_not(echo: bool) -> None:
    def continued(request: httpx.Request) -> Tape:
        last = json.loads(request.content)["messages"][-1]
        assert last["role"] == "assistant"
        assert last["prefix"] is True
        begun = last["content"]
        assert ANSWER.startswith(begun)
        rest = ANSWER[len(begun) :]
        return Tape(body(*((begun, rest) if echo else (rest,)), whole=True))

    broken = Tape(body("The sky is blue because ", "of light th", whole=False))
    with (
        httpx.Client(transport=MemoryTransport(broken, continued)) as http,
        Client(adapters=[MistralChat(api_key="k")], http=http) as client,
        client.stream("mistral:m", "Why is the sky blue?") as stream,
    ):
        answer = stream.response()
    assert (answer.text, answer.outcome) == (ANSWER, "complete")


def test_json_is_not_gone_on_with_in_the_middle() -> None:
    def ways(**options: Any) -> list[str]:
        wanted = ChatRequest(model="m", messages=(Message.user("Hi"),), **options)
        return [way.how for way in MistralChat().resume_by(wanted)]

    assert ways() == ["prefix", "instruct"]
    assert ways(response_format="json") == ["instruct"]
