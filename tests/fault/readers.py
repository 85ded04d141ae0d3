"""A user of streamkit on each of the four backends, and all that this user can see of a stream."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from pydantic_core import to_json

import streamkit
import streamkit.sync
from streamkit import errors, events
from streamkit.messages import ChatResponse

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
BACKENDS = (*LOOPS, "sync")


def run(backend: str, main: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    name, options = LOOPS[backend]
    return anyio.run(main, *args, backend=name, backend_options=options)


@dataclass
class Seen:
    """What one stream gave."""

    events: list[events.Event] = field(default_factory=list)
    error: errors.StreamkitError | None = None
    snapshot: ChatResponse = field(default_factory=ChatResponse)
    reprs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if event.type == "text.delta")

    def words(self) -> str:
        """Every text in which a secret might be found."""
        found = [*self.reprs, *map(repr, self.events), repr(self.snapshot)]
        found += [to_json(event).decode() for event in self.events]
        if (error := self.error) is not None:
            found += [str(error), repr(error), repr(vars(error)), error.public()]
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            found += [repr(error.info()), *told.format(chain=True)]
        return "\n".join(found)


def shown(response: ChatResponse) -> str:
    """The parts of an answer in a few words."""
    parts = []
    for part in response.choices[0].parts:
        match part.type:
            case "text":
                parts.append(f"“{part.text}”")
            case "incomplete_tool_call":
                parts.append(f"half a call, arguments {part.arguments_text!r}")
            case other:
                parts.append(other.replace("_", " "))
    return ", ".join(parts) or "nothing"


class Reader:
    """Reads ``streams`` streams at once to their ends, then one more; a thread or task for each.

    ``between`` is called when the first streams have ended and the client is still open.
    """

    def __init__(self, model: str, prompt: str, streams: int, between: Callable[[], Any]) -> None:
        self.model = model
        self.prompt = prompt
        self.streams = streams
        self.between = between

    def read(self, backend: str, again: bool, **arguments: Any) -> list[Seen]:
        if backend == "sync":
            return self._sync(again, arguments)
        return run(backend, self._async, again, arguments)

    async def _async(self, again: bool, arguments: Any) -> list[Seen]:
        found = [Seen() for _ in range(self.streams)]
        async with streamkit.Client(**arguments) as client:
            async with anyio.create_task_group() as group:
                for seen in found:
                    group.start_soon(self._read, client, seen)
            await anyio.to_thread.run_sync(self.between)
            if again:
                assert (await client.complete(self.model, self.prompt)).outcome == "complete"
        return found

    async def _read(self, client: streamkit.Client, seen: Seen) -> None:
        async with client.stream(self.model, self.prompt) as stream:
            try:
                async for event in stream:
                    seen.events.append(event)
            except errors.StreamkitError as error:
                seen.error = error
        seen.snapshot = stream.snapshot
        seen.reprs += [repr(stream), repr(client)]

    def _sync(self, again: bool, arguments: Any) -> list[Seen]:
        found = [Seen() for _ in range(self.streams)]
        with streamkit.sync.Client(**arguments) as client:
            if self.streams == 1:
                self._read_sync(client, found[0])
            else:
                with ThreadPoolExecutor(self.streams) as pool:
                    list(pool.map(lambda seen: self._read_sync(client, seen), found))
            self.between()
            if again:
                assert client.complete(self.model, self.prompt).outcome == "complete"
        return found

    def _read_sync(self, client: streamkit.sync.Client, seen: Seen) -> None:
        with client.stream(self.model, self.prompt) as stream:
            try:
                for event in stream:
                    seen.events.append(event)
            except errors.StreamkitError as error:
                seen.error = error
        seen.snapshot = stream.snapshot
        seen.reprs += [repr(stream), repr(client)]
