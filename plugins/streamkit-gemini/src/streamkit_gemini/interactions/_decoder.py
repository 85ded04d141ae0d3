"""Reads a stream of the Interactions API: one decoder serves one attempt.

    stream = interaction.created, { interaction.status_update | step }, interaction.completed
    step   = step.start, { step.delta }, step.stop
    error  = "error" at any point; nothing follows

Source: https://ai.google.dev/gemini-api/docs/interactions/streaming, google-genai 3.4, and
recordings: ``data: [DONE]`` comes last, usage beside any event, and the search of an answer may be
told after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import Chunk, Cursor, End, Meta, Notice, Opaque, Stop
from streamkit.faults import fault_from_error
from streamkit.messages import ChatRequest
from streamkit.reading import items, mapping, rest, text
from streamkit.values import FinishReason
from streamkit_gemini._usage import RunningUsage
from streamkit_gemini.interactions._steps import Step
from streamkit_gemini.interactions._values import FINISH_REASONS, finish_reason

_Event = dict[str, Any]

# Fields of the interaction that are read here, or that repeat the request.
_READ = frozenset(
    {
        *("id", "model", "status", "usage", "steps", "object", "input", "tools", "error", "stream"),
        *("system_instruction", "response_format", "generation_config", "store", "background"),
    }
)
_RUNNING = frozenset({"", "queued", "in_progress"})
# Fields of the events themselves (google-genai 3.4, `InteractionSseEvent`).
_FIELDS = frozenset(
    {
        *("event_type", "type", "event_id", "index", "interaction", "interaction_id", "step"),
        *("delta", "status", "usage", "metadata", "error", "continuation_token"),
        "step_usage",
    }
)
_METADATA_READ = frozenset({"usage", "total_usage"})

# The steps whose words say what they are.
_STEP_OF = {
    "text": "model_output",
    "text_annotation_delta": "model_output",
    "thought_summary": "thought",
    "thought_signature": "thought",
}

_REMEMBERED = 1024
"""How many events are known again if a replay sends them a second time."""


class InteractionsDecoder(Decoder):
    """Reads one stream."""

    def __init__(self, request: ChatRequest) -> None:
        self._stored = request.extra_body.get("store") is not False
        self._id = ""
        self._told: dict[str, Any] = {}
        self._steps: dict[Any, Step] = {}
        """The open ones, by the vendor's index."""
        self._count = 0
        self._called = False
        self._stop: tuple[FinishReason, str] | None = None
        self._usage = RunningUsage(
            prompt="total_input_tokens",
            tools="total_tool_use_tokens",
            answer="total_output_tokens",
            thoughts="total_thought_tokens",
            cached="total_cached_tokens",
            total="total_tokens",
        )
        self._seen: dict[str, None] = {}
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        try:
            event = parse_json(frame.data)
        except (ValueError, RecursionError):
            return self._no_json(frame)
        if not isinstance(event, dict):
            return [Opaque(frame.event or "frame", event)]
        event_id = text(event.get("event_id"))
        if event_id and self._replayed(event_id):
            return ()
        type_ = text(event.get("event_type")) or frame.event
        out: list[Chunk] = []
        if not type_ and "status" in event and "id" in event:
            self._whole(event, out)
        elif type_ in _READERS:
            if new := rest(event, _FIELDS):
                out.append(Meta(vendor=new))
            _READERS[type_](self, event, out)
        elif event.get("error"):
            self._error(event, out)
        else:
            out.append(Opaque(type_ or text(event.get("type")) or "event", event))
        if event_id and self._stored and self._id and not self._over:
            out.append(Cursor(f"{self._id}:{event_id}"))
        return out

    def close(self) -> Sequence[Chunk]:
        """A status that ends the interaction may be its last word (google-genai 3.4)."""
        over, self._over = self._over, True
        whole = self._stop is not None and self._stop[0] not in ("error", "other")
        return [End()] if whole and not over else ()

    def _no_json(self, frame: Frame) -> Sequence[Chunk]:
        words = frame.data.strip()
        if not words or words.startswith("[DONE]"):
            return ()
        self._over = True
        return [malformed(frame, "an event is not JSON")]

    def _replayed(self, event_id: str) -> bool:
        """Whether this event came before. Their ids are opaque, so gaps cannot be seen."""
        if event_id in self._seen:
            return True
        self._seen[event_id] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    # --- the interaction -------------------------------------------------------------------

    def _created(self, event: _Event, out: list[Chunk]) -> None:
        self._meta(mapping(event.get("interaction")), out)
        self._metadata(event, out)

    def _meta(self, interaction: _Event, out: list[Chunk]) -> None:
        self._id = self._id or text(interaction.get("id"))
        said = {"id": self._id, "model": text(interaction.get("model"))} | rest(interaction, _READ)
        news = {k: v for k, v in said.items() if v and self._told.get(k) != v}
        if news:
            self._told |= news
            vendor = {k: v for k, v in news.items() if k not in ("id", "model")}
            out.append(Meta(news.get("id"), news.get("model"), vendor or None))

    def _metadata(self, event: _Event, out: list[Chunk]) -> None:
        """What may stand beside any event."""
        metadata = mapping(event.get("metadata"))
        for name in ("usage", "total_usage"):
            self._usage.read(metadata.get(name), out)
        if extra := rest(metadata, _METADATA_READ):
            out.append(Opaque("metadata", extra))

    def _status_update(self, event: _Event, out: list[Chunk]) -> None:
        status = text(event.get("status"))
        self._meta(
            {
                "id": event.get("interaction_id"),
                "continuation_token": event.get("continuation_token"),
            },
            out,
        )
        self._usage.read(event.get("usage"), out)
        self._metadata(event, out)
        if status in FINISH_REASONS:
            self._stopped(status, out)
        elif status not in _RUNNING:
            out.append(Notice("interaction.status_update", status, event))

    def _stopped(self, status: str, out: list[Chunk]) -> None:
        reason = finish_reason(status, called=self._called)
        if self._stop != (reason, status):
            self._stop = (reason, status)
            out.append(Stop(reason, status))

    def _completed(self, event: _Event, out: list[Chunk]) -> None:
        self._metadata(event, out)
        interaction = mapping(event.get("interaction"))
        if not self._count:  # an interaction that was over before it was asked for has no deltas
            for index, step in enumerate(items(interaction.get("steps"))):
                if mapping(step).get("type") != "user_input":
                    self._start({"index": index, "step": step}, out)
                    self._end({"index": index}, out)
        self._meta(interaction, out)
        self._usage.read(interaction.get("usage"), out)
        status = text(interaction.get("status"))
        self._stopped("completed" if status in _RUNNING else status, out)
        self._over = True
        if status == "failed":
            out.append(fault_from_error(interaction.get("error") or ""))
        else:
            out.append(End())

    def _whole(self, interaction: _Event, out: list[Chunk]) -> None:
        """The interaction itself, as it is when it is asked for."""
        if text(interaction.get("status")) in _RUNNING:
            self._meta(interaction, out)
        else:
            self._completed({"interaction": interaction}, out)

    def _error(self, event: _Event, out: list[Chunk]) -> None:
        self._over = True
        out.append(fault_from_error(event.get("error") or ""))

    # --- steps -----------------------------------------------------------------------------

    def _start(self, event: _Event, out: list[Chunk]) -> None:
        step = Step(self._count, mapping(event.get("step")))
        self._count += 1
        self._steps[_index(event)] = step
        self._called = self._called or step.is_call
        step.start(out)
        self._metadata(event, out)

    def _delta(self, event: _Event, out: list[Chunk]) -> None:
        delta = mapping(event.get("delta"))
        step = self._steps.get(_index(event))
        unannounced = _STEP_OF.get(text(delta.get("type")))
        if step is None and unannounced:  # gateways leave step.start out
            self._start({"index": event.get("index"), "step": {"type": unannounced}}, out)
            step = self._steps[_index(event)]
        if step is None:
            out.append(Opaque("step.delta", event))
        else:
            step.delta(delta, out)
        self._metadata(event, out)

    def _end(self, event: _Event, out: list[Chunk]) -> None:
        step = self._steps.pop(_index(event), None)
        if step is not None:
            step.stop(out)
        if usage := mapping(event.get("step_usage")):
            out.append(Notice("step_usage", data=usage))
        self._usage.read(event.get("usage"), out)
        self._metadata(event, out)


def _index(event: _Event) -> int | None:
    index = event.get("index")
    return index if isinstance(index, int) else None


_READERS: dict[str, Callable[[InteractionsDecoder, _Event, list[Chunk]], None]] = {
    "interaction.created": InteractionsDecoder._created,
    "interaction.status_update": InteractionsDecoder._status_update,
    "interaction.completed": InteractionsDecoder._completed,
    "step.start": InteractionsDecoder._start,
    "step.delta": InteractionsDecoder._delta,
    "step.stop": InteractionsDecoder._end,
    "error": InteractionsDecoder._error,
}
