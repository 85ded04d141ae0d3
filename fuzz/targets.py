"""What is fuzzed: each target takes any bytes, and raises AssertionError if a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamkit import events as e
from streamkit.adapter import Frame
from streamkit.chunks import End, Fault
from streamkit.errors import ProtocolError, StreamkitError
from streamkit.messages import ChatRequest, Message
from streamkit.testing import decode, frames
from streamkit_anthropic import AnthropicMessages
from streamkit_openai import OpenAIChat

ROOT = Path(__file__).parents[1]
REQUEST = ChatRequest(model="m", messages=(Message.user("Hi"),))
ADAPTERS = (OpenAIChat(), OpenAIChat("openrouter"), OpenAIChat("groq"), AnthropicMessages())


def seeds() -> list[bytes]:
    """The recordings of the plugins, each behind the two bytes that the targets read first."""
    recordings = sorted(ROOT.glob("plugins/*/tests/recordings/*.sse"))
    return [b"\x00\x00" + path.read_bytes() for path in recordings]


def framing(data: bytes) -> None:
    """Where reads are cut makes no difference to the frames."""
    content_type = "application/x-ndjson" if data[:1] == b"\x01" else "text/event-stream"
    step, body = 1 + (data[1] if len(data) > 1 else 0), data[2:]
    whole = frames(body, content_type=content_type)
    cut = frames(body, content_type=content_type, splits=step)
    assert (list(cut), cut.rest) == (list(whole), whole.rest)


def _decoder(adapter: OpenAIChat | AnthropicMessages) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        decoder = adapter.decoder(REQUEST)
        chunks = []
        for frame in frames(data[2:], content_type="text/event-stream"):
            chunks += decoder.feed(Frame(frame.data, frame.event, frame.id))
        chunks += decoder.close()
        assert not any(isinstance(chunk, End | Fault) for chunk in chunks[:-1])

    return target


def engine(data: bytes) -> None:
    """Events are in order and sum up to the answer; there is an error unless it is whole."""
    adapter = ADAPTERS[(data[0] if data else 0) % len(ADAPTERS)]
    step = 1 + (data[1] if len(data) > 1 else 0)
    headers = {"content-type": "text/event-stream"}
    got = decode(adapter, data[2:], headers=headers, splits=step, lost=bool(step % 2))
    assert [event.seq for event in got.events] == list(range(len(got.events)))
    assert (got.error is None) == (got.response.outcome == "complete")
    assert got.error is None or isinstance(got.error, StreamkitError)
    if isinstance(got.error, ProtocolError):
        assert "defect of the adapter" not in got.error.message
    told = [x.text for x in got.events if isinstance(x, e.TextDelta) and x.choice == 0]
    assert "".join(told) == got.response.text


TARGETS: dict[str, Callable[[bytes], None]] = {
    "framing": framing,
    "openai": _decoder(OpenAIChat()),
    "anthropic": _decoder(AnthropicMessages()),
    "engine": engine,
}
