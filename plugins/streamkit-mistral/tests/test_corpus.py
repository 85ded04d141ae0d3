"""Recorded Mistral streams give the recorded result, where the collection is at hand.

The collection is not part of the project: a folder ``shared/corpus`` beside the checkout. Without
it there is nothing to run, and one test says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.testing import decode
from streamkit_mistral import MistralChat

FOLDER = Path(__file__).parents[3].parent / "shared" / "corpus"


def _cases() -> list[Any]:
    path = FOLDER / "cases.jsonl"
    if not path.exists():
        return []
    cases = map(json.loads, path.read_text("utf-8").splitlines())
    return [pytest.param(c, id=c["id"]) for c in cases if c["dialect"] == "mistral-chat"]


CASES = _cases()


def test_the_collection_is_at_hand_or_said_to_be_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        where = f"{len(CASES)} recorded streams" if CASES else f"no {FOLDER.name}/: nothing"
        print(f"\n[mistral corpus] {where} compared")
    assert not FOLDER.exists() or len(CASES) >= 16


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_stream_gives_the_recorded_result(case: dict[str, Any]) -> None:
    got = decode(
        MistralChat(),
        (FOLDER / case["file"]).read_bytes(),
        status=case["http_status"],
        headers={"content-type": case["content_type"] or ""},
    )
    expect, response = case["expect"], got.response
    if expect["error"] is not None:
        assert got.error is not None
        assert expect["error"]["message"] in str(got.error)
        assert response.outcome == "failed"
        return
    assert response.outcome == ("complete" if expect["terminal"] else "truncated")
    assert response.text == expect["text"]
    assert response.reasoning == (expect["reasoning"] or "")
    assert response.raw_finish_reason == expect["finish_reason"]
    assert [(c.name, c.arguments) for c in response.tool_calls] == [
        (c["name"], c["arguments"]) for c in expect["tool_calls"]
    ]
    ids = [(c.id, w["id"]) for c, w in zip(response.tool_calls, expect["tool_calls"], strict=True)]
    assert all(ours == theirs for ours, theirs in ids if theirs)
    assert len(response.citations) == (expect["citations"] or 0)
    assert (response.usage.raw if response.usage else None) == (expect["usage"] or {}).get("raw")
