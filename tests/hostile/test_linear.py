"""The work is linear in what comes: an answer four times as long takes four times as many steps.

Steps are lines of streamkit and its adapters that were run, so a busy machine changes nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from types import FrameType
from typing import Any

import pytest

from streamkit.testing import decode

N = 60
EVENTS = {"content-type": "text/event-stream"}


def steps(adapter: str, body: bytes) -> int:
    """Lines of ours that run while the whole engine reads the body."""
    count = 0

    def line(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, _event: str, _arg: object) -> Any:
        return line if "streamkit" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        decode(f"{adapter}:any", body, headers=EVENTS, splits=4096)
    finally:
        sys.settrace(before)
    return count


def sse(events: Iterator[Any]) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)


Shape = Callable[[int], bytes]


# --- chat completions ----------------------------------------------------------------------------


def chat(*deltas: Callable[[int], dict[str, Any]], stop: str = "stop") -> Shape:
    """Each delta ``n`` times over, one kind after the other; then the end."""

    def body(n: int) -> bytes:
        events = chain.from_iterable((delta(i) for i in range(n)) for delta in deltas)
        said = ({"choices": [{"index": 0, "delta": d}]} for d in events)
        return sse(said) + sse(iter([finish(stop)])) + b"data: [DONE]\n\n"

    return body


def finish(reason: str, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}


def top(event: Callable[[int], dict[str, Any]]) -> Shape:
    return lambda n: sse(event(i) for i in range(n)) + sse(iter([finish("stop")]))


def call(i: int, arguments: str = "{}") -> dict[str, Any]:
    function = {"name": "f", "arguments": arguments}
    return {"tool_calls": [{"index": i, "id": f"c{i}", "function": function}]}


def cited(i: int) -> dict[str, Any]:
    return {"annotations": [{"type": "url_citation", "url_citation": {"url": f"https://x/{i}"}}]}


IMAGE = {"images": [{"image_url": {"url": "data:image/png;base64,aGk="}}]}
CHAT: dict[str, tuple[str, Shape]] = {
    "text": ("openai", chat(lambda i: {"content": "x"})),
    "text and reasoning by turns": (
        "deepseek",
        chat(lambda i: {"content": "x"} if i % 2 else {"reasoning_content": "y"}),
    ),
    "tool calls": ("openai", chat(call, stop="tool_calls")),
    "empty tool calls": ("openai", chat(lambda i: call(i, ""), stop="tool_calls")),
    "tool calls without id": (
        "openai",
        chat(lambda i: {"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}),
    ),
    "tool calls without name": (
        "openai",
        chat(lambda i: {"tool_calls": [{"index": i, "function": {"arguments": "{"}}]}),
    ),
    "pieces of one call": ("openai", chat(lambda i: call(0, "[1,"), stop="tool_calls")),
    "tool calls, then stops": (
        "openai",
        lambda n: chat(call)(n) + sse(finish("stop" if i % 2 else "length") for i in range(n)),
    ),
    "choices": (
        "openai",
        top(lambda i: {"choices": [{"index": i, "delta": {"content": "x"}}]}),
    ),
    "choices that stop": ("openai", top(lambda i: finish("stop", i))),
    "choices in one frame": (
        "openai",
        lambda n: sse(
            iter([{"choices": [{"index": i, "delta": {"content": "x"}} for i in range(n)]}])
        ),
    ),
    "citations": ("openrouter", chat(lambda i: {"content": "x"}, cited)),
    "images": ("openrouter", chat(lambda i: IMAGE)),
    "images, then citations": ("openrouter", chat(lambda i: IMAGE, cited)),
    "blocks of reasoning": (
        "openrouter",
        chat(
            lambda i: {"reasoning_details": [{"type": "reasoning.text", "index": i, "text": "x"}]}
        ),
    ),
    "audio": ("openai", chat(lambda i: {"audio": {"id": "a", "data": "aGk="}})),
    "new fields": ("openai", top(lambda i: {"choices": [], f"new{i}": i})),
    "usage": ("openai", top(lambda i: {"choices": [], "usage": {"prompt_tokens": i}})),
    "ids": ("openai", top(lambda i: {"id": str(i), "choices": []})),
    "nothing known": ("openai", top(lambda i: {"new": i})),
}


# --- messages ------------------------------------------------------------------------------------


def messages(*events: Callable[[int], list[dict[str, Any]]]) -> Shape:
    """Each list of events ``n`` times over, one kind after the other, in a whole message."""

    def body(n: int) -> bytes:
        inner = chain.from_iterable(event(i) for event in events for i in range(n))
        start = {"type": "message_start", "message": {"id": "m", "model": "m"}}
        return sse(chain([start], inner, [stopped(0), {"type": "message_stop"}]))

    return body


def stopped(i: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": f"reason {i}"}}


def block(i: int, block: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": i, "content_block": block},
        *({"type": "content_block_delta", "index": i, "delta": d} for d in deltas),
        {"type": "content_block_stop", "index": i},
    ]


TEXT = {"type": "text", "text": ""}
WORD = {"type": "text_delta", "text": "x"}
TOOL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
INPUT = {"type": "input_json_delta", "partial_json": "{}"}
CITE = {"type": "citations_delta", "citation": {"url": "https://x"}}
MESSAGES: dict[str, Shape] = {
    "text blocks": messages(lambda i: block(i, TEXT, WORD)),
    "blocks never closed": messages(lambda i: block(i, TEXT, WORD)[:-1]),
    "tool calls": messages(lambda i: block(i, TOOL, INPUT)),
    "empty tool calls": messages(lambda i: block(i, TOOL)),
    "empty tool calls behind the stop": messages(lambda i: [stopped(i)], lambda i: block(i, TOOL)),
    "the vendor's tools": messages(lambda i: block(i, {**TOOL, "type": "server_tool_use"}, INPUT)),
    "blocks nobody knows": messages(lambda i: block(i, {"type": "new", "x": i})),
    "citations behind blocks nobody knows": messages(
        lambda i: block(i, {"type": "new", "x": i}),
        lambda i: [{"type": "content_block_delta", "index": 10**6, "delta": CITE}],
    ),
    "signatures": messages(
        lambda i: block(i, {"type": "thinking", "thinking": ""}),
        lambda i: block(i, {"type": "new"}, {"type": "signature_delta", "signature": "s"}),
    ),
    "stops": messages(lambda i: [stopped(i)]),
    "pings": messages(lambda i: [{"type": "ping"}]),
}


# --- framing -------------------------------------------------------------------------------------

FRAMING: dict[str, Shape] = {
    "comments": lambda n: b": ping\n\n" * n,
    "ids": lambda n: b"".join(b"id: %d\ndata: {}\n\n" % i for i in range(n)),
    "data lines of one event": lambda n: b"data: {}\n" * n + b"\n",
    "CRLF": lambda n: b"data: {}\r\n\r\n" * n,
    "CR": lambda n: b"data: {}\r\r" * n,
    "blank lines": lambda n: b"\n" * 40 * n,
    "unknown fields": lambda n: b"new: {}\n\n" * n,
}

SHAPES = [
    *(pytest.param(a, shape, id=f"chat-{name}") for name, (a, shape) in CHAT.items()),
    *(pytest.param("anthropic", shape, id=f"messages-{name}") for name, shape in MESSAGES.items()),
    *(pytest.param("openai", shape, id=f"framing-{name}") for name, shape in FRAMING.items()),
]


@pytest.mark.parametrize(("adapter", "shape"), SHAPES)
def test_four_times_as_much_takes_four_times_the_steps(adapter: str, shape: Shape) -> None:
    steps(adapter, shape(1))  # imports, and caches of all kinds
    once, fourfold = steps(adapter, shape(N)), steps(adapter, shape(4 * N))
    assert once > N
    assert fourfold < 4.2 * once
