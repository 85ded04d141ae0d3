"""The streams that are measured: what the server sends, and what every contender must make of it.

A request names its stream in the ``model`` field, so that any library can ask for any stream:

    d20000-e64-r0-c6-whole     20,000 deltas, 64 events a write, no pacing, 6 characters a delta
    d40-e1-r20-c6-whole        40 deltas, one event a write, 20 writes a second
    d10-e1-r0-c6-cut           the same shape without finish reason and end mark, cleanly closed
    d1-e1-r0-c6-hold           one delta, and then nothing until the client goes

The events are those of the two vendors' own APIs, with all the fields these send.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Literal

Ending = Literal["whole", "cut", "hold"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One stream. ``rate``: writes per second, 0 for as fast as the socket takes them."""

    deltas: int
    per_write: int = 1
    rate: int = 0
    size: int = 6
    ending: Ending = "whole"

    @property
    def model(self) -> str:
        return f"d{self.deltas}-e{self.per_write}-r{self.rate}-c{self.size}-{self.ending}"

    @classmethod
    def read(cls, model: str) -> Shape:
        deltas, per_write, rate, size, ending = model.rpartition("/")[2].split("-")
        numbers = (int(word[1:]) for word in (deltas, per_write, rate, size))
        return cls(*numbers, ending)  # type: ignore[arg-type]

    def words(self) -> tuple[str, ...]:
        """The texts of the deltas, over and over; equal ones in a row look like a broken model."""
        return tuple(" " + (letter * self.size)[1:] for letter in "abcdefgh")

    @property
    def text(self) -> str:
        """The whole answer."""
        whole, rest = divmod(self.deltas, len(self.words()))
        return "".join(self.words()) * whole + "".join(self.words()[:rest])


def _chat(delta: dict[str, Any], finish: str | None = None) -> bytes:
    body = {
        "id": "chatcmpl-B0XqTQ5bV2gYq3lK8dZ7aWnE4xYcR",
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": "gpt-4.1-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_a1b2c3d4e5",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return b"data: %s\n\n" % json.dumps(body, separators=(",", ":")).encode()


def _messages(type_: str, **fields: Any) -> bytes:
    data = json.dumps({"type": type_, **fields}, separators=(",", ":"))
    return f"event: {type_}\ndata: {data}\n\n".encode()


Events = tuple[bytes, list[bytes], bytes]
"""What comes first, the deltas that are repeated, and the end."""


def _chat_events(shape: Shape) -> Events:
    head = _chat({"role": "assistant", "content": "", "refusal": None})
    tail = _chat({}, "stop") + b"data: [DONE]\n\n"
    return head, [_chat({"content": word}) for word in shape.words()], tail


def _messages_events(shape: Shape) -> Events:
    message = {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 1},
    }
    block = {"type": "text", "text": ""}
    head = _messages("message_start", message=message)
    head += _messages("content_block_start", index=0, content_block=block)
    deltas = [
        _messages("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
        for word in shape.words()
    ]
    tail = _messages("content_block_stop", index=0)
    tail += _messages(
        "message_delta",
        delta={"stop_reason": "end_turn", "stop_sequence": None},
        usage={"output_tokens": shape.deltas},
    )
    return head, deltas, tail + _messages("message_stop")


def writes(shape: Shape, path: str) -> Iterator[bytes]:
    """The body, a piece for each write; deltas are in all pieces but the first and the last."""
    make = _messages_events if path.endswith("/messages") else _chat_events
    head, deltas, tail = make(shape)
    yield head
    endless = cycle(deltas)
    for begun in range(0, shape.deltas, shape.per_write):
        yield b"".join(islice(endless, min(shape.per_write, shape.deltas - begun)))
    if shape.ending == "whole":
        yield tail
