"""What each option alone makes of a request, at every adapter that claims it.

``python -m tests.dialects.snapshots`` writes the files in ``snapshots/`` anew, one for each prefix:
read their difference before it is committed. ``plain`` is the request without options, under the
name of each option is what a request with it has besides, or instead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamkit._plugins import installed
from streamkit.adapter import Adapter, WireRequest
from streamkit.messages import ChatRequest, JsonSchema, Message, NamedTool, Tool
from tests.dialects.takers import PLUGINS

HERE = Path(__file__).parent / "snapshots"

_SCHEMA = {"type": "object", "properties": {"sky": {"type": "string"}}, "required": ["sky"]}
_TOOLS = (Tool(name="look", description="Looks up", parameters=_SCHEMA), Tool(name="wait"))

OPTIONS: dict[str, dict[str, Any]] = {
    "tools": {"tools": _TOOLS},
    "tool_choice": {"tools": _TOOLS, "tool_choice": "required"},
    "tool_choice by name": {"tools": _TOOLS, "tool_choice": NamedTool(name="look")},
    "parallel_tool_calls": {"tools": _TOOLS, "parallel_tool_calls": False},
    "response_format": {"response_format": JsonSchema(json_schema=_SCHEMA)},
    "response_format json": {"response_format": "json"},
    "max_tokens": {"max_tokens": 4096},
    "temperature": {"temperature": 0.25},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "stop": {"stop": ("END",)},
    "seed": {"seed": 7},
    "n": {"n": 2},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "presence_penalty": {"presence_penalty": 0.25},
    "logprobs": {"logprobs": 2},
    "reasoning_effort": {"reasoning_effort": "high"},
    "reasoning_budget": {"max_tokens": 4096, "reasoning_budget": 2048},
    "user": {"user": "somebody"},
    "metadata": {"metadata": {"user_id": "somebody"}},
    "service_tier": {"service_tier": "priority"},
    "prompt_cache_ttl": {"prompt_cache_ttl": "1h"},
    "prompt_cache_key": {"prompt_cache_key": "handbook"},
}
"""By the name of the option, and a word more where it has several forms."""

MODELS: dict[str, tuple[str, ...]] = {
    "openai-responses": ("gpt-4.1", "gpt-5.1"),
    "anthropic-messages": ("claude-haiku-4-5", "claude-opus-4-6"),
    "bedrock-anthropic": ("anthropic.claude-haiku-4-5", "anthropic.claude-opus-4-6"),
    "bedrock-converse": ("anthropic.claude-haiku-4-5", "anthropic.claude-opus-4-6"),
    "gemini-generate": ("gemini-3-flash-preview", "gemini-2.5-flash"),
    "gemini-interactions": ("gemini-3-flash-preview", "gemini-2.5-flash"),
}
"""By prefix or dialect: the first model that takes an option shows it."""


def adapters() -> dict[str, Adapter]:
    """The adapters of this repository, by prefix."""
    owners = {path.name for path in PLUGINS.iterdir()}
    rows = [row for row in installed().report() if row.distribution in owners]
    return {row.name: row.adapter for row in rows if row.adapter is not None}


def snapshot(adapter: Adapter) -> dict[str, Any]:
    """Path and body of the plain request, and every claimed option's difference to it."""
    models = MODELS.get(adapter.name) or MODELS.get(adapter.dialect, ("a-model",))
    plain = _request(adapter, models[0], {})
    cells: dict[str, Any] = {"plain": {"path": plain.path, "body": dict(plain.body)}}
    for name, options in OPTIONS.items():
        if name.partition(" ")[0] not in adapter.supports.options:
            continue
        for model in models:
            cell = _cell(adapter, model, name, options)
            if cell.keys() & {"body", "headers"}:
                break
        cells[name] = cell
    return cells


def _cell(adapter: Adapter, model: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    alone = name.partition(" ")[0]
    beside = {key: value for key, value in options.items() if key != alone}
    without, wire = _request(adapter, model, beside), _request(adapter, model, options)
    cell: dict[str, Any] = {} if model == "a-model" else {"model": model}
    if changed := _news(without.body, wire.body):
        cell["body"] = changed
    if added := {k: v for k, v in wire.headers.items() if without.headers.get(k) != v}:
        cell["headers"] = added
    if told := [f"{w.code}: {w.message}" for w in wire.warnings]:
        cell["warnings"] = told
    return cell


def _request(adapter: Adapter, model: str, options: dict[str, Any]) -> WireRequest:
    hello = Message.user("Hi")
    return adapter.request(ChatRequest(model=model, messages=(hello,), **options))


def _news(old: Any, new: Any) -> dict[str, Any]:
    """What is new in an object, at any depth of objects; what has gone is None."""
    news = {}
    for name in [*new, *(gone for gone in old if gone not in new)]:
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            after = _news(before, after)
            if after:
                news[name] = after
        elif before != after or (name in new) != (name in old):
            news[name] = after
    return news


def written(cells: dict[str, Any]) -> str:
    """A line for each cell, so that a difference shows which it is."""
    lines = (f"  {json.dumps(name)}: {json.dumps(cell)}" for name, cell in cells.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    HERE.mkdir(exist_ok=True)
    made = {f"{name}.json": written(snapshot(adapter)) for name, adapter in adapters().items()}
    for path in HERE.iterdir():
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
