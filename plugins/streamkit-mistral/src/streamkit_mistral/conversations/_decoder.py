"""Events of Mistral's Conversations API to streamkit's chunks.

``type`` says what an event is; the SSE event name repeats it. An answer is a list of entries:
messages, calls of the caller's functions, runs of Mistral's own tools, handoffs from one agent to
another. Nothing says that a message or a call is whole before the response is done, and nothing
says why the model stopped. Source: docs.mistral.ai, agents API; Mistral's Python SDK 3.7
(`ConversationEvents`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.adapter import Decoder, Frame, malformed, parse_json
from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    End,
    Item,
    Key,
    Meta,
    Opaque,
    Reasoning,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Stop,
    Text,
    ToolArguments,
    ToolOpened,
    UsageReport,
)
from streamkit.faults import fault_from_error
from streamkit.reading import entries, rest, text
from streamkit_mistral._choice import citation_of
from streamkit_mistral._values import SCHEME, usage_of
from streamkit_mistral.conversations._values import DIALECT

_FIELDS = frozenset(
    {
        *("type", "id", "role", "model", "agent_id", "conversation_id", "created_at", "usage"),
        *("content", "content_index", "output_index", "name", "arguments", "info", "function"),
        *("tool_call_id", "confirmation_status", "previous_agent_id", "previous_agent_name"),
        *("next_agent_id", "next_agent_name"),
    }
)
"""Fields of the events (`ConversationEvents`)."""
_RUN = "tool.execution"
_HANDOFF = "agent.handoff"
_AGENTS = ("previous_agent_id", "previous_agent_name", "next_agent_id", "next_agent_name")


class ConversationDecoder(Decoder):
    """Reads one answer."""

    def __init__(self) -> None:
        self._part: tuple[str, str] | None = None
        """Kind and message id of the part that runs."""
        self._parts = 0
        self._calls: dict[str, Key] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        """What is known of tool runs and handoffs that are not over, by id."""
        self._model = ""
        self._over = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if self._over or frame.data.startswith("[DONE]"):
            return ()
        try:
            event = parse_json(frame.data)
        except (ValueError, RecursionError):
            self._over = True
            return [malformed(frame, "an event of the answer is not JSON")]
        if not isinstance(event, dict):
            return [Opaque(frame.event or "event", event)]
        type_ = text(event.get("type")) or frame.event
        read = _EVENTS.get(type_)
        if read is None:
            if "type" not in event and ("message" in event or "detail" in event):
                self._over = True
                return [fault_from_error(event if "message" in event else event["detail"])]
            return [Opaque(type_ or "event", event)]
        out: list[Chunk] = []
        if read is not ConversationDecoder._error and (new := rest(event, _FIELDS)):
            out.append(Meta(vendor=new))
        model = text(event.get("model"))
        if model and model != self._model:
            self._model = model
            out.append(Meta(model=model))
        read(self, event, out)
        return out

    def close(self) -> Sequence[Chunk]:
        return ()

    # --- the response ----------------------------------------------------------------------

    def _started(self, event: dict[str, Any], out: list[Chunk]) -> None:
        created = event.get("created_at")
        vendor = {"created_at": created} if created else None
        out.append(Meta(id=text(event.get("conversation_id")) or None, vendor=vendor))

    def _done(self, event: dict[str, Any], out: list[Chunk]) -> None:
        self._over = True
        self._part_ended(out)
        out.extend(Closed(key) for key in self._calls.values())
        usage = event.get("usage")
        if isinstance(usage, dict) and usage:
            out.append(UsageReport(usage_of(usage)))
        out += [Stop("tool_call" if self._calls else "other"), End()]

    def _error(self, event: dict[str, Any], out: list[Chunk]) -> None:
        self._over = True
        out.append(fault_from_error({k: v for k, v in event.items() if k != "type"}))

    # --- messages --------------------------------------------------------------------------

    def _output(self, event: dict[str, Any], out: list[Chunk]) -> None:
        id_ = text(event.get("id"))
        for piece in entries(event.get("content")):
            type_ = piece.get("type") if isinstance(piece, dict) else None
            words = piece.get("text") if type_ == "text" else piece
            if isinstance(words, str):
                if words:
                    out.append(Text(words, self._key("text", id_, out)))
            elif type_ == "thinking":
                self._thinking(piece, id_, out)
            elif type_ in ("reference", "tool_reference"):
                out.append(Cited(citation_of(piece), self._key("text", id_, out)))
            elif isinstance(type_, str) and type_ != "text":
                self._part_ended(out)
                out.append(Item(type_, piece))
            else:
                out.append(Opaque("content", piece))

    def _thinking(self, piece: dict[str, Any], id_: str, out: list[Chunk]) -> None:
        for part in entries(piece.get("thinking")):
            words = part.get("text") if isinstance(part, dict) else part
            if words and isinstance(words, str):
                out.append(Reasoning(words, self._key("thinking", id_, out)))
            elif words != "":
                out.append(Opaque("thinking", part))
        signature = text(piece.get("signature"))
        if signature:
            out.append(Signature(signature, SCHEME, self._key("thinking", id_, out)))

    def _key(self, kind: str, id_: str, out: list[Chunk]) -> Key:
        """The key of the part that runs; another kind or message begins another part."""
        if self._part != (kind, id_):
            self._part_ended(out)
            self._part = (kind, id_)
            self._parts += 1
        return (kind, self._parts)

    def _part_ended(self, out: list[Chunk]) -> None:
        if self._part is not None:
            out.append(Closed((self._part[0], self._parts)))
            self._part = None

    # --- calls of the caller's functions ---------------------------------------------------

    def _call(self, event: dict[str, Any], out: list[Chunk]) -> None:
        """A call, or the next piece of one."""
        id_ = text(event.get("tool_call_id")) or text(event.get("id"))
        key = self._calls.get(id_)
        if key is None:
            name = text(event.get("name"))
            if not name:
                out.append(Opaque("function.call.delta", event))
                return
            self._part_ended(out)
            key = self._calls[id_] = ("call", len(self._calls))
            status = event.get("confirmation_status")
            vendor = {DIALECT: {"confirmation_status": status}} if status else None
            out.append(ToolOpened(key, name, id_ or None, vendor=vendor))
        arguments = event.get("arguments")
        if arguments and isinstance(arguments, str):
            out.append(ToolArguments(key, arguments))
        elif arguments:
            out.append(Opaque("function.call.delta", event))

    # --- Mistral's own tools, and handoffs -------------------------------------------------

    def _run(self, event: dict[str, Any], out: list[Chunk]) -> None:
        """A run has started, or says more of its arguments."""
        id_, arguments = text(event.get("id")), text(event.get("arguments"))
        run = self._runs.get(id_)
        if run is None:
            self._part_ended(out)
            name = text(event.get("name"))
            run = self._runs[id_] = {"type": _RUN, "id": id_, "name": name, "arguments": []}
            out.append(ServerToolOpened((_RUN, id_), _RUN, id_ or None, name or None))
        run["arguments"].append(arguments)
        if arguments:
            out.append(ServerToolArguments((_RUN, id_), arguments))

    def _run_done(self, event: dict[str, Any], out: list[Chunk]) -> None:
        id_ = text(event.get("id"))
        run = self._runs.pop(id_, None) or {"type": _RUN, "id": id_, "arguments": []}
        name = text(event.get("name"))
        if name:
            run["name"] = name
        run["arguments"] = "".join(run["arguments"])
        if event.get("info") is not None:
            run["info"] = event["info"]
        self._part_ended(out)
        out.append(Item(_RUN, run, (_RUN, id_), id_ or None, name or None))

    def _handoff(self, event: dict[str, Any], out: list[Chunk]) -> None:
        """One agent has left off."""
        self._part_ended(out)
        id_ = text(event.get("id"))
        self._runs[_HANDOFF] = _agents(event)
        out.append(ServerToolOpened(_HANDOFF, _HANDOFF, id_ or None))

    def _handoff_done(self, event: dict[str, Any], out: list[Chunk]) -> None:
        """Another has taken over."""
        self._part_ended(out)
        id_ = text(event.get("id"))
        known = self._runs.pop(_HANDOFF, {})
        payload = {"type": _HANDOFF, "id": id_, **known, **_agents(event)}
        out.append(Item(_HANDOFF, payload, _HANDOFF, id_ or None))


_EVENTS: Mapping[str, Callable[[ConversationDecoder, dict[str, Any], list[Chunk]], None]] = {
    "conversation.response.started": ConversationDecoder._started,
    "conversation.response.done": ConversationDecoder._done,
    "conversation.response.error": ConversationDecoder._error,
    "message.output.delta": ConversationDecoder._output,
    "function.call.delta": ConversationDecoder._call,
    "tool.execution.started": ConversationDecoder._run,
    "tool.execution.delta": ConversationDecoder._run,
    "tool.execution.done": ConversationDecoder._run_done,
    "agent.handoff.started": ConversationDecoder._handoff,
    "agent.handoff.done": ConversationDecoder._handoff_done,
}


def _agents(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in _AGENTS if event.get(name) is not None}
