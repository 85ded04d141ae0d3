"""Messages and their parts, as generateContent carries them.

What the model made goes back part by part, as it came, with its thought signatures
(https://ai.google.dev/gemini-api/docs/thought-signatures). Parts from elsewhere travel as plain
words and calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamkit.errors import UnsupportedError
from streamkit.messages import (
    DocumentPart,
    ImagePart,
    MediaPart,
    Message,
    Part,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResult,
)
from streamkit.reading import mapping
from streamkit.writing import Warnings, arguments_of, goes_back, refused
from streamkit_gemini._values import DIALECT, SCHEME
from streamkit_gemini.models import ModelFacts

FOREIGN_CALL = "skip_thought_signature_validator"
"""In place of the signature of a call that another model made, or nobody: the same page, FAQ."""

_Fields = dict[str, Any]

# Vertex AI wants the type of everything that it fetches.
_TYPES = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"},
    **{"gif": "image/gif", "heic": "image/heic", "pdf": "application/pdf", "txt": "text/plain"},
    **{"mp3": "audio/mpeg", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime"},
}


class Messages:
    """Builds the ``contents`` of one request; what had to be dropped goes to ``warnings``."""

    def __init__(self, facts: ModelFacts, warnings: Warnings) -> None:
        self.system: list[_Fields] = []
        self._facts = facts
        self._warnings = warnings
        self._turns: list[_Fields] = []
        self._calls: dict[str, tuple[str, str | None]] = {}
        """By the call's id: the name of its function, and the id that the vendor gave it."""
        self._results: list[ToolResult] = []

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the vendor cannot take."""
        for message in messages:
            self._add(message)
        self._answer_calls()
        return self._turns

    # --- turns -----------------------------------------------------------------------------

    def _add(self, message: Message) -> None:
        results = [part for part in message.content if isinstance(part, ToolResult)]
        if results and len(results) == len(message.content):
            self._results += results
            return
        self._answer_calls()
        match message.role:
            case "system":
                if self._turns:
                    how = "Gemini has one system instruction: a later system message moved into it"
                    self._warnings.adjusted("messages", how)
                self.system += [_system_part(part) for part in message.content]
            case "assistant":
                self._append("model", self._answer(message))
            case "user" | "tool":
                self._append("user", [p for part in message.content for p in self._given(part)])

    def _answer_calls(self) -> None:
        """Results in a row are one turn, which must answer all calls of the turn before.

        Where calls have no ids, results of one function are told apart by their order.
        """
        order = {id_: place for place, id_ in enumerate(self._calls)}
        self._results.sort(key=lambda result: order.get(result.call_id, -1))
        self._append("user", [part for result in self._results for part in self._result(result)])
        self._results.clear()

    def _append(self, role: str, parts: list[_Fields]) -> None:
        if parts:
            self._turns.append({"role": role, "parts": parts})

    # --- from the caller -------------------------------------------------------------------

    def _given(self, part: Part) -> list[_Fields]:
        match part:
            case TextPart():
                return [{"text": part.text}] if part.text else []
            case ImagePart() | DocumentPart() | MediaPart():
                return [media_part(part)]
            case ToolResult():
                return self._result(part)
        raise refused(part, "Gemini", "user")

    def _result(self, result: ToolResult) -> list[_Fields]:
        name, id_ = self._calls.get(result.call_id, (result.name, None))
        if not name:
            raise UnsupportedError(
                f"Gemini matches results by the function's name, and the call {result.call_id!r} "
                "is not in the messages; give ToolResult(name=…)"
            )
        media: list[_Fields] = []
        words = result.content
        if not isinstance(words, str):
            media = [media_part(p) for p in words if not isinstance(p, TextPart)]
            words = "".join(p.text for p in words if isinstance(p, TextPart))
        response: dict[str, Any] = {
            "name": name,
            "response": {"error" if result.is_error else "output": words},
        }
        if id_ is not None:
            response["id"] = id_
        if media and self._facts.media_results:
            response["parts"], media = media, []
        return [{"functionResponse": response}, *media]

    # --- from the model --------------------------------------------------------------------

    def _answer(self, message: Message) -> list[_Fields]:
        items = [p.payload for p in message.content if isinstance(p, ProviderItem)]
        pictures = [mapping(item.get("inlineData")).get("data") for item in items]
        parts: list[_Fields] = []
        for part in message.content:
            if isinstance(part, MediaPart) and part.data in pictures:
                continue  # goes back inside its item
            if goes_back(part, self._warnings, dialect=DIALECT, schemes=(SCHEME,)):
                parts += self._said(part)
        calls = [part for part in parts if "functionCall" in part]
        signed = any("thoughtSignature" in call for call in calls)
        if calls and self._facts.signed_calls and not signed:
            calls[0]["thoughtSignature"] = FOREIGN_CALL
        return parts

    def _said(self, part: Part) -> list[_Fields]:
        match part:
            case TextPart():
                signed = _signature(part)
                return [{"text": part.text} | signed] if part.text or signed else []
            case RefusalPart():
                return [{"text": part.text}] if part.text else []
            case ReasoningPart():
                return [{"text": part.text, "thought": True} | _signature(part)]
            case ToolCall():
                return [self._call(part)]
            case ProviderItem():
                return [part.payload]
            case MediaPart():
                return [media_part(part)]
        raise refused(part, "Gemini", "assistant", "put it into a user message")

    def _call(self, call: ToolCall) -> _Fields:
        own = dict(mapping((call.vendor or {}).get(SCHEME)))
        id_ = own.pop("id", None)
        self._calls[call.id] = (call.name, id_)
        function = {"name": call.name, "args": arguments_of(call)} | ({"id": id_} if id_ else {})
        return {"functionCall": function, **own}


def media_part(part: ImagePart | DocumentPart | MediaPart) -> _Fields:
    """Embedded data, or the URI of a file: one of the Files API, in Cloud Storage, on the web."""
    if part.data is not None:
        return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
    url = part.url or part.file_id or ""
    media_type = part.media_type or media_type_of(url)
    return {"fileData": {"fileUri": url} | ({"mimeType": media_type} if media_type else {})}


def media_type_of(url: str) -> str | None:
    """By the ending of the name."""
    path = url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower())


def _signature(part: TextPart | ReasoningPart) -> dict[str, str]:
    ours = part.scheme == SCHEME and part.signature
    return {"thoughtSignature": str(part.signature)} if ours else {}


def _system_part(part: Part) -> _Fields:
    if isinstance(part, TextPart):
        return {"text": part.text}
    raise refused(part, "Gemini", "system")
