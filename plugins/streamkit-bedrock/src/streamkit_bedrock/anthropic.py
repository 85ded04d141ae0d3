"""Claude by InvokeModelWithResponseStream: Anthropic's Messages API in AWS's event stream.

Body and events are Anthropic's, and so is the dialect: an answer goes back to Anthropic, and one
of Anthropic's comes here. Model and streaming are in the path, the version and the betas in the
body; each event is base64 in a ``chunk``. Source: docs.aws.amazon.com/bedrock/latest/userguide/
model-parameters-anthropic-claude-messages.html; the service model of bedrock-runtime, PayloadPart.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from streamkit.adapter import (
    Decoder,
    Frame,
    Signer,
    Warned,
    WireRequest,
    malformed,
    parse_json,
)
from streamkit.chunks import Chunk, End, Fault, Opaque
from streamkit.messages import ChatRequest
from streamkit_anthropic import AnthropicMessages

from ._wire import (
    EVENT_STREAM,
    SIGNER,
    endpoint,
    fault_of_answer,
    fault_of_frame,
    mapping,
    path,
    rest,
    text,
)
from .models import CLAUDE_WITHOUT_SCHEMAS


@dataclass(frozen=True)
class BedrockAnthropic(AnthropicMessages):
    """Claude in Bedrock, in Anthropic's own dialect, with what Converse has no words for.

    ``region``, ``base_url``, ``api_key`` and ``signer`` are as in `Bedrock`. ``version`` is the
    ``anthropic_version`` of the body, ``betas`` its ``anthropic_beta``.
    """

    version: str = "bedrock-2023-05-31"
    name: str = "bedrock-anthropic"
    region: str | None = None
    signer: Signer | str | None = field(default=SIGNER, repr=False)

    def __post_init__(self) -> None:
        place = endpoint(self.region, self.base_url, self.api_key, self.signer)
        object.__setattr__(self, "endpoint", place)  # the way to complete a frozen dataclass

    def request(self, request: ChatRequest) -> WireRequest:
        request, refused = _without_schemas(request)
        headers = {"accept": EVENT_STREAM}
        if request.service_tier:  # no part of the body here
            headers["x-amzn-bedrock-service-tier"] = request.service_tier
        # Bedrock's version takes what the default one does.
        messages = AnthropicMessages(betas=self.betas).request(
            request.model_copy(update={"extra_body": {}, "service_tier": None})
        )
        body = {k: v for k, v in messages.body.items() if k not in ("model", "stream")}
        body = {"anthropic_version": self.version, **body}
        if betas := messages.headers.get("anthropic-beta"):
            body["anthropic_beta"] = betas.split(",")
        return WireRequest(
            path=path(request.model, "invoke-with-response-stream"),
            body=deepcopy(body | request.extra_body),  # shares nothing with the request
            headers=headers,
            framing="aws-event-stream",
            warnings=(*refused, *messages.warnings),
        )

    def decoder(self, request: ChatRequest) -> Decoder:
        return InvokeDecoder(super().decoder(request))

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)


def _without_schemas(request: ChatRequest) -> tuple[ChatRequest, list[Warned]]:
    """The request without what Bedrock refuses for the newest models."""
    if not any(name in request.model for name in CLAUDE_WITHOUT_SCHEMAS):
        return request, []
    why = f"Bedrock refuses it for {request.model}; Converse may take it"
    changed: dict[str, Any] = {}
    refused = []
    if request.response_format not in (None, "text"):
        changed["response_format"] = None
        refused.append(Warned("option_ignored", "response_format", why))
    tools = tuple(
        tool.model_copy(update={"strict": None}) if getattr(tool, "strict", None) else tool
        for tool in request.tools
    )
    if tools != request.tools:
        changed["tools"] = tools
        refused.append(Warned("option_adjusted", "tools", f"strict: {why}"))
    return request.model_copy(update=changed), refused


class InvokeDecoder(Decoder):
    """Takes Anthropic's events out of AWS's; ``messages`` reads them."""

    __slots__ = ("_messages", "_over")

    def __init__(self, messages: Decoder) -> None:
        self._messages = messages
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        fault = fault_of_frame(frame)
        if fault is not None:
            self._over = True
            return [fault]
        try:
            event = mapping(parse_json(frame.data))
        except ValueError:
            self._over = True
            return [malformed(frame, "an event that is not JSON")]
        if frame.event != "chunk" or not text(event.get("bytes")):
            return [Opaque(frame.event or "untyped", rest(event))]
        try:
            data = a2b_base64(event["bytes"], strict_mode=True).decode("utf-8")
        except ValueError:
            self._over = True
            return [malformed(frame, "a chunk that is not base64 of text")]
        chunks = self._messages.feed(Frame(data))
        self._over = bool(chunks) and isinstance(chunks[-1], End | Fault)
        unknown = rest(event, "bytes")
        return [Opaque("chunk", unknown), *chunks] if unknown else chunks

    def close(self) -> Sequence[Chunk]:
        return () if self._over else self._messages.close()
