"""What the vendors' SDKs hold a request body to: their own types, and which fields those know."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import botocore.session
from anthropic.types import beta, message_create_params
from botocore.validate import ParamValidator
from cohere.v2.client import V2Client
from google.genai import types as google
from google.genai.interactions import CreateModelInteraction
from mistralai.client.models import ChatCompletionStreamRequest, ConversationStreamRequest
from ollama._types import ChatRequest as OllamaRequest
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import BaseModel, TypeAdapter, create_model
from typing_extensions import TypedDict

Body = dict[str, Any]

# Bodies that an SDK has no type of its own for, put together from its types of their parts.


class GenerateContent(TypedDict, total=False):
    contents: list[google.Content]
    systemInstruction: google.Content
    tools: list[google.Tool]
    toolConfig: google.ToolConfig
    generationConfig: google.GenerationConfig
    safetySettings: list[google.SafetySetting]
    cachedContent: str
    serviceTier: google.ServiceTier


class VertexGenerateContent(GenerateContent, total=False):
    labels: dict[str, str]


_ARGUMENTS = typing.get_type_hints(V2Client.chat_stream)
CohereChat = create_model(
    "CohereChat",
    stream=(bool, ...),
    **{k: (v, None) for k, v in _ARGUMENTS.items() if k not in ("request_options", "return")},
)

INVOKE_HAS_NOT = {"model", "stream"}
INVOKE_HAS = {"anthropic_version", "anthropic_beta"}


def unknown_fields(adapter: TypeAdapter[Any], body: Any) -> list[str]:
    """Paths in ``body`` that the type has no field for.

    Raises:
        ValidationError: a value is not what the type says.
    """
    return list(_missing(body, _plain(adapter.validate_python(body)), ""))


def _plain(value: Any) -> Any:
    """What validation kept of a body: the fields that were given, by their names on the wire."""
    match value:
        case BaseModel():
            fields = type(value).model_fields
            return {
                name: _plain(value.__dict__[field])  # reading a deprecated one would warn
                for field in value.model_fields_set & fields.keys()
                for name in {field, fields[field].alias or field}
            }
        case dict():
            return {k: _plain(v) for k, v in value.items()}
        case str() | bytes() | int() | float() | None:
            return value
    # An Iterable is validated as it is read.
    return [_plain(x) for x in value] if hasattr(value, "__iter__") else value


def _missing(sent: Any, kept: Any, path: str) -> Iterator[str]:
    match sent, kept:
        case dict(), dict():
            for name, value in sent.items():
                if name in kept:
                    yield from _missing(value, kept[name], f"{path}.{name}")
                else:
                    yield f"{path}.{name}"
        case list() | tuple(), list():
            for one, other in zip(sent, kept, strict=True):
                yield from _missing(one, other, path)


def checker(type_: Any) -> typing.Callable[[Body], list[str]]:
    """A function that checks a body and tells which of its fields are unknown."""
    adapter: list[TypeAdapter[Any]] = []

    def check(body: Body) -> list[str]:
        if not adapter:  # building it takes seconds for the largest
            adapter.append(TypeAdapter(type_))
        return unknown_fields(adapter[0], body)

    return check


def converse(body: Body) -> list[str]:
    """Checked by botocore, against AWS's own model of the service.

    Raises:
        AssertionError: the report of what is wrong.
    """
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = model.operation_model("ConverseStream").input_shape
    report = ParamValidator().validate({"modelId": "m", **body}, shape)
    assert not report.has_errors(), report.generate_report()
    return []


_messages = checker(message_create_params.MessageCreateParamsStreaming)


def invoke(body: Body) -> list[str]:
    """Anthropic's body inside Bedrock: without two of its fields, and with two of Bedrock's."""
    assert not INVOKE_HAS_NOT & body.keys()
    rest = {k: v for k, v in body.items() if k not in INVOKE_HAS}
    return _messages({"model": "m", "stream": True, **rest})


def at_googles(body: Body) -> list[str]:
    """Anthropic's body on Vertex AI: without a model, and with a version (SDK, lib/vertex)."""
    assert "model" not in body
    return _messages({"model": "m", **{k: v for k, v in body.items() if k != "anthropic_version"}})


CHECKS: dict[str, typing.Callable[[Body], list[str]]] = {
    "openai": checker(completion_create_params.CompletionCreateParamsStreaming),
    "openai-responses": checker(response_create_params.ResponseCreateParamsStreaming),
    "anthropic": _messages,
    "anthropic-beta": checker(beta.message_create_params.MessageCreateParamsStreaming),
    "bedrock": converse,
    "bedrock-anthropic": invoke,
    "cohere": checker(CohereChat),
    "gemini": checker(GenerateContent),
    "gemini-interactions": checker(CreateModelInteraction),
    "vertex": checker(VertexGenerateContent),
    "vertex-anthropic": at_googles,
    "vertex-interactions": checker(CreateModelInteraction),
    "mistral": checker(ChatCompletionStreamRequest),
    "mistral-conversations": checker(ConversationStreamRequest),
    "ollama": checker(OllamaRequest),
}
