"""Reads a stream of ConverseStream: one decoder serves one attempt.

    stream = messageStart, { block }, messageStop, [ metadata ]
    block  = [ contentBlockStart ], { contentBlockDelta }, contentBlockStop
    error  = an exception or error message at any point; nothing follows

Source: the service model of bedrock-runtime (botocore 1.44), ConverseStreamOutput. ``metadata`` is
the end mark; a body that ends cleanly after ``messageStop`` is whole too, and lacks the usage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import Chunk, End, Fault, Meta, Opaque, Stop, UsageReport
from streamkit.reading import mapping, text
from streamkit_bedrock._blocks import Blocks
from streamkit_bedrock._values import (
    FINISH_REASONS,
    fault_of_frame,
    guardrail_verdict,
    rest,
    usage_of,
)

_NONE: Sequence[Chunk] = ()


class ConverseDecoder(Decoder):
    """Decodes one attempt."""

    __slots__ = ("_blocks", "_over", "_stopped")

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._stopped = False
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return _NONE
        fault = fault_of_frame(frame)
        if fault is not None:
            return self._fail(fault)
        try:
            event = parse_json(frame.data)
        except ValueError:
            return self._fail(malformed(frame, "an event that is not JSON"))
        if not isinstance(event, dict):
            return self._fail(malformed(frame, "an event that is not a JSON object"))
        if frame.event == "contentBlockDelta":
            return self._blocks.delta(event)
        handler = _HANDLERS.get(frame.event)
        if handler is None:
            return [Opaque(frame.event or "untyped", rest(event))]
        return handler(self, event)

    def close(self) -> Sequence[Chunk]:
        if self._over or not self._stopped:
            return _NONE
        self._over = True
        return [End()]

    # --- events ----------------------------------------------------------------------------------

    def _message_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return _meta(rest(event, "role"))

    def _block_start(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._blocks.start(event)

    def _block_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        return self._blocks.stop(event)

    def _message_stop(self, event: dict[str, Any]) -> Sequence[Chunk]:
        """``additionalModelResponseFields`` holds what the request asked to be told.

        The stop sequence stands under ``delta`` there: https://github.com/vercel/ai/pull/11410
        """
        reason = text(event.get("stopReason")) or None
        told = mapping(event.get("additionalModelResponseFields"))
        sequence = text(mapping(told.get("delta")).get("stop_sequence")) or None
        self._stopped = True
        stop = Stop(FINISH_REASONS.get(reason or "", "other"), reason, sequence=sequence)
        return [*_meta(rest(event, "stopReason")), stop]

    def _metadata(self, event: dict[str, Any]) -> Sequence[Chunk]:
        chunks: list[Chunk] = []
        usage, trace = mapping(event.get("usage")), mapping(event.get("trace"))
        if usage:
            chunks.append(UsageReport(usage_of(usage)))
        if guardrail := mapping(trace.get("guardrail")):
            chunks.append(guardrail_verdict(guardrail))
        model = text(mapping(trace.get("promptRouter")).get("invokedModelId")) or None
        vendor = rest(event, "usage", "trace")
        if traced := rest(trace, "guardrail"):
            vendor["trace"] = traced
        chunks += _meta(vendor, model)
        if self._stopped:
            self._over = True
            chunks.append(End())
        return chunks

    def _fail(self, fault: Fault) -> Sequence[Chunk]:
        self._over = True
        return [fault]


def _meta(vendor: dict[str, Any], model: str | None = None) -> list[Chunk]:
    return [Meta(model=model, vendor=vendor or None)] if vendor or model else []


_HANDLERS: dict[str, Callable[[ConverseDecoder, dict[str, Any]], Sequence[Chunk]]] = {
    "messageStart": ConverseDecoder._message_start,
    "contentBlockStart": ConverseDecoder._block_start,
    "contentBlockStop": ConverseDecoder._block_stop,
    "messageStop": ConverseDecoder._message_stop,
    "metadata": ConverseDecoder._metadata,
}
