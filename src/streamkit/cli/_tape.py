"""Holds on to the bytes of an answer while they come, without knowing what they mean."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, cast

import httpx

from streamkit.adapter import Adapter, Decoder, Frame, Framing, Located, WireRequest
from streamkit.chunks import Chunk
from streamkit.messages import ChatRequest
from streamkit.testing import Recording
from streamkit.testing._recording import End

NO_FRAME_LIMIT: Final = 2**40

_HARMLESS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
_LONG: Final = 16
"""Characters. A shorter word of a header or a URL is a version, a region or the like."""

_ANYTHING: Final[dict[str, Framing]] = dict.fromkeys(
    ("application/json", "application/problem+json", "text/html"), "jsonl"
)


class Deaf(Adapter):
    """Asks as another adapter does, and hears nothing of the answer, so that all of it is read.

    An adapter that is being written can so be recorded for, and no end mark ends the reading.
    """

    dialect: ClassVar[str] = "recording"

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.name = adapter.name
        self.endpoint = adapter.endpoint
        self.supports = adapter.supports
        self.own_headers: set[str] = set()

    def request(self, request: ChatRequest) -> WireRequest:
        wire = self._adapter.request(request)
        self.own_headers.update(name.lower() for name in wire.headers)
        # Lines can be cut from any body, the binary ones included.
        return replace(wire, framing="jsonl", framing_by_type=_ANYTHING)

    def decoder(self, request: ChatRequest) -> Decoder:  # noqa: ARG002
        return _Nothing()

    def locate(self, model: str) -> Located | None:
        return self._adapter.locate(model)


class _Nothing(Decoder):
    def feed(self, frame: Frame) -> Sequence[Chunk]:  # noqa: ARG002
        return ()

    def close(self) -> Sequence[Chunk]:
        return ()


class TapingHttp:
    """What a `streamkit.sync.Client` wants of its ``http``, with a tape running.

    ``secrets`` are what was sent to prove who asks: the values of headers, but for ``harmless``
    ones, and long ones in the URL.
    """

    def __init__(self, http: httpx.Client, harmless: Collection[str]) -> None:
        self._http = http
        self._harmless = harmless
        self._tape: _Tape | None = None
        self.secrets: set[str] = set()
        self.build_request = http.build_request
        self.close = http.close

    @property
    def recording(self) -> Recording | None:
        """What has come of the last request; None before an answer."""
        return self._tape.recording() if self._tape is not None else None

    def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
        """Send a request. Raises as ``httpx.Client.send``."""
        self._note_secrets(request)
        self._tape = _Tape(self._http.send, request, arguments)
        return self._tape.response

    def _note_secrets(self, request: httpx.Request) -> None:
        for name, value in request.headers.items():
            if name.lower() not in _HARMLESS and name.lower() not in self._harmless:
                self.secrets |= {value, value.partition(" ")[2], *_long_words(value)}
        for _, value in request.url.params.multi_items():
            self.secrets.update(_long_words(value))


def _long_words(value: str) -> list[str]:
    return [word for word in re.split(r"[\s,;=/]+", value) if len(word) >= _LONG]


class _Tape(httpx.SyncByteStream):
    """One answer, whose body is noted down as it is read."""

    def __init__(self, send: Any, request: httpx.Request, arguments: dict[str, Any]) -> None:
        self._sent = time.monotonic()
        self._inner: httpx.Response = send(request, **arguments)
        self._headers = {name.lower(): value for name, value in self._inner.headers.items()}
        self._headers.pop("content-length", None)
        self._is_plain = self._headers.pop("content-encoding", "identity") in ("", "identity")
        self._body = bytearray()
        self._arrivals: list[tuple[int, float]] = []
        self._end: End = "stopped"
        self.response = httpx.Response(
            self._inner.status_code,
            headers=self._headers,
            stream=self,
            extensions=self._inner.extensions,
        )

    def recording(self) -> Recording:
        status = self._inner.status_code
        return Recording(bytes(self._body), status, self._headers, self._arrivals, self._end)

    def __iter__(self) -> Iterator[bytes]:
        source = self._inner.stream if self._is_plain else self._inner.iter_bytes()
        try:
            for data in cast("Iterable[bytes]", source):
                self._body += data
                self._arrivals.append((len(self._body), time.monotonic() - self._sent))
                yield data
        except httpx.TimeoutException:
            self._end = "silent"
            raise
        except Exception:
            self._end = "lost"
            raise
        self._end = "closed"

    def close(self) -> None:
        self._inner.close()
