"""What came from a vendor goes back in a form that the vendor's own SDK knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from streamkit.messages import ChatRequest, Message, ToolResult
from streamkit.testing import decode
from tests.vendors.request_types import CHECKS
from tests.vendors.test_same_answer import DIALECTS, cases, load

HELLO = Message.user("Hello")

NEW = "a block that no SDK knows goes back as it came"
FOREIGN = "another server's items go back to it as they came"

OTHERWISE = {
    "openai-responses/unknown": NEW,
    "openai-responses/whole_answer_at_once": FOREIGN,
    "openai-responses/xai_own_tools": FOREIGN,
    "anthropic/mcp_and_new_blocks": NEW,
    "gemini/new_things": NEW,
    "interactions/new_things": NEW,
    "interactions/tools": "the SDK has no field for the signature of a call",
    "mistral/other_chunks": NEW,
}
"""Answers that hold what the SDK's types have no place for."""


@pytest.mark.parametrize(("dialect", "file"), list(cases()))
def test_an_answer_goes_back_in_a_form_that_the_sdk_knows(dialect: str, file: str) -> None:
    _, adapter, _ = DIALECTS[dialect]
    recording = load(dialect, file)
    answer = decode(adapter, recording.body, headers=recording.headers).response
    results = [ToolResult(call_id=x.id, name=x.name, content="Done") for x in answer.tool_calls]
    turns = [HELLO, answer.message] if answer.message.content else [HELLO]
    turns += [Message.tool(*results)] if results else [Message.user("Go on")]
    body = adapter.request(ChatRequest(model="m-1", messages=tuple(turns))).body
    known_by = CHECKS[
        {"azure-chat": "openai", "anthropic": "anthropic-beta"}.get(dialect, adapter.name)
    ]
    if f"{dialect}/{Path(file).stem}" in OTHERWISE:
        with pytest.raises((ValidationError, AssertionError)):
            assert known_by(dict(body)) == []
    else:
        assert known_by(dict(body)) == []
