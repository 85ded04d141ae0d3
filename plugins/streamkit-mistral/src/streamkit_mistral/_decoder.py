"""Chunks of Mistral's chat completions to streamkit's.

A frame is one JSON object with the deltas of one or more choices. An answer is whole when every
choice has told its finish reason: usage comes with it, and nothing but ``[DONE]`` behind it.
Source: docs.mistral.ai, API reference; Mistral's Python SDK 3.7 (`CompletionChunk`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import Chunk, End, Fault, Meta, Opaque, UsageReport
from streamkit.faults import fault_from_error
from streamkit.reading import entries, text
from streamkit_mistral._choice import Choice
from streamkit_mistral._values import usage_of

DONE = "[DONE]"
# `p` is padding against eavesdroppers.
_FIELDS = frozenset({"id", "object", "created", "model", "choices", "usage", "error", "p"})
_CHOICE_FIELDS = frozenset({"index", "delta", "finish_reason", "logprobs"})
_WORDS = frozenset({"role", "content"})
_DELTA_FIELDS = _WORDS | {"tool_calls", "index", "tool_call_id"}


class ChatDecoder(Decoder):
    """Reads one answer of ``asked`` choices."""

    def __init__(self, asked: int) -> None:
        self._asked = asked
        self._choices: dict[int, Choice] = {}
        self._told: dict[str, Any] = {}
        """Fields of the answer as a whole, as last told."""
        self._broken_off = False
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        if frame.data.startswith(DONE):
            return self._end(1)
        try:
            body = parse_json(frame.data)
        except (ValueError, RecursionError):
            self._over = True
            return [malformed(frame, "a chunk of the answer is not JSON")]
        if not isinstance(body, dict):
            return [Opaque(frame.event or "chunk", body)]
        if "choices" not in body:
            return self._no_choices(frame, body)
        out: list[Chunk] = []
        self._about(body, out)
        for position, choice in enumerate(entries(body["choices"])):
            self._choice(choice, position, out)
        usage = body.get("usage")
        if isinstance(usage, dict) and usage:
            out.append(UsageReport(usage_of(usage)))
        if body.get("error"):
            self._over = True
            out.append(fault_from_error(body["error"]))
        elif self._broken_off:
            self._over = True
            words = "the vendor broke the answer off with finish reason 'error'"
            out.append(Fault("server", words, code="error"))
        return out

    def close(self) -> Sequence[Chunk]:
        return () if self._over else self._end(self._asked)

    def _end(self, expected: int) -> Sequence[Chunk]:
        stops = [choice.stop for choice in self._choices.values()]
        if len(stops) < expected or None in stops:
            return ()
        self._over = True
        return [End()]

    def _no_choices(self, frame: Frame, body: dict[str, Any]) -> Sequence[Chunk]:
        """Errors: ``{"object": "error", …}``, ``{"error": …}``, or FastAPI's ``{"detail": …}``."""
        error = body.get("error") or (body if "message" in body else None)
        if error is None and "detail" in body:
            error = {"message": body["detail"]}
        if error is None:
            return [Opaque(frame.event or text(body.get("object")) or "chunk", body)]
        self._over = True
        return [fault_from_error(error)]

    def _about(self, body: dict[str, Any], out: list[Chunk]) -> None:
        """Tells what is new; every frame repeats these fields."""
        known = self._told
        id_, model = text(body.get("id")), text(body.get("model"))
        if id_ == known.get("id") and model == known.get("model") and body.keys() <= _FIELDS:
            return
        news = {
            name: value
            for name, value in body.items()
            if name not in _FIELDS and value is not None and known.get(name) != value
        }
        if body.get("created") and "created" not in known:
            news["created"] = body["created"]
        if news or (id_, model) != (known.get("id"), known.get("model")):
            known.update({**news, "id": id_, "model": model})
            out.append(Meta(id_ or None, model or None, news or None))

    def _choice(self, wire: Any, position: int, out: list[Chunk]) -> None:
        if not isinstance(wire, dict):
            out.append(Opaque("choice", wire))
            return
        index = wire.get("index")
        if type(index) is not int or index < 0:
            index = position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = Choice(index)
        delta = wire.get("delta")
        if isinstance(delta, dict):
            logprobs = wire.get("logprobs")
            choice.content(delta.get("content"), logprobs and _logprobs(logprobs), out)
            if not delta.keys() <= _WORDS:
                for call in entries(delta.get("tool_calls")):
                    choice.tool_call(call, out)
                _strange("delta", delta, _DELTA_FIELDS, out)
        elif delta is not None:
            out.append(Opaque("delta", delta))
        _strange("choice", wire, _CHOICE_FIELDS, out)
        raw = wire.get("finish_reason")
        if raw:
            choice.stopped(str(raw), out)
            self._broken_off = self._broken_off or raw == "error"


def _strange(where: str, fields: dict[str, Any], known: frozenset[str], out: list[Chunk]) -> None:
    if fields.keys() <= known:
        return
    for name, value in fields.items():
        if name not in known and value is not None:
            out.append(Opaque(f"{where}.{name}", value))


def _logprobs(value: Any) -> list[Any] | None:
    """``{"content": [{"token": …, "logprob": …, …}]}``, or the list itself."""
    found = value.get("content") if isinstance(value, dict) else value
    return entries(found) or None
