"""AWS's own SDK reads the recordings of Converse as this adapter does."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import EventStreamJSONParser

from streamkit.testing import Recording, decode
from streamkit_bedrock import Bedrock

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.aws"))


@cache
def output_shape() -> Any:
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    return model.operation_model("ConverseStream").output_shape.members["stream"]


def read_by_botocore(body: bytes) -> dict[str, Any]:
    buffer, parser = EventStreamBuffer(), EventStreamJSONParser()
    buffer.add_data(body)
    found: dict[str, Any] = {"text": "", "reasoning": "", "stop": None, "usage": None}
    calls: dict[int, list[Any]] = {}
    for message in buffer:
        response = message.to_response_dict()
        event = parser.parse(response, output_shape())
        if response["status_code"] != 200:
            found["error"] = event["Error"]["Code"]
            break
        begun = event.get("contentBlockStart", {})
        called = begun.get("start", {}).get("toolUse", {"type": "server_tool_use"})
        if called.get("type") != "server_tool_use":
            calls[begun["contentBlockIndex"]] = [called["toolUseId"], called["name"], ""]
        piece = event.get("contentBlockDelta", {})
        delta = piece.get("delta", {})
        found["text"] += delta.get("text", "")
        found["reasoning"] += delta.get("reasoningContent", {}).get("text", "")
        if piece.get("contentBlockIndex") in calls and "toolUse" in delta:
            calls[piece["contentBlockIndex"]][2] += delta["toolUse"]["input"]
        found["stop"] = event.get("messageStop", {}).get("stopReason", found["stop"])
        found["usage"] = event.get("metadata", {}).get("usage", found["usage"])
    return found | {"calls": [(id_, name, words or "{}") for id_, name, words in calls.values()]}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_botocore_comes_to_the_same_result(path: Path) -> None:
    body = Recording.load(path).body
    theirs = read_by_botocore(body)
    got = decode(Bedrock(), body, headers={"content-type": "application/vnd.amazon.eventstream"})
    answer = got.response
    calls = (*answer.tool_calls, *answer.incomplete_tool_calls)
    assert (answer.text, answer.reasoning) == (theirs["text"], theirs["reasoning"])
    assert [(c.id, c.name, c.arguments_text) for c in calls] == theirs["calls"]
    assert answer.raw_finish_reason == theirs["stop"]
    if "error" in theirs:
        assert got.error is not None
        assert got.error.code == theirs["error"]
    if theirs["usage"] is not None:
        assert answer.usage is not None
        assert answer.usage.raw.items() >= theirs["usage"].items()
