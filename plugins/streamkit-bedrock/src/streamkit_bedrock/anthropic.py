"""Claude by InvokeModelWithResponseStream: Anthropic's Messages API in AWS's event stream.

Body and events are Anthropic's, and so is the dialect: an answer goes back to Anthropic, and one
of Anthropic's comes here. Model and streaming are in the path, the version and the betas in the
body; each event is base64 in a ``chunk``. Source: docs.aws.amazon.com/bedrock/latest/userguide/
model-parameters-anthropic-claude-messages.html; the service model of bedrock-runtime, PayloadPart.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamkit.adapter import Decoder, Frame, Signer, WireRequest, malformed, parse_json
from streamkit.chunks import Chunk, End, Fault, Opaque
from streamkit.messages import ChatRequest
from streamkit.reading import mapping, text
from streamkit.writing import Warnings, merged, tier_among
from streamkit_anthropic import AnthropicMessages, ModelFacts
from streamkit_bedrock._endpoint import EVENT_STREAM, SIGNER, endpoint, path
from streamkit_bedrock._request import TIERS
from streamkit_bedrock._values import fault_of_answer, fault_of_frame, rest
from streamkit_bedrock.models import CLAUDE


@dataclass(frozen=True)
class BedrockAnthropic(AnthropicMessages):
    """Claude in Bedrock, in Anthropic's own dialect, with what Converse has no words for.

    ``region``, ``base_url``, ``api_key`` and ``signer`` are as in `Bedrock`. ``version`` is the
    ``anthropic_version`` of the body, ``betas`` its ``anthropic_beta``. Bedrock ``fetches`` no
    images and documents by URL (BerriAI/litellm#18497).
    """

    version: str = "bedrock-2023-05-31"
    name: str = "bedrock-anthropic"
    models: Mapping[str, ModelFacts] = field(default_factory=lambda: CLAUDE, repr=False, hash=False)
    region: str | None = None
    signer: Signer | str | None = field(default=SIGNER, repr=False)
    fetches: bool = False

    def __post_init__(self) -> None:
        place = endpoint(self.region, self.base_url, self.api_key, self.signer)
        # The way to complete a frozen dataclass.
        object.__setattr__(self, "endpoint", place)

    def request(self, request: ChatRequest) -> WireRequest:
        # Bedrock's version takes what the default one does.
        direct = AnthropicMessages(betas=self.betas, models=self.models, fetches=self.fetches)
        messages = direct.request(
            request.model_copy(update={"extra_body": {}, "service_tier": None})
        )
        warnings, headers = Warnings(messages.warnings), {"accept": EVENT_STREAM}
        if tier := request.service_tier:  # no part of the body here
            tier = tier_among(TIERS, tier, warnings, "Bedrock")
            headers["x-amzn-bedrock-service-tier"] = tier
        body = {k: v for k, v in messages.body.items() if k not in ("model", "stream")}
        body = {"anthropic_version": self.version, **body}
        if betas := messages.headers.get("anthropic-beta"):
            body["anthropic_beta"] = betas.split(",")
        return WireRequest(
            path(request.model, "invoke-with-response-stream"),
            merged(body, request),
            headers=headers,
            framing="aws-event-stream",
            warnings=tuple(warnings),
        )

    def decoder(self, request: ChatRequest) -> Decoder:
        return InvokeDecoder(super().decoder(request))

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return fault_of_answer(status, headers, body)


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
