"""What the vendors' servers send, with all the fields and the padding of their real events.

Taken from recordings: every delta differs from the one before in its words, and in whatever that
vendor counts or fills up with. Each dialect also knows the least that reads it, for the floor.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from string import ascii_letters, digits
from typing import Any

from benchmarks.wire import Shape

Body = dict[str, Any]
_RANDOM = random.Random(5)
_PADDING = ["".join(_RANDOM.choices(ascii_letters + digits, k=k % 16 + 1)) for k in range(257)]
_ITEM = "msg_68c42d1d0878819d8266007cd3d1402c08fbf9b1584184ff"
_ANSWER = "chatcmpl-B0XqTQ5bV2gYq3lK8dZ7aWnE4xYcR"


@dataclass(frozen=True)
class Dialect:
    """One vendor's stream. ``delta`` makes the n-th event that carries words.

    ``path`` is where requests go, behind ``base``; ``words`` are the text in an event's JSON, and
    ``ends`` says whether an event without words is the end mark.
    """

    prefix: str
    base: str
    path: str
    head: tuple[bytes, ...]
    delta: Callable[[int, str], bytes]
    tail: Callable[[int], tuple[bytes, ...]]
    words: Callable[[Body], str | None]
    ends: Callable[[Body], Any]
    content_type: str = "text/event-stream; charset=utf-8"
    separator: bytes = b"\n\n"

    def url(self, model: str) -> str:
        """The path that a request for ``model`` goes to."""
        return self.base + self.path.format(model=model)

    def asked(self, path: str) -> str | None:
        """The model named in a path, "" if it is in the body; None if the path is another's."""
        before, _, behind = (self.base + self.path).partition("{model}")
        if not (path.startswith(before) and path.endswith(behind)):
            return None
        return path[len(before) : len(path) - len(behind)] if behind else ""

    def writes(self, shape: Shape) -> Iterator[bytes]:
        """The body, a piece for each write; deltas are in all pieces but the first and the last."""
        if self.head:
            yield b"".join(self.head)
        words = shape.words()
        deltas = (self.delta(n, words[n % len(words)]) for n in range(shape.deltas))
        while piece := b"".join(islice(deltas, shape.per_write)):
            yield piece
        if shape.ending == "whole":
            yield b"".join(self.tail(shape.deltas))


def _json(body: Body, *, spaced: bool = False) -> str:
    separators = (",", ": ") if spaced else (",", ":")
    return json.dumps(body, separators=separators, ensure_ascii=False)


def _data(body: Body, *, spaced: bool = False) -> bytes:
    return f"data: {_json(body, spaced=spaced)}\n\n".encode()


def _named(type_: str, fields: Body, padding: str = "") -> bytes:
    data = _json({"type": type_, **fields})
    return f"event: {type_}\ndata: {data[:-1]}{padding}}}\n\n".encode()


DONE = b"data: [DONE]\n\n"


# --- chat completions ----------------------------------------------------------------------------


