"""Events of the Responses API to streamkit's chunks.

Each event is one JSON object with a ``type``. Nearly every one is a piece of text and is read with
a few look-ups. The events of a part or an item that repeat what was streamed (``….done``) are news
only where nothing was: some servers stream no pieces, or send items only with the last event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit import reading
from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Closed,
    Cursor,
    End,
    Fault,
    Key,
    Meta,
    Notice,
    Opaque,
    ServerToolArguments,
    ServerToolOpened,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.messages import ChatRequest
from streamkit.reading import text as text_of
from streamkit.values import ToolKind
from streamkit_openai.responses._items import Item, Items
from streamkit_openai.responses._values import fault_of, finish_reason, usage_of
from streamkit_openai.responses.profiles import ResponsesProfile

_Event = dict[str, Any]

# Fields of the response that are read here, or that repeat the request.
_ECHO = frozenset(
    {
        *("object", "id", "model", "output", "output_text", "usage", "error", "status"),
        *("background", "frequency_penalty", "include", "instructions", "max_output_tokens"),
        *("max_tool_calls", "metadata", "parallel_tool_calls", "presence_penalty", "prompt"),
        *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning"),
        *("safety_identifier", "store", "stream", "temperature", "text", "tool_choice", "tools"),
        *("top_logprobs", "top_p", "truncation", "user"),
    }
)
# Fields of the events themselves (openai-python 3.54, `ResponseStreamEvent`).
_FIELDS = frozenset(
    {
        *("type", "sequence_number", "response", "item", "item_id", "part", "delta", "text"),
        *("output_index", "content_index", "summary_index", "annotation_index", "annotation"),
        *("command_index", "command", "partial_image_index", "partial_image_b64", "background"),
        *("arguments", "name", "input", "code", "diff", "refusal", "output"),
        *("output_format", "quality", "size"),
        *("logprobs", "obfuscation", "error", "message", "param", "status"),
    }
)
# What else tells how the server's own tools are getting on, beside ``…_call.…``.
_STATES = frozenset({"mcp_list_tools", "compaction", "shell_call_output_content", "rate_limits"})
_RUNNING = frozenset({"", "in_progress", "queued"})
_TEXT_DELTA = "response.output_text.delta"
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
# What a call has beside these goes back with it.
_CALL_FIELDS = frozenset({"type", "call_id", "name", "arguments", "input", "status"})


class ResponsesDecoder(Decoder):
    """Reads one Responses API stream."""

    def __init__(self, profile: ResponsesProfile, request: ChatRequest) -> None:
        self._owner = profile.name
        self._calls = _CALLS if profile.custom_tools else {"function_call": "arguments"}
        self._items = Items()
        self._id = ""
        self._replayable = request.extra_body.get("background") is True
        self._number: int | None = None
        """Of the last event, where the stream can be replayed: they are numbered without gaps."""
        self._writing: tuple[Any, Any] | None = None
        """Places of the item and of the part that the last piece of text was of,"""
        self._key: Key = None
        """and the key of that part."""
        self._reasoned = False
        self._waiting = False
        self._refused = False
        self._over = False

    # --- events ----------------------------------------------------------------------------

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        try:
            event = parse_json(frame.data)
        except (ValueError, RecursionError):
            return self._no_json(frame)
        if type(event) is not dict:
            return [Opaque(frame.event or "frame", event)]
        type_ = event.get("type")
        new = not event.keys() <= _FIELDS
        if type_ == _TEXT_DELTA and not new and (text := self._more_text(event)):
            return (text,)
        if type_ is None and event.get("object") == "response":
            return self._whole(event)
        if not isinstance(type_, str):
            type_ = event["type"] = frame.event
        out: list[Chunk] = []
        number = event.get("sequence_number") if self._replayable else None
        if type(number) is int and not self._follows(number, out):
            return out
        self._writing = None
        known = type_ in _PIECES or type_ in _READERS
        if new and known and (fields := reading.rest(event, _FIELDS)):
            out.append(Meta(vendor=fields))
        if type_ in _PIECES:
            self._piece(type_, event, out)
        elif type_ in _READERS:
            _READERS[type_](self, event, out)
        elif "error" in event and not type_.startswith("response."):
            self._error(event, out)
        else:
            self._other(type_, event, out)
        if type(number) is int and self._id and not self._over:
            out.append(Cursor(f"{self._id}:{number}"))
        return out

    def close(self) -> Sequence[Chunk]:
        return ()

    def _no_json(self, frame: Frame) -> Sequence[Chunk]:
        text = frame.data.strip()
        if not text or text.startswith("[DONE]"):
            return ()
        self._over = True
        if frame.event == "error" and text[0] not in "{[":  # those are JSON that was cut
            return [fault_of(text)]
        return [malformed(frame, "an event is not JSON")]

    def _follows(self, number: int, out: list[Chunk]) -> bool:
        """Whether this is the next event: a replay may repeat events, or leave some out."""
        if self._number is None or number == self._number + 1:
            self._number = number
            return True
        if number > self._number:
            missing = f"the server left out events {self._number + 1} to {number - 1}"
            out.append(Fault(kind="protocol", message=missing))
        return False

    def _other(self, type_: str, event: _Event, out: list[Chunk]) -> None:
        """States of the server's own tools are notices, all else is for the caller to look at."""
        subject, _, state = type_.removeprefix("response.").partition(".")
        if state and (subject.endswith("_call") or subject in _STATES):
            rest = {k: v for k, v in event.items() if k not in {"type", "sequence_number"}}
            out.append(Notice(f"{subject}.{state}", data=rest))
        else:
            out.append(Opaque(type_ or "event", event))

    def _nothing(self, event: _Event, out: list[Chunk]) -> None:
        """Keep-alives, and announcements of parts."""

    # --- the response ----------------------------------------------------------------------

    def _begins(self, event: _Event, out: list[Chunk]) -> None:
        response = _mapping(event.get("response"))
        if response.get("background") is True:
            self._replayable = True
        self._meta(response, None, out)

    def _meta(
        self, response: Mapping[str, Any], vendor: dict[str, Any] | None, out: list[Chunk]
    ) -> None:
        id_, model = text_of(response.get("id")), text_of(response.get("model"))
        # Gateways make up a new id in every event; the first is the one to keep.
        new = id_ if not self._id else ""
        self._id = self._id or id_
        if new or vendor or model:
            out.append(Meta(new or None, model or None, vendor))

    def _ends(self, event: _Event, out: list[Chunk]) -> None:
        response = _mapping(event.get("response"))
        status = text_of(response.get("status"))
        if status in _RUNNING:
            status = str(event.get("type")).rpartition(".")[2]
            status = "completed" if status == "done" else status
        self._finish_items(response.get("output"), status, out)
        vendor = {k: v for k, v in response.items() if k not in _ECHO and v not in (None, [], {})}
        self._meta(response, vendor or None, out)
        usage = response.get("usage")
        if isinstance(usage, Mapping) and usage:
            out.append(UsageReport(usage_of(usage)))
        reason = finish_reason(
            status,
            response.get("incomplete_details"),
            waiting=self._waiting,
            refused=self._refused,
        )
        out.append(Stop(reason, status))
        self._over = True
        if status == "failed":
            # Perplexity has the error beside the response.
            out.append(fault_of(response.get("error") or event.get("error") or ""))
        else:
            out.append(End())

    def _whole(self, response: _Event) -> Sequence[Chunk]:
        """The response itself, as it is when it is asked for; it is over unless it says not."""
        out: list[Chunk] = []
        if response.get("status") in _RUNNING:
            self._meta(response, None, out)
        else:
            self._ends({"type": "response.completed", "response": response}, out)
        return out

    def _finish_items(self, output: Any, status: str, out: list[Chunk]) -> None:
        """Items that were not told to be done, or not told at all."""
        output = output if isinstance(output, list) else []
        if not self._items:
            for place, item in enumerate(output):
                self._done({"output_index": place, "item": item}, out)
        elif status == "completed":
            for open_at, item in list(self._items.open()):
                known = open_at is not None and 0 <= open_at < len(output)
                whole = output[open_at] if known else None
                if isinstance(whole, dict) and whole.get("type") == item.type:
                    self._done({"output_index": open_at, "item": whole}, out)
                else:
                    self._waits(item, item.payload)
                    if item.opened and item.type in self._calls:
                        out.append(Closed(item.key))
                    item.close(out)

    def _error(self, event: _Event, out: list[Chunk]) -> None:
        """An error ends the response; ``response.failed`` may or may not follow."""
        error = event.get("error")
        out.append(Stop("error", "failed"))
        out.append(fault_of(error if error and not isinstance(error, list) else event))
        self._over = True

    # --- items -----------------------------------------------------------------------------

    def _added(self, event: _Event, out: list[Chunk]) -> None:
        payload = event.get("item")
        if not isinstance(payload, dict):
            out.append(Opaque("output_item", event))
            return
        item = self._items.add(event.get("output_index"), payload)
        if item.type not in {"message", "reasoning"}:
            self._open(item, payload, out)

    def _open(self, item: Item, payload: Mapping[str, Any], out: list[Chunk]) -> None:
        """Announces a call, or an item of the server's own, as soon as its name is known."""
        name = text_of(payload.get("name"))
        if item.type not in self._calls:
            kind = item.type or "item"
            out.append(ServerToolOpened(item.key, kind, item.id or None, name or None))
        elif name:
            call_id = text_of(payload.get("call_id")) or item.id
            tool_kind: ToolKind = "custom" if item.type == "custom_tool_call" else "function"
            rest = {k: v for k, v in payload.items() if k not in _CALL_FIELDS and v is not None}
            vendor = {self._owner: rest} if rest else None
            out.append(ToolOpened(item.key, name, call_id or None, 0, tool_kind, vendor))
        else:
            return
        item.opened = True

    def _done(self, event: _Event, out: list[Chunk]) -> None:
        payload, place = event.get("item"), event.get("output_index")
        if not isinstance(payload, dict):
            out.append(Opaque("output_item", event))
            return
        item = self._items.known(place, payload.get("id") or payload.get("call_id"))
        if item is None and type(place) is not int:
            type_ = payload.get("type")
            item = next((i for _, i in self._items.open() if i.type == type_), None)
        if item is None or (item.done and item.id != payload.get("id")):
            item = self._items.add(place, payload)
        if item.done:
            return
        item.type = text_of(payload.get("type"))
        self._waits(item, payload)
        match item.type:
            case "message":
                self._refused |= item.message_done(payload, self._owner, out, self._reasoned)
            case "reasoning":
                self._reasoned |= item.reasoning_done(payload, self._owner, out)
            case _ if item.type in self._calls:
                self._call_done(item, payload, out)
            case _:
                if not item.opened:
                    self._open(item, payload, out)
                item.own_done(payload, out)

    def _waits(self, item: Item, payload: Mapping[str, Any]) -> None:
        """Takes note if the item, whole, is for the caller to act on."""
        own = item.type in _CALLS and item.type not in self._calls
        self._waiting = self._waiting or (not own and item.waits_for_caller(payload))

    def _call_done(self, item: Item, payload: Mapping[str, Any], out: list[Chunk]) -> None:
        if not item.opened:
            self._open(item, payload, out)
        if not item.opened:
            out.append(Opaque(item.type, dict(payload)))
            item.done = True
            return
        if not item.spoken:
            text = _source_text(payload.get(self._calls[item.type]))
            if text:
                out.append(ToolArguments(item.key, text))
        if payload.get("status") != "incomplete":
            out.append(Closed(item.key))
        item.close(out)

    # --- pieces ----------------------------------------------------------------------------

    def _more_text(self, event: _Event) -> Text | None:
        """The usual event: more of the text that the last one was of, and nothing beside it."""
        text, place = event.get("delta"), (event.get("output_index"), event.get("content_index"))
        if place != self._writing or self._replayable or type(text) is not str or not text:
            return None
        return None if event.get("logprobs") else Text(text, self._key)

    def _piece(self, type_: str, event: _Event, out: list[Chunk]) -> None:
        """A piece of text, or the text of a part that has ended."""
        part, place, field = _PIECES[type_]
        item, words = self._items.find(event), event.get(field)
        if field != "delta":
            item.whole_words(part, event.get(place), words, out)
        elif part == "text":
            logprobs = event.get("logprobs")
            logprobs = logprobs if isinstance(logprobs, list) and logprobs else None
            item.words(part, event.get(place), words, out, logprobs)
            last = out[-1] if out else None
            if isinstance(last, Text):
                self._writing = (event.get("output_index"), event.get(place))
                self._key = last.key
        else:
            item.words(part, event.get(place), words, out)
        self._refused = self._refused or part == "refusal"

    def _annotation(self, event: _Event, out: list[Chunk]) -> None:
        self._items.find(event).cite(event.get("content_index"), event.get("annotation"), out)

    def _arguments(self, event: _Event, out: list[Chunk]) -> None:
        """A piece of a call's arguments, or of the input of a tool of the server's own."""
        item, delta = self._items.find(event), event.get("delta")
        # A call without a name yet is told whole when it is done.
        if item.opened and not item.done and isinstance(delta, str) and delta:
            item.spoken = True
            own = item.type not in self._calls
            out.append((ServerToolArguments if own else ToolArguments)(item.key, delta))

    def _next_command(self, event: _Event, out: list[Chunk]) -> None:
        """A shell call may hold several commands: each on a line of its own."""
        if self._items.find(event).spoken:
            self._arguments({**event, "delta": "\n"}, out)

    def _arguments_done(self, event: _Event, out: list[Chunk]) -> None:
        item = self._items.find(event)
        if not item.spoken:
            fields = ("arguments", "input", "code", "diff", "command")
            text = next((t for f in fields if (t := _source_text(event.get(f)))), "")
            self._arguments({**event, "delta": text}, out)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _source_text(value: Any) -> str:
    """Arguments as text; some servers send the object itself."""
    return json.dumps(value) if isinstance(value, dict) else text_of(value)


