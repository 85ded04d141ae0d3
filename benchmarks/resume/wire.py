"""The words in a body of chat completions or messages, read without streamkit's help."""

from __future__ import annotations

import json


def words_in(event: bytes) -> str:
    """The text that one server-sent event carries, "" if it carries none."""
    lines = (line.removeprefix(b"data: ") for line in event.splitlines())
    data = next((line for line in lines if line.startswith(b"{") and line.endswith(b"}")), None)
    match json.loads(data) if data is not None else None:
        case {"choices": [{"delta": {"content": str(words)}}]}:
            return words
        case {"type": "content_block_delta", "delta": {"text": str(words)}}:
            return words
    return ""


def said(body: bytes) -> str:
    """All the text in a body, but for an event in which it was cut."""
    return "".join(map(words_in, body.split(b"\n\n")[:-1]))
