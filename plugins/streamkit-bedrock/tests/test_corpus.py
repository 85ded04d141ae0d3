"""Recorded Bedrock streams give the recorded result, where the collection is at hand.

The collection is not part of the project: a folder ``shared/corpus`` beside the checkout. Without
it there is nothing to run, and one test says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.testing import decode

FOLDER = Path(__file__).parents[3].parent / "shared" / "corpus"


def _cases() -> list[Any]:
    path = FOLDER / "cases.jsonl"
    if not path.exists():
        return []
    cases = map(json.loads, path.read_text("utf-8").splitlines())
    return [
        pytest.param(case, id=case["id"])
        for case in cases
        if case["dialect"] == "bedrock-converse" or case["subdialect"] == "bedrock-invoke-anthropic"
    ]


CASES = _cases()


def test_the_collection_is_at_hand_or_said_to_be_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        where = f"{len(CASES)} recorded streams" if CASES else f"no {FOLDER.name}/: nothing"
        print(f"\n[bedrock corpus] {where} compared")
    assert not FOLDER.exists() or len(CASES) >= 20


def known(items: list[tuple[str | None, ...]]) -> list[tuple[str | None, ...]]:
    """In one order: the collection tells results before the calls they are of."""
    return sorted(items, key=str)


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_stream_gives_the_recorded_result(case: dict[str, Any]) -> None:
    prefix = "bedrock" if case["dialect"] == "bedrock-converse" else "bedrock-anthropic"
    got = decode(
        f"{prefix}:any",
        (FOLDER / case["file"]).read_bytes(),
        status=case["http_status"],
        headers={"content-type": case["content_type"] or "application/vnd.amazon.eventstream"},
    )
    expect, response = case["expect"], got.response
    if expect["error"] is not None:
        assert got.error is not None
        assert expect["error"]["message"].rstrip(".") in got.error.message
        assert got.error.status == case["http_status"]
        return
    assert response.outcome == ("complete" if expect["terminal"] else "truncated")
    assert response.raw_finish_reason == expect["finish_reason"]
    assert response.text == expect["text"]
    assert response.reasoning == (expect["reasoning"] or "")
    assert response.refusal == expect["refusal"]
    assert len(response.citations) == (expect["citations"] or 0)
    calls = [(c.id, c.name, c.arguments) for c in response.tool_calls]
    assert calls == [(c["id"], c["name"], c["arguments"]) for c in expect["tool_calls"]]
    items = [(i.kind, i.id, i.name) for i in response.provider_items]
    wanted = [(i["type"], i["id"], i["name"]) for i in expect["provider_items"]]
    assert known(items) == known(wanted)
    assert response.usage is not None
    assert response.usage.raw == expect["usage"]["raw"]
