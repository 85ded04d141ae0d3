"""Chat completion chunks to streamkit's chunks.

One frame is one JSON object with a list of choices, each with a delta. Nearly every delta is one
piece of text, and is read with a few look-ups; fields that are rare are read in `_fields`. What
ends a stream is said in `streamkit_openai.profiles`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    End,
    Fault,
    Item,
    Meta,
    Opaque,
    Reasoning,
    Refusal,
    Signature,
    Stop,
    Text,
)
from streamkit.faults import fault_from_error, kind_of
from streamkit.messages import ChatRequest
from streamkit.reading import text as text_of
from streamkit.values import Citation, ReasoningKind
from streamkit_openai._choice import Choice
from streamkit_openai._fields import CHOICE, DELTA, TOP, Fields
from streamkit_openai._steady import Steady
from streamkit_openai.profiles import Profile

DONE = "[DONE]"
_CHUNK = "chat.completion.chunk"
# Read here, or of no meaning to a caller (`obfuscation` is padding against eavesdroppers).
_TOP_FIELDS = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "error", "obfuscation"}
)
_CHOICE_FIELDS = frozenset({"index", "delta", "finish_reason", "logprobs", "message", "text"})
# Type of a piece of content: the field with its words, what these are, and who may have them back
# (None: the server they came from).
_THOUGHTS: dict[str, tuple[str, ReasoningKind, str | None]] = {
    "thinking": ("thinking", "raw", "mistral"),
    "reasoning": ("summary", "summary", None),  # Databricks
}
_DELTA_FIELDS = frozenset({"role", "content", "refusal", "reasoning_details"})


class ChatDecoder(Decoder):
    """Reads one chat completion stream."""

    def __init__(self, profile: Profile, request: ChatRequest) -> None:
        self._profile = profile
        self._asked = request.n or 1
        audio = request.extra_body.get("audio")
        self._fields = Fields(
            audio_format=audio.get("format") if isinstance(audio, Mapping) else None,
            reasoning_apart=profile.reasoning_apart,
        )
        self._delta_fields = _DELTA_FIELDS.union(profile.reasoning)
        self._choices: dict[int, Choice] = {}
        self._id = ""
        self._model = ""
        self._broken_off = ""
        """The finish reason of a choice that failed."""
        self._over = False
        # The fields of the last frame, and what those were that are not common.
        self._names: tuple[str, ...] = ()
        self._rare: tuple[str, ...] | None = ()
        self._rare_values: list[Any] = []
        self._steady = Steady()
        self._steady_choice = 0

    # --- frames ----------------------------------------------------------------------------

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over:
            return ()
        data = frame.data
        if not frame.event and (words := self._steady.words(data)):
            return [Text(words, None, self._steady_choice)]
        self._steady.forget()
        if data.startswith(DONE):
            return self._done()
        try:
            body = parse_json(data)
        except (ValueError, RecursionError):
            return self._no_json(frame)
        if type(body) is not dict:
            if isinstance(body, str) and body.startswith(DONE):
                return self._done()
            if not (isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict)):
                return [Opaque(frame.event or "frame", body)]
            body = body[0]  # Google wraps errors in a list
        if frame.event == "error" or ("choices" not in body and _is_error(body)):
            return self._failed(body, [])
        out: list[Chunk] = []
        if body.get("id") != self._id or body.get("model") != self._model:
            self._meta(body, out)
        choices = body.get("choices")
        if type(choices) is list:
            for position, choice in enumerate(choices):
                self._choice(choice, position, out)
        usage = body.get("usage")
        if usage:
            self._fields.report(usage, out)
        if not self._told_before(body):
            kind = text_of(body.get("object"))
            known = choices is not None or usage or not body.keys().isdisjoint({"error", *TOP})
            if not known and kind != _CHUNK:  # one without choices says that the model is at work
                return [*out, Opaque(frame.event or kind or "frame", body)]
            first = self._choices.get(0) or Choice(0, self._profile.name)
            self._fields.read(body, _TOP_FIELDS, TOP, first, out)
            groq = body.get("x_groq")
            if isinstance(groq, dict) and groq.get("error"):
                return self._failed(groq, out)
        if body.get("error"):
            return self._failed(body, out)
        if self._broken_off:
            # Not an answer, and no error object says more.
            self._over = True
            message = f"the vendor broke the answer off with finish reason {self._broken_off!r}"
            out.append(Fault(kind_of(None, self._broken_off), message, code=self._broken_off))
        elif len(out) == 1 and not frame.event:
            self._learn(data, out[0])
        return out

    def close(self) -> Sequence[Chunk]:
        if self._over:
            return ()
        self._over = True
        if self._profile.end == "strict" or not self._all_stopped(self._asked):
            return ()
        return [*self._close_all(), End()]

    def _done(self) -> Sequence[Chunk]:
        """``[DONE]``: the vendor has ended the stream, so what is open is whole.

        That proves the answer whole only if every choice has told why it stopped, or if the server
        is one that never tells: OpenAI does not where the answer is sound (recordings of gpt-audio;
        one that fails or is too long has an error before this mark).
        """
        out = self._close_all()
        if self._profile.end == "done" or self._fields.sound:
            for choice in self._choices.values():
                if choice.stop is None:
                    called = choice.tools.any
                    out.append(Stop("tool_call" if called else "other", None, choice.index))
            self._over = bool(self._choices)
        else:
            self._over = self._all_stopped(1)
        return [*out, End()] if self._over else out

    def _all_stopped(self, expected: int) -> bool:
        stops = [choice.stop for choice in self._choices.values()]
        return len(stops) >= expected and None not in stops

    def _close_all(self) -> list[Chunk]:
        out: list[Chunk] = []
        for choice in self._choices.values():
            choice.close(choice.stop[0] if choice.stop else None, out)
        return out

    def _no_json(self, frame: Frame) -> Sequence[Chunk]:
        text = frame.data.strip()
        if not text:
            return ()
        if text.startswith(DONE):
            return self._done()
        self._over = True
        if frame.event == "error" and text[0] not in "{[":  # those are JSON that was cut
            return [fault_from_error(text)]
        return [malformed(frame, "a chunk of the answer is not JSON")]

    def _failed(self, body: dict[str, Any], out: list[Chunk]) -> Sequence[Chunk]:
        self._over = True
        return [*out, _fault(body)]

    def _meta(self, body: dict[str, Any], out: list[Chunk]) -> None:
        id_ = text_of(body.get("id")) or self._id
        model = text_of(body.get("model")) or self._model
        if (id_, model) != (self._id, self._model):
            created = body.get("created") if not self._id else None
            self._id, self._model = id_, model
            out.append(Meta(id_ or None, model or None, {"created": created} if created else None))

    def _learn(self, data: str, chunk: Chunk) -> None:
        if type(chunk) is Text and not chunk.logprobs:
            choice = self._choices[chunk.choice]
            if choice.stop is None:
                self._steady.learn(data, chunk.text)
                self._steady_choice = chunk.choice

    def _told_before(self, body: dict[str, Any]) -> bool:
        """Whether all fields but the common ones are those of the frame before.

        OpenAI, for one, sends ``service_tier`` and ``system_fingerprint`` with every delta.
        """
        names = tuple(body)
        if names == self._names:
            if self._rare is None:
                return False
            values = [body[name] for name in self._rare]
            same = values == self._rare_values
        else:
            self._names = names
            rare = tuple(name for name in names if name not in _TOP_FIELDS)
            self._rare = None if "choices" not in body or not TOP.keys().isdisjoint(rare) else rare
            values = [body[name] for name in rare]
            same = not rare
        self._rare_values = values
        return same

    # --- choices ---------------------------------------------------------------------------

    def _choice(self, wire: Any, position: int, out: list[Chunk]) -> None:
        if type(wire) is not dict:
            if wire is not None:
                out.append(Opaque("choice", wire))
            return
        index = wire.get("index")
        if type(index) is not int or index < 0:
            index = position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = Choice(index, self._profile.name)
        delta, logprobs = wire.get("delta"), wire.get("logprobs")
        if logprobs is not None:
            logprobs = _logprobs(logprobs)
        if type(delta) is dict:
            choice.spoke = True
            content = delta.get("content")
            if content and len(delta) - ("role" in delta) == 1 and type(content) is str:
                if choice.details.open:
                    choice.details.close(out)
                out.append(Text(content, None, index, logprobs))
            elif delta or logprobs:
                self._delta(delta, logprobs, choice, out)
        elif delta:
            out.append(Opaque("delta", delta))
        elif not choice.spoke and isinstance(wire.get("message"), dict):
            choice.spoke = True
            self._delta(wire["message"], logprobs, choice, out)
        if not wire.keys() <= _CHOICE_FIELDS:
            self._fields.read(wire, _CHOICE_FIELDS, CHOICE, choice, out)
        raw = wire.get("finish_reason")
        if raw:
            choice.stopped(str(raw), out)
            if choice.stop and choice.stop[0] == "error":
                self._broken_off = str(raw)

    def _delta(
        self, delta: dict[str, Any], logprobs: list[Any] | None, choice: Choice, out: list[Chunk]
    ) -> None:
        """A delta that is more than one piece of text, or something else."""
        details = delta.get("reasoning_details")
        if not (details and choice.details.read(details, out)):
            self._reasoning(delta, choice, out)
        content = delta.get("content")
        if content:
            if choice.details.open:
                choice.details.close(out)
            if isinstance(content, str):
                out.append(Text(content, None, choice.index, logprobs))
                logprobs = None
            else:
                self._pieces(content if isinstance(content, list) else [content], choice, out)
        if logprobs:
            out.append(Opaque("logprobs", logprobs))  # of other tokens than visible text
        refusal = delta.get("refusal")
        if refusal:
            choice.refused = True
            out.append(Refusal(str(refusal), None, choice.index))
        if not delta.keys() <= self._delta_fields:
            self._fields.read(delta, self._delta_fields, DELTA, choice, out)

    def _reasoning(self, delta: dict[str, Any], choice: Choice, out: list[Chunk]) -> None:
        for field in self._profile.reasoning:
            words = delta.get(field)
            if words:
                if isinstance(words, str):
                    out.append(Reasoning(words, None, choice.index))
                elif not self._thought(words, "raw", None, choice, out):
                    out.append(Opaque(field, words))
                return

    def _pieces(self, content: list[Any], choice: Choice, out: list[Chunk]) -> None:
        """Content in pieces of several types (Mistral, servers modelled on it, Databricks)."""
        for piece in content:
            kind = piece.get("type") if isinstance(piece, dict) else None
            if isinstance(piece, str) or kind == "text":
                words = text_of(piece if isinstance(piece, str) else piece.get("text"))
                if words:
                    out.append(Text(words, None, choice.index))
            elif isinstance(kind, str) and kind in _THOUGHTS:
                self._thoughts(piece, choice, out)
            elif kind == "reference":
                out.append(Cited(Citation(kind="reference", raw=piece), None, choice.index))
            elif kind == "image_url":
                self._fields.images(piece, choice, out)
            elif isinstance(kind, str):
                out.append(Item(kind, piece, choice=choice.index))
            else:
                out.append(Opaque("content", piece))

    def _thoughts(self, piece: dict[str, Any], choice: Choice, out: list[Chunk]) -> None:
        type_ = piece["type"]
        field, kind, scheme = _THOUGHTS[type_]
        parts = piece.get(field)
        for part in parts if isinstance(parts, list) else [parts]:
            if not self._thought(part, kind, scheme, choice, out) and part:
                out.append(Opaque(type_, part))
        self._thought(piece, kind, scheme, choice, out)

    def _thought(
        self, part: Any, kind: ReasoningKind, scheme: str | None, choice: Choice, out: list[Chunk]
    ) -> bool:
        """Words of reasoning, or ``{text, signature}``, each of the two by itself as well."""
        if isinstance(part, str):
            part = {"text": part}
        if not isinstance(part, dict):
            return False
        words, signature = text_of(part.get("text")), text_of(part.get("signature"))
        if words:
            out.append(Reasoning(words, None, choice.index, kind))
        if signature:
            owner = scheme or self._profile.name
            out.append(Signature(signature, owner, None, choice.index))
        return bool(words or signature)


def _logprobs(value: Any) -> list[Any] | None:
    """The entries for the tokens of a delta. Together sends a bare number."""
    if isinstance(value, dict) and ("content" in value or "refusal" in value):
        value = value.get("content") or value.get("refusal")
    if not value:
        return None
    return value if isinstance(value, list) else [value]


def _is_error(body: dict[str, Any]) -> bool:
    """Error objects that have no ``error`` field; those that have are read after their choices.

    ``{"object": "error", "message": …}`` (older vLLM), ``{"message": …, "code": …}`` (Cerebras,
    gateways), ``{"detail": …}`` (FastAPI servers).
    """
    if "choices" in body or body.get("error"):
        return False
    if body.get("object") == "error" or body.keys() == {"detail"}:
        return True
    return "message" in body and not body.keys().isdisjoint({"code", "type", "status_code"})


def _fault(body: dict[str, Any]) -> Fault:
    """The fault a frame tells of; its ``error`` may be an object or bare text."""
    error, request_id = body.get("error"), text_of(body.get("request_id")) or None
    if isinstance(error, dict):
        # Cerebras puts the HTTP status beside the object.
        beside = {name: body[name] for name in ("status_code", "code") if name in body}
        error = beside | error
    elif not error and "detail" in body and "message" not in body:
        error = {"message": body["detail"]}
    else:
        error = body
    return fault_from_error(error, request_id=request_id)
