"""One candidate, part by part.

Parts have no names on the wire. Words of one kind run on over chunks, until another kind comes; a
part with a thought signature stands for itself, for it must go back as it came and is not to be
merged with another (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""

from __future__ import annotations

from typing import Any

from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Key,
    Media,
    Meta,
    Opaque,
    Reasoning,
    Safety,
    Signature,
    Stop,
    Text,
)
from streamkit.reading import items, mapping, rest, text
from streamkit.values import FinishReason, ReasoningKind
from streamkit_gemini._calls import Calls
from streamkit_gemini._values import (
    CUT,
    NOT_STOPPED,
    SCHEME,
    Buffers,
    finish_reason,
    grounding_citations,
    recitation_of,
)

_READ = frozenset(
    {"content", "index", "finishReason", "safetyRatings", "logprobsResult", "citationMetadata"}
)
_USUAL = frozenset({"content", "index", "safetyRatings"})
_TEXT_FIELDS = frozenset({"text", "thought", "thoughtSignature"})
# What says more about a part, and is none.
_MODIFIERS = _TEXT_FIELDS - {"text"} | {"partMetadata", "videoMetadata", "mediaResolution"}


class Candidate:
    """One candidate as far as it has been received."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.whole = False
        """Whether a finish reason came, and no content behind it."""
        self._stop: tuple[FinishReason, str] | None = None
        self._calls = Calls(index)
        self._parts = 0
        self._run: tuple[str, Key] | None = None
        """Kind and key of the part that runs on."""
        self._texts: Buffers = []
        self._sources: list[Any] = []
        self._recited: set[str] = set()
        self._ratings: Any = None
        self._told: dict[str, Any] = {}

    def read(self, wire: dict[str, Any], out: list[Chunk]) -> None:
        """What one chunk says of this candidate."""
        if self._run is not None and self._more_words(wire, self._run, out):
            return
        logprobs = _logprobs(mapping(wire.get("logprobsResult")))
        told = len(out)
        for part in items(mapping(wire.get("content")).get("parts")):
            if isinstance(part, dict):
                self._part(part, logprobs, out)
                logprobs = None if any(isinstance(c, Text) for c in out[told:]) else logprobs
            else:
                out.append(Opaque("part", part))
        if any(not isinstance(chunk, Signature | Closed) for chunk in out[told:]):
            self.whole = False
        if logprobs:
            out.append(Opaque("logprobsResult", logprobs))  # of other tokens than visible text
        if wire.keys() - _READ or "citationMetadata" in wire:
            self._about(wire, out)
        if wire.get("safetyRatings"):
            self._rated(wire["safetyRatings"], out)
        raw = wire.get("finishReason")
        if isinstance(raw, str | int) and str(raw) not in NOT_STOPPED:
            self._stopped(str(raw), out)

    def close(self, out: list[Chunk]) -> None:
        """The body has ended, and the answer is whole: so is what was open, unless it was cut."""
        self._end_run(out)
        if self._stop is not None and self._stop[0] not in CUT:
            self._calls.close(out)

    # --- parts -----------------------------------------------------------------------------

    def _more_words(self, wire: dict[str, Any], run: tuple[str, Key], out: list[Chunk]) -> bool:
        """The usual chunk: more of the text that runs on, and nothing new beside it."""
        content, ratings = wire.get("content"), wire.get("safetyRatings")
        parts = content.get("parts") if type(content) is dict else None
        if run[0] != "text" or type(parts) is not list or len(parts) != 1:
            return False
        [part] = parts
        words = part.get("text") if type(part) is dict and len(part) == 1 else None
        if type(words) is not str or not words or not wire.keys() <= _USUAL:
            return False
        if ratings and ratings != self._ratings:
            return False
        self._texts[-1][1].extend(words.encode("utf-8", "surrogatepass"))
        self.whole = False
        out.append(Text(words, run[1], self.index))
        return True

    def _part(self, part: dict[str, Any], logprobs: list[Any] | None, out: list[Chunk]) -> None:
        kind = next((k for k in part if k not in _MODIFIERS and part[k] is not None), "text")
        content = part.get(kind)
        match kind, content:
            case "text", str() | None:
                self._words(part, logprobs, out)
            case "functionCall", dict():
                self._end_run(out)
                self._calls.read(part, content, out)
            case (("inlineData" | "fileData"), dict()):
                self._media(kind, part, content, out)
            case _:
                self._item(kind, part, out)

    def _words(self, part: dict[str, Any], logprobs: list[Any] | None, out: list[Chunk]) -> None:
        words, signature = text(part.get("text")), text(part.get("thoughtSignature"))
        thought = part.get("thought") is True
        if words or signature:
            begun = self._run
            key = self._key_for("thought" if thought else "text", out, alone=bool(signature))
            if thought:
                kind: ReasoningKind = "summary" if words else "redacted"
                out.append(Reasoning(words, key, self.index, kind))
            else:
                self._texts[-1][1].extend(words.encode("utf-8", "surrogatepass"))
                out.append(Text(words, key, self.index, logprobs if words else None))
            if signature or (thought and self._run != begun):  # "" says whose thoughts they are
                out.append(Signature(signature, SCHEME, key, self.index))
        if signature:
            self._end_run(out)
        extra = rest(part, _TEXT_FIELDS)
        if extra:
            out.append(Opaque("part", extra))

    def _key_for(self, kind: str, out: list[Chunk], *, alone: bool) -> Key:
        """The key of the part that runs on, or of a new one."""
        if self._run is not None and self._run[0] == kind and not alone:
            return self._run[1]
        self._end_run(out)
        key = self._new_key()
        self._run = (kind, key)
        if kind == "text":
            self._texts.append((key, bytearray()))
        return key

    def _media(
        self, kind: str, part: dict[str, Any], content: dict[str, Any], out: list[Chunk]
    ) -> None:
        """A picture is told as one, and as the item that goes back; sound comes in pieces."""
        media_type, url = text(content.get("mimeType")), text(content.get("fileUri")) or None
        data = "" if url else text(content.get("data"))
        if not media_type or not (data or url):
            self._item(kind, part, out)
        elif media_type.startswith("audio/") and data:
            key = self._key_for(media_type, out, alone=False)
            out.append(Media(media_type, data, None, key, self.index))
        else:
            if part.get("thought") is not True:
                key = self._key_for(media_type, out, alone=True)
                out.append(Media(media_type, data, url, key, self.index))
            self._item(kind, part, out)

    def _item(self, kind: str, part: dict[str, Any], out: list[Chunk]) -> None:
        """A part of the vendor's own, which goes back as it came."""
        self._end_run(out)
        id_ = text(mapping(part.get(kind)).get("id")) or None
        out.append(Item(kind, part, self._new_key(), id_, None, self.index))

    def _new_key(self) -> Key:
        self._parts += 1
        return ("part", self._parts)

    def _end_run(self, out: list[Chunk]) -> None:
        if self._run is not None:
            out.append(Closed(self._run[1], self.index))
            self._run = None

    # --- about it --------------------------------------------------------------------------

    def _about(self, wire: dict[str, Any], out: list[Chunk]) -> None:
        for source in items(mapping(wire.get("citationMetadata")).get("citationSources")) + items(
            mapping(wire.get("citationMetadata")).get("citations")
        ):
            if isinstance(source, dict) and repr(source) not in self._recited:
                self._recited.add(repr(source))
                out.append(Cited(recitation_of(source), None, self.index))
        grounding = mapping(wire.get("groundingMetadata"))
        for key, citation in grounding_citations(grounding, self._sources, self._texts):
            last = self._texts[-1][0] if self._texts else None
            out.append(Cited(citation, key or last, self.index))
        news = {k: v for k, v in rest(wire, _READ).items() if self._told.get(k) != v}
        if news:
            self._told |= news
            if self.index:
                news = {f"candidates[{self.index}].{name}": value for name, value in news.items()}
            out.append(Meta(vendor=news))

    def _rated(self, ratings: Any, out: list[Chunk]) -> None:
        """Ratings come with nearly every chunk of the older models, the same each time."""
        if ratings != self._ratings:
            self._ratings = ratings
            blocked = any(mapping(r).get("blocked") is True for r in items(ratings))
            out.append(Safety("completion", blocked, ratings, self.index))

    def _stopped(self, raw: str, out: list[Chunk]) -> None:
        """The last finish reason counts: gateways tell one with every chunk (one-api#1408)."""
        reason = finish_reason(raw, called=self._calls.any)
        self.whole = True
        if self._stop != (reason, raw):
            self._stop = (reason, raw)
            out.append(Stop(reason, raw, self.index))


def _logprobs(result: dict[str, Any]) -> list[Any] | None:
    """The entries for the tokens of a chunk, each with its alternatives."""
    tops = [mapping(top).get("candidates") for top in items(result.get("topCandidates"))]
    entries = []
    for place, chosen in enumerate(items(result.get("chosenCandidates"))):
        top = tops[place] if place < len(tops) else None
        entries.append(mapping(chosen) | ({"topCandidates": top} if top else {}))
    return entries or None
