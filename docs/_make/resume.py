"""How broken answers go on: which vendor gives what, and what was measured on the local model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from _make.adapters import ours
from _make.markdown import code, table
from benchmarks.resume import render
from streamkit.adapter import Adapter, ResumeBy
from streamkit.messages import ChatRequest, Message

GIVES = {"replay": "exact", "prefix": "seamless", "instruct": "approximate"}

RANK = ("—", "instruct", "prefix", "replay")

# Where models of one adapter, or settings of its requests, differ: each as its own line.
ASKED: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "anthropic": (
        ("models up to Claude 4.5", "claude-haiku-4-5", {}),
        ("newer ones", "claude-opus-4-8", {}),
    ),
    "bedrock": (
        ("Claude up to 4.5", "anthropic.claude-haiku-4-5-v1:0", {}),
        ("others", "amazon.nova-pro-v1:0", {}),
    ),
    "openai-responses": (
        ("", "gpt-5", {}),
        ("`background`", "gpt-5", {"background": True}),
    ),
    "gemini-interactions": (
        ("", "gemini-3-flash", {}),
        ("`store: False`", "gemini-3-flash", {"store": False}),
    ),
}


def sections() -> dict[str, str]:
    found = json.loads(render.RESULTS.read_text("utf-8"))
    return {
        "vendors": vendors(),
        "ends": render.ends(found),
        "sameness": render.sameness(found),
        "seams": render.seams(found),
        "delay": render.delay(found),
    }


def vendors() -> str:
    """A line for each way of going on; adapters that go on alike share one."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for name, adapter in ((row.name, adapter) for row, adapter in ours()):
        for where, ways, json_ways in _asked(name, adapter):
            best = ways[0] if ways else None
            shown = f"{code(name)}{f' ({where})' if where else ''}"
            lines.setdefault(_line(best, json_ways), []).append(shown)
    ranked = sorted(lines.items(), key=lambda line: (-RANK.index(line[0][0]), line[1]))
    rows = ((_few(names), *line) for line, names in ranked)
    return table(("models of", "go on by", "that is", "if JSON is asked for", "source"), rows)


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"all others: {len(names)} prefixes"


def _asked(
    name: str, adapter: Adapter
) -> Iterator[tuple[str, tuple[ResumeBy, ...], tuple[ResumeBy, ...]]]:
    for where, model, extra in ASKED.get(name, (("", "any", {}),)):
        request = ChatRequest(model=model, messages=(Message.user("Hi"),), extra_body=extra)
        as_json = request.model_copy(update={"response_format": "json"})
        yield where, adapter.resume_by(request), adapter.resume_by(as_json)


def _line(best: ResumeBy | None, json_ways: tuple[ResumeBy, ...]) -> tuple[str, ...]:
    if best is None:
        return "—", "—", "—", ""
    # What follows an instruction would be a JSON text of its own, so the core does not use it.
    kept = next((way.how for way in json_ways if way.how != "instruct"), "—")
    return best.how, GIVES[best.how], kept, best.source
