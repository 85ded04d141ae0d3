"""The draft of an answer: chunks go in, events and the response come out. The only fold.

One `Draft` serves one stream, through all its attempts. It alone knows which parts are open; an
adapter only says what the vendor said. The rules:

1. Content with a key belongs to the part opened under that key until `Closed`; content without a
   key runs on until content of another kind follows, or until its choice stops.
2. A part that was announced but got no content yet is not shown (a retry may still start afresh).
3. A tool call becomes a `ToolCall` only when the vendor closed it and it parses strictly. An empty
   call (``null`` on some servers) counts as ``{}`` only once the model is known to have stopped of
   its own accord.
4. Joined deltas of a part equal its text.
5. Where a cut answer may be gone on with, the last word of the running text is held back, and the
   first words of the next attempt pass a joint (see `_seam`). What is held is not in the part yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from streamkit import chunks as c
from streamkit import events as e
from streamkit._characters import Halves
from streamkit._parts import ChoiceDraft, PartDraft, parse_object
from streamkit._seam import Seam
from streamkit._spent import summed
from streamkit.messages import ChatResponse, Choice, ToolCall
from streamkit.values import Outcome, Timings, Usage, Warned

# Models on Groq and Cohere say ``null`` for a tool without parameters (recordings).
NO_ARGUMENTS = frozenset({"", "null"})
# An empty argument buffer may be a call that was cut before its first byte.
_CUT_REASONS = frozenset({"length", "content_filter", "error", "cancelled"})

# Parts that are whole only if the vendor said so: whole text is text, half a call is no call.
_CLOSED_BY_VENDOR = frozenset({"tool_call", "provider_item"})


class Draft:
    """Folds chunks into ``events`` and into a response. See the rules at the head of the file."""

    def __init__(self, events: deque[Any], owner: str) -> None:
        self.events = events
        self.owner = owner
        """Under whose name provider items stand."""
        self.seq = 0
        self.delivered = 0
        """Characters of text, reasoning and refusal that events have carried so far."""
        self.progress = 0
        """Pieces of content shown so far. Once there is one, a retry would show it twice."""
        self.usage: Usage | None = None
        self.cursor: str | None = None
        """The newest place that a replay can begin behind, with the decoder that told of it."""
        self.kept: str | None = None
        """The newest place in an answer of which the server has all that was shown."""
        self._id: str | None = None
        self._model: str | None = None
        self._vendor: dict[str, Any] = {}
        self.choices: dict[int, ChoiceDraft] = {0: ChoiceDraft(0)}
        self.seam = Seam(self)
        """What choice 0 shows of its running text, and how an attempt goes on with it."""
        self.spent: list[Usage] = []
        """What the attempts before this one cost, as far as it is known."""
        self.booked = 0
        """How many characters of the answer those attempts gave."""
        self.attempt_usage: Usage | None = None
        self.counted = 0
        """Tokens of text that the vendor counted in the attempts before this one."""
        self.warnings: dict[Warned, None] = {}
        self._halves = Halves(self.emit, self.warn)

    # --- in --------------------------------------------------------------------------------

    def apply(self, chunk: c.Chunk) -> None:
        """Fold one chunk (any but `Fault` and `End`, which end the attempt)."""
        _HANDLERS[type(chunk)](self, chunk)

    def emit(self, event: Callable[..., Any], *args: Any, **fields: Any) -> None:
        """Append an event with the next ``seq``."""
        self.events.append(event(self.seq, *args, **fields))
        self.seq += 1

    def warn(self, warned: Warned) -> None:
        """Say once, in an event and in the response, what was not honoured."""
        if warned not in self.warnings:
            self.warnings[warned] = None
            self.emit(e.Notice, "warning", warned.code, warned.message, {"what": warned.what})

    def begin_attempt(self) -> None:
        """Forget what an earlier attempt said about itself. Only legal while nothing is shown."""
        self.usage = self.attempt_usage = self._id = self._model = None
        self.cursor = self.kept = None
        self._vendor = {}
        self.choices = {0: ChoiceDraft(0)}

    def info(self) -> dict[str, Any]:
        """What the vendor said about the answer, as JSON."""
        return {"id": self._id, "model": self._model, "vendor": self._vendor}

    def recall(self, info: dict[str, Any]) -> None:
        """Take up what `info` gave."""
        self._id, self._model, self._vendor = info["id"], info["model"], dict(info["vendor"])

    def take_over(self, whole: Draft) -> None:
        """Go on as another draft of the same answer, all of which has been told."""
        self.choices = whole.choices
        self._id, self._model = whole._id or self._id, whole._model or self._model
        self._vendor |= whole._vendor
        self.warnings |= whole.warnings
        if whole.usage is not None:
            self.usage, self.attempt_usage, self.spent = whole.usage, whole.attempt_usage, []

    def finish(self) -> None:
        """The answer is whole: close what the vendor left open. Cut calls stay unfinished.

        Raises:
            StartedAnewError: the attempt was to go on with another's text, and gave its own.
        """
        self.seam.settle()
        for choice in self.choices.values():
            self._settle_empty_calls(choice)
            for part in choice.parts:
                if part.closed:
                    continue
                if part.kind in _CLOSED_BY_VENDOR:
                    self.emit(e.PartEnded, part.index, part.value(self.owner), choice.index)
                else:
                    self._end(choice, part)

    # --- out -------------------------------------------------------------------------------

    def response(self, outcome: Outcome | None, timings: Timings | None = None) -> ChatResponse:
        """The answer so far."""
        choices = tuple(self._choice(self.choices[i]) for i in sorted(self.choices))
        return ChatResponse(
            outcome=outcome,
            id=self._id,
            model=self._model,
            choices=choices,
            usage=self.usage,
            timings=timings,
            vendor=dict(self._vendor),
            warnings=tuple(self.warnings),
        )

    def _choice(self, choice: ChoiceDraft) -> Choice:
        stop = choice.stop
        return Choice(
            index=choice.index,
            parts=tuple(p.value(self.owner) for p in choice.parts),
            finish_reason=stop.reason if stop else None,
            raw_finish_reason=stop.raw if stop else None,
            stop_sequence=stop.sequence if stop else None,
        )

    @property
    def text(self) -> str:
        """The visible text of choice 0, as far as it was shown."""
        return "".join(part.text for part in self.choices[0].parts if part.kind == "text")

    @property
    def stop(self) -> c.Stop | None:
        """How choice 0 stopped, if it has."""
        return self.choices[0].stop

    # --- parts -----------------------------------------------------------------------------

    def _in_choice(self, index: int) -> ChoiceDraft:
        choice = self.choices.get(index)
        if choice is None:
            choice = self.choices[index] = ChoiceDraft(index)
        return choice

    def _start(self, choice: ChoiceDraft, kind: e.PartKind, key: c.Key, **fields: Any) -> PartDraft:
        if choice.running is not None:
            self._end(choice, choice.running)
        if choice.index == 0:
            self._before_part(choice, kind)
        part = PartDraft(kind, len(choice.parts), choice.index)
        for name, value in fields.items():
            setattr(part, name, value)
        choice.parts.append(part)
        if kind == "text":
            choice.newest_text = part
        if key is None:
            choice.running = part
        else:
            choice.announced.pop(key, None)
            choice.open[key] = choice.by_key[key] = part
        self.progress += 1
        self.emit(e.PartStarted, part.index, kind, choice.index, part.id, part.name)
        return part

    def _current(self, choice: ChoiceDraft, kind: e.PartKind, key: c.Key) -> PartDraft:
        """The open part that content of this kind and key belongs to, opened if need be."""
        part = choice.running if key is None else choice.open.get(key)
        if choice.continued is not None and kind == "text":
            part = self._go_on(choice, key)
        if part is None or part.kind != kind:
            if part is not None and key is not None:
                self._close_key(choice, key)
            part = self._start(choice, kind, key)
        return part

    def _go_on(self, choice: ChoiceDraft, key: c.Key) -> PartDraft:
        """The text of a broken attempt is gone on with, under the key of the new one."""
        part, choice.continued = choice.continued, None
        assert part is not None
        if choice.running is not None:
            self._end(choice, choice.running)
        if key is None:
            choice.running = part
        else:
            choice.announced.pop(key, None)
            choice.open[key] = choice.by_key[key] = part
        return part

    def _before_part(self, choice: ChoiceDraft, kind: e.PartKind) -> None:
        seam, part = self.seam, choice.continued
        seam.release()
        if kind == "reasoning":  # thoughts before the text goes on
            seam.tell_next()
        elif part is not None:
            seam.settle(over=False)
            choice.continued = None
            self._end(choice, part)
        elif kind != "text":
            seam.settle(over=False)
        else:
            seam.tell_next()

    def _end(self, choice: ChoiceDraft, part: PartDraft) -> None:
        if self.seam.active and part.kind == "text" and choice.index == 0:
            self.seam.settle()
            if part is self.seam.held_part:
                self.seam.release()
        if part.half:
            self._halves.lose(part)
            self.delivered += 1
        part.closed = True
        if choice.running is part:
            choice.running = None
        self.emit(e.PartEnded, part.index, part.value(self.owner), choice.index)

    # --- content ---------------------------------------------------------------------------

    def _text(self, chunk: c.Text) -> None:
        choice = self.choices.get(chunk.choice) or self._in_choice(chunk.choice)
        text = chunk.text
        if not text and not chunk.logprobs:
            self._announce(choice, chunk.key, "text")
            return
        part = self._current(choice, "text", chunk.key)
        self.progress += 1
        if part.half or not text.isascii():
            text = self._halves.join(part, text)
        if self.seam.active and chunk.choice == 0:
            text = self.seam.admit(part, text)
        if not text and not chunk.logprobs:
            return
        part.add(text)
        self.delivered += len(text)
        seq = self.seq
        self.seq = seq + 1
        self.events.append(e.TextDelta(seq, part.index, text, chunk.choice, chunk.logprobs))

    def _reasoning(self, chunk: c.Reasoning) -> None:
        choice = self._in_choice(chunk.choice)
        text = chunk.text
        if not text and chunk.kind != "redacted":
            self._announce(choice, chunk.key, "reasoning")
            return
        part = self._current(choice, "reasoning", chunk.key)
        if part.reasoning_kind != chunk.kind and part.text:
            part = self._start(choice, "reasoning", chunk.key)
        part.reasoning_kind = chunk.kind
        if text and (part.half or not text.isascii()):
            text = self._halves.join(part, text)
        if text:
            part.add(text)
            self.delivered += len(text)
            self.progress += 1
            self.emit(e.ReasoningDelta, part.index, text, chunk.choice)

    def _refusal(self, chunk: c.Refusal) -> None:
        choice = self._in_choice(chunk.choice)
        part = self._current(choice, "refusal", chunk.key)
        text = chunk.text and self._halves.join(part, chunk.text)
        if text:
            part.add(text)
            self.delivered += len(text)
            self.progress += 1
            self.emit(e.RefusalDelta, part.index, text, chunk.choice)

    def _announce(self, choice: ChoiceDraft, key: c.Key, kind: e.PartKind) -> None:
        if key is not None and key not in choice.open:
            choice.announced[key] = kind

    def _signature(self, chunk: c.Signature) -> None:
        choice = self._in_choice(chunk.choice)
        kind = choice.announced.get(chunk.key)
        if kind is not None:
            part: PartDraft | None = self._start(choice, kind, chunk.key)
        elif chunk.key is not None:
            part = choice.by_key.get(chunk.key)
        else:
            part = choice.parts[-1] if choice.parts else None
        if part is None:
            part = self._start(choice, "reasoning", chunk.key, reasoning_kind="redacted")
        if part.kind == "reasoning" and choice.continued is not None:
            return  # stands behind the text that it led to, where no vendor takes it back
        part.signature, part.scheme = chunk.value, chunk.scheme

    def _cited(self, chunk: c.Cited) -> None:
        self.seam.release()
        choice = self._in_choice(chunk.choice)
        part = choice.newest_text if chunk.key is None else choice.by_key.get(chunk.key)
        if part is not None and part.kind != "text":
            part = choice.newest_text
            if part is None:  # nothing that could carry it, nor will that block
                self.emit(e.OpaqueEvent, "citation", chunk.citation.raw)
                return
        if part is None:
            part = self._current(choice, "text", chunk.key)
        part.citations.append(chunk.citation)
        self.emit(e.CitationAdded, part.index, chunk.citation, chunk.choice)

    def _media(self, chunk: c.Media) -> None:
        choice = self._in_choice(chunk.choice)
        part = self._current(choice, "media", chunk.key)
        part.media_type, part.url = chunk.media_type, chunk.url
        if chunk.data:
            part.pieces.append(chunk.data)
            self.progress += 1
            self.emit(e.MediaDelta, part.index, chunk.data, chunk.choice)

    # --- tools -----------------------------------------------------------------------------

    def _tool_opened(self, chunk: c.ToolOpened) -> None:
        choice = self._in_choice(chunk.choice)
        self._start(
            choice,
            "tool_call",
            chunk.key,
            id=chunk.id or f"call_{choice.index}_{choice.calls}",
            name=chunk.name,
            tool_kind=chunk.kind,
            vendor=chunk.vendor,
        )
        choice.calls += 1

    def _server_tool_opened(self, chunk: c.ServerToolOpened) -> None:
        choice = self._in_choice(chunk.choice)
        self._start(
            choice,
            "provider_item",
            chunk.key,
            id=chunk.id,
            name=chunk.name,
            vendor_kind=chunk.kind,
        )

    def _tool_arguments(self, chunk: c.ToolArguments | c.ServerToolArguments) -> None:
        if not chunk.text:
            return
        part = self._in_choice(chunk.choice).open[chunk.key]
        part.add(chunk.text)
        self.progress += 1
        self.emit(e.ToolArgumentsDelta, part.index, chunk.text, chunk.choice)

    def _item(self, chunk: c.Item) -> None:
        choice = self._in_choice(chunk.choice)
        part = choice.open.pop(chunk.key, None) if chunk.key is not None else None
        if part is None or part.kind != "provider_item":
            if choice.running is not None:
                self._end(choice, choice.running)
            part = self._start(choice, "provider_item", None, id=chunk.id, name=chunk.name)
        part.vendor_kind, part.payload = chunk.kind, chunk.payload
        self._end(choice, part)

    def _closed(self, chunk: c.Closed) -> None:
        self._close_key(self._in_choice(chunk.choice), chunk.key)

    def _close_key(self, choice: ChoiceDraft, key: c.Key) -> None:
        kind = choice.announced.pop(key, None)
        if kind is not None:
            self._current(choice, kind, key)
        part = choice.open.pop(key, None)
        if part is None:
            return
        if part.kind == "tool_call":
            self._close_call(choice, part)
        else:
            self._end(choice, part)

    def _close_call(self, choice: ChoiceDraft, part: PartDraft) -> None:
        part.closed = True
        text = part.text
        if part.tool_kind == "custom":
            self._ready(choice, part, None, text)
        elif text.strip() not in NO_ARGUMENTS:
            arguments = parse_object(text)
            if arguments is None:
                self._end(choice, part)
            else:
                self._ready(choice, part, arguments, text)
        else:
            choice.empty_calls.append(part)
            if choice.stop is not None:
                self._settle_empty_calls(choice)

    def _settle_empty_calls(self, choice: ChoiceDraft) -> None:
        cut = choice.stop is not None and choice.stop.reason in _CUT_REASONS
        settled, choice.empty_calls = choice.empty_calls, []
        for part in settled:
            if cut:
                part.closed = False  # closed by the stop, not by the model
            else:
                self._ready(choice, part, {}, part.text if part.text.strip() else "{}")

    def _ready(
        self, choice: ChoiceDraft, part: PartDraft, arguments: dict[str, Any] | None, text: str
    ) -> None:
        part.call = ToolCall(
            id=part.id or "",
            name=part.name or "",
            arguments=arguments,
            arguments_text=text,
            kind=part.tool_kind,
            vendor=part.vendor,
        )
        self.emit(e.ToolCallReady, part.index, part.call, choice.index)
        self._end(choice, part)

    # --- about the stream ------------------------------------------------------------------

    def _stop(self, chunk: c.Stop) -> None:
        choice = self._in_choice(chunk.choice)
        if choice.index == 0:
            self.seam.settle()
            self.seam.release()
        if choice.running is not None:
            self._end(choice, choice.running)
        first = choice.stop is None
        choice.stop = chunk
        self._settle_empty_calls(choice)
        if first:
            self.emit(e.ChoiceEnded, choice.index, chunk.reason, chunk.raw)

    def _meta(self, chunk: c.Meta) -> None:
        if chunk.vendor:
            self._vendor.update(chunk.vendor)
        known = (self._id, self._model)
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        if known != (self._id, self._model):
            self.emit(e.ResponseInfo, self._id, self._model)

    def _usage(self, chunk: c.UsageReport) -> None:
        usage = self.attempt_usage = chunk.usage
        if self.spent:
            usage = summed(self.spent, usage)
        told = self.usage
        if told is None or usage.raw != told.raw or usage != told:
            self.usage = usage
            self.events.append(e.UsageUpdated(self.seq, usage))
            self.seq += 1

    def _cursor(self, chunk: c.Cursor) -> None:
        self.cursor = chunk.value
        if not self.spent:
            self.kept = chunk.value

    def _notice(self, chunk: c.Notice) -> None:
        self.emit(e.Notice, "info", chunk.code, chunk.message, chunk.data)

    def _safety(self, chunk: c.Safety) -> None:
        self.emit(e.SafetyReported, chunk.scope, chunk.blocked, chunk.data, chunk.choice)

    def _opaque(self, chunk: c.Opaque) -> None:
        self.emit(e.OpaqueEvent, chunk.kind, chunk.data)


_HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    c.Text: Draft._text,
    c.Reasoning: Draft._reasoning,
    c.Refusal: Draft._refusal,
    c.Signature: Draft._signature,
    c.ToolOpened: Draft._tool_opened,
    c.ToolArguments: Draft._tool_arguments,
    c.ServerToolOpened: Draft._server_tool_opened,
    c.ServerToolArguments: Draft._tool_arguments,
    c.Item: Draft._item,
    c.Cited: Draft._cited,
    c.Media: Draft._media,
    c.Closed: Draft._closed,
    c.Meta: Draft._meta,
    c.UsageReport: Draft._usage,
    c.Cursor: Draft._cursor,
    c.Notice: Draft._notice,
    c.Safety: Draft._safety,
    c.Opaque: Draft._opaque,
    c.Stop: Draft._stop,
}
