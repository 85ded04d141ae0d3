"""What a caller sends and gets: messages made of parts, a request, a response.

The same parts appear in requests and responses, so an answer can be appended to the history as it
came: ``messages.append(response.message)``. All models are frozen and reject unknown fields.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, model_validator

from streamkit.values import (
    Citation,
    FinishReason,
    Outcome,
    ReasoningKind,
    Timings,
    ToolKind,
    Usage,
    Warned,
)


class _Value(BaseModel):
    # defer_build: a validator is compiled when first used, which keeps `import streamkit` cheap.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


# --- parts -------------------------------------------------------------------------------------


class TextPart(_Value):
    """Words, from either side. ``citations`` are the sources the vendor gave for them.

    ``signature`` (of ``scheme``) goes back byte-identical where a vendor signs text.
    """

    type: Literal["text"] = "text"
    text: str
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    scheme: str | None = None


class ReasoningPart(_Value):
    """What the model thought. Only a closed part with its ``signature`` can be sent back.

    ``scheme`` names the dialect that can read the signature; other dialects get the part dropped
    with a warning. ``closed`` is False in an answer that was cut.
    """

    type: Literal["reasoning"] = "reasoning"
    text: str
    kind: ReasoningKind = "raw"
    signature: str | None = None
    scheme: str | None = None
    closed: bool = True


class RefusalPart(_Value):
    """The model's refusal, in words."""

    type: Literal["refusal"] = "refusal"
    text: str


class _Media(_Value):
    url: str | None = None
    data: str | None = Field(default=None, repr=False)
    media_type: str | None = None
    file_id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _unfold_data_url(cls, value: Any) -> Any:
        """A ``data:`` URL is embedded data by another name, so adapters need not know both."""
        match value:
            case {"data": bytes()}:
                raise ValueError(f"data is base64 text; of bytes, {cls._of_bytes()} makes it")
            case {"url": str(url)} if url.startswith("data:"):
                head, comma, data = url.partition(";base64,")
                if comma and not value.get("data"):
                    type_ = value.get("media_type") or head.removeprefix("data:").partition(";")[0]
                    return {**value, "url": None, "data": data, "media_type": type_ or None}
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(x is not None for x in (self.url, self.data, self.file_id)) != 1:
            raise ValueError("give exactly one of url, data (base64 text) or file_id")
        if self.data is not None and self.media_type is None:
            raise ValueError("data needs a media_type, such as 'image/png' or 'application/pdf'")
        return self

    @classmethod
    def _of_bytes(cls) -> str:
        return f"{cls.__name__}.from_bytes(content, media_type)"

    @classmethod
    def from_bytes(cls, content: bytes, media_type: str) -> Self:
        """Embed raw bytes; they travel as base64."""
        return cls(data=b64encode(content).decode("ascii"), media_type=media_type)

    @property
    def data_url(self) -> str | None:
        """``data:`` URL of embedded data; the plain URL otherwise; None for a file id."""
        if self.data is not None:
            return f"data:{self.media_type};base64,{self.data}"
        return self.url


class _Sent(_Media):
    """Media that only a caller makes, checked as such: an answer holds what its vendor sent."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.data is not None and not _is_base64(self.data):
            raise ValueError(f"data is not base64; of bytes, {self._of_bytes()} makes it")
        if self.url is not None and not _REMOTE.match(self.url):
            raise ValueError(
                "url is not one that a vendor could fetch, such as https://…; a file of yours is "
                f"read by {self._of_bytes()}"
            )
        return self


def _is_base64(data: str) -> bool:
    try:
        a2b_base64(data, strict_mode=True)
    except ValueError:
        return False
    return True


# Also gs:// and s3://, which some vendors take; a drive of Windows is no scheme.
_REMOTE: Final = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:", re.IGNORECASE)


class ImagePart(_Sent):
    """An image by ``url``, base64 ``data`` with ``media_type``, or the vendor's ``file_id``."""

    type: Literal["image"] = "image"


class DocumentPart(_Sent):
    """A document (usually a PDF) by ``url``, ``data`` with ``media_type``, or ``file_id``."""

    type: Literal["document"] = "document"
    name: str | None = None


class MediaPart(_Media):
    """Generated image, audio or video in an answer; audio in a request where a dialect takes it."""

    type: Literal["media"] = "media"


