"""A running answer, async. `streamkit.sync` has the same for plain code."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, cast

from streamkit import _plugins
from streamkit._call import Call
from streamkit._commands import Command, Open, Read, now
from streamkit._flow import Flow
from streamkit._http._async import AsyncDriver, AsyncPool
from streamkit._secrets import without_frames
from streamkit.errors import ConfigurationError
from streamkit.events import Event, TextDelta
from streamkit.messages import ChatResponse
from streamkit.values import Timings


def busy(stream: StreamState, other: str) -> ConfigurationError:
    """For whoever reads a stream that an ``other`` task or thread is reading."""
    return ConfigurationError(
        f"{stream.model}: another {other} is reading this stream; one reads, and hands on"
    )


class StreamState:
    """What an async and a sync stream have in common: the flow, and views of it."""

    _begun = False  # also of one that Ctrl-C leaves half made
    _reading = False

    def __init__(self, call: Call) -> None:
        self._flow = Flow(call, now)
        self._run = self._flow.run()
        self._events: deque[Event] = self._flow.events
        self._command: Command | None = None
        self._advanced = 0.0
        self._closed = False

    @property
    def model(self) -> str:
        """The model id as asked for, with its prefix."""
        return self._flow.call.model

    @property
    def snapshot(self) -> ChatResponse:
        """The answer so far, at any time. ``outcome`` is None while the stream runs."""
        return self._flow.snapshot()

    @property
    def timings(self) -> Timings:
        """When things happened so far, in seconds."""
        return self._flow.watch.timings(self._flow.draft.usage)

    def __repr__(self) -> str:
        state = self._flow.outcome or ("running" if self._begun else "not started")
        return f"<{type(self).__name__} {self.model} {state}>"

    def _advance(self, reply: Any) -> None:
        try:
            self._command = self._run.send(reply)
        except StopIteration:
            self._command = None
        self._advanced = now()

    def _next_command(self) -> Command | None:
        """What is to be done now. The timers did not run while the caller had events to see to."""
        command = self._command
        if isinstance(command, Open | Read) and command.deadline is not None:
            command.deadline = self._flow.watch.put_off(now() - self._advanced)
        return command

    def _begin(self) -> None:
        self._begun = True
        self._advance(None)

    def _over(self) -> None:
        """Nothing is left to come: raise what went wrong, if anything did."""
        if self._flow.error is not None:
            raise self._flow.error.with_traceback(None)
        if self._flow.outcome == "cancelled":
            raise ConfigurationError(
                f"{self.model}: the stream was closed before its end; "
                "what had come is in stream.snapshot"
            )

    def _leave(self) -> None:
        self._closed = True
        self._flow.cancel()
        self._run.close()
        self._command = None
        _plugins.tell_stream_ended(self._flow.report())


class Stream(StreamState):
    """One answer as it comes. Iterate it for events, or ``stream.text`` for words.

    Use it as ``async with client.stream(...) as stream``. The request is sent when the first event
    is asked for. Leaving the block, or `aclose`, closes the vendor's connection.

    Iterating raises a `StreamkitError` if the answer does not come whole; its ``partial`` holds
    what did come. An ordinary end of the loop means the answer is whole.
    """

    def __init__(self, call: Call, pool: AsyncPool) -> None:
        super().__init__(call)
        self._driver = AsyncDriver(pool, call.timeouts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        problem = await self._close()
        if error is not None and problem is not None:
            error.add_note(f"Closing the vendor's connection failed as well: {problem!r}")

    def __aiter__(self) -> AsyncIterator[Event]:
        return cast("AsyncIterator[Event]", self)

    async def __anext__(self) -> Event:
        events = self._events
        while not events:
            await self._step()
        return events.popleft()

    @property
    def text(self) -> AsyncIterator[str]:
        """The words of the answer as they come (choice 0). Events it passes over are gone.

        Words are never taken back from here: where a resumed answer would have to, it gives up.
        """
        return _Text(self)

    async def response(self) -> ChatResponse:
        """Read to the end and return the whole answer. Raises as iterating does."""
        async for _ in self:
            pass
        return self.snapshot

    async def aclose(self) -> None:
        """Stop the stream and close its connection. Harmless if it has ended."""
        await self._close()

    async def _close(self) -> Exception | None:
        if self._closed:
            return None
        self._leave()
        return await self._driver.close()

    async def _step(self) -> None:
        """Carry out one command, and so get on to the next event or to the end."""
        if not self._begun:
            self._begin()
            return
        if self._reading:
            raise busy(self, "task")
        command, driver = self._next_command(), self._driver
        if command is None:
            if not self._closed:
                await self.aclose()
            self._over()
            raise StopAsyncIteration
        self._reading = True
        try:
            if type(command) is Read:
                reply = await driver.read(command.deadline, command.wake)
            else:
                reply = await driver.perform(command)
            self._advance(reply)
        except BaseException as left:  # cancelled: nothing of this stream may live on
            self._leave()
            await driver.close()
            raise without_frames(left)  # noqa: B904
        finally:
            self._reading = False

    def __del__(self) -> None:
        if self._begun and not self._closed:
            self._driver.drop()
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)


class _Text:
    """The text of a stream. A class, so that no generator holds the connection."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        stream._flow.draft.seam.append_only = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        stream = self._stream
        events = stream._events
        while True:
            while events:
                event = events.popleft()
                if type(event) is TextDelta and event.choice == 0:
                    return event.text
            await stream._step()

    async def aclose(self) -> None:
        """Close the stream, as `contextlib.aclosing` does."""
        await self._stream.aclose()