# Event: the part it is a piece of, the field with the part's place, the field with the words.
_PIECES = {
    "response.output_text.delta": ("text", "content_index", "delta"),
    "response.output_text.done": ("text", "content_index", "text"),
    "response.refusal.delta": ("refusal", "content_index", "delta"),
    "response.refusal.done": ("refusal", "content_index", "refusal"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "delta"),
    "response.reasoning_summary_text.done": ("summary", "summary_index", "text"),
    "response.reasoning_text.delta": ("reasoning", "content_index", "delta"),
    "response.reasoning_text.done": ("reasoning", "content_index", "text"),
}

_READERS: dict[str, Callable[[ResponsesDecoder, _Event, list[Chunk]], None]] = {
    "response.output_text.annotation.added": ResponsesDecoder._annotation,
    "response.content_part.added": ResponsesDecoder._nothing,
    "response.content_part.done": ResponsesDecoder._nothing,
    "response.reasoning_part.added": ResponsesDecoder._nothing,  # vLLM
    "response.reasoning_part.done": ResponsesDecoder._nothing,
    "response.reasoning_summary_part.added": ResponsesDecoder._nothing,
    "response.reasoning_summary_part.done": ResponsesDecoder._nothing,
    "response.output_item.added": ResponsesDecoder._added,
    "response.output_item.done": ResponsesDecoder._done,
    "response.function_call_arguments.delta": ResponsesDecoder._arguments,
    "response.function_call_arguments.done": ResponsesDecoder._arguments_done,
    "response.custom_tool_call_input.delta": ResponsesDecoder._arguments,
    "response.custom_tool_call_input.done": ResponsesDecoder._arguments_done,
    "response.mcp_call_arguments.delta": ResponsesDecoder._arguments,
    "response.mcp_call_arguments.done": ResponsesDecoder._arguments_done,
    "response.code_interpreter_call_code.delta": ResponsesDecoder._arguments,
    "response.code_interpreter_call_code.done": ResponsesDecoder._arguments_done,
    "response.apply_patch_call_operation_diff.delta": ResponsesDecoder._arguments,
    "response.apply_patch_call_operation_diff.done": ResponsesDecoder._arguments_done,
    "response.shell_call_command.added": ResponsesDecoder._next_command,
    "response.shell_call_command.delta": ResponsesDecoder._arguments,
    "response.shell_call_command.done": ResponsesDecoder._arguments_done,
    "response.created": ResponsesDecoder._begins,
    "response.in_progress": ResponsesDecoder._begins,
    "response.queued": ResponsesDecoder._begins,
    "response.completed": ResponsesDecoder._ends,
    "response.incomplete": ResponsesDecoder._ends,
    "response.failed": ResponsesDecoder._ends,
    "response.cancelled": ResponsesDecoder._ends,
    "response.done": ResponsesDecoder._ends,
    "error": ResponsesDecoder._error,
    "keepalive": ResponsesDecoder._nothing,
}
