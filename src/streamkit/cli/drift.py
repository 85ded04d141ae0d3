"""``streamkit drift``: what recordings hold that an adapter has no mapping for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from streamkit._plugins import installed
from streamkit.adapter import Adapter, Decoder, Frame, WireRequest
from streamkit.chunks import Chunk, Opaque
from streamkit.cli._endings import COMPLETE, FAILED
from streamkit.cli._json import write_line
from streamkit.cli._output import console, printable
from streamkit.cli._traced import Traced, tracing
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit.testing import Recording, decode

# Names and ids are looked up as well, in what came before.
_NO_WORDS: Final = re.compile(r"(^|_)(id|name|model)s?$|I[dD]$")
_KINDS: Final = frozenset({"type", "event_type"})
_WORD: Final = re.compile(r"[A-Za-z][\w.-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``kind`` is ``event``, ``field`` or ``value``; ``where`` a path of keys, ``[]`` for lists."""

    kind: str
    where: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.where} = {self.what}" if self.what else self.where


def drift(adapter: str, files: Sequence[str], *, known: Sequence[str], as_json: bool) -> int:
    """Name what the recordings hold that the adapter has no mapping for, and ``known`` does not.

    ``files`` and ``known`` are recordings or folders of them. Returns 1 if there is something.

    Raises:
        ConfigurationError: there is no such adapter, or a file holds nothing that it reads.
        OSError: a file cannot be read.
    """
    reader = installed().adapter(adapter.partition(":")[0])
    old = {finding for _, findings in _read(reader, known) for finding in findings}
    found: dict[Finding, list[str]] = {}
    count = 0
    for path, findings in _read(reader, files):
        count += 1
        for finding in findings - old:
            found.setdefault(finding, []).append(str(path))
    if as_json:
        for finding, holders in sorted(found.items()):
            write_line({"kind": finding.kind, "where": finding.where} | _what(finding, holders))
    else:
        _show(reader, found, count)
    return FAILED if found else COMPLETE


def _what(finding: Finding, holders: list[str]) -> dict[str, Any]:
    return ({"value": finding.what} if finding.what else {}) | {"files": holders}


def _show(reader: Adapter, found: dict[Finding, list[str]], count: int) -> None:
    screen = console(sys.stdout)
    for finding, holders in sorted(found.items()):
        more = f" and {len(holders) - 1} more" if len(holders) > 1 else ""
        words = Text.assemble(
            (f"{finding.kind:<6} ", "bold"),
            printable(str(finding)),
            (f"  {printable(holders[0])}{more}", "dim"),
        )
        screen.print(words, soft_wrap=True)
    if not found:
        recordings = "1 recording" if count == 1 else f"{count} recordings"
        screen.print(f"{reader.name} knows every word of {recordings}", soft_wrap=True)


def _read(reader: Adapter, given: Sequence[str]) -> Iterator[tuple[Path, set[Finding]]]:
    """What is unmapped in each file; of a folder, in those that hold an answer.

    Raises:
        ConfigurationError: a file or a whole folder holds none.
    """
    for name in given:
        path = Path(name)
        inside = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        read = [(p, findings) for p in inside if (findings := unmapped(reader, p)) is not None]
        if not read:
            raise ConfigurationError(f"{name} holds no answer that {reader.name} reads")
        yield from read


def unmapped(reader: Adapter, path: Path) -> set[Finding] | None:
    """What one recording holds that ``reader`` has no mapping for; None if it reads no event.

    An answer with an error's status is left out: every error body is read alike. Objects that the
    adapter passes on without reading one name in them, such as a tool's arguments, are not looked
    into.
    """
    recording = Recording.load(path)
    if recording.status >= 400 or path.name.endswith(".expect.json"):
        return None
    watched = _Watched(reader)
    decode(
        watched,
        recording.body,
        status=recording.status,
        headers=recording.headers or _headers(path),
        lost=recording.lost,
    )
    return watched.findings()


def _headers(path: Path) -> dict[str, str]:
    """Of a bare body, whose file name is all that there is."""
    types = {".sse": "text/event-stream", ".json": "application/json"}
    type_ = types.get(path.suffix)
    return {"content-type": type_} if type_ else {}


# --- watching an adapter read ----------------------------------------------------------------


