"""What is left to write before the laws can say anything: the list a new adapter begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from streamkit.adapter import Adapter, Frame
from streamkit.messages import ChatRequest, Message

from .recordings import CONTENT_TYPES, EXPECT

if TYPE_CHECKING:
    from .contract import AdapterContract


@dataclass(frozen=True, slots=True)
class Step:
    """``left`` is what is still to do, None once it is done."""

    what: str
    left: str | None
    then: str


def to_do(cls: type[AdapterContract]) -> str | None:
    """The list, in the order of work; None when the laws can take over."""
    steps = list(_steps(cls.adapter, cls.recordings))
    if not any(step.left for step in steps):
        return None
    lines = ["nothing is proven yet. Left to do, in this order:"]
    for number, step in enumerate(steps, 1):
        lines.append(f"[{' ' if step.left else 'x'}] {number}. {step.what}")
        if step.left:
            lines += [_paragraph(text) for text in (step.left, step.then)]
    lines.append("Then run pytest again: each law that does not hold says what to mend.")
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    margin = " " * 7
    return fill(
        text,
        width=100,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _steps(adapter: Adapter, recordings: Path) -> Iterator[Step]:
    name = type(adapter).__name__
    yield Step(
        f"Say where the vendor is: {name}.endpoint",
        _no_place(adapter),
        "Look up: the base URL, the header that carries the key, the key's usual environment "
        "variable. No law can know them.",
    )
    request = ChatRequest(model="any", messages=(Message.user("Hi"),))
    yield Step(
        f"Build the request: {name}.request",
        _unwritten(lambda: adapter.request(request)),
        "Begin with text alone, and claim in `supports` only what it sends. Laws L15, L16, L18, "
        "L19 and L24 to L26 check it.",
    )
    yield Step(
        f"Read the answer: the decoder that {name}.decoder makes",
        _unwritten(lambda: adapter.decoder(request).feed(Frame("{}"))),
        "Text, the stop reason, the usage and the end mark first; what you do not know yet is "
        "Opaque. Laws L01 to L12, L20, L22 and L23 check it.",
    )
    yield Step(
        f"Record answers: {recordings.name}",
        _no_recording(adapter, recordings),
        "One for each thing that the adapter claims: text, a tool call, reasoning; and an error "
        "answer, and one that was cut. Law L19 checks that what is claimed is shown.",
    )


def _no_place(adapter: Adapter) -> str | None:
    if type(adapter).locate is not Adapter.locate:
        return None  # it finds its server by itself
    url = adapter.endpoint.base_url
    if url is None and not adapter.endpoint.base_url_env:
        return "It has neither a base_url nor a base_url_env."
    return f"Its base_url is still {url}." if url and ".example" in url else None


def _unwritten(call: Callable[[], object]) -> str | None:
    try:
        call()
    except NotImplementedError as error:
        return f"It is not written yet{f': {error}' if str(error) else ''}."
    except Exception:  # noqa: S110 - written, and what is wrong with it a law tells better
        pass
    return None


def _no_recording(adapter: Adapter, folder: Path) -> str | None:
    if not folder.is_dir() or any(f.suffix in CONTENT_TYPES for f in folder.iterdir()):
        return None
    return (
        f"{folder.name} holds no recording: nothing is proven by nothing. With a key: streamkit "
        f'record {adapter.name}:MODEL "Why is the sky blue?" -o tests/{folder.name}/text.sse '
        f"--expect. Without one: copy the stream that the vendor's documentation shows into "
        f"text.sse, and write what it means into text{EXPECT}."
    )
