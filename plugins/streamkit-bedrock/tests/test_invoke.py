"""Claude by InvokeModelWithResponseStream: Anthropic's bodies and events in Bedrock's envelopes."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from streamkit.adapter import Frame, WireRequest
from streamkit.chunks import End, Fault, Opaque, Text
from streamkit.errors import UnsupportedError
from streamkit.messages import ChatRequest, DocumentPart, ImagePart, JsonSchema, Message, Tool
from streamkit.testing import Recording, decode
from streamkit_anthropic import AnthropicMessages
from streamkit_bedrock import BedrockAnthropic

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-4-8"
ASK = (Message.system("Be brief."), Message.user("Hi"))
SCHEMA = JsonSchema(json_schema={"type": "object"})


def build(model: str = SONNET, adapter: Any = None, **options: Any) -> WireRequest:
    request = ChatRequest(model=model, messages=ASK, **options)
    wire: WireRequest = (adapter or BedrockAnthropic()).request(request)
    return wire


def test_the_body_is_anthropics_but_for_model_stream_and_version() -> None:
    options: dict[str, Any] = {
        "tools": (Tool(name="weather"),),
        "tool_choice": "required",
        "temperature": 0.5,
        "stop": ("END",),
        "max_tokens": 99,
    }
    theirs = dict(build(adapter=AnthropicMessages(), **options).body)
    assert theirs.pop("model") == SONNET
    assert theirs.pop("stream") is True
    wire = build(**options)
    assert wire.body == {"anthropic_version": "bedrock-2023-05-31", **theirs}
    assert set(wire.headers) == {"accept"}


def test_betas_stand_in_the_body_those_that_are_needed_too() -> None:
    adapter = BedrockAnthropic(betas=("context-1m-2025-08-07",), version="2026-10-21")
    wire = build(adapter=adapter)
    assert wire.body["anthropic_beta"] == ["context-1m-2025-08-07"]
    assert wire.body["anthropic_version"] == "2026-10-21"
    file = Message.user("Sum up", DocumentPart(file_id="file_1"))
    wire = BedrockAnthropic().request(ChatRequest(model=SONNET, messages=(file,)))
    assert wire.body["anthropic_beta"] == ["files-api-2025-04-14"]
    assert "anthropic_beta" not in build().body


@pytest.mark.parametrize("part", [ImagePart, DocumentPart])
def test_what_bedrock_would_have_to_fetch_is_refused(part: type[ImagePart | DocumentPart]) -> None:
    given = part(url="https://example.com/a")
    request = ChatRequest(model=SONNET, messages=(Message.user("What is it?", given),))
    with pytest.raises(UnsupportedError, match=r"fetches no URLs.*from_bytes"):
        BedrockAnthropic().request(request)
    assert BedrockAnthropic(fetches=True).request(request).body["messages"]
    data = part(data="aGk=", media_type="image/png" if part is ImagePart else "application/pdf")
    sent = BedrockAnthropic().request(
        ChatRequest(model=SONNET, messages=(Message.user("What is it?", data),))
    )
    assert sent.body["messages"][0]["content"][1]["source"]["data"] == "aGk="


def test_the_service_tier_is_a_header() -> None:
    wire = build(service_tier="flex")
    assert wire.headers["x-amzn-bedrock-service-tier"] == "flex"
    assert wire.body == build().body


def test_extra_body_is_merged_last_and_sent_as_it_is() -> None:
    extra = {"anthropic_beta": ["a"], "cache_control": {"type": "ephemeral"}, "model": "sent"}
    body = build(adapter=BedrockAnthropic(betas=("b",)), extra_body=extra).body
    assert {name: body[name] for name in extra} == extra


@pytest.mark.parametrize(
    ("options", "code", "what"),
    [
        ({"response_format": SCHEMA}, "option_ignored", "response_format"),
        ({"tools": (Tool(name="a", strict=True),)}, "option_adjusted", "tools"),
    ],
)
def test_schemas_go_only_to_models_for_which_bedrock_takes_them(
    options: dict[str, Any], code: str, what: str
) -> None:
    assert build(**options).warnings == ()
    assert build(**options).body != build().body
    wire = build(model=OPUS, **options)
    assert [(w.code, w.what) for w in wire.warnings] == [(code, what)]
    assert "strict" not in str(wire.body)
    assert "output_config" not in wire.body


def test_an_answer_goes_on_with_anthropic_and_back() -> None:
    body = Recording.load(
        Path(__file__).parent / "invoke_recordings" / "thinking_then_tools.aws"
    ).body
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    answer = decode(BedrockAnthropic(), body, headers=headers).response.message
    for adapter in (BedrockAnthropic(), AnthropicMessages()):
        wire = adapter.request(ChatRequest(model=SONNET, messages=(*ASK, answer)))
        assert wire.warnings == ()
        thinking, *_ = wire.body["messages"][-1]["content"]
        assert thinking["signature"] == "EqQBCkYIARgC"


# --- envelopes -----------------------------------------------------------------------------------


def envelope(event: str, **beside: Any) -> Frame:
    data = b64encode(event.encode()).decode()
    rest = "".join(f',"{name}":"{value}"' for name, value in beside.items())
    return Frame(f'{{"bytes":"{data}"{rest}}}', "chunk")


@pytest.fixture
def decoder() -> Any:
    return BedrockAnthropic().decoder(ChatRequest(model=SONNET, messages=ASK))


DELTA = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}'


def test_padding_says_nothing_and_anything_else_is_shown(decoder: Any) -> None:
    assert decoder.feed(envelope(DELTA, p="abc")) == [Text("Hi")]
    assert decoder.feed(envelope(DELTA, mood="blue")) == [
        Opaque("chunk", {"mood": "blue"}),
        Text("Hi"),
    ]
    assert decoder.feed(Frame('{"sky":1,"p":"a"}', "weather")) == [Opaque("weather", {"sky": 1})]


def test_metrics_in_a_chunk_of_their_own_are_shown(decoder: Any) -> None:
    [chunk] = decoder.feed(envelope('{"amazon-bedrock-invocationMetrics":{"inputTokenCount":3}}'))
    assert isinstance(chunk, Opaque)
    assert chunk.data == {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3}}


@pytest.mark.parametrize(
    "frame",
    [
        Frame("{", "chunk"),
        Frame('{"bytes":"?"}', "chunk"),
        Frame('{"bytes":"/w=="}', "chunk"),
        envelope("{"),
    ],
)
def test_what_cannot_be_read_is_a_protocol_error_and_the_last_word(
    decoder: Any, frame: Frame
) -> None:
    [fault] = decoder.feed(frame)
    assert isinstance(fault, Fault)
    assert fault.kind == "protocol"
    assert decoder.feed(envelope(DELTA)) == ()
    assert decoder.close() == ()


def test_a_clean_end_without_message_stop_proves_nothing(decoder: Any) -> None:
    decoder.feed(envelope('{"type":"message_delta","delta":{"stop_reason":"end_turn"}}'))
    assert not any(isinstance(chunk, End) for chunk in decoder.close())