@dataclass(slots=True)
class _Step:
    """One frame as the adapter read it."""

    event: Traced
    trees: list[Any]
    chunks: Sequence[Chunk]


class _Watched(Adapter):
    """Another adapter, whose decoders are watched."""

    dialect = ""

    def __init__(self, reader: Adapter) -> None:
        self.name, self.endpoint, self.supports = reader.name, reader.endpoint, reader.supports
        self._reader = reader
        self._steps: list[_Step] = []

    def request(self, request: ChatRequest) -> WireRequest:
        return self._reader.request(request)

    def decoder(self, request: ChatRequest) -> Decoder:
        return _WatchedDecoder(
            self._reader.decoder(request), self._reader.decoder(request), self._steps
        )

    def findings(self) -> set[Finding] | None:
        return _findings(self._steps) if self._steps else None


class _WatchedDecoder(Decoder):
    """Has one decoder read what is traced, and hands on what a second one reads of the same.

    So nothing but the adapter ever touches what is traced.
    """

    def __init__(self, watched: Decoder, plain: Decoder, steps: list[_Step]) -> None:
        self._watched = watched
        self._plain = plain
        self._steps = steps

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        with tracing() as trees:
            event = Traced(frame.event)
            chunks = self._watched.feed(Frame(frame.data, event, frame.id))
        self._steps.append(_Step(event, trees, chunks))
        return self._plain.feed(frame)

    def close(self) -> Sequence[Chunk]:
        with tracing():
            self._watched.close()
        return self._plain.close()


# --- what it did not know --------------------------------------------------------------------


def _findings(steps: Sequence[_Step]) -> set[Finding]:
    seen = _Seen()
    found = set()
    for step in steps:
        if event := _unknown_event(step):
            found.add(Finding("event", event))
        else:
            for tree in step.trees:
                if not isinstance(tree, dict) or any(key.known for key in tree):
                    seen.add("", tree)  # else it is no frame, but the input of a tool
    return found | set(seen.fields()) | set(seen.values())


def _unknown_event(step: _Step) -> str | None:
    """The name of a frame of which the adapter could say no more than that it came."""
    match list(step.chunks):
        case [Opaque(kind, data)]:
            inner = [v for t in step.trees if isinstance(t, dict) for v in t.values()]
            told = (v for v in (step.event, *inner) if isinstance(v, Traced))
            whole = any(data is tree for tree in step.trees)
            if not any(word.known for word in told) and (whole or step.event):
                return kind.plain if isinstance(kind, Traced) else kind
    return None


class _Seen:
    """Keys and strings of all frames, by their path."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], bool] = {}
        """(path of an object, key): whether the adapter knew the key there."""
        self._words: dict[tuple[str, str], bool] = {}
        """(path, string): whether the adapter knew it, of those that it asked about."""

    def add(self, path: str, value: Any) -> None:
        match value:
            case dict():
                names = {key.plain: key for key in value}
                if any(_is_new(value[key]) for name, key in names.items() if name in _KINDS):
                    # Of an object of a new kind, the kind is the news.
                    names = {name: key for name, key in names.items() if name in _KINDS}
                for name, key in names.items():
                    at = (path, name)
                    self._keys[at] = self._keys.get(at, False) or key.known
                    if key.known:
                        self.add(f"{path}.{name}" if path else name, value[key])
            case list():
                for inner in value:
                    self.add(f"{path}[]", inner)
            case Traced() if value.asked:
                at = (path, value.plain)
                self._words[at] = self._words.get(at, False) or value.known

    def fields(self) -> Iterator[Finding]:
        """Keys unknown, in objects of which the adapter knows others."""
        read = {path for (path, _), known in self._keys.items() if known}
        for (path, key), known in self._keys.items():
            if path in read and not known:
                yield Finding("field", f"{path}.{key}" if path else key)

    def values(self) -> Iterator[Finding]:
        for (path, word), known in self._words.items():
            name = path.rpartition(".")[2].removesuffix("[]")
            if not known and _WORD.fullmatch(word) and not _NO_WORDS.search(name):
                yield Finding("event", word) if path in _KINDS else Finding("value", path, word)


def _is_new(value: Any) -> bool:
    return isinstance(value, Traced) and value.asked and not value.known
