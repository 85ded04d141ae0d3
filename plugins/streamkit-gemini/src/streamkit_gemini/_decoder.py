"""Reads a stream of generateContent: one decoder serves one attempt.

    stream  = { chunk } , chunk with a finishReason for each candidate
    blocked = chunk with promptFeedback.blockReason

A chunk is a whole ``GenerateContentResponse`` that holds only the new parts. There is no end mark:
the answer is whole if its body has ended and every candidate has told why it stopped.
Source: https://ai.google.dev/api/generate-content, google-genai 3.4 types, and recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import Chunk, End, Meta, Opaque, Refusal, Safety, Stop
from streamkit.faults import fault_from_error
from streamkit.messages import ChatRequest
from streamkit.reading import items, mapping, rest, text
from streamkit_gemini._candidate import Candidate
from streamkit_gemini._usage import RunningUsage

_READ = frozenset(
    {"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "error"}
)


class GenerateDecoder(Decoder):
    """Reads one stream, framed as events or as elements of an array."""

    def __init__(self, request: ChatRequest) -> None:
        self._asked = request.n or 1
        self._candidates: dict[int, Candidate] = {}
        self._usage = RunningUsage(
            prompt="promptTokenCount",
            tools="toolUsePromptTokenCount",
            answer="candidatesTokenCount",
            thoughts="thoughtsTokenCount",
            cached="cachedContentTokenCount",
            total="totalTokenCount",
        )
        self._told: dict[str, Any] = {}
        self._about: tuple[Any, ...] | None = None
        """The fields and the names of a chunk that says nothing new by them."""
        self._feedback: Any = None
        self._blocked = False
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        try:
            body = parse_json(frame.data)
        except (ValueError, RecursionError):
            return self._no_json(frame)
        out: list[Chunk] = []
        if type(body) is dict:
            self._response(body, frame, out)
            return out
        for response in body if isinstance(body, list) else [body]:  # errors come in a list
            if not isinstance(response, dict):
                out.append(Opaque(frame.event or "frame", response))
            elif not self._over:
                self._response(response, frame, out)
        return out

    def close(self) -> Sequence[Chunk]:
        if self._over:
            return ()
        self._over = True
        stopped = [candidate.whole for candidate in self._candidates.values()]
        if not self._blocked and (len(stopped) < self._asked or not all(stopped)):
            return ()
        out: list[Chunk] = []
        for candidate in self._candidates.values():
            candidate.close(out)
        return [*out, End()]

    def _no_json(self, frame: Frame) -> Sequence[Chunk]:
        words = frame.data.strip()
        if not words or words.startswith("[DONE]"):  # OpenAI's sentinel, from gateways
            return ()
        self._over = True
        return [malformed(frame, "a chunk of the answer is not JSON")]

    def _response(self, response: dict[str, Any], frame: Frame, out: list[Chunk]) -> None:
        if "candidates" not in response and response.keys().isdisjoint(_READ):
            out.append(Opaque(text(response.get("type")) or frame.event or "frame", response))
            return
        about = tuple(response), response.get("responseId"), response.get("modelVersion")
        if about != self._about:
            self._about = about if response.keys() <= _READ else None
            self._meta(response, out)
        if "promptFeedback" in response:
            self._prompt(mapping(response["promptFeedback"]), out)
        for position, wire in enumerate(items(response.get("candidates"))):
            if isinstance(wire, dict):
                self._candidate(wire, position).read(wire, out)
            elif wire is not None:
                out.append(Opaque("candidate", wire))
        self._usage.read(response.get("usageMetadata"), out)
        if response.get("error"):
            self._over = True
            out.append(fault_from_error(response["error"]))

    def _candidate(self, wire: dict[str, Any], position: int) -> Candidate:
        """Vertex AI leaves the index of the only candidate out."""
        index = wire.get("index")
        if type(index) is not int or index < 0:
            index = position
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = Candidate(index)
        return candidate

    def _meta(self, response: dict[str, Any], out: list[Chunk]) -> None:
        id_, model = text(response.get("responseId")), text(response.get("modelVersion"))
        said = {"id": id_, "model": model} | rest(response, _READ)
        news = {k: v for k, v in said.items() if v and self._told.get(k) != v}
        if news:
            self._told |= news
            vendor = {k: v for k, v in news.items() if k not in ("id", "model")}
            out.append(Meta(news.get("id"), news.get("model"), vendor or None))

    def _prompt(self, feedback: dict[str, Any], out: list[Chunk]) -> None:
        """The prompt was rated; with a reason, it was blocked, and there is no answer."""
        if not feedback or feedback == self._feedback:
            return
        self._feedback = feedback
        raw = feedback.get("blockReason")
        blocked = bool(raw) and raw != "BLOCKED_REASON_UNSPECIFIED"
        out.append(Safety("prompt", blocked, feedback))
        if blocked and not self._blocked:
            self._blocked = True
            out.append(Refusal(text(feedback.get("blockReasonMessage")) or str(raw)))
            out.append(Stop("content_filter", str(raw)))
