"""Streams recorded by other projects give the recorded result, where the collection is at hand.

The collection is not part of the project: a folder ``shared/corpus`` beside the checkout. Without
it there is nothing to run, and one test says so.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streamkit.messages import ChatResponse
from streamkit.testing import decode
from streamkit_openai import PROFILES, RESPONSES_PROFILES

FOLDER = Path(__file__).parents[2].parent / "shared" / "corpus"

AT_LEAST = {
    "openai-chat": 100,
    "openai-responses": 80,
    "anthropic-messages": 75,
    "gemini-generate": 45,
    "gemini-interactions": 5,
    "mistral-chat": 16,
    "bedrock-converse": 20,
    "cohere-v2": 11,
    "ollama-chat": 6,
}
"""How many recordings of each dialect there are, or more."""

PREFIXES = {
    "anthropic-messages": "anthropic",
    "bedrock-converse": "bedrock",
    "bedrock-invoke-anthropic": "bedrock-anthropic",
    "cohere-v2": "cohere",
    "gemini-generate": "gemini",
    "gemini-interactions": "gemini-interactions",
    "mistral-chat": "mistral",
    "ollama-chat": "ollama",
}
PROFILE_OF = {"alibaba": "qwen", "moonshotai": "moonshot", "ollama": "ollama-compat"}

OTHERWISE: dict[str, dict[str, Any]] = {
    # The reference asks for a finish reason. Cortex sends none for Claude models ([DONE] proves
    # the answer whole), so every answer of theirs would be an error.
    "pydantic-ai.test-snowflake-test-snowflake-model-streaming.0": {"outcome": "complete"},
    # A call whose block the vendor never closed; streamkit never makes such a call runnable.
    "anthropic-sdk.incomplete-partial-json-response.0": {"calls": []},
}
"""Where we hold a recorded result to be wrong, and what we say instead."""


def _cases() -> list[dict[str, Any]]:
    index = FOLDER / "cases.jsonl"
    if not index.exists():
        return []
    cases = map(json.loads, index.read_text("utf-8").splitlines())
    return [c for c in cases if c["dialect"] in AT_LEAST or c["subdialect"] in PREFIXES]


CASES = _cases()


def prefix_of(case: dict[str, Any]) -> str:
    """The prefix of the adapter that reads this recording."""
    vendor = case["vendor"]
    match case["dialect"]:
        case "openai-chat":
            profile = PROFILE_OF.get(vendor, vendor)
            return profile if profile in PROFILES else "openai-compatible"
        case "openai-responses":
            prefix = f"{vendor}-responses"
            return prefix if prefix in RESPONSES_PROFILES else "openai-responses"
        case dialect:
            return PREFIXES.get(case["subdialect"]) or PREFIXES[dialect]


class Anything:
    """What the collection does not tell."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def told(response: ChatResponse) -> dict[str, Any]:
    """What streamkit makes of a recording."""
    items = [(i.kind, i.id, i.name) for i in response.provider_items]
    return {
        "outcome": response.outcome,
        "text": response.text,
        "reasoning": response.reasoning,
        "refusal": response.refusal,
        "finish reason": response.raw_finish_reason,
        "calls": [(c.id, c.name, c.arguments, c.kind) for c in response.tool_calls],
        "citations": len(response.citations),
        # The collection tells results before their calls.
        "items": sorted(items, key=lambda item: (item[0], str(item[2]))),
        "usage": response.usage.raw if response.usage else None,
        "texts": ["".join(p.text for p in c.parts if p.type == "text") for c in response.choices],
    }


def recorded(expect: dict[str, Any]) -> dict[str, Any]:
    """What the collection says it must be."""
    items = [(i["type"], i["id"] or Anything(), i["name"]) for i in expect["provider_items"]]
    if expect.get("tool_plan"):
        items.append(("tool_plan", None, None))
    reason = expect["finish_reason"]
    found = {
        "outcome": "complete" if expect["terminal"] else "truncated",
        "text": expect["text"],
        "reasoning": expect["reasoning"] or "",
        "refusal": expect["refusal"],
        "finish reason": reason if reason is None else str(reason),  # one server sends numbers
        "calls": [
            (c["id"] or Anything(), c["name"], c["arguments"], c.get("kind", "function"))
            for c in expect["tool_calls"]
        ],
        "citations": expect["citations"] or 0,
        "items": sorted(items, key=lambda item: (item[0], str(item[2]))),
        "usage": (expect["usage"] or {}).get("raw"),
    }
    if "choices" in expect:
        found["texts"] = [choice["text"] for choice in expect["choices"]]
    return found


def test_the_collection_is_at_hand_or_said_to_be_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Counter(case["dialect"] for case in CASES)
    with capsys.disabled():
        where = f"{len(CASES)} recorded streams" if CASES else f"no {FOLDER.name}/: nothing"
        print(f"\n[corpus] {where} compared")
    if FOLDER.exists():
        assert [d for d, least in AT_LEAST.items() if found[d] < least] == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_a_recorded_stream_gives_the_recorded_result(case: dict[str, Any]) -> None:
    got = decode(
        f"{prefix_of(case)}:{case['model'] or 'any'}",
        (FOLDER / case["file"]).read_bytes(),
        status=case["http_status"],
        headers={"content-type": case["content_type"] or ""},
    )
    expect, response = case["expect"], got.response
    if expect["error"] is not None:
        assert got.error is not None
        assert (expect["error"]["message"] or "").rstrip(".") in str(got.error)
        assert response.outcome == "failed"
        if case["http_status"] >= 400:
            assert got.error.status == case["http_status"]
        return
    theirs = recorded(expect) | OTHERWISE.get(case["id"], {})
    ours = told(response)
    assert {name: ours[name] for name in theirs} == theirs
