"""Messages and their parts, as generateContent carries them.

What the model made goes back part by part, as it came, with its thought signatures
(https://ai.google.dev/gemini-api/docs/thought-signatures). Parts from elsewhere travel as plain
words and calls, or are dropped with a warning; what the caller wrote never is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from streamkit.adapter import Warned
from streamkit.errors import UnsupportedError
from streamkit.messages import (
    DocumentPart,
    ImagePart,
    IncompleteToolCall,
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
from streamkit_gemini._values import SCHEME
from streamkit_gemini._wire import mapping
from streamkit_gemini.models import ModelFacts

DIALECT = "gemini-generate"

FOREIGN_CALL = "skip_thought_signature_validator"
"""In place of the signature of a call that another model made, or nobody: the same page, FAQ."""

_Part = dict[str, Any]

# Vertex AI wants the type of everything that it fetches.
_TYPES = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"},
    **{"gif": "image/gif", "heic": "image/heic", "pdf": "application/pdf", "txt": "text/plain"},
    **{"mp3": "audio/mpeg", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime"},
}


class Contents:
    """``contents`` and ``system`` of a request's messages, and what could not be carried over."""

    def __init__(self, messages: Sequence[Message], facts: ModelFacts) -> None:
        self.contents: list[dict[str, Any]] = []
        self.system: list[_Part] = []
        self.warnings: list[Warned] = []
        self._facts = facts
        self._calls: dict[str, tuple[str, str | None]] = {}
        """By the call's id: the name of its function, and the id that the vendor gave it."""
        self._results: list[tuple[ToolResult, str]] = []
        for number, message in enumerate(messages):
            self._add(message, f"messages[{number}]")
        self._answer_calls()

    # --- turns -----------------------------------------------------------------------------

    def _add(self, message: Message, where: str) -> None:
        results = [part for part in message.content if isinstance(part, ToolResult)]
        if results and len(results) == len(message.content):
            self._results += [(result, where) for result in results]
            return
        self._answer_calls()
        match message.role:
            case "system":
                if self.contents:
                    why = "Gemini has one system instruction; a later system message moved into it."
                    self.warnings.append(Warned("option_adjusted", "messages", why))
                self.system += [_system_part(part, where) for part in message.content]
            case "assistant":
                self._append("model", self._answer(message, where))
            case "user" | "tool":
                parts = [p for part in message.content for p in self._given(part, where)]
                self._append("user", parts)

    def _answer_calls(self) -> None:
        """Results in a row are one turn, which must answer all calls of the turn before.

        Where calls have no ids, results of one function are told apart by their order.
        """
        order = {id_: place for place, id_ in enumerate(self._calls)}
        self._results.sort(key=lambda given: order.get(given[0].call_id, -1))
        self._append("user", [p for r, where in self._results for p in self._result(r, where)])
        self._results.clear()

    def _append(self, role: str, parts: list[_Part]) -> None:
        if parts:
            self.contents.append({"role": role, "parts": parts})

    # --- from the caller -------------------------------------------------------------------

    def _given(self, part: Part, where: str) -> list[_Part]:
        match part:
            case TextPart():
                return [{"text": part.text}] if part.text else []
            case ImagePart() | DocumentPart() | MediaPart():
                return [media_part(part)]
            case ToolResult():
                return self._result(part, where)
        raise UnsupportedError(f"{where}: a user turn of Gemini's holds no {part.type}")

    def _result(self, result: ToolResult, where: str) -> list[_Part]:
        name, id_ = self._calls.get(result.call_id, (result.name, None))
        if not name:
            raise UnsupportedError(
                f"{where}: Gemini matches results by the function's name; give ToolResult(name=…)"
            )
        media: list[_Part] = []
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

    def _answer(self, message: Message, where: str) -> list[_Part]:
        items = [p.payload for p in message.content if isinstance(p, ProviderItem)]
        pictures = [mapping(item.get("inlineData")).get("data") for item in items]
        parts: list[_Part] = []
        for part in message.content:
            if isinstance(part, MediaPart) and part.data in pictures:
                continue  # goes back inside its item
            sent = self._said(part, where)
            parts += [] if sent is None else [sent]
        calls = [part for part in parts if "functionCall" in part]
        signed = any("thoughtSignature" in call for call in calls)
        if calls and self._facts.signed_calls and not signed:
            calls[0]["thoughtSignature"] = FOREIGN_CALL
        return parts

    def _said(self, part: Part, where: str) -> _Part | None:
        match part:
            case TextPart():
                signed = _signature(part)
                return {"text": part.text} | signed if part.text or signed else None
            case RefusalPart():
                return {"text": part.text} if part.text else None
            case ReasoningPart() if part.scheme == SCHEME and part.closed:
                return {"text": part.text, "thought": True} | _signature(part)
            case ReasoningPart():
                self._drop(part, where, "only whole thoughts of Gemini's own go back")
                return None
            case ToolCall():
                return self._call(part)
            case IncompleteToolCall():
                self._drop(part, where, "a tool call that was never finished")
                return None
            case ProviderItem() if part.dialect == DIALECT and part.complete and part.payload:
                return part.payload
            case ProviderItem():
                owner = part.dialect if part.dialect != DIALECT else "an unfinished part"
                self._drop(part, where, f"{part.kind} of {owner} cannot be sent back")
                return None
            case MediaPart():
                return media_part(part)
        raise UnsupportedError(f"{where}: an answer of Gemini's holds no {part.type}")

    def _call(self, call: ToolCall) -> _Part:
        own = dict(mapping((call.vendor or {}).get(SCHEME)))
        id_ = own.pop("id", None)
        self._calls[call.id] = (call.name, id_)
        arguments = call.arguments
        if arguments is None:  # free text of another vendor's custom tool
            arguments = {"input": call.arguments_text}
        function = {"name": call.name, "args": arguments} | ({"id": id_} if id_ else {})
        return {"functionCall": function, **own}

    def _drop(self, part: Part, where: str, why: str) -> None:
        self.warnings.append(Warned("part_dropped", f"{where} {part.type}", why))


def media_part(part: ImagePart | DocumentPart | MediaPart) -> _Part:
    """Embedded data, or the URI of a file: one of the Files API, in Cloud Storage, on the web."""
    url = part.data_url or part.file_id or ""
    if match := re.match(r"data:([^;,]+);base64,", url):
        return {"inlineData": {"mimeType": match[1], "data": url[match.end() :]}}
    media_type = part.media_type or media_type_of(url)
    return {"fileData": {"fileUri": url} | ({"mimeType": media_type} if media_type else {})}


def media_type_of(url: str) -> str | None:
    """By the ending of the name."""
    path = url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower())


def _signature(part: TextPart | ReasoningPart) -> dict[str, str]:
    ours = part.scheme == SCHEME and part.signature
    return {"thoughtSignature": str(part.signature)} if ours else {}


def _system_part(part: Part, where: str) -> _Part:
    if isinstance(part, TextPart):
        return {"text": part.text}
    raise UnsupportedError(f"{where}: a system message of Gemini's holds text, no {part.type}")
