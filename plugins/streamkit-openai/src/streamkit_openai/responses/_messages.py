"""Messages and their parts, as the Responses API carries them: a flat list of input items.

What the model made goes back as it came, to the server it came from: reasoning with its encrypted
content, calls and messages under their ids, the server's own items untouched. Ids of messages and
calls go back only beside the reasoning of their turn, for the API refuses one without the other
("was provided without its required 'reasoning' item", laravel/ai#1052), and only where responses
are stored: else they name nothing (vercel/ai#12687). Parts from elsewhere travel as plain words
and calls, or are dropped with a warning; what the caller wrote never is.

Where a part has no field for what must go back, its ``scheme`` holds it: ``PROFILE:ITEM_ID``, and
the ``signature`` is the encrypted content of reasoning, or the ``phase`` of a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamkit.messages import (
    DocumentPart,
    ImagePart,
    MediaPart,
    Message,
    Part,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    Role,
    TextPart,
    ToolCall,
    ToolResult,
)
from streamkit.writing import Warnings, arguments_text_of, goes_back, refused, words_of
from streamkit_openai.responses.profiles import ResponsesProfile

_Fields = dict[str, Any]


class Messages:
    """Builds the ``input`` of one request; what had to be dropped goes to ``warnings``.

    ``stored``: whether the server keeps responses, so that an item may go back by its id alone.
    """

    def __init__(self, profile: ResponsesProfile, warnings: Warnings, *, stored: bool) -> None:
        self._profile = profile
        self._warnings = warnings
        self._stored = stored
        self._custom: set[str] = set()
        """Ids of calls of custom tools."""

    def build(self, messages: Sequence[Message]) -> list[_Fields]:
        """Raises UnsupportedError for content of the caller's that the server cannot take."""
        wire: list[_Fields] = []
        for message in messages:
            if message.role == "assistant":
                wire.extend(self._assistant(message))
            else:
                wire.extend(self._from_caller(message))
        return wire

    def _check(self, part: Part, role: Role = "user") -> None:
        if part.type not in self._profile.parts:
            raise refused(part, self._profile.name, role)

    # --- from the caller -------------------------------------------------------------------

    def _from_caller(self, message: Message) -> list[_Fields]:
        items: list[_Fields] = []
        content: list[Part] = []
        for part in message.content:
            self._check(part)
            if isinstance(part, ToolResult):
                items.append(self._tool_result(part))
            elif isinstance(part, ProviderItem):  # such as the output of a shell call
                if self._returns(part):
                    items.append(part.payload)
            else:
                content.append(part)
        if content:
            role = "user" if message.role == "tool" else message.role
            items.append({"role": role, "content": self._content(content)})
        return items

    def _content(self, parts: Sequence[Part]) -> str | list[_Fields]:
        words = words_of(parts)
        return [self._piece(part) for part in parts] if words is None else words

    def _piece(self, part: Part) -> _Fields:
        match part:
            case TextPart():
                return {"type": "input_text", "text": part.text}
            case ImagePart():
                source = {"file_id": part.file_id} if part.file_id else {"image_url": part.data_url}
                return {"type": "input_image", "detail": "auto", **source}
            case DocumentPart():
                return {"type": "input_file", **_document(part)}
            case _:
                raise refused(part, self._profile.name, "user")

    def _tool_result(self, result: ToolResult) -> _Fields:
        output: Any = result.content
        if not isinstance(output, str):
            for part in output:
                self._check(part)
            output = self._content(output)
        custom = result.call_id in self._custom
        type_ = "custom_tool_call_output" if custom else "function_call_output"
        return {"type": type_, "call_id": result.call_id, "output": output}

    # --- from the model --------------------------------------------------------------------

    def _assistant(self, message: Message) -> list[_Fields]:
        items: list[_Fields] = []
        reasoned = False
        pictures = [i.payload.get("result") for i in message.content if isinstance(i, ProviderItem)]
        for parts in _grouped(message.content):
            # Of reasoning it depends on the whole group.
            if not isinstance(parts[0], ReasoningPart) and not self._returns(parts[0]):
                continue
            scheme = getattr(parts[0], "scheme", None)
            match parts[0]:
                case TextPart() | RefusalPart():
                    items.append(self._message(parts, scheme, named=reasoned))
                case ReasoningPart():
                    item = self._reasoning(parts, scheme)
                    reasoned = reasoned or (bool(item) and self._stored)
                    items.extend(item)
                case ToolCall() as call:
                    self._check(call, "assistant")
                    items.append(self._tool_call(call, named=reasoned))
                case ProviderItem() as own:
                    items.append(own.payload)
                case MediaPart() as media:
                    if media.data not in pictures:  # else it goes back inside its item
                        why = f"{self._profile.name} takes back no media that a model made"
                        self._warnings.dropped(media, why)
                case other:
                    hint = "put it into a user message"
                    raise refused(other, self._profile.name, "assistant", hint)
        return items

    def _message(self, parts: list[Any], scheme: str | None, *, named: bool) -> _Fields:
        """Texts and refusals of one message item, or of messages from elsewhere.

        Only a message under its id may hold a list of parts (SDK 3.54, `EasyInputMessageParam`).
        """
        ours = self._id(scheme)
        message: _Fields = {"role": "assistant"}
        if ours is not None and parts[0].signature:
            message["phase"] = parts[0].signature
        if not (ours and named and self._profile.item_ids):
            return message | {"content": "".join(part.text for part in parts)}
        content = [
            {
                "type": "output_text",
                "text": part.text,
                "annotations": [citation.raw for citation in part.citations],
            }
            for part in parts
        ]
        own = {"type": "message", "id": ours, "status": "completed", "content": content}
        return message | own

    def _reasoning(self, parts: list[Any], scheme: str | None) -> list[_Fields]:
        """The parts of one reasoning item; it goes back whole or not at all."""
        id_ = self._id(scheme)
        encrypted = next((p.signature for p in reversed(parts) if p.signature), None)
        raw = [p.text for p in parts if p.kind == "raw"]
        if not all(p.closed for p in parts):
            why = "reasoning that was cut is not sent back"
        elif id_ is None:
            why = f"this reasoning is not from {self._profile.name}"
        elif not (encrypted or raw or (self._stored and self._profile.item_ids)):
            why = "reasoning goes back in encrypted form, or by its id where responses are stored"
        else:
            item: _Fields = {"type": "reasoning"}
            if id_ and (self._stored or not encrypted):
                item["id"] = id_
            item["summary"] = [
                {"type": "summary_text", "text": p.text} for p in parts if p.kind == "summary"
            ]
            if raw:
                item["content"] = [{"type": "reasoning_text", "text": text} for text in raw]
            return [item | ({"encrypted_content": encrypted} if encrypted else {})]
        self._warnings.dropped(parts[0], why)
        return []

    def _tool_call(self, call: ToolCall, *, named: bool) -> _Fields:
        own = dict((call.vendor or {}).get(self._profile.name) or {})
        if not (named and self._profile.item_ids):
            own.pop("id", None)
        if call.kind == "custom":
            self._custom.add(call.id)
            body = {"type": "custom_tool_call", "input": call.arguments_text}
        else:
            body = {"type": "function_call", "arguments": arguments_text_of(call)}
        return {**body, "call_id": call.id, "name": call.name, **own}

    def _returns(self, part: Part) -> bool:
        return goes_back(part, self._warnings, dialect=self._profile.name)

    def _id(self, scheme: str | None) -> str | None:
        """The item id in a scheme of this server's, which may be ""; None in any other."""
        owner, _, id_ = (scheme or "").partition(":")
        return id_ if owner == self._profile.name else None


def _grouped(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts in a row that are one item on the wire."""
    groups: list[list[Part]] = []
    for part in parts:
        if groups and _one_item(groups[-1][-1], part):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _one_item(before: Part, part: Part) -> bool:
    scheme = getattr(part, "scheme", None)
    if getattr(before, "scheme", None) != scheme:
        return False
    if isinstance(part, ReasoningPart):
        return isinstance(before, ReasoningPart) and scheme is not None
    return isinstance(part, TextPart | RefusalPart) and isinstance(before, TextPart | RefusalPart)


def _document(part: DocumentPart) -> _Fields:
    if part.file_id is not None:
        return {"file_id": part.file_id}
    if part.url is not None:
        return {"file_url": part.url}
    return {"filename": part.name or "document.pdf", "file_data": part.data_url}
