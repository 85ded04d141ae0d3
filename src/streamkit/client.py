"""The async client. `streamkit.sync` has the same for plain code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from streamkit._policy import Retry
from streamkit.adapter import Adapter, KeySource
from streamkit.messages import ChatResponse, Options, Tool, VendorTool
from streamkit.timeouts import Timeouts

if TYPE_CHECKING:
    from streamkit._http._async import AsyncHttp
    from streamkit._resume import Resume
    from streamkit._setup import Messages
    from streamkit.stream import Stream


class Client:
    """Streams answers on asyncio or trio. Cheap to make; keeps connections open for reuse.

    Args:
        adapters: adapters built by hand; they win over installed plugins of the same name.
        api_key: keys by model-id prefix, as text or as a callable, plain or async, that returns
            one (asked before every attempt; a plain one must not block). Wins over the environment.
        base_url: base URLs by model-id prefix. Wins over the environment.
        http: an ``httpx.AsyncClient`` (or httpx2's) of your own; you close it yourself.
        retry: when to send a request again that failed before its first content.
        timeouts: how long to wait for what.
        strict: raise `UnsupportedError` instead of warning of an option not honoured.
        allow_http: permit plain-http base URLs that are not on this machine.
        max_frame_bytes: bound on one event of a stream, in bytes.
        resume: how an answer that breaks after part of it was shown goes on; False: not at all.
        token_secret: signs resume tokens, 16 characters or more; then only tokens signed with it
            are taken.
    """

    def __init__(
        self,
        *,
        adapters: Iterable[Adapter] = (),
        api_key: Mapping[str, KeySource] | None = None,
        base_url: Mapping[str, str] | None = None,
        http: AsyncHttp | None = None,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        strict: bool = False,
        allow_http: bool = False,
        max_frame_bytes: int = 64 * 2**20,
        resume: Resume | bool | None = None,
        token_secret: str | bytes | None = None,
    ) -> None:
        # What carries answers is loaded with a client: not with this module, which many a program
        # imports and does not use, and not in the midst of the first call.
        from streamkit._http._async import AsyncPool
        from streamkit._setup import Setup
        from streamkit.stream import Stream

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
        self._pool = AsyncPool(http)
        self._new_stream = Stream

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
        """Begin an answer: ``async with client.stream("openai:gpt-5", "Why?") as stream``.

        ``model`` is ``prefix:name``; ``messages`` a prompt, a `Message`, or a list of them. The
        request is sent when the first event is asked for.

        Raises:
            ConfigurationError: something is missing or wrong that can be told before sending.
        """
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
        return self._new_stream(call, self._pool)

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
        return self._new_stream(call, self._pool)

    async def complete(
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
        async with stream:
            return await stream.response()

    async def aclose(self) -> None:
        """Close the connections this client opened. Not the ``http`` client that was handed in."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
