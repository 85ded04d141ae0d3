"""The same answers as further vendors put them on the wire."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from streamkit.adapter import Located
from streamkit.testing import aws_message
from streamkit_bedrock import Bedrock, BedrockAnthropic
from streamkit_cohere import CohereChat
from streamkit_gemini import Gemini, GeminiInteractions
from streamkit_local import LocalChat
from streamkit_mistral import MistralChat, MistralConversations
from streamkit_ollama import OllamaChat
from tests.resume.dialects import (
    GO_ON,
    REPLAYING,
    Asked,
    Chat,
    Dialect,
    Messages,
    Story,
    instructed,
    sse,
    turns,
)


class Mistral(Chat):
    """Thoughts are items of a list where other words are text."""

    def frames(self, story: Story) -> Iterator[bytes]:
        for frame in super().frames(story):
            if b"reasoning_content" in frame:
                [piece] = [p for p in story.thoughts if json.dumps(p).encode() in frame]
                thought = [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]
                delta = {"content": thought}
                yield sse({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            elif b'"choices": []' not in frame:
                yield frame

    def error(self) -> bytes:
        return b""


class Cohere(Dialect):
    def frames(self, story: Story) -> Iterator[bytes]:
        yield _cohere("message-start", {"role": "assistant"}, id="m")
        index = 0
        for kind, pieces in (("thinking", story.thoughts), ("text", story.text)):
            if pieces:
                yield _cohere("content-start", {"content": {"type": kind, kind: ""}}, index=index)
                for piece in pieces:
                    yield _cohere("content-delta", {"content": {kind: piece}}, index=index)
                yield sse({"type": "content-end", "index": index}, "content-end")
                index += 1
        for number, (name, arguments) in enumerate(story.calls):
            function = {"name": name, "arguments": ""}
            call = {"id": f"c{number}", "type": "function", "function": function}
            yield _cohere("tool-call-start", {"tool_calls": call}, index=number)
            more = {"function": {"arguments": arguments}}
            yield _cohere("tool-call-delta", {"tool_calls": more}, index=number)
            yield sse({"type": "tool-call-end", "index": number}, "tool-call-end")
        usage = {"tokens": {"input_tokens": 9, "output_tokens": len(story.words) // 4 + 1}}
        reason = "TOOL_CALL" if story.calls else "COMPLETE"
        end = {"finish_reason": reason, "usage": usage}
        yield sse({"type": "message-end", "delta": end}, "message-end")

    def error(self) -> bytes:
        return b""


def _cohere(event: str, message: dict[str, Any], **more: Any) -> bytes:
    return sse({"type": event, **more, "delta": {"message": message}}, event)


class Generate(Dialect):
    """Google's generateContent: whole calls, and no end mark but the finish reason."""

    def frames(self, story: Story) -> Iterator[bytes]:
        for piece in story.thoughts:
            yield _generated({"text": piece, "thought": True})
        for piece in story.text:
            yield _generated({"text": piece})
        for name, arguments in story.calls:
            yield _generated({"functionCall": {"name": name, "args": json.loads(arguments)}})
        count = len(story.words) // 4 + 1
        usage = {"promptTokenCount": 9, "candidatesTokenCount": count}
        ended = {"index": 0, "finishReason": "STOP"}
        yield sse({"candidates": [ended], "usageMetadata": usage})

    def asked(self, url: str, body: bytes) -> Asked:
        contents = json.loads(body)["contents"]
        words = ["".join(part.get("text", "") for part in c["parts"]) for c in contents]
        return Asked("instruct", words[-2]) if GO_ON in words[-1] else Asked()

    def error(self) -> bytes:
        return sse({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})


def _generated(part: dict[str, Any]) -> bytes:
    return sse({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]})


