"""Answers go back as they came: parts, their order, and every signature, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.adapter import Adapter
from streamkit.messages import ChatRequest, Message
from streamkit.testing import decode
from streamkit_gemini import Gemini, GeminiInteractions

FOLDER = Path(__file__).parent
SSE = {"content-type": "text/event-stream"}
WHOLE = {
    "recordings": [
        *("thoughts", "signed_text", "parallel_tools", "code_execution", "server_tools", "image"),
        "new_things",
    ],
    "interactions_recordings": [
        *("thoughts", "tools", "search", "code_execution", "mcp", "over_already"),
    ],
}


def resent(adapter: Adapter, body: bytes) -> Any:
    answer = decode(adapter, body, headers=SSE).response.message
    request = ChatRequest(model="gemini-3-flash", messages=(Message.user("Hi"), answer))
    wire = adapter.request(request)
    assert wire.warnings == ()
    return wire.body


def sent_parts(body: bytes) -> list[dict[str, Any]]:
    """The parts of a recording, unsigned words of one kind joined."""
    parts: list[dict[str, Any]] = []
    for line in body.decode().splitlines():
        if not line.startswith("data: "):
            continue
        for candidate in json.loads(line[6:])["candidates"]:
            for part in candidate.get("content", {}).get("parts", ()):
                last = parts[-1] if parts else {}
                words = part.keys() == last.keys() and part.keys() <= {"text", "thought"}
                if words and part.get("thought") == last.get("thought"):
                    last["text"] += part["text"]
                else:
                    parts.append(dict(part))
    return parts


@pytest.mark.parametrize("name", WHOLE["recordings"])
def test_every_part_of_generate_content_goes_back_unchanged(name: str) -> None:
    body = (FOLDER / "recordings" / f"{name}.sse").read_bytes()
    _, turn = resent(Gemini(), body)["contents"]
    assert turn == {"role": "model", "parts": sent_parts(body)}


@pytest.mark.parametrize("name", WHOLE["interactions_recordings"])
def test_every_signature_and_item_of_an_interaction_goes_back(name: str) -> None:
    body = (FOLDER / "interactions_recordings" / f"{name}.sse").read_bytes()
    got = decode(GeminiInteractions(), body, headers=SSE).response
    steps = resent(GeminiInteractions(), body)["input"][1:]
    kinds = {"text": "model_output", "reasoning": "thought", "tool_call": "function_call"}
    assert [s["type"] for s in steps] == [
        p.kind if p.type == "provider_item" else kinds[p.type] for p in got.parts
    ]
    assert [p.payload for p in got.provider_items] == [
        s for s in steps if s["type"] not in kinds.values()
    ]
    signed = [p.signature for p in got.parts if p.type == "reasoning"]
    assert [s["signature"] for s in steps if s["type"] == "thought"] == signed


@pytest.mark.parametrize(
    ("giver", "folder", "taker"),
    [
        (Gemini(), "recordings", GeminiInteractions()),
        (GeminiInteractions(), "interactions_recordings", Gemini()),
    ],
    ids=["to interactions", "to generateContent"],
)
def test_the_other_dialect_gets_words_and_calls_and_no_signature(
    giver: Adapter, folder: str, taker: Adapter
) -> None:
    for name in ("parallel_tools",) if folder == "recordings" else ("tools",):
        body = (FOLDER / folder / f"{name}.sse").read_bytes()
        answer = decode(giver, body, headers=SSE).response.message
        wire = taker.request(ChatRequest(model="gemini-2.0-flash", messages=(answer,)))
        assert "ignature" not in json.dumps(wire.body)
        assert [w.code for w in wire.warnings] == ["part_dropped"]
        assert json.dumps(wire.body).count('"weather"') == 2
