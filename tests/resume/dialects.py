"""Answers as vendors put them on the wire, and what a request tells of an answer so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from streamkit.adapter import Adapter
from streamkit_anthropic import AnthropicMessages
from streamkit_openai import OpenAIChat
from streamkit_openai.responses import OpenAIResponses

GO_ON = "Your previous answer was interrupted"
"""How the turn begins in which the model is asked to go on."""


@dataclass(frozen=True)
class Story:
    """An answer, or the rest of one, by pieces as they come. Calls are names and arguments."""

    text: Sequence[str] = ()
    thoughts: Sequence[str] = ()
    calls: Sequence[tuple[str, str]] = ()

    @property
    def words(self) -> str:
        return "".join(self.text)


@dataclass(frozen=True)
class Asked:
    """What a request asks for: ``how`` is None for an answer, ``poll`` for one that is kept."""

    how: str | None = None
    prefix: str = ""
    after: int = -1


def sse(data: Any, event: str = "") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


def turns(messages: list[Any]) -> Asked:
    """By the last turns of a conversation, whose contents are text or lists of parts."""
    last = messages[-1]
    return Asked("prefix", _words(last)) if last["role"] == "assistant" else instructed(messages)


def instructed(messages: list[Any]) -> Asked:
    """The same, where roles do not matter."""
    if GO_ON in _words(messages[-1]):
        return Asked("instruct", _words(messages[-2]))
    return Asked()


def _words(message: Any) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


@dataclass(frozen=True)
class Dialect:
    """One way to put a `Story`. ``model`` is the id to ask for, ``adapter`` who speaks it."""

    adapter: Adapter
    model: str
    options: dict[str, Any] = field(default_factory=dict)
    content_type: ClassVar[str] = "text/event-stream"
    replays: ClassVar[frozenset[str]] = frozenset()
    """How servers that keep answers may behave."""

    def frames(self, story: Story) -> Iterator[bytes]:
        raise NotImplementedError

    def asked(self, url: str, body: bytes) -> Asked:
        return turns(json.loads(body)["messages"])

    def error(self) -> bytes:
        """An overload inside the stream."""
        raise NotImplementedError

    def kept(self, story: Story, status: str) -> bytes:
        """The whole answer as a server keeps it, in JSON: ``in_progress`` or ``completed``."""
        raise NotImplementedError


class Chat(Dialect):
    def frames(self, story: Story) -> Iterator[bytes]:
        yield _chat({"role": "assistant"})
        for piece in story.thoughts:
            yield _chat({"reasoning_content": piece})
        for piece in story.text:
            yield _chat({"content": piece})
        for number, (name, arguments) in enumerate(story.calls):
            half = len(arguments) // 2
            call = {"index": number, "id": f"c{number}", "function": {"name": name}}
            yield _chat({"tool_calls": [call]})
            for piece in (arguments[:half], arguments[half:]):
                yield _chat({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        yield _chat({}, "tool_calls" if story.calls else "stop")
        count = len(story.words) // 4 + 1
        yield sse({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": count}})
        yield sse("[DONE]")

    def error(self) -> bytes:
        return sse({"error": {"type": "overloaded_error", "message": "busy", "code": 503}})


def _chat(delta: dict[str, Any], stop: str | None = None) -> bytes:
    return sse({"choices": [{"index": 0, "delta": delta, "finish_reason": stop}]})


class Messages(Dialect):
    def frames(self, story: Story) -> Iterator[bytes]:
        usage = {"input_tokens": 9, "output_tokens": 1}
        yield _typed("message_start", message={"id": "m", "model": "x", "usage": usage})
        index = 0
        if story.thoughts:
            yield from _block(index, {"type": "thinking"}, "thinking_delta", story.thoughts, "s")
            index += 1
        if story.text:
            yield from _block(index, {"type": "text", "text": ""}, "text_delta", story.text)
            index += 1
        for number, (name, arguments) in enumerate(story.calls):
            block = {"type": "tool_use", "id": f"c{number}", "name": name, "input": {}}
            half = len(arguments) // 2
            pieces = (arguments[:half], arguments[half:])
            yield from _block(index, block, "input_json_delta", pieces)
            index += 1
        stop = {"stop_reason": "tool_use" if story.calls else "end_turn"}
        count = {"output_tokens": len(story.words) // 4 + 1}
        yield _typed("message_delta", delta=stop, usage=count)
        yield _typed("message_stop")

    def error(self) -> bytes:
        return _typed("error", error={"type": "overloaded_error", "message": "busy"})


_FIELDS = {"thinking_delta": "thinking", "text_delta": "text", "input_json_delta": "partial_json"}


def _block(
    index: int, block: dict[str, Any], kind: str, pieces: Sequence[str], signature: str = ""
) -> Iterator[bytes]:
    yield _typed("content_block_start", index=index, content_block=block)
    for piece in pieces:
        delta = {"type": kind, _FIELDS[kind]: piece}
        yield _typed("content_block_delta", index=index, delta=delta)
    if signature:
        delta = {"type": "signature_delta", "signature": signature}
        yield _typed("content_block_delta", index=index, delta=delta)
    yield _typed("content_block_stop", index=index)


def _typed(event: str, **fields: Any) -> bytes:
    return sse({"type": event, **fields}, event)


REPLAYING = frozenset({"refuses to replay", "kept nothing", "repeats"})


class Responses(Dialect):
    """Asked in the background, so that the server keeps the answer and replays it."""

    replays = REPLAYING | {"skips"}

    def frames(self, story: Story) -> Iterator[bytes]:
        for number, (event, fields) in enumerate(_response(story)):
            yield _typed(event, sequence_number=number, **fields)

    def asked(self, url: str, body: bytes) -> Asked:
        after = parse_qs(urlsplit(url).query).get("starting_after")
        if after:
            return Asked("replay", after=int(after[0]))
        if url.endswith("/responses/r"):
            return Asked("poll")
        return turns([item for item in json.loads(body)["input"] if "role" in item])

    def error(self) -> bytes:
        return b""  # a response that failed cannot be replayed

    def kept(self, story: Story, status: str) -> bytes:
        *_, (_, last) = _response(story)
        response = last["response"] if status == "completed" else {"id": "r", "output": []}
        return json.dumps({**response, "object": "response", "status": status}).encode()


def _response(story: Story) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "response.created", {"response": {"id": "r", "status": "in_progress", "output": []}}
    items: list[dict[str, Any]] = []
    if story.thoughts:
        item: dict[str, Any] = {"id": "rs", "type": "reasoning", "summary": []}
        place = {"item_id": "rs", "output_index": 0, "summary_index": 0}
        yield "response.output_item.added", {"output_index": 0, "item": item}
        for piece in story.thoughts:
            yield "response.reasoning_summary_text.delta", {**place, "delta": piece}
        words = "".join(story.thoughts)
        yield "response.reasoning_summary_text.done", {**place, "text": words}
        said = [{"type": "summary_text", "text": words}]
        items.append({**item, "summary": said, "encrypted_content": "e"})
        yield "response.output_item.done", {"output_index": 0, "item": items[-1]}
    if story.text:
        index = len(items)
        item = {"id": "msg", "type": "message", "role": "assistant", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        place = {"item_id": "msg", "output_index": index, "content_index": 0}
        yield "response.output_item.added", {"output_index": index, "item": item}
        yield "response.content_part.added", {**place, "part": part}
        for piece in story.text:
            yield "response.output_text.delta", {**place, "delta": piece}
        part = {**part, "text": story.words}
        yield "response.output_text.done", {**place, "text": story.words}
        yield "response.content_part.done", {**place, "part": part}
        items.append({**item, "content": [part], "status": "completed"})
        yield "response.output_item.done", {"output_index": index, "item": items[-1]}
    for name, arguments in story.calls:
        index, id_ = len(items), f"fc{len(items)}"
        item = {"id": id_, "type": "function_call", "call_id": f"c{index}", "name": name}
        place = {"item_id": id_, "output_index": index}
        yield "response.output_item.added", {"output_index": index, "item": item}
        half = len(arguments) // 2
        for piece in (arguments[:half], arguments[half:]):
            yield "response.function_call_arguments.delta", {**place, "delta": piece}
        yield "response.function_call_arguments.done", {**place, "arguments": arguments}
        items.append({**item, "arguments": arguments, "status": "completed"})
        yield "response.output_item.done", {"output_index": index, "item": items[-1]}
    usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}
    done = {"id": "r", "status": "completed", "output": items, "usage": usage}
    yield "response.completed", {"response": done}


BASE = "https://vendor.invalid/v1"
DIALECTS: dict[str, Dialect] = {
    "chat, prefix": Chat(OpenAIChat("vllm", base_url=BASE, api_key="k", name="chat"), "chat:x"),
    "chat, instruct": Chat(OpenAIChat("openai", base_url=BASE, api_key="k", name="c"), "c:x"),
    "messages, prefix": Messages(
        AnthropicMessages(base_url=BASE, api_key="k"), "anthropic:claude-haiku-4-5"
    ),
    "messages, instruct": Messages(
        AnthropicMessages(base_url=BASE, api_key="k"), "anthropic:claude-opus-4-6"
    ),
    "responses, replay": Responses(
        OpenAIResponses(base_url=BASE, api_key="k", name="r"),
        "r:x",
        {"extra_body": {"background": True}},
    ),
}
