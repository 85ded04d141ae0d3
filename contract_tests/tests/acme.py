"""A small adapter that keeps every law; the mutants are changes of this text.

The wire of the imaginary vendor Acme: a JSON object with a ``t`` in each server-sent event, or in
each message of another framing.

    hello(id, model)  say(d)  think(d)  seal(d)  call(i, id, name)  args(i, d)  done(i)
    ping  usage(in, out)  stop(why)  oops(error)  bye
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from streamkit.adapter import (
    Adapter,
    Decoder,
    Endpoint,
    Frame,
    Framing,
    KeySource,
    ResumeBy,
    Supports,
    Warned,
    WireRequest,
    malformed,
    parse_json,
)
from streamkit.chunks import (
    Chunk,
    Closed,
    End,
    Meta,
    Opaque,
    Reasoning,
    Signature,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.errors import UnsupportedError
from streamkit.faults import fault_from_error
from streamkit.messages import (
    ChatRequest,
    ImagePart,
    IncompleteToolCall,
    MediaPart,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
)
from streamkit.values import FinishReason, Usage

FINISH_REASONS: dict[str, FinishReason] = {
    "finished": "stop",
    "call": "tool_call",
    "full": "length",
}


FIELDS = frozenset({"t", "id", "model", "d", "i", "name", "in", "out", "why", "error"})
"""Of the events as they are today."""

ENDPOINT = Endpoint(base_url="https://acme.invalid/v1", key_env=("ACME_API_KEY",))
SUPPORTS = Supports(
    options=frozenset({"tools", "max_tokens", "temperature", "stop"}),
    parts=frozenset({"text", "image", "reasoning", "tool_call", "tool_result"}),
    reasoning=True,
    tool_errors=True,
)


@dataclass(frozen=True)
class Acme(Adapter):
    dialect: ClassVar[str] = "acme"

    api_key: KeySource = field(default=None, repr=False)
    name: str = "acme"
    endpoint: Endpoint = ENDPOINT
    supports: Supports = SUPPORTS
    framing: Framing = "sse"

    def request(self, request: ChatRequest) -> WireRequest:
        body: dict[str, Any] = {"model": request.model, "turns": [], "stream": True}
        warnings: list[Warned] = []
        for message in request.messages:
            parts = [p for part in message.content if (p := _part(part, warnings)) is not None]
            body["turns"].append({"who": message.role, "parts": parts})
        if request.tools:
            body["tools"] = [
                copy.deepcopy(t.model_dump() if isinstance(t, Tool) else t.payload)
                for t in request.tools
            ]
        for name in ("max_tokens", "temperature"):
            if getattr(request, name) is not None:
                body[name] = getattr(request, name)
        if request.stop:
            body["stop"] = list(request.stop)
        body.update(copy.deepcopy(request.extra_body))
        by_type: dict[str, Framing] = {}
        if self.framing == "json-array":
            by_type["application/json"] = "json-array"
        return WireRequest(
            "/talk",
            body,
            framing=self.framing,
            framing_by_type=by_type,
            warnings=tuple(warnings),
        )

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        return (ResumeBy("prefix", "https://acme.invalid/docs/turns, the last may be ours"),)

    def decoder(self, request: ChatRequest) -> Decoder:
        return AcmeDecoder()


def _part(part: Any, warnings: list[Warned]) -> dict[str, Any] | None:
    match part:
        case TextPart():
            return {"text": part.text}
        case ImagePart():
            return {"image": part.data_url or part.file_id}
        case ReasoningPart(signature=str(seal), scheme="acme"):
            return {"thought": part.text, "seal": seal}
        case ReasoningPart():
            warnings.append(Warned("part_dropped", "reasoning", "acme takes only its own thoughts"))
            return None
        case ToolCall():
            return {"call": part.id, "name": part.name, "args": copy.deepcopy(part.arguments)}
        case ToolResult(content=content):
            texts = [TextPart(text=content)] if isinstance(content, str) else content
            if all(isinstance(text, TextPart) for text in texts):
                result = "".join(text.text for text in texts)
                return {"result": result, "call": part.call_id, "failed": part.is_error}
        case RefusalPart() | ProviderItem() | IncompleteToolCall() | MediaPart():
            warnings.append(Warned("part_dropped", part.type, "acme takes no such part back"))
            return None
    raise UnsupportedError(f"acme cannot carry a {part.type} part")


class AcmeDecoder(Decoder):
    def __init__(self) -> None:
        self.done = False
        self.calls: set[int] = set()

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self.done:
            return []
        try:
            event = parse_json(frame.data)
        except ValueError:
            return self.fail(malformed(frame, "an event that is not JSON"))
        if not isinstance(event, dict):
            return self.fail(malformed(frame, "an event that is no JSON object"))
        chunks = self.read(event)
        new = {name: value for name, value in event.items() if name not in FIELDS}
        if not chunks or not new or isinstance(chunks[0], Opaque):
            return chunks
        return [Meta(vendor=new), *chunks]

    def read(self, event: dict[str, Any]) -> Sequence[Chunk]:
        match event:
            case {"t": "hello"}:
                return [Meta(_text(event.get("id")), _text(event.get("model")))]
            case {"t": "say", "d": str(text)}:
                return [Text(text)] if text else []
            case {"t": "think", "d": str(text)}:
                return [Reasoning(text, key="thought")]
            case {"t": "seal", "d": str(seal)}:
                return [Signature(seal, "acme", key="thought"), Closed("thought")]
            case {"t": "call", "i": int(i), "id": str(id_), "name": str(name)}:
                self.calls.add(i)
                return [ToolOpened(i, name, id_)]
            case {"t": "args", "i": int(i), "d": str(text)} if i in self.calls:
                return [ToolArguments(i, text)]
            case {"t": "done", "i": int(i)} if i in self.calls:
                self.calls.remove(i)
                return [Closed(i)]
            case {"t": "usage", "in": i, "out": o} if type(i) is type(o) is int:
                return [UsageReport(Usage(input_tokens=i, output_tokens=o, raw=event))]
            case {"t": "stop", "why": str(why)}:
                return [Stop(FINISH_REASONS.get(why, "other"), why)]
            case {"t": "oops"}:
                return self.fail(fault_from_error(event.get("error")))
            case {"t": "bye"}:
                self.done = True
                return [End()]
            case {"t": "ping"}:
                return []
        return [Opaque(str(event.get("t")), event)]

    def fail(self, fault: Chunk) -> Sequence[Chunk]:
        self.done = True
        return [fault]

    def close(self) -> Sequence[Chunk]:
        return []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
