"""The items of one response, and the parts of each.

A response is a list of items: messages, reasoning, calls, and whatever the server's own tools do.
Servers do not agree on what names an item: OpenAI sends its id and its place in the list, gateways
make up new ids in every event, llama.cpp leaves the place out. So an item is found by its place,
else by its id, else it is the newest; in keys it goes by its number in order of arrival.

The parts of an item close when the item is done, not one by one: only then does the item have its
final ``encrypted_content`` (API reference, reasoning item), and only whole items can go back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Key,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Signature,
    Text,
)
from streamkit.chunks import Item as WholeItem
from streamkit.reading import text as text_of
from streamkit.values import ReasoningKind
from streamkit_openai.responses._values import citation_of

REASONING_KINDS: dict[str, ReasoningKind] = {"summary": "summary", "reasoning": "raw"}

_WAITING = frozenset(
    {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "apply_patch_call"}
) | {"mcp_approval_request"}


class Item:
    """One item as far as it has been received."""

    __slots__ = ("done", "id", "key", "number", "opened", "parts", "payload", "spoken", "type")

    def __init__(self, number: int, payload: Mapping[str, Any]) -> None:
        self.number = number
        self.key: Key = ("item", number)
        """Of the item as a whole: a call, or an item of the server's own."""
        self.payload = payload
        """As it was announced."""
        self.type = text_of(payload.get("type"))
        self.id = text_of(payload.get("id"))
        self.parts: dict[Key, int] = {}
        """Keys of its parts, with the number of citations told of each."""
        self.opened = False
        self.spoken = False
        """Whether its arguments were streamed."""
        self.done = False

    # --- words -----------------------------------------------------------------------------

    def words(
        self,
        name: str,
        place: Any,
        words: Any,
        out: list[Chunk],
        logprobs: list[Any] | None = None,
    ) -> None:
        """A piece of the part ``name`` (text, refusal, summary, reasoning) at ``place``."""
        key = self._part(name, place)
        if not isinstance(words, str) or not words:
            return
        if name == "text":
            out.append(Text(words, key, 0, logprobs))
        elif name == "refusal":
            out.append(Refusal(words, key))
        else:
            out.append(Reasoning(words, key, 0, REASONING_KINDS[name]))
        self.parts.setdefault(key, 0)

    def whole_words(self, name: str, place: Any, words: Any, out: list[Chunk]) -> None:
        """A part told whole; news only if no piece of it came before."""
        key = self._part(name, place)
        if key in self.parts or self.done:
            return
        if name == "refusal" and words == "":
            self.parts[key] = 0
            out.append(Refusal("", key))
        self.words(name, place, words, out)

    def cite(self, place: Any, annotation: Any, out: list[Chunk]) -> None:
        """One annotation of a text."""
        if isinstance(annotation, Mapping):
            key = self._part("text", place)
            self.parts[key] = self.parts.get(key, 0) + 1
            out.append(Cited(citation_of(annotation), key))

    def cite_rest(self, place: Any, annotations: Any, out: list[Chunk]) -> None:
        """All annotations of a text: those that were not told one by one."""
        if isinstance(annotations, list):
            told = self.parts.get(self._part("text", place), 0)
            for annotation in annotations[told:]:
                self.cite(place, annotation, out)

    def close(self, out: list[Chunk]) -> None:
        """All its parts are whole."""
        out.extend(Closed(key) for key in self.parts)
        self.done = True

    def _part(self, name: str, place: Any) -> Key:
        return (name, self.number, place if type(place) is int else 0)

    def _streamed_at(self, name: str, places: Sequence[int]) -> Mapping[int, int]:
        """For each place in the whole item, the place its part was streamed at.

        vLLM, for one, counts the parts of all items in one row: after reasoning, the only text of
        a message is streamed at 1. So with as many parts streamed as there are, their order counts.
        """
        streamed = [int(k[2]) for k in self.parts if isinstance(k, tuple) and k[0] == name]
        exact = len(streamed) != len(places)
        return dict(zip(places, places if exact else sorted(streamed), strict=True))

    # --- whole ------------------------------------------------------------------------------

    def message_done(
        self, payload: Mapping[str, Any], owner: str, out: list[Chunk], reasoned: bool
    ) -> bool:
        """A whole message. True if there is a refusal in it.

        Its id and phase are told if they must go back; the id must after reasoning (``reasoned``).
        """
        refused = False
        content = payload.get("content")
        content = content if isinstance(content, list) else []
        types = [part.get("type") if isinstance(part, Mapping) else None for part in content]
        texts_at = self._streamed_at("text", [n for n, t in enumerate(types) if t == "output_text"])
        for place, (type_, part) in enumerate(zip(types, content, strict=True)):
            if type_ == "output_text":
                self.whole_words("text", texts_at[place], part.get("text"), out)
                self.cite_rest(texts_at[place], part.get("annotations"), out)
            elif type_ == "refusal":
                refused = True
                self.whole_words("refusal", place, part.get("refusal"), out)
            else:
                out.append(Opaque(type_ if isinstance(type_, str) else "content_part", part))
        phase = text_of(payload.get("phase"))
        if phase or reasoned:
            scheme = f"{owner}:{text_of(payload.get('id'))}"
            texts = [key for key in self.parts if isinstance(key, tuple) and key[0] == "text"]
            out.extend(Signature(phase, scheme, key) for key in texts)
        self.close(out)
        return refused

    def reasoning_done(self, payload: Mapping[str, Any], owner: str, out: list[Chunk]) -> bool:
        """A reasoning item. True if it is whole, so that it can go back."""
        for name, field in (("summary", "summary"), ("reasoning", "content")):
            pieces = payload.get(field)
            pieces = pieces if isinstance(pieces, list) else []
            at = self._streamed_at(name, range(len(pieces)))
            for place, part in enumerate(pieces):
                if isinstance(part, Mapping):
                    self.whole_words(name, at[place], part.get("text"), out)
        if payload.get("status") == "incomplete":
            self.done = True
            return False
        if not self.parts:  # nothing to read, but to send back
            out.append(Reasoning("", self.key, 0, "redacted"))
            self.parts[self.key] = 0
        *others, last = self.parts
        scheme = f"{owner}:{text_of(payload.get('id'))}"
        out.extend(Signature("", scheme, key) for key in others)
        out.append(Signature(text_of(payload.get("encrypted_content")), scheme, last))
        self.close(out)
        return True

    def own_done(self, payload: dict[str, Any], out: list[Chunk]) -> None:
        """An item of the server's own, whole. A picture it holds is told as one as well."""
        picture = payload.get("result")
        if self.type == "image_generation_call" and isinstance(picture, str) and picture:
            format_ = text_of(payload.get("output_format")) or "png"
            media_type = "image/svg+xml" if format_ == "svg" else f"image/{format_}"
            key = ("image", self.number)
            out += [Media(media_type, picture, key=key), Closed(key)]
        id_, name = text_of(payload.get("id")), text_of(payload.get("name"))
        out.append(WholeItem(self.type or "item", payload, self.key, id_ or None, name or None))
        self.close(out)

    # --- calls -----------------------------------------------------------------------------

    def waits_for_caller(self, whole: Mapping[str, Any]) -> bool:
        """Whether the server expects the caller to act on the item."""
        if self.type == "shell_call":
            environment = whole.get("environment")
            return isinstance(environment, Mapping) and environment.get("type") == "local"
        if self.type == "tool_search_call":
            return whole.get("execution") == "client"
        return self.type in _WAITING


