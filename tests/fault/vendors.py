"""The same answers in two dialects, as lists of server-sent events."""

from __future__ import annotations

import json
from typing import Any

WORDS = ("The sky ", "is blue.")
TOOL = "delete_files"
ARGUMENTS = ('{"path": "/srv/', 'backup"}')


def sse(data: Any, event: str = "") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


class Vendor:
    """A dialect. ``prefix`` is the model id's, ``path`` what a base URL ends in."""

    prefix: str
    path: str

    def began(self) -> list[bytes]:
        """What comes before any content."""
        raise NotImplementedError

    def opened(self) -> list[bytes]:
        """What announces words, if anything does."""
        return []

    def word(self, text: str) -> bytes:
        raise NotImplementedError

    def thoughts(self, *words: str) -> list[bytes]:
        """Reasoning, an event for each of the words."""
        raise NotImplementedError

    def stopped(self) -> list[bytes]:
        """The finish reason, and the end mark as the last event."""
        raise NotImplementedError

    def tool(self) -> list[bytes]:
        """A tool call, opened, and its arguments in two pieces; not closed."""
        raise NotImplementedError

    def tool_stopped(self) -> list[bytes]:
        raise NotImplementedError

    def strange(self) -> list[bytes]:
        """An event of an unknown type, and a known one with an unknown field."""
        raise NotImplementedError

    def failed(self, type_: str, message: str) -> bytes:
        """An error inside the stream."""
        raise NotImplementedError

    def refused(self, type_: str, message: str) -> bytes:
        """The body of an error answer."""
        raise NotImplementedError

    def said(self, *words: str) -> list[bytes]:
        return [*self.began(), *self.opened(), *(self.word(text) for text in words)]

    def whole(self, *words: str) -> list[bytes]:
        return [*self.said(*(words or WORDS)), *self.stopped()]


class OpenAI(Vendor):
    """Chat completions: https://platform.openai.com/docs/api-reference/chat-streaming."""

    prefix = "openai"
    path = "/v1"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
        return sse({**head, "model": "gpt-x", "choices": [choice], **fields})

    def began(self) -> list[bytes]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def word(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def thoughts(self, *words: str) -> list[bytes]:
        return [self._chunk({"reasoning_content": text}) for text in words]

    def stopped(self, finish: str = "stop") -> list[bytes]:
        return [self._chunk({}, finish), sse("[DONE]")]

    def tool(self) -> list[bytes]:
        name = {"name": TOOL, "arguments": ""}
        head = {"index": 0, "id": "call_1", "type": "function", "function": name}
        tails = [{"index": 0, "function": {"arguments": piece}} for piece in ARGUMENTS]
        return [self._chunk({"tool_calls": [call]}) for call in (head, *tails)]

    def tool_stopped(self) -> list[bytes]:
        return self.stopped("tool_calls")

    def strange(self) -> list[bytes]:
        event = {"object": "chat.completion.weather", "forecast": {"rain": 0.3}}
        return [sse(event), self._chunk({"mood": "calm"}, weather="fine")]

    def failed(self, type_: str, message: str) -> bytes:
        return sse({"error": {"message": message, "type": type_, "code": None}})

    def refused(self, type_: str, message: str) -> bytes:
        return json.dumps({"error": {"message": message, "type": type_, "code": None}}).encode()


class Anthropic(Vendor):
    """Messages: https://platform.claude.com/docs/en/build-with-claude/streaming."""

    prefix = "anthropic"
    path = ""

    def _event(self, kind: str, **fields: Any) -> bytes:
        return sse({"type": kind, **fields}, kind)

    def _block(self, index: int, block: dict[str, Any]) -> bytes:
        return self._event("content_block_start", index=index, content_block=block)

    def _delta(self, index: int, delta: dict[str, Any]) -> bytes:
        return self._event("content_block_delta", index=index, delta=delta)

    def began(self) -> list[bytes]:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
        rest = {"content": [], "stop_reason": None, "stop_sequence": None}
        usage = {"input_tokens": 3, "output_tokens": 1}
        return [self._event("message_start", message={**message, **rest, "usage": usage})]

    def opened(self) -> list[bytes]:
        return [self._block(0, {"type": "text", "text": ""})]

    def word(self, text: str) -> bytes:
        return self._delta(0, {"type": "text_delta", "text": text})

    def thoughts(self, *words: str) -> list[bytes]:
        block = self._block(7, {"type": "thinking", "thinking": "", "signature": ""})
        deltas = (self._delta(7, {"type": "thinking_delta", "thinking": text}) for text in words)
        return [block, *deltas, self._event("content_block_stop", index=7)]

    def stopped(self, reason: str = "end_turn") -> list[bytes]:
        delta = {"stop_reason": reason, "stop_sequence": None}
        stop = self._event("message_delta", delta=delta, usage={"output_tokens": 12})
        return [self._event("content_block_stop", index=0), stop, self._event("message_stop")]

    def tool(self) -> list[bytes]:
        block = self._block(1, {"type": "tool_use", "id": "call_1", "name": TOOL, "input": {}})
        deltas = [
            self._delta(1, {"type": "input_json_delta", "partial_json": p}) for p in ARGUMENTS
        ]
        return [block, *deltas]

    def tool_stopped(self) -> list[bytes]:
        return [self._event("content_block_stop", index=1), *self.stopped("tool_use")]

    def strange(self) -> list[bytes]:
        delta = {"type": "text_delta", "text": "", "mood": "calm"}
        return [self._event("weather", forecast={"rain": 0.3}), self._delta(0, delta)]

    def failed(self, type_: str, message: str) -> bytes:
        return self._event("error", error={"type": type_, "message": message})

    def refused(self, type_: str, message: str) -> bytes:
        return json.dumps({"type": "error", "error": {"type": type_, "message": message}}).encode()


OPENAI, ANTHROPIC = OpenAI(), Anthropic()
