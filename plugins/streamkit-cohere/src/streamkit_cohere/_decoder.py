"""Events of Cohere's chat API to streamkit's chunks.

``type`` says what an event is; the SSE event name repeats it. Content blocks, tool calls and
citations are numbered apart from each other. The plan of a turn that calls tools has neither number
nor end: it is whole when anything else of the message follows. Source: docs.cohere.com, streaming;
Cohere's Python SDK 7.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    End,
    Fault,
    Item,
    Key,
    Meta,
    Opaque,
    Reasoning,
    ServerToolArguments,
    ServerToolOpened,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.faults import fault_from_error
from streamkit.reading import mapping, rest, text
from streamkit.values import FaultKind
from streamkit_cohere._values import TOOL_PLAN, citation_of, finish_reason, usage_of

DONE = "[DONE]"
_FIELDS = frozenset({"type", "id", "index", "delta", "logprobs"})
"""Fields of the events themselves (Cohere's Python SDK 7.3, `V2ChatStreamResponse`),"""
_DELTA = frozenset({"message", "finish_reason", "usage", "error"})
"""of what changes,"""
_MESSAGE = frozenset({"role", "content", "tool_plan", "tool_calls", "citations"})
"""and of the message that it changes."""


class ChatDecoder(Decoder):
    """Reads one answer."""

    def __init__(self) -> None:
        self._plan: list[str] = []
        self._texts: dict[Key, None] = {}
        """Keys of text blocks, which citations may name."""
        self._open: dict[Key, None] = {}
        """Keys of content blocks that have not ended."""
        self._calls: dict[Any, Key] = {}
        """Keys of open calls by their index."""
        self._called = 0
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over or frame.data.startswith(DONE):
            return ()
        try:
            event = parse_json(frame.data)
        except (ValueError, RecursionError):
            self._over = True
            return [malformed(frame, "an event of the answer is not JSON")]
        if not isinstance(event, dict):
            return [Opaque(frame.event or "event", event)]
        type_ = text(event.get("type")) or frame.event
        read = _EVENTS.get(type_)
        if read is None:
            if type_ == "error" or ("type" not in event and "message" in event):
                self._over = True
                return [fault_from_error(event)]
            return [Opaque(type_ or "event", event)]
        out: list[Chunk] = []
        delta = mapping(event.get("delta"))
        message = mapping(delta.get("message"))
        if not (event.keys() <= _FIELDS and delta.keys() <= _DELTA and message.keys() <= _MESSAGE):
            new = rest(event, _FIELDS) | rest(delta, _DELTA) | rest(message, _MESSAGE)
            if new:
                out.append(Meta(vendor=new))
        read(self, event, message, out)
        return out

    def close(self) -> Sequence[Chunk]:
        return ()

    # --- the message -----------------------------------------------------------------------

    def _message_start(
        self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]
    ) -> None:
        out.append(Meta(id=text(event.get("id")) or None))
        for field, value in message.items():
            # Those that are known are always empty, as far as anybody has seen.
            if field != "role" and field in _MESSAGE and value:
                out.append(Opaque(f"message-start.{field}", value))

    def _message_end(
        self, event: dict[str, Any], _message: dict[str, Any], out: list[Chunk]
    ) -> None:
        self._over = True
        self._plan_ended(out)
        out.extend(Closed(key) for key in self._open)
        delta = mapping(event.get("delta"))
        usage = mapping(delta.get("usage"))
        if usage:
            out.append(UsageReport(usage_of(usage)))
        raw = text(delta.get("finish_reason")) or None
        reason = finish_reason(raw or "")
        out.append(Stop(reason, raw))
        error = delta.get("error")
        if error or reason == "error":
            kind: FaultKind = "vendor_timeout" if raw == "TIMEOUT" else "server"
            words = text(error) or f"the vendor broke the answer off with {raw}"
            out.append(Fault(kind, words, code=raw, body=event))
        else:
            out.append(End())

    # --- content ---------------------------------------------------------------------------

    def _content_start(
        self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]
    ) -> None:
        self._plan_ended(out)
        content = mapping(message.get("content"))
        match content.get("type"):
            case "text":
                out.append(Text(text(content.get("text")), self._block("text", event)))
            case "thinking":
                words = text(content.get("thinking"))
                out.append(Reasoning(words, self._block("thinking", event)))
            case _:
                out.append(Opaque("content-start", event))

    def _content_delta(
        self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]
    ) -> None:
        self._plan_ended(out)
        content = mapping(message.get("content"))
        words, thinking = content.get("text"), content.get("thinking")
        logprobs = event.get("logprobs")
        if words and isinstance(words, str):
            tokens = [logprobs] if logprobs else None
            out.append(Text(words, self._block("text", event), logprobs=tokens))
        elif thinking and isinstance(thinking, str):
            out.append(Reasoning(thinking, self._block("thinking", event)))
        elif words != "" and thinking != "":
            out.append(Opaque("content-delta", event))
        if logprobs and not words:
            out.append(Opaque("logprobs", logprobs))  # of other tokens than visible text

    def _content_end(
        self, event: dict[str, Any], _message: dict[str, Any], out: list[Chunk]
    ) -> None:
        for key in (("text", _index(event)), ("thinking", _index(event))):
            if key in self._open:
                del self._open[key]
                out.append(Closed(key))

    def _block(self, kind: str, event: dict[str, Any]) -> Key:
        key = (kind, _index(event))
        self._open[key] = None
        if kind == "text":
            self._texts[key] = None
        return key

    def _citation_start(
        self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]
    ) -> None:
        """Only text can be cited here; thinking and plans are no places that a caller can show."""
        citations = message.get("citations")
        for raw in citations if isinstance(citations, list) else [citations]:
            elsewhere = mapping(raw).get("type") in ("THINKING_CONTENT", "PLAN")
            if not isinstance(raw, dict) or elsewhere or not self._texts:
                out.append(Opaque("citation-start", event))
                continue
            index = raw.get("content_index")
            named = ("text", index if type(index) is int else -1)
            key = named if named in self._texts else next(reversed(self._texts))
            out.append(Cited(citation_of(raw), key))

    # --- tools -----------------------------------------------------------------------------

    def _tool_plan(self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]) -> None:
        words = message.get(TOOL_PLAN)
        if not isinstance(words, str):
            out.append(Opaque("tool-plan-delta", event))
        elif words:
            if not self._plan:
                out.append(ServerToolOpened(TOOL_PLAN, TOOL_PLAN))
            self._plan.append(words)
            out.append(ServerToolArguments(TOOL_PLAN, words))

    def _plan_ended(self, out: list[Chunk]) -> None:
        if self._plan:
            out.append(Item(TOOL_PLAN, {TOOL_PLAN: "".join(self._plan)}, TOOL_PLAN))
            self._plan.clear()

    def _tool_start(self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]) -> None:
        self._plan_ended(out)
        call = _call(message)
        function = mapping(call.get("function"))
        name = text(function.get("name"))
        if not name:
            out.append(Opaque("tool-call-start", event))
            return
        key = self._calls[_index(event)] = ("call", self._called)
        self._called += 1
        out.append(ToolOpened(key, name, text(call.get("id")) or None))
        if arguments := text(function.get("arguments")):
            out.append(ToolArguments(key, arguments))

    def _tool_delta(self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]) -> None:
        key = self._calls.get(_index(event))
        arguments = mapping(_call(message).get("function")).get("arguments")
        if key is None or not isinstance(arguments, str):
            out.append(Opaque("tool-call-delta", event))
        elif arguments:
            out.append(ToolArguments(key, arguments))

    def _tool_end(self, event: dict[str, Any], _message: dict[str, Any], out: list[Chunk]) -> None:
        key = self._calls.pop(_index(event), None)
        out.append(Opaque("tool-call-end", event) if key is None else Closed(key))

    def _nothing(self, event: dict[str, Any], message: dict[str, Any], out: list[Chunk]) -> None:
        """A citation was told whole when it started."""


_EVENTS: Mapping[
    str, Callable[[ChatDecoder, dict[str, Any], dict[str, Any], list[Chunk]], None]
] = {
    "message-start": ChatDecoder._message_start,
    "content-start": ChatDecoder._content_start,
    "content-delta": ChatDecoder._content_delta,
    "content-end": ChatDecoder._content_end,
    "tool-plan-delta": ChatDecoder._tool_plan,
    "tool-call-start": ChatDecoder._tool_start,
    "tool-call-delta": ChatDecoder._tool_delta,
    "tool-call-end": ChatDecoder._tool_end,
    "citation-start": ChatDecoder._citation_start,
    "citation-end": ChatDecoder._nothing,
    "message-end": ChatDecoder._message_end,
}


def _call(message: dict[str, Any]) -> dict[str, Any]:
    """``tool_calls`` of a streamed message is one object; a list holds the one as well."""
    calls = message.get("tool_calls")
    return mapping(calls[0] if isinstance(calls, list) and calls else calls)


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    return index if type(index) is int else 0
