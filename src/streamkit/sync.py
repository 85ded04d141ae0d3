"""streamkit for plain code, without a framework: the same names, no await.

    with streamkit.sync.Client() as client:
        with client.stream("local:smollm2", "Write a haiku") as stream:
            for text in stream.text:
                print(text, end="", flush=True)

Refuses to run inside a running event loop, which it would block.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack, cast

from streamkit._call import Call
from streamkit._http._sync import SyncDriver, SyncHttp, SyncPool
from streamkit._policy import Retry
from streamkit._resume import Resume
from streamkit._secrets import without_frames
from streamkit._setup import Messages, Setup
from streamkit.adapter import Adapter, KeySource
from streamkit.errors import ConfigurationError
from streamkit.events import Event, TextDelta
from streamkit.messages import ChatResponse, Options, Tool, VendorTool
from streamkit.stream import StreamState, busy
from streamkit.timeouts import Timeouts

__all__ = ["Client", "Stream"]


class Stream(StreamState):
    """One answer as it comes; see `streamkit.Stream`, whose plain twin this is."""

    def __init__(self, call: Call, pool: SyncPool) -> None:
        super().__init__(call)
        self._driver = SyncDriver(pool, call.timeouts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        problem = self._close()
        if error is not None and problem is not None:
            error.add_note(f"Closing the vendor's connection failed as well: {problem!r}")

    def __iter__(self) -> Iterator[Event]:
        return cast("Iterator[Event]", self)

    def __next__(self) -> Event:
        events = self._events
        while not events:
            self._step()
        return events.popleft()

    @property
    def text(self) -> Iterator[str]:
        """The words of the answer as they come (choice 0). Events it passes over are gone.

        Words are never taken back from here: where a resumed answer would have to, it gives up.
        """
        return _Text(self)

    def response(self) -> ChatResponse:
        """Read to the end and return the whole answer. Raises as iterating does."""
        for _ in self:
            pass
        return self.snapshot

    def close(self) -> None:
        """Stop the stream and close its connection. Harmless if it has ended."""
        self._close()

    def _close(self) -> Exception | None:
        if self._closed:
            return None
        try:
            self._leave()
        finally:  # even if Ctrl-C comes
            problem = self._driver.close()
        return problem

    def _step(self) -> None:
        """Carry out one command, and so get on to the next event or to the end."""
        if not self._begun:
            _refuse_event_loop()
            self._begin()
            return
        if self._reading:
            raise busy(self, "thread")
        command, driver = self._next_command(), self._driver
        if command is None:
            if not self._closed:
                self.close()
            self._over()
            raise StopIteration
        self._reading = True
        try:
            self._advance(driver.perform(command))
        except BaseException as left:  # Ctrl-C: nothing of this stream may live on
            self._leave()
            driver.close()
            raise without_frames(left)  # noqa: B904
        finally:
            self._reading = False

    def __del__(self) -> None:
        if self._begun and not self._closed:
            self._driver.close()
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)


class _Text:
    """The text of a stream. A class, so that no generator holds the connection."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        stream._flow.draft.seam.append_only = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        stream = self._stream
        events = stream._events
        while True:
            while events:
                event = events.popleft()
                if type(event) is TextDelta and event.choice == 0:
                    return event.text
            stream._step()

    def close(self) -> None:
        """Close the stream, as `contextlib.closing` does."""
        self._stream.close()


class Client:
    """Streams answers in plain blocking code; see `streamkit.Client` for the arguments.

    ``http`` takes an ``httpx.Client`` (or httpx2's), and callables for keys are plain ones.
    """

    def __init__(
        self,
        *,
        adapters: Iterable[Adapter] = (),
        api_key: Mapping[str, KeySource] | None = None,
        base_url: Mapping[str, str] | None = None,
        http: SyncHttp | None = None,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        strict: bool = False,
        allow_http: bool = False,
        max_frame_bytes: int = 64 * 2**20,
        resume: Resume | bool | None = None,
        token_secret: str | bytes | None = None,
    ) -> None:
        _refuse_event_loop()
        self._setup = Setup(
            adapters=adapters,
            api_key=api_key,
            base_url=base_url,
            retry=retry,
            timeouts=timeouts,
            strict=strict,
            allow_http=allow_http,
            max_frame_bytes=max_frame_bytes,
            resume=resume,
            token_secret=token_secret,
        )
        self._pool = SyncPool(http)

    def stream(
        self,
        model: str,
        messages: Messages,
        *,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        strict: bool | None = None,
        resume: Resume | bool | None = None,
        **options: Unpack[Options],
    ) -> Stream:
        """Begin an answer; see `streamkit.Client.stream`."""
        try:
            call = self._setup.call(
                model,
                messages,
                options,
                retry=retry,
                timeouts=timeouts,
                strict=strict,
                resume=resume,
            )
        finally:
            del messages, options  # no traceback with local variables may show these
        return Stream(call, self._pool)

    def resume(
        self,
        token: str,
        *,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        resume: Resume | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        tools: Sequence[Tool | VendorTool] | None = None,
    ) -> Stream:
        """Go on with a broken answer, from the ``token`` of its `StreamInterrupted`.

        ``stream.text`` gives what is new; ``stream.snapshot`` and the response hold all. Keys and
        addresses are this client's own; headers are not in a token, so give them again, and
        ``extra_body`` and ``tools`` that hold secrets.

        Raises:
            ConfigurationError: the token is damaged, too old, or of another adapter; or a secret is
                missing.
        """
        try:
            call = self._setup.resumed(
                token,
                {"extra_body": extra_body, "tools": tools},
                extra_headers or {},
                retry=retry,
                timeouts=timeouts,
                resume=resume,
            )
        finally:
            del token, extra_headers, extra_body, tools
        return Stream(call, self._pool)

    def complete(
        self,
        model: str,
        messages: Messages,
        *,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        strict: bool | None = None,
        resume: Resume | bool | None = None,
        **options: Unpack[Options],
    ) -> ChatResponse:
        """The whole answer at once (streamed underneath). Takes what `stream` takes."""
        try:
            stream = self.stream(
                model,
                messages,
                retry=retry,
                timeouts=timeouts,
                strict=strict,
                resume=resume,
                **options,
            )
        finally:
            del messages, options
        with stream:
            return stream.response()

    def close(self) -> None:
        """Close the connections this client opened. Not the ``http`` client that was handed in."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _refuse_event_loop() -> None:
    """Raise ConfigurationError inside a running loop of asyncio or trio."""
    trio = sys.modules.get("trio")
    running = trio is not None and trio.lowlevel.in_trio_run()
    try:
        asyncio.get_running_loop()
        running = True
    except RuntimeError:
        pass
    if running:
        raise ConfigurationError(
            "streamkit.sync would block the running event loop: use streamkit.Client with "
            "'async with' here, or call this from a worker thread"
        )
