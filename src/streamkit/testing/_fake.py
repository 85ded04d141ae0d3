"""An adapter with a script, to test your own program with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import httpx

from streamkit import chunks
from streamkit.adapter import Adapter, Decoder, Endpoint, Frame, ResumeBy, Supports, WireRequest
from streamkit.chunks import Chunk
from streamkit.client import Client
from streamkit.messages import ChatRequest
from streamkit.sync import Client as SyncClient
from streamkit.testing._memory import MemoryTransport, Tape
from streamkit.values import FinishReason


@dataclass(frozen=True, slots=True)
class Lose:
    """The connection breaks here (``cleanly``: it ends without error, and without end mark)."""

    cleanly: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing comes for so many seconds; then the line ends."""

    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Err:
    """The vendor answers with this HTTP status and headers instead of a stream."""

    status: int
    message: str = "scripted error"
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The model stops here, for this reason; what follows in the script never comes."""

    reason: FinishReason = "stop"


Step = str | Chunk | Lose | Stall | Err | Stop
Script = Sequence[Step]
"""An answer: words, any chunk of `streamkit.chunks`, and at most one way to go wrong."""


class Fake(Adapter):
    """Answers from scripts, one per request; the last script answers all further requests.

        fake = Fake(["Hel", Lose()], ["Hello"])
        async with fake.client() as client:
            async with client.stream("fake:any", "Hi") as stream: ...

    A script that does not say how it ends, ends well. ``requests`` keeps what was asked.
    ``goes_on`` says how a broken answer may be resumed, by the next script.
    """

    dialect: ClassVar[str] = "fake"
    endpoint = Endpoint(base_url="https://fake.invalid", key_required=False)
    supports = Supports(
        options=frozenset(ChatRequest.model_fields),
        parts=frozenset({"text", "image", "document", "media", "tool_call", "tool_result"}),
        reasoning=True,
    )

    def __init__(
        self,
        *scripts: Script | str,
        name: str = "fake",
        goes_on: Literal["prefix", "instruct"] | None = None,
    ) -> None:
        self.name = name
        self._goes_on = goes_on
        self._scripts: list[list[Step]] = [
            [s] if isinstance(s, str) else list(s) for s in scripts or ("",)
        ]
        self._asked = 0
        self.requests: list[ChatRequest] = []

    def client(self, **arguments: Any) -> Client:
        """A `streamkit.Client` that reaches this fake; takes what `Client` takes."""
        http = httpx.AsyncClient(transport=MemoryTransport(self._tape))
        return Client(adapters=[self], http=http, **arguments)

    def sync_client(self, **arguments: Any) -> SyncClient:
        """A `streamkit.sync.Client` that reaches this fake."""
        http = httpx.Client(transport=MemoryTransport(self._tape))
        return SyncClient(adapters=[self], http=http, **arguments)

    def request(self, request: ChatRequest) -> WireRequest:
        self.requests.append(request)
        return WireRequest("/", {"model": request.model}, framing="jsonl")

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:  # noqa: ARG002
        return (ResumeBy(self._goes_on, "the script"),) if self._goes_on else ()

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return _FakeDecoder(self._scripts)

    def _tape(self, _request: httpx.Request) -> Tape:
        number = min(self._asked, len(self._scripts) - 1)
        self._asked += 1
        lines: list[str] = []
        tape = Tape(b"", headers={"content-type": "application/x-ndjson"})
        for index, step in enumerate(self._scripts[number]):
            match step:
                case Err():
                    body = json.dumps({"error": {"message": step.message}}).encode()
                    headers = {"content-type": "application/json", **(step.headers or {})}
                    return Tape(body, status=step.status, headers=headers)
                case Lose():
                    tape.end = "close" if step.cleanly else "reset"
                    break
                case Stall():
                    tape.end, tape.stall = "stall", step.seconds
                    break
                case _:
                    lines.append(f"[{number},{index}]\n")
                    if isinstance(step, Stop):
                        break
        else:
            lines.append("[]\n")
        tape.body = "".join(lines).encode()
        tape.splits = len(lines[0]) if lines else None
        return tape


_CHUNKS = get_args(chunks.Chunk)


class _FakeDecoder(Decoder):
    """Each line names a step of a script; ``[]`` is the end mark."""

    def __init__(self, scripts: list[list[Step]]) -> None:
        self._scripts = scripts

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        place = json.loads(frame.data)
        if not place:
            return [chunks.Stop("stop", "stop"), chunks.End()]
        step = self._scripts[place[0]][place[1]]
        match step:
            case str():
                return [chunks.Text(step)]
            case Stop():
                return [chunks.Stop(step.reason, step.reason), chunks.End()]
            case _ if isinstance(step, _CHUNKS):
                return [step]
        raise TypeError(f"{step!r} cannot stand in a script")

    def close(self) -> Sequence[Chunk]:
        return ()
