"""Mutants made automatically of a real adapter: whatever it is, this is how it could be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamkit import chunks as c
from streamkit.adapter import Adapter, Decoder, Frame, Supports, WireRequest
from streamkit.chunks import Chunk, Fault
from streamkit.messages import ChatRequest, Message, Tool, ToolCall, ToolResult


class Twisted(Adapter):
    """A real adapter behind a thin layer; subclasses break one thing each."""

    def __init__(self, real: Adapter) -> None:
        self.real = real
        self.dialect = real.dialect  # type: ignore[misc]
        self.name, self.endpoint, self.supports = real.name, real.endpoint, real.supports

    def __repr__(self) -> str:
        return "Twisted()"

    def request(self, request: ChatRequest) -> WireRequest:
        return self.real.request(request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return self.real.decoder(request)

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return self.real.fault(status, headers, body)


class TwistedDecoder(Decoder):
    """A real decoder behind a thin layer."""

    def __init__(self, real: Decoder) -> None:
        self.real = real

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        return self.twist(list(self.real.feed(frame)))

    def close(self) -> Sequence[Chunk]:
        return self.twist(list(self.real.close()))

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return said


Twist = Callable[[Adapter], Adapter]
DECODERS: dict[str, tuple[str, type[TwistedDecoder]]] = {}
ADAPTERS: dict[str, tuple[str, type[Twisted]]] = {}
"""By what is wrong: the law that must catch it, and the layer."""


def says(law: str, what: str) -> Callable[[type[TwistedDecoder]], type[TwistedDecoder]]:
    def register(layer: type[TwistedDecoder]) -> type[TwistedDecoder]:
        DECODERS[what] = (law, layer)
        return layer

    return register


def does(law: str, what: str) -> Callable[[type[Twisted]], type[Twisted]]:
    def register(layer: type[Twisted]) -> type[Twisted]:
        ADAPTERS[what] = (law, layer)
        return layer

    return register


def all_of(real: Adapter, said: Iterable[type]) -> dict[str, tuple[str, Adapter]]:
    """Every mutant of this adapter, by what is wrong, with the law that must catch it.

    ``said``: the kinds of chunks that its recordings show; for each there is one that drops it.
    """
    found: dict[str, tuple[str, Adapter]] = {}
    for what, (law, layer) in ADAPTERS.items():
        found[what] = (law, layer(real))
    for what, (law, inner) in DECODERS.items():
        found[what] = (law, _with_decoder(real, inner))
    for kind in said:
        found[f"never says {kind.__name__}"] = ("L01", _with_decoder(real, _without(kind)))
    for option in sorted(real.supports.options):
        found[f"claims {option} and drops it"] = ("L16", _forgetting(real, option))
    return found


def _with_decoder(real: Adapter, layer: type[TwistedDecoder]) -> Adapter:
    class Speaking(Twisted):
        def decoder(self, request: ChatRequest) -> Decoder:
            return layer(self.real.decoder(request))

    return Speaking(real)


def _forgetting(real: Adapter, option: str) -> Adapter:
    default = ChatRequest.model_fields[option].get_default(call_default_factory=True)

    class Forgetful(Twisted):
        def request(self, request: ChatRequest) -> WireRequest:
            return self.real.request(request.model_copy(update={option: default}))

    return Forgetful(real)


def _without(kind: type) -> type[TwistedDecoder]:
    class Silent(TwistedDecoder):
        def twist(self, said: list[Chunk]) -> list[Chunk]:
            return [chunk for chunk in said if type(chunk) is not kind]

    return Silent


# --- what a decoder can get wrong ----------------------------------------------------------------


@says("L01", "swaps the ids of calls")
class SwapsIds(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [
            replace(x, id=(x.id or "")[::-1]) if isinstance(x, c.ToolOpened) else x for x in said
        ]


@says("L01", "says every piece twice")
class Stutters(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [x for chunk in said for x in [chunk] * (1 + isinstance(chunk, c.Text))]


@says("L02", "loses a piece now and then")
class LosesPieces(TwistedDecoder):
    fed = 0

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        LosesPieces.fed += 1
        said = super().feed(frame)
        return [x for x in said if not isinstance(x, c.Text)] if LosesPieces.fed % 17 == 0 else said


@says("L04", "fails on what it does not know")
class Strict(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [
            Fault("protocol", "unknown") if isinstance(x, c.Opaque | c.Notice) else x for x in said
        ]


@says("L04", "passes over what it does not know")
class Deaf(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [x for x in said if not isinstance(x, c.Opaque | c.Notice | c.Meta)]


@says("L05", "ends at the stop reason")
class EndsEarly(TwistedDecoder):
    over = False

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        if self.over:
            return []
        self.over = any(isinstance(x, c.Stop) for x in said)
        return [*said, c.End()] if self.over and c.End() not in said else said


@says("L05", "takes a clean close for the end")
class Trusting(TwistedDecoder):
    def close(self) -> Sequence[Chunk]:
        return [*super().close(), c.End()]


@says("L05", "closes a call with its newest piece")
class Hasty(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        out = []
        for x in said:
            out.append(x)
            if isinstance(x, c.ToolArguments) and x.text.endswith("}"):
                out.append(c.Closed(x.key, x.choice))
        return out


@says("L07", "reads on behind the end")
class Tireless(TwistedDecoder):
    def feed(self, frame: Frame) -> Sequence[Chunk]:
        return super().feed(frame) or [c.Opaque("frame", frame.data)]


@says("L07", "says more behind the end")
class Chatty(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [*said, c.Meta(vendor={"more": 1})] if c.End() in said else said


@says("L09", "gives a call's key to the words before it")
class OneKey(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        out: list[Chunk] = []
        for x in said:
            if isinstance(x, c.ToolOpened):
                out.append(c.Text("Calling", key=x.key, choice=x.choice))
            if not isinstance(x, c.ToolOpened):
                out.append(x)
        return out


@says("L10", "counts tokens backwards")
class Backwards(TwistedDecoder):
    reports = 0

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        out: list[Chunk] = []
        for x in said:
            if isinstance(x, c.UsageReport):
                self.reports += 1
                less = replace(x.usage, output_tokens=100 - self.reports)
                out += [x, c.UsageReport(less), c.UsageReport(replace(less, output_tokens=1))]
            else:
                out.append(x)
        return out


@says("L10", "makes up the usage")
class MadeUp(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [
            c.UsageReport(replace(x.usage, raw={})) if isinstance(x, c.UsageReport) else x
            for x in said
        ]


@says("L11", "skips the second piece of text")
class Skips(TwistedDecoder):
    pieces = 0

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        self.pieces += sum(isinstance(x, c.Text) for x in said)
        return said if self.pieces != 2 else [x for x in said if not isinstance(x, c.Text)]


@says("L22", "keeps the words until the choice stops")
class KeepsBack(TwistedDecoder):
    def __init__(self, real: Decoder) -> None:
        super().__init__(real)
        self.words: list[Chunk] = []

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        if not any(isinstance(x, c.Stop | c.Fault) for x in said):
            self.words += [x for x in said if isinstance(x, c.Text)]
            return [x for x in said if not isinstance(x, c.Text)]
        self.words, words = [], self.words
        return [*words, *said]


@says("L22", "says no word twice")
class SaysOnce(TwistedDecoder):
    last = ""

    def twist(self, said: list[Chunk]) -> list[Chunk]:
        out: list[Chunk] = []
        for x in said:
            if isinstance(x, c.Text) and x.text:
                again, self.last = x.text == self.last, x.text
                if again:
                    continue
            out.append(x)
        return out


@says("L23", "takes reasons that it does not know for a good end")
class Hopeful(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [
            replace(x, reason="stop") if isinstance(x, c.Stop) and x.reason == "other" else x
            for x in said
        ]


@says("L23", "has no use for new fields")
class Incurious(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [
            x for x in said if not (isinstance(x, c.Meta | c.Opaque | c.Notice) and _is_extra(x))
        ]


def _is_extra(chunk: c.Meta | c.Opaque | c.Notice) -> bool:
    return not isinstance(chunk, c.Meta) or not (chunk.id or chunk.model)


@says("L12", "hands on what JSON has not")
class NoJson(TwistedDecoder):
    def twist(self, said: list[Chunk]) -> list[Chunk]:
        return [*said, *(c.Opaque("odd", {"odd": {1, 2}}) for x in said if isinstance(x, c.Stop))]


@says("L20", "trusts the type of every value")
class Credulous(TwistedDecoder):
    def feed(self, frame: Frame) -> Sequence[Chunk]:
        assert frame.data.strip().endswith(("}", "]")), "not even wrong"
        return super().feed(frame)


# --- what an adapter can get wrong ---------------------------------------------------------------


@does("L06", "keeps its state between streams")
class SharesState(Twisted):
    def __init__(self, real: Adapter) -> None:
        super().__init__(real)
        self.shared: Decoder | None = None

    def decoder(self, request: ChatRequest) -> Decoder:
        if self.shared is None:
            self.shared = Restarting(self.real, request)
        assert isinstance(self.shared, Restarting)
        return self.shared.again()


class Restarting(Decoder):
    def __init__(self, real: Adapter, request: ChatRequest) -> None:
        self.make = lambda: real.decoder(request)

    def again(self) -> Restarting:
        self.now = self.make()
        return self

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        return self.now.feed(frame)

    def close(self) -> Sequence[Chunk]:
        return self.now.close()


def _body(wire: WireRequest, **fields: Any) -> WireRequest:
    return replace(wire, body={**wire.body, **fields})


@does("L14", "sends the key in the body")
class SendsKey(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        return _body(super().request(request), key=str(self.endpoint.api_key))


@does("L14", "shows its prompt in a repr")
class ShowsPrompt(Twisted):
    def decoder(self, request: ChatRequest) -> Decoder:
        class Shown(TwistedDecoder):
            def __repr__(self) -> str:
                return f"Decoder({request.messages})"

        return Shown(super().decoder(request))


@does("L15", "numbers its requests")
class Numbers(Twisted):
    sent = 0

    def request(self, request: ChatRequest) -> WireRequest:
        self.sent += 1
        return _body(super().request(request), number=self.sent)


@does("L15", "writes into the caller's request")
class Scribbles(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        request.extra_body["seen"] = True
        return super().request(request)


@does("L15", "sends what JSON has not")
class SendsSets(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        return _body(super().request(request), modes={"text"})


@does("L16", "drops extra_body")
class DropsExtra(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        return super().request(request.model_copy(update={"extra_body": {}}))


@does("L16", "claims every option")
class ClaimsAll(Twisted):
    def __init__(self, real: Adapter) -> None:
        super().__init__(real)
        every = ChatRequest.model_fields.keys() - {"model", "messages", "extra_body"}
        self.supports = replace(real.supports, options=frozenset(every - {"extra_headers"}))


@does("L17", "takes every error for the server's")
class OneError(Twisted):
    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        return Fault("server", "something broke", status=status)


@does("L18", "refuses its own answer")
class RefusesOwn(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        if any(message.role == "assistant" for message in request.messages):
            raise ValueError("only one turn")
        return super().request(request)


@does("L24", "asks for another model")
class OtherModel(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        return super().request(request.model_copy(update={"model": "latest"}))


@does("L24", "knows better what a tool is for")
class RetellsTools(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        tools = tuple(
            tool.model_copy(update={"description": "A tool"}) if isinstance(tool, Tool) else tool
            for tool in request.tools
        )
        return super().request(request.model_copy(update={"tools": tools}))


@does("L24", "swaps temperature and top_p")
class SwapsOptions(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        swapped = {"temperature": request.top_p, "top_p": request.temperature}
        return super().request(request.model_copy(update=swapped))


@does("L25", "has one id for all results")
class OneId(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        one = ToolCall(id="call", name="", arguments={}, arguments_text="{}")
        messages = tuple(_with_results_of(one, m) for m in request.messages)
        return super().request(request.model_copy(update={"messages": messages}))


@does("L25", "gives every result to the first call")
class OneCall(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        first = next(
            (p for m in request.messages for p in m.content if isinstance(p, ToolCall)), None
        )
        messages = [_with_results_of(first, m) if first else m for m in request.messages]
        return super().request(request.model_copy(update={"messages": tuple(messages)}))


def _with_results_of(call: ToolCall, message: Message) -> Message:
    to_it = {"call_id": call.id} | ({"name": call.name} if call.name else {})
    parts = [
        p.model_copy(update=to_it) if isinstance(p, ToolResult) else p for p in message.content
    ]
    return message.model_copy(update={"content": tuple(parts)})


@does("L25", "answers itself")
class SwapsRoles(Twisted):
    def request(self, request: ChatRequest) -> WireRequest:
        if any(p.type != "text" for m in request.messages for p in m.content):
            return super().request(request)
        other = {"user": "assistant", "assistant": "user"}
        messages = [
            m.model_copy(update={"role": other.get(m.role, m.role)}) for m in request.messages
        ]
        return super().request(request.model_copy(update={"messages": tuple(messages)}))


@does("L19", "keeps quiet about what it can")
class Modest(Twisted):
    def __init__(self, real: Adapter) -> None:
        super().__init__(real)
        self.supports = Supports(
            options=real.supports.options, parts=real.supports.parts, usage=False
        )
