"""Chaos: answers broken at every byte, in every way, before servers of every kind of manners.

    uv run python -m tests.resume.chaos

plays every case on the engine in memory, and one in a hundred with each of the clients, to which
reading and closing are left (``--help`` tells how to have more or fewer).

A case is an answer, the byte behind which its first attempt breaks, how, and how the server behaves
when it is asked to go on. The server plays a model: it knows the whole answer and continues it from
whatever the request carries, in pieces of other sizes. `check` holds what must be true of each.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from streamkit import Resume, Retry, Timeouts
from streamkit.errors import StreamInterrupted
from streamkit.messages import ChatResponse, ReasoningPart, TextPart, ToolCall
from streamkit.testing import decode
from tests.resume import dialects
from tests.resume.dialects import Asked, Dialect, Story, sse
from tests.resume.lines import LINES, Heard, Wire
from tests.resume.more_dialects import MORE

FAULTS: Final = ("fin", "rst", "clean", "stall", "error", "malformed", "gzip")
SERVERS: Final = (
    "honest",
    "echoes",
    "echoes a part",
    "restarts",
    "changes white space",
    "swallows the space",
    "refuses",
    "dies again",
)
ROOT: Final = Path(__file__).parents[2] / "plugins"


@dataclass(frozen=True)
class Answer:
    """What the first attempt sends, and what it says."""

    name: str
    dialect: Dialect = field(repr=False)
    frames: tuple[bytes, ...] = field(repr=False)
    story: Story = field(repr=False)

    @property
    def size(self) -> int:
        return sum(map(len, self.frames))


@dataclass(frozen=True)
class Case:
    """One case; its ``seed`` decides on reads, pieces, pauses, and who reads it."""

    answer: Answer
    offset: int
    fault: str
    server: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.answer.name}, byte {self.offset}, {self.fault}, {self.server}"


DIALECTS: Final = {**dialects.DIALECTS, **MORE}

# --- answers -------------------------------------------------------------------------------------

_PROSE = Story(["The", " sky is", " blue because", " air scatters short", " waves.", " Clear?"])
_CODE = Story(["def f(a, b):\n", "    c = a", " + b\n    ", "return c\n\n\n", "print(f(1, 2))"])
_JAPANESE = Story(["空は", "青い。なぜ", "なら、空気が", "光を散らす", "から。", "🌤👍🏽 終わり。"])
_CALLS = Story(
    ["Let me ", "look."], ["Two calls", " then."], [("look", '{"at": "sky"}'), ("now", "{}")]
)
_ONE_WORD = Story(["Donaudampf", "schifffahrts", "gesellschafts", "kapitaen", "smuetze"])
SCRIPTED = {
    "prose": _PROSE,
    "code": _CODE,
    "japanese": _JAPANESE,
    "calls": _CALLS,
    "one word": _ONE_WORD,
}
RECORDED = {
    "chat, prefix": (
        "streamkit-openai/tests/recordings/deepseek_tools.sse",
        "streamkit-local/tests/recordings/chat/thinking.sse",
    ),
    "messages, prefix": (
        "streamkit-anthropic/tests/recordings/text.sse",
        "streamkit-local/tests/recordings/messages/messages-tool.sse",
    ),
}


def answers() -> Iterator[Answer]:
    """Scripted ones in each dialect, and recorded ones."""
    for name, dialect in DIALECTS.items():
        for title, story in SCRIPTED.items():
            yield Answer(f"{name}, {title}", dialect, tuple(dialect.frames(story)), story)
    for name, paths in RECORDED.items():
        for path in paths:
            body = (ROOT / path).read_bytes()
            dialect = DIALECTS[name]
            decoded = decode(dialect.adapter, body, headers=EVENT_STREAM)
            title = Path(path).stem
            frames = tuple(re.findall(rb".*?\n\n", body, re.DOTALL))
            yield Answer(f"{name}, {title}", dialect, frames, _told(decoded.response))


def _told(response: ChatResponse) -> Story:
    thoughts = [p.text for p in response.parts if isinstance(p, ReasoningPart) and p.text]
    return Story(
        [part.text for part in response.parts if isinstance(part, TextPart)],
        thoughts,
        [(c.name, c.arguments_text) for c in response.parts if isinstance(c, ToolCall)],
    )


def cases(every: int = 1, seed: int = 0) -> Iterator[Case]:
    """All, or one in ``every``, drawn at random."""
    draw = random.Random(seed)
    for answer in answers():
        for offset in range(answer.size + 1):
            for fault in FAULTS:
                for server in (*SERVERS, *sorted(answer.dialect.replays)):
                    number = draw.getrandbits(32)
                    if number % every == 0:
                        yield Case(answer, offset, fault, server, number)


# --- the vendor ----------------------------------------------------------------------------------

EVENT_STREAM: Final = {"content-type": "text/event-stream"}
JSON: Final = {"content-type": "application/json"}


class Vendor:
    """Answers the requests of one case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.draw = random.Random(case.seed)
        self.asked: list[Asked] = []
        self.refused = 0
        self.waited = 0

    def answer(self, url: str, body: bytes) -> Wire:
        asked = self.case.answer.dialect.asked(url, body)
        self.asked.append(asked)
        if len(self.asked) == 1:
            return self._first()
        if self.case.server == "dies again" and len(self.asked) == 2:
            return Wire(end="rst")
        if self._refuses(asked.how):
            self.refused += 1
            error = b'{"error": {"type": "invalid_request_error", "message": "no prefill"}}'
            return Wire([error], status=400, headers=JSON)
        if asked.how == "poll":
            return self._poll()
        return Wire(self._cut(b"".join(self._onward(asked))), headers=self._headers())

    def _refuses(self, how: str | None) -> bool:
        match self.case.server:
            case "refuses":
                return how is not None and not self.refused
            case "refuses to replay":
                return how == "replay"
            case "kept nothing":
                return how in ("replay", "poll")
        return False

    def _poll(self) -> Wire:
        """The answer that was kept: not over, when it is asked for the first time."""
        dialect, story = self.case.answer.dialect, self.case.answer.story
        if not self.waited and self.draw.random() < 0.5:
            self.waited += 1
            return Wire(self._cut(dialect.kept(story, "in_progress")), headers=JSON)
        return Wire(self._cut(dialect.kept(story, "completed")), headers=JSON)

    def _headers(self) -> dict[str, str]:
        return {"content-type": self.case.answer.dialect.content_type}

    def _first(self) -> Wire:
        case = self.case
        frames, headers = case.answer.frames, self._headers()
        if case.fault == "gzip":
            headers["content-encoding"] = "gzip"
            packer = zlib.compressobj(wbits=31)
            frames = tuple(packer.compress(f) + packer.flush(zlib.Z_SYNC_FLUSH) for f in frames)
        body = b"".join(frames)[: case.offset]
        match case.fault:
            case "error":
                body += b"\n\n" + case.answer.dialect.error()
            case "malformed":
                body += b"\n\n" + sse("{not json")
        end = case.fault if case.fault in ("fin", "rst", "stall") else "clean"
        return Wire(self._cut(body), headers=headers, end=end)

    def _onward(self, asked: Asked) -> Iterator[bytes]:
        """What the model of this server says to a request to go on."""
        answer = self.case.answer
        story = answer.story
        if asked.how is None:
            yield from answer.frames
            return
        if asked.how == "replay":
            first = asked.after + 1
            match self.case.server:
                case "repeats":
                    first = max(0, first - 2)
                case "skips":
                    first += 1
            yield from answer.frames[first:]
            return
        assert story.words.startswith(asked.prefix), f"was told {asked.prefix!r}"
        rest = story.words[len(asked.prefix) :]
        match self.case.server:
            case "echoes":
                rest = story.words
            case "echoes a part":
                # A line that is said twice may be meant; no line begins in mid-line.
                rest = asked.prefix[-40:].lstrip("\n") + rest
            case "restarts":
                rest = "An answer of another kind, which has nothing to do with the first."
            case "changes white space":
                rest = re.sub(r"\s+", " ", rest, count=1)
            case "swallows the space":
                rest = rest.lstrip()
        yield from answer.dialect.frames(Story(self._pieces(rest), (), story.calls))

    def _pieces(self, text: str) -> list[str]:
        pieces = []
        while text:
            size = self.draw.randint(1, 9)
            pieces.append(text[:size])
            text = text[size:]
        return pieces

    def _cut(self, body: bytes) -> list[bytes | float]:
        """In reads of one size, some with pauses in which what was held back is shown."""
        size, pause = self.draw.choice((7, 60, 500, 5000)), self.draw.choice((0.0, 0.0, 0.3))
        reads: list[bytes | float] = []
        for at in range(0, len(body), size):
            reads += [body[at : at + size], pause * self.draw.randrange(2)]
        return reads


