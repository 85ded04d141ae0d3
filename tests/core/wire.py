"""A dialect for tests: each SSE frame is a JSON object of chunk names and their fields.

    data: {"Text": {"text": "Hel"}}
    data: [DONE]

A frame may hold several chunks; ``{"error": …}`` is the vendor's error and ``[DONE]`` the end mark.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import ClassVar, get_args

from streamkit import chunks as c
from streamkit.adapter import (
    Adapter,
    Decoder,
    Endpoint,
    Frame,
    Supports,
    WireRequest,
    malformed,
    parse_json,
)
from streamkit.faults import fault_from_error
from streamkit.messages import ChatRequest
from streamkit.values import Citation, Usage

KEY = "sk-secret-4eC39HqLyjWDarjtT1zdp7dc"

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"

_CLASSES = {cls.__name__: cls for cls in get_args(c.Chunk)}


def frame(*chunks: c.Chunk) -> bytes:
    """One frame that says these chunks."""
    return b"data: %s\n\n" % json.dumps({type(x).__name__: asdict(x) for x in chunks}).encode()


def said(*words: str) -> list[bytes]:
    """A frame for each word."""
    return [frame(c.Text(word)) for word in words]


STOP = frame(c.Stop("stop", "stop"))


def whole(*words: str) -> list[bytes]:
    """A whole answer of these words, a piece for each frame."""
    return [*said(*words), STOP, DONE]


def vendor_error(type_: str, message: str = "scripted") -> bytes:
    """A frame with the vendor's error object."""
    return b"data: %s\n\n" % json.dumps({"error": {"type": type_, "message": message}}).encode()


@dataclass(frozen=True)
class Wire(Adapter):
    """The adapter. ``lenient``: the dialect may end without its mark."""

    dialect: ClassVar[str] = "wire"
    base_url: str | None = field(default=None, repr=False)
    name: str = "wire"
    endpoint: Endpoint = Endpoint()
    supports: Supports = Supports(options=frozenset({"temperature", "max_tokens", "stop", "tools"}))
    lenient: bool = False

    def __post_init__(self) -> None:
        if self.base_url is not None:
            endpoint = Endpoint(base_url=self.base_url, api_key=KEY)
            object.__setattr__(self, "endpoint", endpoint)

    def request(self, request: ChatRequest) -> WireRequest:
        body = {
            "model": request.model,
            "prompt": "".join(m.text for m in request.messages),
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stop": list(request.stop),
            **request.extra_body,
        }
        return WireRequest("/v1/answers", body, headers={"X-Dialect": "wire"})

    def decoder(self, request: ChatRequest) -> Decoder:
        return _WireDecoder(self.lenient)


class _WireDecoder(Decoder):
    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient

    def feed(self, frame: Frame) -> Sequence[c.Chunk]:
        if frame.data == "[DONE]":
            return [c.End()]
        try:
            value = parse_json(frame.data)
        except ValueError:
            return [malformed(frame, "not JSON")]
        if "error" in value:
            return [fault_from_error(value["error"])]
        return [_chunk(name, fields) for name, fields in value.items()]

    def close(self) -> Sequence[c.Chunk]:
        return [c.End()] if self._lenient else []


def _chunk(name: str, fields: dict) -> c.Chunk:
    if name not in _CLASSES:
        return c.Opaque(name, fields)
    if name == "UsageReport":
        fields = {"usage": Usage(**fields["usage"])}
    if name == "Cited":
        fields = {**fields, "citation": Citation(**fields["citation"])}
    return _CLASSES[name](**fields)
