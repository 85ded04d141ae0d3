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
from streamkit.cli._known import Finding, Known, shipped
from streamkit.cli._output import console, printable
from streamkit.cli._traced import Traced, tracing
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit.testing import Recording, decode

# Names and ids are looked up as well, in what came before.
_NO_WORDS: Final = re.compile(r"(^|_)(id|name|model)s?$|I[dD]$")
_KINDS: Final = frozenset({"type", "event_type"})
_WORD: Final = re.compile(r"[A-Za-z][\w.-]{0,63}")


def drift(adapter: str, files: Sequence[str], *, known: Sequence[str], as_json: bool) -> int:
    """Name what the recordings hold that is new to the adapter.

    That is: what it has no mapping for, its ``known.txt`` does not list, and the recordings
    ``known`` do not hold. ``files`` and ``known`` are recordings or folders of them. Returns 1 if
    there is something.

    Raises:
        ConfigurationError: there is no such adapter, or a file holds nothing that it reads.
        OSError: a file cannot be read.
    """
    reader = installed().adapter(adapter.partition(":")[0])
    listed = shipped(reader)
    old = {word for _, words in _read(reader, known) for word in words.all()}
    found: dict[Finding, list[str]] = {}
    count = 0
    for path, words in _read(reader, files):
        count += 1
        for finding in words.news(listed) - old:
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


def _read(reader: Adapter, given: Sequence[str]) -> Iterator[tuple[Path, Words]]:
    """The words of each file; of a folder, of those that hold an answer.

    Raises:
        ConfigurationError: a file or a whole folder holds none.
    """
    for name in given:
        path = Path(name)
        inside = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        read = [(p, words) for p in inside if (words := words_of(reader, p)) is not None]
        if not read:
            raise ConfigurationError(f"{name} holds no answer that {reader.name} reads")
        yield from read


def words_of(reader: Adapter, path: Path) -> Words | None:
    """The words of one recording as ``reader`` took them; None if it reads no event in it.

    An answer with an error's status is left out: every error body is read alike.
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
    return watched.words()


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

    def words(self) -> Words | None:
        return Words(self._steps) if self._steps else None


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


class Words:
    """The words of one recording, and which of them the adapter knew."""

    def __init__(self, steps: Sequence[_Step]) -> None:
        self._steps = [(step, _unknown_event(step)) for step in steps]

    def all(self) -> set[Finding]:
        """Every one, known or not."""
        trees = [tree for step, _ in self._steps for tree in step.trees]
        return self._events() | {word for tree in trees for word in _all("", tree)}

    def news(self, listed: Known) -> set[Finding]:
        """Those that the adapter has no mapping for, and ``listed`` does not have."""
        seen = _Seen(listed)
        for step, event in self._steps:
            if event and Finding("event", event) not in listed:
                continue  # the kind is the news
            for tree in step.trees:
                frame = event or not isinstance(tree, dict) or any(key.known for key in tree)
                if frame:  # else it is the input of a tool
                    seen.add("", tree)
        found = self._events() | set(seen.fields()) | set(seen.values())
        return {finding for finding in found if finding not in listed}

    def _events(self) -> set[Finding]:
        return {Finding("event", event) for _, event in self._steps if event}


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


def _all(path: str, value: Any) -> Iterator[Finding]:
    match value:
        case dict():
            for key, inner in value.items():
                at = _under(path, key.plain)
                yield Finding("field", at)
                yield from _all(at, inner)
        case list():
            for inner in value:
                yield from _all(f"{path}[]", inner)
        case Traced():
            yield _word(path, value.plain)


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _word(path: str, word: str) -> Finding:
    return Finding("event", word) if path in _KINDS else Finding("value", path, word)


class _Seen:
    """Keys and strings of all frames, by their path."""

    def __init__(self, listed: Known) -> None:
        self._listed = listed
        self._keys: dict[tuple[str, str], bool] = {}
        """(path of an object, key): whether the adapter knew the key there."""
        self._words: dict[Finding, bool] = {}
        """Strings that it asked about, or that are in an enumeration: whether it knew them."""

    def add(self, path: str, value: Any) -> None:
        match value:
            case dict():
                kinds = {key: kind for key, kind in value.items() if key.plain in _KINDS}
                for key, inner in (kinds if self._is_new(path, kinds) else value).items():
                    field = (path, key.plain)
                    self._keys[field] = self._keys.get(field, False) or key.known
                    at = _under(path, key.plain)
                    if key.known or self._listed.leads_to(at):
                        self.add(at, inner)
            case list():
                for inner in value:
                    self.add(f"{path}[]", inner)
            case Traced() if value.asked or path in self._listed.enumerations:
                word = _word(path, value.plain)
                self._words[word] = self._words.get(word, False) or value.known

    def _is_new(self, path: str, kinds: dict[Traced, Any]) -> bool:
        """Whether it is an object of a new kind: then the kind is the news."""
        return any(
            isinstance(kind, Traced)
            and kind.asked
            and not kind.known
            and _word(_under(path, key.plain), kind.plain) not in self._listed
            for key, kind in kinds.items()
        )

    def fields(self) -> Iterator[Finding]:
        """Keys unknown, in objects of which the adapter or the list has others."""
        read = {path for (path, _), known in self._keys.items() if known} | self._listed.objects
        for (path, key), known in self._keys.items():
            if path in read and not known:
                yield Finding("field", _under(path, key))

    def values(self) -> Iterator[Finding]:
        for word, known in self._words.items():
            where, text = (word.where, word.what) if word.kind == "value" else ("", word.where)
            name = where.rpartition(".")[2].removesuffix("[]")
            told = where in self._listed.enumerations or not _NO_WORDS.search(name)
            if not known and told and _WORD.fullmatch(text):
                yield word