# --- what must be true ---------------------------------------------------------------------------


class Reader:
    """Reads events as a careful program does: it cuts off what is taken back."""

    def __init__(self, events: list[Any]) -> None:
        self.parts: dict[int, str] = {}
        self.kinds: dict[int, str] = {}
        self.calls: list[ToolCall] = []
        self.open: set[int] = set()
        self.taken_back = 0
        tokens = 0
        for number, event in enumerate(events):
            assert event.seq == number, "seq has a gap"
            match event.type:
                case "part.started":
                    assert event.part not in self.parts, "a part starts twice"
                    self.parts[event.part], self.kinds[event.part] = "", event.kind
                    self.open.add(event.part)
                case "text.delta" | "reasoning.delta" | "tool_arguments.delta":
                    assert event.part in self.open, "a delta of a part that is not open"
                    assert event.text, "a delta of nothing"
                    self.parts[event.part] += event.text
                case "rewound":
                    text = self.parts[event.part]
                    assert event.length <= len(text), "more is taken back than was shown"
                    if self.kinds[event.part] == "text":
                        self.taken_back += event.length
                    self.parts[event.part] = text[: len(text) - event.length]
                    if event.dropped:
                        assert not self.parts.pop(event.part), "a dropped part keeps text"
                        self.open.discard(event.part)
                case "part.ended":
                    assert event.part in self.open, "a part ends that is not open"
                    self.open.discard(event.part)
                case "tool_call.ready":
                    self.calls.append(event.call)
                case "usage":
                    now = event.usage.output_tokens or 0
                    assert now >= tokens, "usage shrinks"
                    tokens = now

    @property
    def text(self) -> str:
        return "".join(t for n, t in sorted(self.parts.items()) if self.kinds[n] == "text")


