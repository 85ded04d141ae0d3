"""Values off the wire in the common form: finish reasons, citations, positions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamkit.chunks import Key
from streamkit.reading import count, items, mapping, text
from streamkit.values import Citation, FinishReason

DIALECT = "gemini-generate"
SCHEME = "gemini"
"""The scheme of thought signatures, so that they go back only to those who can read them."""

# https://ai.google.dev/api/generate-content#FinishReason and google-genai 3.4, types.FinishReason
FINISH_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "TOO_MANY_TOOL_CALLS": "length",
    "CONTINUATION": "pause",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION"),
            "PUP_LIMITED_DISABLED",
        ),
        "content_filter",
    ),
    **dict.fromkeys(
        (
            *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"),
            *("MISSING_THOUGHT_SIGNATURE", "LANGUAGE", "NO_IMAGE", "IMAGE_OTHER"),
        ),
        "error",
    ),
    # Numbers, where enumerations are asked for as such (recordings of langchain); beyond 5 the
    # Gemini API and Vertex AI number them differently.
    "1": "stop",
    "2": "length",
    "3": "content_filter",
    "4": "content_filter",
}
# After these the model did not end by itself, so what it was writing may be cut.
CUT = frozenset({"length", "content_filter", "error", "pause"})

NOT_STOPPED = frozenset({"", "0", "FINISH_REASON_UNSPECIFIED"})

Buffers = list[tuple[Key, bytearray]]
"""The texts of an answer: the key of each part, and its words as UTF-8."""


def finish_reason(raw: str, *, called: bool) -> FinishReason:
    """The common word for ``raw``. There is none for calls, so what came decides."""
    reason = FINISH_REASONS.get(raw, "other")
    return "tool_call" if called and reason == "stop" else reason


def position(texts: Buffers, start: int, end: int, words: str) -> tuple[Key, int, int] | None:
    """Where ``words`` stand: the part, and code points in it. None if they stand elsewhere.

    ``start`` and ``end`` are bytes in the part (google-genai 3.4, types.Segment). Where the text
    is broken up by other parts, servers count through.
    """
    before, wanted = 0, words.encode("utf-8", "surrogatepass")
    for key, data in texts:
        for first in (start, start - before):
            last = first + end - start
            if first >= 0 and data[first:last] == wanted:
                return key, _length(data[:first]), _length(data[:last])
        before += len(data)
    return None


def _length(data: bytearray) -> int:
    return len(data.decode("utf-8", "replace"))


def grounding_citations(
    grounding: dict[str, Any], told: list[Any], texts: Buffers
) -> Iterable[tuple[Key, Citation]]:
    """A citation for each source that is not among those ``told``, placed where it is first used.

    A further list of sources repeats and extends the one before, or goes on behind it: then it
    begins with another source, or is numbered beyond its own length (a recording of file search).
    All the places of a source are in ``raw["groundingSupports"]``.
    """
    supports = [mapping(support) for support in items(grounding.get("groundingSupports"))]
    sources = items(grounding.get("groundingChunks"))
    used = [n for s in supports for n in items(s.get("groundingChunkIndices")) if type(n) is int]
    goes_on = sources[: len(told)] != told[: len(sources)] or len(sources) <= max(used, default=-1)
    first_number = len(told) if goes_on else 0
    for number, source in list(enumerate(sources, first_number))[len(told) - first_number :]:
        told.append(source)
        uses = [s for s in supports if number in items(s.get("groundingChunkIndices"))]
        place, words = None, ""
        for use in uses:
            segment = mapping(use.get("segment"))
            words = text(segment.get("text"))
            start, end = count(segment.get("startIndex")) or 0, count(segment.get("endIndex")) or 0
            place = position(texts, start, end, words) if words else None
            if place is not None:
                break
        key, first, last = place or (None, None, None)
        raw = mapping(source) | ({"groundingSupports": uses} if uses else {})
        kind = next(iter(mapping(source)), "unknown")
        origin = mapping(mapping(source).get(kind))
        citation = Citation(
            kind="url" if kind == "web" else kind,
            url=text(origin.get("uri")) or text(origin.get("sourceUri")) or None,
            title=text(origin.get("title")) or None,
            cited_text=words or None,
            start=first,
            end=last,
            raw=raw,
        )
        yield key, citation


def recitation_of(raw: dict[str, Any]) -> Citation:
    """A source whose words the model repeats (``citationMetadata``)."""
    return Citation("url", text(raw.get("uri")) or None, text(raw.get("title")) or None, raw=raw)
