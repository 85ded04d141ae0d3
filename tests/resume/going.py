"""The tests' own dialect, able to go on in all ways, and a vendor that follows a script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamkit import Retry
from streamkit import chunks as c
from streamkit._setup import Setup
from streamkit.adapter import Adapter, Decoder, Frame, ResumeBy, Supports, WireRequest
from streamkit.messages import ChatRequest, ChatResponse
from tests.resume.lines import Heard, play
from tests.resume.lines import Wire as Answer
from wire import DONE, STOP, Wire, frame, said

SOON = Retry(wait=lambda _state: 0.0)
BASE = "https://vendor.invalid"


@dataclass(frozen=True)
class Going(Wire):
    """``ways`` are the ways to go on that it claims. A request shows its turns and its way."""

    base_url: str | None = field(default=BASE, repr=False)
    ways: tuple[str, ...] = ("prefix", "instruct")
    supports: Supports = Supports(options=frozenset(ChatRequest.model_fields))

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        return tuple(ResumeBy(how, "made up for a test") for how in self.ways)

    def request(self, request: ChatRequest) -> WireRequest:
        body = {
            "turns": [(m.role, _content(m)) for m in request.messages],
            "max_tokens": request.max_tokens,
            **request.extra_body,
        }
        return WireRequest("/v1/answers", body)

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        wire = self.request(request)
        return replace(wire, body={**wire.body, "how": "prefix"})

    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:
        return WireRequest(f"/v1/answers/{cursor}", {}, method="GET")

    def decoder(self, request: ChatRequest) -> Decoder:
        return _CountingDecoder(super().decoder(request))


def _content(message: Any) -> str:
    return "".join(getattr(part, "text", "") for part in message.content)


class _CountingDecoder(Decoder):
    """Passes over numbered frames that come again; a frame's number is its SSE id."""

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner
        self._last = -1

    def feed(self, frame: Frame) -> Sequence[c.Chunk]:
        if frame.id is None:
            return self._inner.feed(frame)
        number = int(frame.id)
        if number <= self._last:
            return ()
        if self._last >= 0 and number > self._last + 1:
            return [c.Fault("protocol", "events are missing")]
        self._last = number
        return [*self._inner.feed(frame), c.Cursor(frame.id)]

    def close(self) -> Sequence[c.Chunk]:
        return self._inner.close()


def numbered(frames: Sequence[bytes], start: int = 0) -> list[bytes]:
    """The frames as a server sends them that keeps them."""
    return [b"id: %d\n%s" % (n, data) for n, data in enumerate(frames, start)]


def words(*pieces: str, end: str = "clean") -> Answer:
    """These words, and nothing that says that they are all."""
    return Answer(said(*pieces), end=end)


def whole(*pieces: str) -> Answer:
    return Answer([*said(*pieces), STOP, DONE])


def chunks(*pieces: c.Chunk, ended: bool = False) -> Answer:
    return Answer([*(frame(piece) for piece in pieces), *([STOP, DONE] if ended else [])])


def refusal(status: int, message: str) -> Answer:
    body = json.dumps({"error": {"type": "invalid_request_error", "message": message}}).encode()
    return Answer([body], status=status, headers={"content-type": "application/json"})


@dataclass
class Told:
    """What a caller got, and what the vendor was asked."""

    heard: Heard
    urls: list[str]
    bodies: list[dict[str, Any]]

    @property
    def events(self) -> list[Any]:
        return list(self.heard.events)

    @property
    def response(self) -> ChatResponse:
        return self.heard.response

    @property
    def text(self) -> str:
        return self.heard.response.text

    @property
    def error(self) -> Any:
        return self.heard.error

    def of(self, *kinds: str) -> list[Any]:
        return [event for event in self.heard.events if event.type in kinds]

    @property
    def ways(self) -> list[str | None]:
        """How each request after the first asked to go on: None for the request as it was."""
        return [_way(url, body) for url, body in zip(self.urls, self.bodies, strict=True)][1:]

    @property
    def resumed(self) -> list[tuple[str, str]]:
        return [(event.strategy, event.fidelity) for event in self.of("resumed")]


def _way(url: str, body: dict[str, Any]) -> str | None:
    if "/whole/" in url:
        return "poll"
    if not url.endswith("/answers"):
        return "replay"
    if "how" in body:
        return "prefix"
    return "instruct" if "interrupted" in body["turns"][-1][1] else None


def ask(
    *answers: Answer,
    adapter: Adapter | None = None,
    setup: Setup | None = None,
    token: str | None = None,
    given: dict[str, Any] | None = None,
    model: str = "wire:any",
    append_only: bool = False,
    policies: dict[str, Any] | None = None,
    **options: Any,
) -> Told:
    """Ask on the engine; the first answer answers the first request, the last one all others."""
    setup = setup or Setup(adapters=[adapter or Going()], retry=SOON)
    if token is None:
        call = setup.call(model, "Hi", options, **(policies or {}))
    else:
        call = setup.resumed(token, given or {}, {}, **(policies or {}))
    told = Told(Heard(append_only=append_only), [], [])

    def vendor(url: str, body: bytes) -> Answer:
        told.urls.append(url)
        told.bodies.append(json.loads(body))
        return answers[min(len(told.urls), len(answers)) - 1]

    play(vendor, call, told.heard)
    return told