class Converse(Dialect):
    content_type = "application/vnd.amazon.eventstream"

    def frames(self, story: Story) -> Iterator[bytes]:
        yield _event("messageStart", role="assistant")
        index = 0
        for pieces, name in ((story.thoughts, "reasoningContent"), (story.text, "text")):
            for piece in pieces:
                said = {"text": piece} if name == "reasoningContent" else piece
                yield _event("contentBlockDelta", contentBlockIndex=index, delta={name: said})
            if pieces:
                yield _event("contentBlockStop", contentBlockIndex=index)
                index += 1
        for number, (name, arguments) in enumerate(story.calls):
            start = {"toolUse": {"toolUseId": f"c{number}", "name": name}}
            yield _event("contentBlockStart", contentBlockIndex=index, start=start)
            delta = {"toolUse": {"input": arguments}}
            yield _event("contentBlockDelta", contentBlockIndex=index, delta=delta)
            yield _event("contentBlockStop", contentBlockIndex=index)
            index += 1
        yield _event("messageStop", stopReason="tool_use" if story.calls else "end_turn")
        count = len(story.words) // 4 + 1
        usage = {"inputTokens": 9, "outputTokens": count, "totalTokens": 9 + count}
        yield _event("metadata", usage=usage)

    def error(self) -> bytes:
        headers = {":message-type": "exception", ":exception-type": "throttlingException"}
        return aws_message(headers, b'{"message": "busy"}')


def _event(kind: str, **fields: Any) -> bytes:
    headers = {":event-type": kind, ":message-type": "event"}
    return aws_message(headers, json.dumps(fields, ensure_ascii=False).encode())


class Ollama(Dialect):
    content_type = "application/x-ndjson"

    def frames(self, story: Story) -> Iterator[bytes]:
        for piece in story.thoughts:
            yield _line({"content": "", "thinking": piece})
        for piece in story.text:
            yield _line({"content": piece})
        for name, arguments in story.calls:
            call = {"function": {"name": name, "arguments": json.loads(arguments)}}
            yield _line({"content": "", "tool_calls": [call]})
        count = len(story.words) // 4 + 1
        end = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": count}
        yield _line({"content": ""}, **end)

    def asked(self, url: str, body: bytes) -> Asked:
        return turns(json.loads(body)["messages"])

    def error(self) -> bytes:
        return b""


def _line(message: dict[str, Any], **more: Any) -> bytes:
    told = {"model": "x", "message": {"role": "assistant", **message}, "done": False, **more}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


class Interactions(Dialect):
    """Kept by the server; the ids of events say nothing, so that nobody sees a gap."""

    replays = REPLAYING

    def frames(self, story: Story) -> Iterator[bytes]:
        yield _happened("interaction.created", 0, interaction={"id": "i", "status": "in_progress"})
        number = itertools.count(1)
        for index, (step, deltas) in enumerate(_steps(story)):
            yield _happened("step.start", next(number), index=index, step=step)
            for delta in deltas:
                yield _happened("step.delta", next(number), index=index, delta=delta)
            yield _happened("step.stop", next(number), index=index)
        yield _happened("interaction.completed", next(number), interaction=_kept(story))

    def asked(self, url: str, body: bytes) -> Asked:
        event = parse_qs(urlsplit(url).query).get("last_event_id")
        if event:
            return Asked("replay", after=int(event[0], 36) - _FIRST)
        if url.endswith("/interactions/i"):
            return Asked("poll")
        steps = json.loads(body)["input"]
        return instructed([s for s in steps if "content" in s]) if len(steps) > 1 else Asked()

    def error(self) -> bytes:
        return b""

    def kept(self, story: Story, status: str) -> bytes:
        kept: dict[str, Any] = {"id": "i", "status": status}
        if status == "completed":
            kept = _kept(story) | {"steps": [_whole(*step) for step in _steps(story)]}
        return json.dumps(kept).encode()