def _chat(delta: Body, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {
        "id": _ANSWER,
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": "gpt-4.1-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_a1b2c3d4e5",
        "choices": [choice],
    }
    return _data({**body, **more})


def _padded(number: int, delta: Body, finish: str | None = None) -> bytes:
    return _chat(delta, finish, usage=None, obfuscation=_PADDING[number % len(_PADDING)])


_ROLE = {"role": "assistant", "content": "", "refusal": None}


def _chat_words(body: Body) -> str | None:
    words: str | None = body["choices"][0]["delta"].get("content")
    return words


def _chat_ends(body: Body) -> Any:
    return body["choices"][0]["finish_reason"]


@lru_cache(maxsize=64)
def _chat_delta(words: str) -> bytes:
    return _chat({"content": words})


CHAT = Dialect(
    prefix="openai",
    base="/v1",
    path="/chat/completions",
    head=(_chat(_ROLE),),
    delta=lambda _, words: _chat_delta(words),
    tail=lambda _: (_chat({}, "stop"), DONE),
    words=_chat_words,
    ends=_chat_ends,
)

PADDED = Dialect(
    prefix="openai",
    base="/padded/v1",
    path="/chat/completions",
    head=(_padded(0, _ROLE),),
    delta=lambda number, words: _padded(number, {"content": words}),
    tail=lambda number: (_padded(number, {}, "stop"), DONE),
    words=_chat_words,
    ends=_chat_ends,
)


def _mistral(number: int, delta: Body, finish: str | None = None) -> bytes:
    body = {
        "id": "3a266e7631b44d6a89f65a5839a585e4",
        "object": "chat.completion.chunk",
        "created": 1787150178,
        "model": "mistral-small-latest",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        "p": "abcdefghijklmnopqrstuvwxyz0123456789"[: 1 + number * 7 % 36],
    }
    return _data(body)


MISTRAL = Dialect(
    prefix="mistral",
    base="/mistral/v1",
    path="/chat/completions",
    head=(_mistral(0, {"role": "assistant", "content": ""}),),
    delta=lambda number, words: _mistral(number, {"content": words}),
    tail=lambda number: (_mistral(number, {"content": ""}, "stop"), DONE),
    words=_chat_words,
    ends=_chat_ends,
)


# --- others --------------------------------------------------------------------------------------


def _response(type_: str, status: str) -> bytes:
    response = {"id": "resp_1", "object": "response", "status": status, "model": "gpt-5.4"}
    return _named(f"response.{type_}", {"response": {**response, "output": []}})


def _text_delta(number: int, words: str) -> bytes:
    fields = {
        "content_index": 0,
        "delta": words,
        "item_id": _ITEM,
        "logprobs": [],
        "obfuscation": _PADDING[number % len(_PADDING)],
        "output_index": 0,
        "sequence_number": number + 4,
    }
    return _named("response.output_text.delta", fields)


RESPONSES = Dialect(
    prefix="openai-responses",
    base="/v1",
    path="/responses",
    head=(
        _response("created", "in_progress"),
        _named(
            "response.output_item.added",
            {
                "item": {"id": _ITEM, "type": "message", "role": "assistant", "content": []},
                "output_index": 0,
                "sequence_number": 2,
            },
        ),
    ),
    delta=_text_delta,
    tail=lambda _: (_response("completed", "completed"),),
    words=lambda body: body["delta"] if body["type"] == "response.output_text.delta" else None,
    ends=lambda body: body["type"] == "response.completed",
)

_MESSAGE = {
    "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 25, "output_tokens": 1},
}


def _messages_delta(number: int, words: str) -> bytes:
    fields = {"index": 0, "delta": {"type": "text_delta", "text": words}}
    return _named("content_block_delta", fields, " " * (number * 7 % 15))


MESSAGES = Dialect(
    prefix="anthropic",
    base="/anthropic",
    path="/v1/messages",
    head=(
        _named("message_start", {"message": _MESSAGE}),
        _named("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ),
    delta=_messages_delta,
    tail=lambda number: (
        _named("content_block_stop", {"index": 0}),
        _named(
            "message_delta",
            {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": number}},
        ),
        _named("message_stop", {}),
    ),
    words=lambda body: body["delta"].get("text") if "delta" in body else None,
    ends=lambda body: body["type"] == "message_stop",
)


def _gemini(number: int, words: str, finish: str | None = None) -> bytes:
    candidate = {"content": {"parts": [{"text": words}], "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    usage = {
        "promptTokenCount": 22,
        "candidatesTokenCount": number + 1,
        "totalTokenCount": number + 91,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 22}],
        "thoughtsTokenCount": 68,
    }
    body = {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "gemini-2.5-flash",
        "responseId": "M1GDaNrGOJ7NkdUPqvinwAs",
    }
    return _data(body, spaced=True)


GEMINI = Dialect(
    prefix="gemini",
    base="/v1beta",
    path="/models/{model}:streamGenerateContent",
    head=(),
    delta=_gemini,
    tail=lambda number: (_gemini(number, "", "STOP"),),
    words=lambda body: body["candidates"][0]["content"]["parts"][0]["text"],
    ends=lambda body: body["candidates"][0].get("finishReason"),
)


def _cohere(type_: str, content: Body) -> bytes:
    return _named(type_, {"index": 0, "delta": {"message": {"content": content}}})


COHERE = Dialect(
    prefix="cohere",
    base="/cohere",
    path="/v2/chat",
    head=(
        _named("message-start", {"id": "c2d2a589", "delta": {"message": {"role": "assistant"}}}),
        _cohere("content-start", {"type": "text", "text": ""}),
    ),
    delta=lambda _, words: _cohere("content-delta", {"text": words}),
    tail=lambda _: (
        _named("content-end", {"index": 0}),
        _named("message-end", {"delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {}}}}),
    ),
    words=lambda body: (
        body["delta"]["message"]["content"]["text"] if body["type"] == "content-delta" else None
    ),
    ends=lambda body: body["type"] == "message-end",
)


def _ollama(number: int, words: str, **last: Any) -> bytes:
    body = {
        "model": "llama3.2",
        "created_at": f"2026-05-24T20:26:46.{number % 1_000_000:06}Z",
        "message": {"role": "assistant", "content": words},
        "done": bool(last),
    }
    return f"{_json({**body, **last})}\n".encode()


OLLAMA = Dialect(
    prefix="ollama",
    base="/ollama",
    path="/api/chat",
    head=(),
    delta=_ollama,
    tail=lambda number: (_ollama(number, "", done_reason="stop", eval_count=number),),
    words=lambda body: body["message"]["content"],
    ends=lambda body: body["done"],
    content_type="application/x-ndjson",
    separator=b"\n",
)

DIALECTS = {
    "chat completions": CHAT,
    "chat completions, padded": PADDED,
    "Responses": RESPONSES,
    "Anthropic": MESSAGES,
    "Gemini": GEMINI,
    "Mistral": MISTRAL,
    "Cohere": COHERE,
    "Ollama": OLLAMA,
}