_ENDS = ("complete", "truncated", "failed")


def check(case: Case, vendor: Vendor, heard: Heard) -> str:
    """Assert what must be true of every case; the outcome."""
    events, error, response = heard.events, heard.error, heard.response
    story = case.answer.story
    reader = Reader(events)
    kinds = Counter(event.type for event in events)
    ended = events[-1]
    assert ended.type == "stream.ended"
    assert kinds["stream.ended"] == 1, "one outcome"
    assert ended.outcome in _ENDS
    assert (error is None) == (ended.outcome == "complete")
    assert kinds["attempt.started"] == ended.attempts
    assert kinds["interrupted"] == ended.attempts - 1, "an interruption for each attempt but one"
    assert ended.attempts <= 4
    sent = len(vendor.asked) - vendor.refused - vendor.waited
    gave_up_refused = vendor.refused and sent == ended.attempts - 1 and error is not None
    assert sent == ended.attempts or gave_up_refused, "a refusal costs no attempt"
    assert reader.text == response.text, "joined deltas are the text"
    for part in response.parts:
        shown = getattr(part, "text", getattr(part, "arguments_text", ""))
        index = response.parts.index(part)
        assert reader.parts[index] == shown or "{}" in shown, "joined deltas are the part"
    called = [(call.name, call.arguments_text) for call in reader.calls]
    assert called == list(story.calls)[: len(called)], "calls are whole, in order, and once"
    assert not (heard.append_only and reader.taken_back), "what was read as words stays"
    if ended.outcome == "complete":
        assert called == list(story.calls)
        _check_text(case, vendor, response.text)
    else:
        assert isinstance(error, StreamInterrupted) or not reader.parts, "nothing was shown"
        assert error is not None
        assert error.partial is not None
        assert error.partial.text == response.text
        if case.server not in ("restarts", "changes white space"):
            assert story.words.startswith(response.text), "what was given up on is the beginning"
    return str(ended.outcome)


def _check_text(case: Case, vendor: Vendor, text: str) -> None:
    words = case.answer.story.words
    if case.server == "restarts" and any(a.how in ("prefix", "instruct") for a in vendor.asked):
        return  # a model that was asked to go on may say what it likes
    # Of white space that the first attempt brought in part, the rest is unknown.
    partly = case.server == "swallows the space" and "\n " in words
    if case.server == "changes white space" or partly:
        assert text.split() == words.split(), "words are neither lost, doubled nor joined"
    else:
        assert text == words, "the text is the one that was not cut"


# --- running -------------------------------------------------------------------------------------

_OPTIONS: Final[dict[str, Any]] = {
    "retry": Retry(wait=lambda _state: 0.0),
    "resume": Resume(),
    "timeouts": Timeouts(no_bytes=0.002),
}


def play(case: Case, line: str) -> str:
    """Run a case; the outcome. Raises AssertionError with the case in it."""
    vendor = Vendor(case)
    dialect = case.answer.dialect
    heard = Heard(append_only=case.seed % 3 == 0)
    LINES[line](vendor.answer, dialect, _OPTIONS, heard)
    try:
        return check(case, vendor, heard)
    except AssertionError as broken:
        broken.add_note(f"{case} (seed {case.seed}, {line}): {[e.type for e in heard.events]}")
        broken.add_note(f"text {heard.response.text!r}, asked {vendor.asked}")
        raise


def playable(line: str, every: int, seed: int) -> Iterator[Case]:
    """Cases for a line; the engine in memory knows no content-encodings."""
    return (c for c in cases(every, seed) if line != "memory" or c.fault != "gzip")


def main() -> int:
    parser = argparse.ArgumentParser(description="Break answers at every byte; see the module.")
    parser.add_argument("--every", type=int, default=1, help="play one case in so many")
    parser.add_argument("--clients", type=int, default=100, help="and the clients one in so many")
    parser.add_argument("--line", action="append", choices=list(LINES), help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    broken = 0
    for line in asked.line or list(LINES):
        counts: Counter[str] = Counter()
        begun, every = time.monotonic(), asked.every * (1 if line == "memory" else asked.clients)
        for case in playable(line, every, asked.seed):
            try:
                counts[play(case, line)] += 1
            except Exception as error:
                counts["broken"] += 1
                if counts["broken"] <= 10:
                    print(repr(error), *getattr(error, "__notes__", [case]), sep="\n    ")
        broken += counts["broken"]
        seconds = time.monotonic() - begun
        print(f"{line}: {counts.total()} cases in {seconds:.0f} s: {dict(counts)}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
