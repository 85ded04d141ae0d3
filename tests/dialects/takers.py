"""Every dialect, as one that answers and as one that is asked to take an answer back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from streamkit._plugins import installed
from streamkit.adapter import Adapter, WireRequest
from streamkit.messages import (
    ChatRequest,
    Message,
    Part,
    ProviderItem,
    ReasoningPart,
    TextPart,
    ToolCall,
)
from streamkit.testing import Recording, decode

PLUGINS = Path(__file__).parents[2] / "plugins"
TYPES = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".aws": "application/vnd.amazon.eventstream",
}


@dataclass(frozen=True)
class Dialect:
    """One dialect at one vendor.

    ``reads`` are the names under which it finds what it may have back: of signatures' schemes and
    in ``ToolCall.vendor``.
    """

    name: str
    folder: str
    model: str = "any"
    reads: frozenset[str] = frozenset()

    @property
    def adapter(self) -> Adapter:
        return installed().adapter(self.name)

    def sends(self, *messages: Message) -> WireRequest:
        return self.adapter.request(ChatRequest(model=self.model, messages=messages))

    def owns(self, part: Part) -> bool:
        """Whether what the vendor hid in the part may go to this one."""
        if isinstance(part, ProviderItem):
            return part.dialect == self.adapter.owner
        scheme = getattr(part, "scheme", None)
        return scheme is None or scheme.partition(":")[0] in self.reads


def _dialect(name: str, folder: str, model: str = "any", *reads: str) -> Dialect:
    return Dialect(name, folder, model, frozenset(reads))


DIALECTS = [
    _dialect("openai", "openai/tests/recordings", "gpt-5", "openai"),
    _dialect("openrouter", "openai/tests/recordings", "any", "openrouter"),
    _dialect("gemini-compat", "openai/tests/recordings", "gemini-3-flash", "gemini-compat"),
    _dialect("databricks", "openai/tests/recordings", "any", "databricks"),
    _dialect("local", "openai/tests/recordings", "smollm2", "local"),
    _dialect("openai-responses", "openai/tests/responses_recordings", "gpt-5", "openai-responses"),
    _dialect("xai-responses", "openai/tests/responses_recordings", "grok-4", "xai-responses"),
    _dialect("anthropic", "anthropic/tests/recordings", "claude-sonnet-4-6", "anthropic"),
    _dialect("ollama", "ollama/tests/recordings", "qwen3", "ollama-chat"),
    _dialect("cohere", "cohere/tests/recordings", "command-a", "cohere-v2"),
    _dialect("mistral", "mistral/tests/recordings", "magistral-medium-latest", "mistral"),
    _dialect(
        "mistral-conversations", "mistral/tests/conversations_recordings",
        "mistral-medium-latest", "mistral", "mistral-conversations",
    ),
    _dialect("gemini", "gemini/tests/recordings", "gemini-3-flash", "gemini"),
    _dialect(
        "gemini-interactions", "gemini/tests/interactions_recordings",
        "gemini-3-flash", "gemini-interactions",
    ),
    _dialect(
        "vertex-anthropic", "gemini/tests/vertex_recordings", "claude-sonnet-4-6", "anthropic"
    ),
    _dialect("bedrock", "bedrock/tests/recordings", "anthropic.claude-sonnet-4-6", "bedrock"),
    _dialect(
        "bedrock-anthropic", "bedrock/tests/invoke_recordings",
        "anthropic.claude-sonnet-4-6", "anthropic",
    ),
]  # fmt: skip


APART = frozenset({"openrouter", "gemini-compat", "databricks", "litellm", "xai-responses"})
"""Profiles that hide things in ways of their own, so that only theirs are their answers."""


@cache
def answers(dialect: Dialect) -> dict[str, Message]:
    """The turns that the recordings of a dialect hold, by the file."""
    found = {}
    for path in sorted((PLUGINS / f"streamkit-{dialect.folder}").iterdir()):
        if path.suffix not in TYPES:
            continue
        expected = json.loads(path.with_suffix(".expect.json").read_text("utf-8"))
        own = expected.get("variant", dialect.folder.partition("/")[0])
        if own != dialect.name and {own, dialect.name} & APART:
            continue
        recording = Recording.load(path)
        headers = {"content-type": TYPES[path.suffix]}
        message = decode(dialect.adapter, recording.body, headers=headers).response.message
        if message.content:
            found[path.stem] = message
    return found


def hollow(message: Message, giver: Dialect, taker: Dialect) -> Message:
    """The same turn of ``giver``'s without what was hidden in it and is not for ``taker``.

    Parts stand where they stood, so that neighbours stay neighbours.
    """
    content: list[Part] = []
    schemes: dict[str, str] = {}
    for part in message.content:
        update: dict[str, Any] = {}
        if isinstance(part, ToolCall):
            own = {k: v for k, v in (part.vendor or {}).items() if k in taker.reads}
            update = {"vendor": own or None}
        elif not taker.owns(part):
            match part:
                case ProviderItem():
                    update = {"dialect": "elsewhere", "payload": {"a": 1}, "kind": "k", "id": None}
                    update["name"] = None
                case TextPart() | ReasoningPart(scheme=str()):
                    hidden = schemes.setdefault(part.scheme or "", f"elsewhere:{len(schemes)}")
                    update = {"scheme": hidden, "signature": part.signature and "x"}
            if isinstance(part, ReasoningPart):
                update["text"] = "…"
        if isinstance(part, TextPart) and giver.adapter.dialect != taker.adapter.dialect:
            update["citations"] = ()
        content.append(part.model_copy(update=update))
    return Message(role=message.role, content=tuple(content))


def leaves(value: Any) -> Iterator[str]:
    """Every string in a JSON value, but for its keys."""
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from leaves(inner)
        case list() | tuple():
            for inner in value:
                yield from leaves(inner)


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a JSON value, those written as JSON in a string too."""
    match value:
        case Mapping():
            yield value
            for inner in value.values():
                yield from objects(inner)
        case list() | tuple():
            for inner in value:
                yield from objects(inner)
        case str() if value.startswith("{"):
            try:
                written = json.loads(value)
            except ValueError:
                return
            if isinstance(written, dict):
                yield written


def dropped(wire: WireRequest) -> list[str]:
    """The types of the parts that were dropped, in order; each reason is told once."""
    return [w.what for w in wire.warnings if w.code == "part_dropped"]