class ToolCall(_Value):
    """A finished call of one of the caller's tools: closed by the vendor, and strictly parsed.

    ``arguments`` is the parsed JSON object of a ``function`` call; None for a ``custom`` one, whose
    free text is ``arguments_text``. ``vendor`` goes back with the call as received, to the dialect
    or profile under whose name it stands, and to no other.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: dict[str, JsonValue] | None
    arguments_text: str
    kind: ToolKind = "function"
    vendor: dict[str, Any] | None = None


class IncompleteToolCall(_Value):
    """A call that must not run: cut off (``reason="cut"``) or not an object (``"not_json"``)."""

    type: Literal["incomplete_tool_call"] = "incomplete_tool_call"
    id: str
    name: str
    arguments_text: str
    reason: Literal["cut", "not_json"]
    kind: ToolKind = "function"


class ToolResult(_Value):
    """What a tool returned, for the call with id ``call_id``."""

    type: Literal["tool_result"] = "tool_result"
    call_id: str
    content: str | tuple[TextPart | ImagePart | DocumentPart, ...]
    is_error: bool = False
    name: str | None = None


class ProviderItem(_Value):
    """A vendor's own block: server-side tools and their results, compaction, anything new.

    ``kind`` is the vendor's name for it, ``payload`` the block as received. ``dialect`` names the
    dialect it came in, or the profile where its servers differ in their items (`Adapter.owner`);
    it can be sent back to that one only. ``complete`` is False if the stream was cut inside it.
    """

    type: Literal["provider_item"] = "provider_item"
    dialect: str
    kind: str
    payload: dict[str, Any]
    id: str | None = None
    name: str | None = None
    complete: bool = True


Part = Annotated[
    TextPart
    | ReasoningPart
    | RefusalPart
    | ImagePart
    | DocumentPart
    | MediaPart
    | ToolCall
    | IncompleteToolCall
    | ToolResult
    | ProviderItem,
    Discriminator("type"),
]


# --- messages and requests ---------------------------------------------------------------------

Role = Literal["system", "user", "assistant", "tool"]


class Message(_Value):
    """One turn. ``content`` may be given as plain text, one part, or a sequence of parts."""

    role: Role
    content: tuple[Part, ...]

    @model_validator(mode="before")
    @classmethod
    def _wrap_content(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "content" in value:
            content = value["content"]
            if isinstance(content, str):
                content = ({"type": "text", "text": content},)
            elif isinstance(content, BaseModel | Mapping):
                content = (content,)
            elif isinstance(content, Sequence):
                content = tuple(
                    {"type": "text", "text": c} if isinstance(c, str) else c for c in content
                )
            return {**value, "content": content}
        return value

    @classmethod
    def system(cls, *content: str | Part) -> Message:
        return cls(role="system", content=content)  # type: ignore[arg-type]

    @classmethod
    def user(cls, *content: str | Part) -> Message:
        return cls(role="user", content=content)  # type: ignore[arg-type]

    @classmethod
    def assistant(cls, *content: str | Part) -> Message:
        return cls(role="assistant", content=content)  # type: ignore[arg-type]

    @classmethod
    def tool(cls, *results: ToolResult) -> Message:
        return cls(role="tool", content=results)

    @property
    def text(self) -> str:
        return "".join(p.text for p in self.content if isinstance(p, TextPart))


class Tool(_Value):
    """A tool the model may call. ``parameters`` is the JSON Schema of its arguments object."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


class VendorTool(_Value):
    """A tool definition in the vendor's own words (server tools, custom tools), sent as it is."""

    payload: dict[str, Any]


class NamedTool(_Value):
    """``tool_choice=NamedTool(name="…")``: the model must call this tool."""

    name: str


class JsonSchema(_Value):
    """``response_format=JsonSchema(…)``: the answer must be JSON that fits ``json_schema``."""

    json_schema: dict[str, Any]
    name: str = "response"
    strict: bool | None = None
    description: str | None = None


