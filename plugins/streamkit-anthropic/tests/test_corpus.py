"""Streams recorded by other projects, where a checkout lies beside a ``shared/corpus`` folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.testing import decode
from streamkit_anthropic import AnthropicMessages

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"

# Expects a call whose block the vendor never closed; streamkit never makes such a call runnable.
UNCLOSED_CALL = "anthropic-sdk.incomplete-partial-json-response.0"


def cases() -> list[dict[str, Any]]:
    index = CORPUS / "cases.jsonl"
    if not index.is_file():
        return []
    lines = index.read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [case for case in found if case["dialect"] == "anthropic-messages"]


def test_recorded_streams_give_the_recorded_results(capsys: pytest.CaptureFixture[str]) -> None:
    found = cases()
    wrong = {case["id"]: problems for case in found if (problems := compare(case))}
    with capsys.disabled():
        where = f"{len(found)} recorded streams" if found else f"no corpus at {CORPUS.name}/: none"
        print(f"\n[anthropic corpus] {where} decoded, {len(wrong)} differ")
    assert wrong == ({UNCLOSED_CALL: ["tool_calls", "incomplete_tool_calls"]} if found else {})


def compare(case: dict[str, Any]) -> list[str]:
    want = case["expect"]
    body = (CORPUS / case["file"]).read_bytes()
    headers = {"content-type": case["content_type"] or "text/event-stream"}
    got = decode(AnthropicMessages(), body, status=case["http_status"], headers=headers)
    if case["http_status"] >= 400:
        assert got.error is not None
        error = want["error"]
        agrees = got.error.code == error["type"] and error["message"] in got.error.message
        return [] if agrees else ["error"]
    response = got.response
    assert response.usage is not None
    facts: dict[str, tuple[Any, Any]] = {
        "text": (response.text, want["text"]),
        "reasoning": (response.reasoning, want["reasoning"]),
        "tool_calls": (
            [(c.id, c.name, c.arguments) for c in response.tool_calls],
            [(c["id"], c["name"], c["arguments"]) for c in want["tool_calls"]],
        ),
        "incomplete_tool_calls": (len(response.incomplete_tool_calls), 0),
        "finish_reason": (response.raw_finish_reason, want["finish_reason"]),
        "usage": (response.usage.raw, want["usage"]["raw"]),
        "refusal": (response.refusal, want["refusal"]),
        "citations": (len(response.citations), want["citations"]),
        "provider_items": (
            [{"type": p.kind, "id": p.id, "name": p.name} for p in response.provider_items],
            want["provider_items"],
        ),
        "error": (got.error is None, want["error"] is None),
        "outcome": (response.outcome == "complete", want["terminal"]),
    }
    return [name for name, (mine, theirs) in facts.items() if mine != theirs]
