"""What a vendor sends, in the dialects the contenders speak: answers as lists of SSE frames."""

from __future__ import annotations

import json
from typing import Any

WORDS = [
    f"{word} "
    for word in ["The", "sky", "is", "blue", "because", "air", "scatters", "short", "waves", "most"]
]
ANSWER = "".join(WORDS)
TOOL = "delete_files"
ARGUMENTS = ('{"path": "/srv/', "backup", '-2019"}')
"""The pieces of a tool call's arguments; a cut call has all but the last."""


def sse(data: Any, event: str | None = None) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


class OpenAI:
    """Chat completions: https://platform.openai.com/docs/api-reference/chat-streaming."""

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
        return sse({**head, "model": "gpt-x", "choices": [choice]})

    def begin(self) -> list[bytes]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def word(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def end(self) -> list[bytes]:
        return [self._chunk({}, "stop"), sse("[DONE]")]

    def tool(self, pieces: tuple[str, ...]) -> list[bytes]:
        name = {"name": TOOL, "arguments": ""}
        head = {"index": 0, "id": "call_1", "type": "function", "function": name}
        tails = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
        return [self._chunk({"tool_calls": [call]}) for call in (head, *tails)]

    def error(self) -> bytes:
        return sse({"error": {"message": "Internal failure.", "type": "server_error"}})

    def unknown(self) -> bytes:
        return sse({"object": "acme.notice", "note": "Something new."}, "acme.notice")

    def tool_end(self) -> list[bytes]:
        return [self._chunk({}, "tool_calls"), sse("[DONE]")]

    def refusal(self, status: int, message: str) -> Any:
        kind = {401: "invalid_request_error", 429: "requests", 503: "server_error"}[status]
        return {"error": {"message": message, "type": kind, "code": None}}


class Anthropic:
    """Messages: https://docs.anthropic.com/en/docs/build-with-claude/streaming."""

    def _event(self, kind: str, **fields: Any) -> bytes:
        return sse({"type": kind, **fields}, kind)

    def _message(self) -> bytes:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
        rest: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None}
        usage = {"input_tokens": 3, "output_tokens": 1}
        return self._event("message_start", message={**message, **rest, "usage": usage})

    def _block(self, block: dict[str, Any]) -> bytes:
        return self._event("content_block_start", index=0, content_block=block)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._event("content_block_delta", index=0, delta=delta)

    def begin(self) -> list[bytes]:
        return [self._message(), self._block({"type": "text", "text": ""})]

    def word(self, text: str) -> bytes:
        return self._delta({"type": "text_delta", "text": text})

    def end(self, reason: str = "end_turn") -> list[bytes]:
        delta = {"stop_reason": reason, "stop_sequence": None}
        stop = self._event("message_delta", delta=delta, usage={"output_tokens": 12})
        return [self._event("content_block_stop", index=0), stop, self._event("message_stop")]

    def tool(self, pieces: tuple[str, ...]) -> list[bytes]:
        block = self._block({"type": "tool_use", "id": "call_1", "name": TOOL, "input": {}})
        deltas = [self._delta({"type": "input_json_delta", "partial_json": p}) for p in pieces]
        return [self._message(), block, *deltas]

    def error(self) -> bytes:
        return self._event("error", error={"type": "api_error", "message": "Internal failure."})

    def unknown(self) -> bytes:
        return self._event("acme_notice", note="Something new.")

    def tool_end(self) -> list[bytes]:
        return self.end("tool_use")

    def refusal(self, status: int, message: str) -> Any:
        kind = {401: "authentication_error", 429: "rate_limit_error", 503: "api_error"}[status]
        return {"type": "error", "error": {"type": kind, "message": message}}


class Gemini:
    """generateContent: https://ai.google.dev/api/generate-content. A call comes in one piece."""

    def _chunk(self, part: dict[str, Any], **fields: Any) -> bytes:
        candidate = {"content": {"role": "model", "parts": [part]}, "index": 0, **fields}
        return sse({"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r1"})

    def begin(self) -> list[bytes]:
        return []

    def word(self, text: str) -> bytes:
        return self._chunk({"text": text})

    def end(self) -> list[bytes]:
        return [self._chunk({"text": ""}, finishReason="STOP")]

    def tool(self, pieces: tuple[str, ...]) -> list[bytes]:
        call = self._chunk({"functionCall": {"name": TOOL, "args": json.loads("".join(ARGUMENTS))}})
        return [call if pieces == ARGUMENTS else call[: call.index(b"-2019")]]

    def tool_end(self) -> list[bytes]:
        return self.end()

    def error(self) -> bytes:
        return sse({"error": {"code": 500, "message": "Internal failure.", "status": "INTERNAL"}})

    def unknown(self) -> bytes:
        return sse({"acmeNotice": {"note": "Something new."}})

    def refusal(self, status: int, message: str) -> Any:
        kind = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}[status]
        return {"error": {"code": status, "message": message, "status": kind}}


Dialect = OpenAI | Anthropic | Gemini
DIALECTS: dict[str, Dialect] = {
    "/chat/completions": OpenAI(),
    "/messages": Anthropic(),
    ":streamGenerateContent": Gemini(),
}
"""By how the request's path ends."""