ToolChoice = Literal["auto", "none", "required"] | NamedTool
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class ChatRequest(_Value):
    """One request, the same for every vendor. ``model`` is the vendor's name, without prefix.

    Options keep one meaning across vendors; None leaves the vendor's default. ``max_tokens`` counts
    generated tokens, reasoning included; ``reasoning_budget`` is a number of tokens.
    ``prompt_cache_ttl`` has a vendor that caches only what is marked keep the prompt for so long;
    ``prompt_cache_key``, the same for requests that begin alike, leads them to one cache.
    ``extra_body`` is merged into the JSON body last, object by object, ``extra_headers`` into the
    headers; their values are sent verbatim, and win.
    """

    model: str
    messages: tuple[Message, ...] = Field(repr=False)
    tools: tuple[Tool | VendorTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: Literal["text", "json"] | JsonSchema | None = None
    max_tokens: int | None = Field(default=None, ge=0)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = Field(default=None, ge=1)
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: int | None = Field(default=None, ge=0)
    reasoning_effort: ReasoningEffort | None = None
    reasoning_budget: int | None = Field(default=None, ge=0)
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    prompt_cache_ttl: Literal["5m", "1h"] | None = None
    prompt_cache_key: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict, repr=False)
    extra_headers: dict[str, str] = Field(default_factory=dict, repr=False)


class Options(TypedDict, total=False):
    """The keyword options of ``stream`` and ``complete``; see `ChatRequest` for their meaning.

    ``tools`` takes `Tool` and `VendorTool` values, ``stop`` one string or several.
    """

    tools: Sequence[Tool | VendorTool]
    tool_choice: ToolChoice | None
    parallel_tool_calls: bool | None
    response_format: Literal["text", "json"] | JsonSchema | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    stop: str | Sequence[str]
    seed: int | None
    n: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logprobs: int | None
    reasoning_effort: ReasoningEffort | None
    reasoning_budget: int | None
    user: str | None
    metadata: dict[str, str] | None
    service_tier: str | None
    prompt_cache_ttl: Literal["5m", "1h"] | None
    prompt_cache_key: str | None
    extra_body: Mapping[str, Any]
    extra_headers: Mapping[str, str]


# --- responses ---------------------------------------------------------------------------------


class Choice(_Value):
    """One of several answers asked for with ``n``; choice 0 is also the response itself."""

    index: int
    parts: tuple[Part, ...] = ()
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None


class ChatResponse(_Value):
    """An answer, whole or so far. ``outcome`` is None while the stream still runs.

    ``parts`` holds choice 0 in wire order; the properties below are views of it. ``vendor`` holds
    response-level fields that have no common name, as received; ``warnings`` what of the request
    was not honoured as asked.
    """

    outcome: Outcome | None = None
    id: str | None = None
    model: str | None = None
    choices: tuple[Choice, ...] = Field(default_factory=lambda: (Choice(index=0),))
    usage: Usage | None = None
    timings: Timings | None = None
    vendor: dict[str, Any] = Field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()

    def _all(self, kind: type) -> tuple[Any, ...]:
        return tuple(p for p in self.parts if isinstance(p, kind))

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.choices[0].parts

    @property
    def finish_reason(self) -> FinishReason | None:
        return self.choices[0].finish_reason

    @property
    def raw_finish_reason(self) -> str | None:
        return self.choices[0].raw_finish_reason

    @cached_property
    def text(self) -> str:
        """All visible text, joined with nothing between."""
        return "".join(p.text for p in self._all(TextPart))

    @cached_property
    def reasoning(self) -> str:
        """All reasoning text, joined with nothing between."""
        return "".join(p.text for p in self._all(ReasoningPart))

    @property
    def refusal(self) -> str | None:
        """The model's words of refusal ("" if it gave none); None if it did not refuse."""
        parts = self._all(RefusalPart)
        return "".join(p.text for p in parts) if parts else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Finished calls, safe to run."""
        return self._all(ToolCall)

    @property
    def incomplete_tool_calls(self) -> tuple[IncompleteToolCall, ...]:
        """Calls that were cut or do not parse. Never run these."""
        return self._all(IncompleteToolCall)

    @property
    def provider_items(self) -> tuple[ProviderItem, ...]:
        return self._all(ProviderItem)

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(c for p in self._all(TextPart) for c in p.citations)

    @property
    def message(self) -> Message:
        """The answer as a turn for the history; parts that may not be replayed are left out.

        Left out are incomplete tool calls, unfinished provider items and reasoning that was cut.
        """
        kept = [
            p
            for p in self.parts
            if not isinstance(p, IncompleteToolCall)
            and not (isinstance(p, ReasoningPart) and not p.closed)
            and not (isinstance(p, ProviderItem) and not p.complete)
        ]
        return Message(role="assistant", content=tuple(kept))
