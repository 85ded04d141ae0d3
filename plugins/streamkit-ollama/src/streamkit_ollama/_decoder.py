"""Lines of Ollama's chat API to streamkit's chunks.

A line is one JSON object with a piece of the message; the last has ``done``, the reason and the
counts. A tool call comes whole, in one line. An error is a line of its own, for the status 200 has
long been sent. Source: docs.ollama.com (streaming, errors), ``api/types.go`` of ollama/ollama.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Closed,
    End,
    Media,
    Meta,
    Opaque,
    Reasoning,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.faults import fault_from_error
from streamkit.reading import entries, text
from streamkit_ollama._values import DIALECT, finish_reason, usage_of

# Tokens, and nanoseconds.
_COUNTS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)
_LINE_FIELDS = frozenset(
    {"model", "created_at", "message", "logprobs", "done", "done_reason", "error", *_COUNTS}
)
_WORDS = frozenset({"role", "content", "thinking"})
_MESSAGE_FIELDS = _WORDS | {"tool_calls", "images"}
_CALL_FIELDS = frozenset({"id", "type", "function"})
_FUNCTION_FIELDS = frozenset({"index", "name", "arguments"})
# The first characters of base64, by which files of these types begin.
_IMAGE_TYPES = {"iVBOR": "image/png", "/9j/": "image/jpeg", "UklGR": "image/webp"}


class ChatDecoder(Decoder):
    """Reads one answer."""

    def __init__(self) -> None:
        self._model = ""
        self._told: dict[str, Any] = {}
        """Fields without a common name, as last told."""
        self._calls = 0
        self._images = 0
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        try:
            line = parse_json(frame.data)
        except (ValueError, RecursionError):
            self._over = True
            return [malformed(frame, "a line of the answer is not JSON")]
        if not isinstance(line, dict):
            return [Opaque("line", line)]
        if "message" not in line and line.keys().isdisjoint({"done", "error"}):
            return [Opaque("line", line)]
        out: list[Chunk] = []
        self._about(line, out)
        self._message(line.get("message"), line.get("logprobs"), out)
        error = line.get("error")
        if error:
            self._over = True
            out.append(fault_from_error(error if isinstance(error, dict) else line))
        elif line.get("done") is True:
            self._done(line, out)
        return out

    def close(self) -> Sequence[Chunk]:
        return ()

    # --- a line ----------------------------------------------------------------------------

    def _about(self, line: dict[str, Any], out: list[Chunk]) -> None:
        """Tells what is new; every line repeats these fields."""
        model = line.get("model")
        if model == self._model and line.keys() <= _LINE_FIELDS:
            return
        news = {
            name: value
            for name, value in line.items()
            if name not in _LINE_FIELDS and value is not None and self._told.get(name) != value
        }
        if "created_at" not in self._told and line.get("created_at"):
            news["created_at"] = line["created_at"]
        if news or text(model) not in ("", self._model):
            self._told |= news
            self._model = text(model) or self._model
            out.append(Meta(model=text(model) or None, vendor=news or None))

    def _message(self, message: Any, logprobs: Any, out: list[Chunk]) -> None:
        if not isinstance(message, dict):
            if message is not None:
                out.append(Opaque("message", message))
            message = {}
        tokens = logprobs if isinstance(logprobs, list) and logprobs else None
        thinking, content = message.get("thinking"), message.get("content")
        if thinking and isinstance(thinking, str):
            out.append(Reasoning(thinking))
        elif thinking:
            out.append(Opaque("message.thinking", thinking))
        if content and isinstance(content, str):
            out.append(Text(content, logprobs=tokens))
            tokens = None
        elif content:
            out.append(Opaque("message.content", content))
        if tokens:
            out.append(Opaque("logprobs", tokens))  # of other tokens than visible text
        if message.keys() <= _WORDS:
            return
        for call in entries(message.get("tool_calls")):
            self._tool_call(call, out)
        for image in entries(message.get("images")):
            self._image(image, out)
        if not message.keys() <= _MESSAGE_FIELDS:
            out.extend(
                Opaque(f"message.{field}", value)
                for field, value in message.items()
                if field not in _MESSAGE_FIELDS and value is not None
            )

    def _tool_call(self, call: Any, out: list[Chunk]) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not text(function.get("name")):
            out.append(Opaque("tool_call", call))
            return
        key = ("call", self._calls)
        self._calls += 1
        more = {k: v for k, v in call.items() if k not in _CALL_FIELDS}
        inner = {k: v for k, v in function.items() if k not in _FUNCTION_FIELDS}
        if inner:
            more["function"] = inner
        vendor = {DIALECT: more} if more else None
        id_ = text(call.get("id")) or None
        out.append(ToolOpened(key, function["name"], id_, vendor=vendor))
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if arguments:
            out.append(ToolArguments(key, arguments))
        out.append(Closed(key))

    def _image(self, image: Any, out: list[Chunk]) -> None:
        if not isinstance(image, str) or not image:
            out.append(Opaque("message.images", image))
            return
        known = (type_ for start, type_ in _IMAGE_TYPES.items() if image.startswith(start))
        key = ("image", self._images)
        self._images += 1
        out += [Media(next(known, "application/octet-stream"), image, key=key), Closed(key)]

    def _done(self, line: dict[str, Any], out: list[Chunk]) -> None:
        self._over = True
        raw = text(line.get("done_reason")) or None
        counts = {name: line[name] for name in _COUNTS if line.get(name) is not None}
        if counts:
            out.append(UsageReport(usage_of(counts)))
        out += [Stop(finish_reason(raw or "", called=self._calls > 0), raw), End()]
