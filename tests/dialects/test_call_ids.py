"""Ids of tool calls that another vendor made: what goes out fits, and no two become one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from streamkit._plugins import installed
from streamkit.messages import ChatRequest, Message, ToolCall, ToolResult

FORMS = {
    "anthropic": "[a-zA-Z0-9_-]+",
    "bedrock-anthropic": "[a-zA-Z0-9_-]+",
    "vertex-anthropic": "[a-zA-Z0-9_-]+",
    "bedrock": "[a-zA-Z0-9_.:-]{1,64}",
    "mistral": "[a-zA-Z0-9]{9}",
    "mistral-conversations": "[a-zA-Z0-9]{9}",
}
NAMES = {"id", "tool_use_id", "toolUseId", "tool_call_id"}
ALIKE = [
    ("call_1", "call.1"),
    ("a|b", "a:b"),
    ("A" + "x" * 80, "B" + "x" * 80),
    ("fc/1|" + "x" * 70, "fc/2|" + "x" * 70),
    ("\ud83d", "\ud83e"),
]


def ids(value: Any) -> Iterator[str]:
    """The ids of calls and results in a body, in order."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in NAMES:
                yield inner
            else:
                yield from ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from ids(inner)


def sent(prefix: str, *called: str) -> list[str]:
    """The ids that go out for calls and their results: first those of the calls."""
    calls = [ToolCall(id=id_, name="f", arguments={}, arguments_text="{}") for id_ in called]
    results = [ToolResult(call_id=id_, content="4") for id_ in called]
    messages = (Message.user("Hi"), Message.assistant(*calls), Message.user(*results))
    request = ChatRequest(model="claude-sonnet-4-5", messages=messages)
    return list(ids(installed().adapter(prefix).request(request).body))


@pytest.mark.parametrize("alike", ALIKE, ids=["dot", "bar", "long", "both", "surrogates"])
@pytest.mark.parametrize("prefix", FORMS)
def test_two_calls_stay_two_and_each_keeps_its_result(prefix: str, alike: tuple[str, str]) -> None:
    calls, results = (found := sent(prefix, *alike))[:2], found[2:]
    assert calls == results
    assert len(set(calls)) == 2
    assert all(re.fullmatch(FORMS[prefix], id_) for id_ in calls)
    assert sent(prefix, *alike) == found


@pytest.mark.parametrize("prefix", FORMS)
def test_an_id_that_fits_goes_out_as_it_is(prefix: str) -> None:
    assert set(sent(prefix, "a1b2C3d4E")) == {"a1b2C3d4E"}