class Items:
    """The items of one response, in order of arrival."""

    def __init__(self) -> None:
        self._all: list[Item] = []
        self._at: dict[int, Item] = {}
        self._by_id: dict[str, Item] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, place: Any, payload: Mapping[str, Any]) -> Item:
        """A new item, announced by ``payload``."""
        item = Item(len(self._all), payload)
        self._all.append(item)
        if type(place) is int:
            self._at[place] = item
        for name in ("id", "call_id"):  # llama.cpp names a call by its call_id
            id_ = payload.get(name)
            if isinstance(id_, str) and id_:
                self._by_id[id_] = item
        return item

    def known(self, place: Any, id_: Any) -> Item | None:
        """The item at this place, or with this id, or None."""
        item = self._at.get(place) if type(place) is int else None
        if item is None and isinstance(id_, str):
            item = self._by_id.get(id_)
        return item

    def find(self, event: Mapping[str, Any]) -> Item:
        """The item that an event belongs to; one that was never announced begins with it."""
        place = event.get("output_index")
        item = self.known(place, event.get("item_id"))
        if item is None and type(place) is not int and self._all:
            item = self._all[-1]
        return item or self.add(place, {"id": event.get("item_id")})

    def open(self) -> Iterator[tuple[int | None, Item]]:
        """Items that are not done, with their places."""
        places = {item.number: place for place, item in self._at.items()}
        yield from ((places.get(i.number), i) for i in self._all if not i.done)