_FIRST = 36**6
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _happened(event: str, number: int, **fields: Any) -> bytes:
    number += _FIRST
    id_ = "".join(_DIGITS[number // 36**place % 36] for place in range(6, -1, -1))
    return sse({"event_type": event, **fields, "event_id": id_}, event)


def _steps(story: Story) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each step as it is announced, and its deltas."""
    if story.thoughts:
        thoughts = [{"type": "text", "text": piece} for piece in story.thoughts]
        deltas = [{"type": "thought_summary", "content": content} for content in thoughts]
        yield {"type": "thought"}, [*deltas, {"type": "thought_signature", "signature": "s"}]
    if story.text:
        yield {"type": "model_output"}, [{"type": "text", "text": piece} for piece in story.text]
    for number, (name, arguments) in enumerate(story.calls):
        half = len(arguments) // 2
        pieces = (arguments[:half], arguments[half:])
        deltas = [{"type": "arguments_delta", "arguments": piece} for piece in pieces]
        yield {"type": "function_call", "id": f"c{number}", "name": name}, deltas


def _whole(step: dict[str, Any], deltas: list[dict[str, Any]]) -> dict[str, Any]:
    match step["type"]:
        case "thought":
            *thoughts, signature = deltas
            summary = [delta["content"] for delta in thoughts]
            return {**step, "summary": summary, "signature": signature["signature"]}
        case "model_output":
            return {**step, "content": [{"type": "text", "text": _joined(deltas, "text")}]}
    return {**step, "arguments": json.loads(_joined(deltas, "arguments"))}


def _joined(deltas: list[dict[str, Any]], field: str) -> str:
    return "".join(delta[field] for delta in deltas)


def _kept(story: Story) -> dict[str, Any]:
    usage = {"total_input_tokens": 9, "total_output_tokens": len(story.words) // 4 + 1}
    return {"id": "i", "status": "completed", "usage": usage}


class Conversations(Dialect):
    def frames(self, story: Story) -> Iterator[bytes]:
        yield _typed("conversation.response.started", conversation_id="v")
        for piece in story.thoughts:
            thought = {"type": "thinking", "thinking": [{"type": "text", "text": piece}]}
            yield _typed("message.output.delta", id="m", content=thought)
        for piece in story.text:
            yield _typed("message.output.delta", id="m", content=piece)
        for number, (name, arguments) in enumerate(story.calls):
            half = len(arguments) // 2
            for piece in (arguments[:half], arguments[half:]):
                call = {"id": f"f{number}", "tool_call_id": f"c{number}", "name": name}
                yield _typed("function.call.delta", **call, arguments=piece)
        usage = {"prompt_tokens": 9, "completion_tokens": len(story.words) // 4 + 1}
        yield _typed("conversation.response.done", usage=usage)

    def asked(self, url: str, body: bytes) -> Asked:
        inputs = json.loads(body)["inputs"]
        return Asked() if isinstance(inputs, str) else instructed(inputs)

    def error(self) -> bytes:
        return _typed("conversation.response.error", message="busy", code=503)


def _typed(event: str, **fields: Any) -> bytes:
    return sse({"type": event, **fields}, event)


class Invoke(Messages):
    """Anthropic's events, each as base64 in a message of AWS's."""

    content_type = "application/vnd.amazon.eventstream"

    def frames(self, story: Story) -> Iterator[bytes]:
        for frame in super().frames(story):
            data = frame.partition(b"data: ")[2].strip()
            yield _event("chunk", bytes=base64.b64encode(data).decode())

    def error(self) -> bytes:
        return Converse.error(self)  # type: ignore[arg-type]


class Served(LocalChat):
    """The local adapter, with a server that runs already."""

    def locate(self, model: str) -> Located:
        return Located(BASE, "k")


BASE = "https://vendor.invalid"
MORE: dict[str, Dialect] = {
    "mistral, prefix": Mistral(MistralChat(base_url=BASE, api_key="k", name="m"), "m:x"),
    "cohere, instruct": Cohere(CohereChat(base_url=BASE, api_key="k", name="co"), "co:x"),
    "gemini, instruct": Generate(Gemini(base_url=BASE, api_key="k", name="g"), "g:x"),
    "bedrock, prefix": Converse(
        Bedrock(base_url=BASE, api_key="k", name="b"), "b:anthropic.claude-haiku-4-5-v1:0"
    ),
    "ollama, prefix": Ollama(OllamaChat(base_url=BASE, name="o"), "o:x"),
    "interactions, replay": Interactions(
        GeminiInteractions(base_url=BASE, api_key="k", name="i"), "i:x"
    ),
    "conversations, instruct": Conversations(
        MistralConversations(base_url=BASE, api_key="k", name="v"), "v:x"
    ),
    "invoke, prefix": Invoke(
        BedrockAnthropic(base_url=BASE, api_key="k", name="bi"),
        "bi:anthropic.claude-haiku-4-5-v1:0",
    ),
    "local, prefix": Chat(Served(), "local:smollm2"),
}
