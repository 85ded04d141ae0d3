"""The contract an adapter fulfils: build a request, decode frames, explain an error body.

An adapter is pure: no I/O, clock, randomness, environment or async. The core reads keys and base
URLs from the environment by the names in `Endpoint`, opens the connection, cuts the body into
`Frame`s, and asks the adapter what they mean. One adapter object is shared by all streams, so it
holds no state; what belongs to one attempt lives in the `Decoder` it makes.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from pydantic_core import from_json

from streamkit.chunks import Chunk, Fault
from streamkit.faults import fault_from_http
from streamkit.messages import ChatRequest
from streamkit.values import Warned as Warned  # noqa: PLC0414 - a part of the contract

Framing = Literal["sse", "jsonl", "json-array", "aws-event-stream"]
"""How the body is cut into frames: server-sent events, one JSON value a line, the elements of one
JSON array, or the messages of AWS's binary event stream."""

KeySource = str | Callable[[], str | Awaitable[str]] | None
"""An API key, or something that returns one, called before every attempt.

What it returns may have to be awaited, with the async client alone. A plain callable is called in
the event loop's thread, so one that waits should be async.
"""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request as it is about to be sent. ``headers`` have lower-case names.

    ``region`` is that of the `Endpoint`.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    region: str | None = None


Signer = Callable[[Unsigned], Mapping[str, str]]
"""Proves who sends a request: returns headers to add to it, such as AWS's signature.

Called before every attempt, in a worker thread and perhaps in several at once; may block to fetch
credentials. What it says with ``raise streamkit.errors.ConfigurationError("…")`` reaches the user;
of any other exception only the type does.
"""


@dataclass(slots=True)
class Frame:
    """One message of the body.

    ``event`` is "" for the default type ("message") and where the framing has no types; with an AWS
    event stream also ``exception:…`` and ``error:…``. ``id`` is the last event id so far, None
    before the first.
    """

    data: str
    event: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a vendor is and how it wants its key; the first environment variable set wins.

    ``base_url`` may name environment variables: ``https://{ACME_REGION,REGION}.acme.example``, and
    what holds if none is set, ``{REGION=global}``. ``hosts`` are names of hosts that do not follow
    the pattern, by what they would be if they did. ``rewrites`` are regular expressions by which
    the path of a whole URL is changed, and what stands there instead: for vendors that serve the
    same dialect under older paths.
    ``auth_header`` is sent as ``{auth_prefix}{key}``; empty means no key is ever sent. A key that
    ``bearer_token`` (a regular expression) fits as a whole is sent as ``Authorization: Bearer``
    instead, for vendors that take keys in one header and tokens in another.
    ``key_required`` False is for servers that run without one. ``api_key`` is set on adapters
    built by hand and wins over the environment. ``signer`` is called where no key was found; set
    ``key_required`` False with it, or a missing key is an error before that. It is a `Signer`, or
    the name of one (``package.module:name``), imported when first needed, since signing takes what
    an adapter must not import. ``region`` is what signatures are made out for,
    where it was given by hand: the host of a gateway does not tell it.
    """

    base_url: str | None = field(default=None, repr=False)
    hosts: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    rewrites: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    base_url_env: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    auth_header: str = "authorization"
    auth_prefix: str = "Bearer "
    bearer_token: str = ""
    key_required: bool = True
    api_key: KeySource = field(default=None, repr=False)
    signer: Signer | str | None = field(default=None, repr=False)
    region: str | None = None

    def at(self, base_url: str | None, api_key: KeySource) -> Endpoint:
        """The same vendor as set up by hand.

        A ``base_url`` given here needs no key, and gets only the ``api_key`` given with it: the one
        in the environment is the vendor's.
        """
        if base_url is None:
            return replace(self, api_key=api_key)
        return replace(
            self,
            base_url=base_url,
            base_url_env=(),
            key_env=(),
            key_required=False,
            api_key=api_key,
        )


@dataclass(frozen=True, slots=True)
class Located:
    """Where to send one request: the base URL, and the key if there is one."""

    base_url: str = field(repr=False)
    api_key: KeySource = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Supports:
    """What a dialect can carry: the only declaration, checked both ways by the contract kit.

    ``options`` are field names of `ChatRequest`; an option that is set but not listed becomes a
    warning (an error with ``strict``) before the adapter sees the request. ``parts`` are part types
    a message may hold. ``reasoning`` and ``usage`` say whether the stream can show them;
    ``tool_errors`` whether requests have a field for `ToolResult.is_error`. (Elsewhere the words of
    the result say it.)
    """

    options: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset({"text"})
    reasoning: bool = False
    usage: bool = True
    tool_errors: bool = False


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request without its key. ``path`` is appended to the base URL.

    ``body`` is sent as JSON. ``framing`` says how the answer's body is cut; ``framing_by_type``
    does for content types (lower case, without parameters) that the vendor may answer with instead.
    ``poll_every`` is for requests of `Adapter.poll_request`: after so many seconds they are sent
    again, until the answer is over.
    """

    path: str
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    framing: Framing = "sse"
    framing_by_type: Mapping[str, Framing] = field(default_factory=dict)
    method: str = "POST"
    warnings: tuple[Warned, ...] = ()
    poll_every: float | None = None


@dataclass(frozen=True, slots=True)
class ResumeBy:
    """A way in which a broken answer of this dialect can go on, and how that is known.

    ``replay``: the server kept the answer and sends it again from a `Cursor` on. ``prefix``: the
    model continues an assistant message that stands last. ``instruct``: the model is asked, in a
    user's turn, to go on. ``source`` names the vendor's page or the measurement behind the claim.
    """

    how: Literal["replay", "prefix", "instruct"]
    source: str


INSTRUCT = ResumeBy("instruct", "any chat model takes a further turn of the user's")
"""The way to go on that every chat model has."""


class Decoder(ABC):
    """Reads the frames of one attempt, in order. Holds the state of that attempt and no more.

    A replay goes on with the same decoder: it must pass over frames that come a second time, and
    answer a gap between the last frame and the next with a `Fault`.
    """

    @abstractmethod
    def feed(self, frame: Frame) -> Sequence[Chunk]:
        """What this frame says, as chunks. Must not raise, whatever the frame holds.

        An error the vendor reports is a `Fault` chunk (after what came before it in the frame), an
        unknown frame is `Opaque`. Emits `End` when the dialect's end mark is read; after that,
        frames give nothing.
        """

    @abstractmethod
    def close(self) -> Sequence[Chunk]:
        """The body has ended cleanly. Emits `End` only if the dialect may end without a mark."""


class Adapter(ABC):
    """One wire dialect at one vendor. Frozen and shared.

    ``name`` is the model-id prefix, ``dialect`` the wire format's name.
    """

    dialect: ClassVar[str]
    name: str
    endpoint: Endpoint
    supports: Supports

    @property
    def owner(self) -> str:
        """Under whose name `ProviderItem`s stand, and go back.

        The dialect's, unless servers that speak it make nothing of each other's items.
        """
        return self.dialect

    @abstractmethod
    def request(self, request: ChatRequest) -> WireRequest:
        """Build the HTTP request for ``request``. Pure.

        Everything that had to be dropped or changed is reported in ``WireRequest.warnings``.

        Raises:
            UnsupportedError: the messages hold content of the caller's that the dialect cannot
                carry, such as a document; words and pictures are never dropped in silence.
        """

    @abstractmethod
    def decoder(self, request: ChatRequest) -> Decoder:
        """A fresh decoder for one attempt at ``request``."""

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:  # noqa: ARG002
        """How a broken answer to ``request`` can go on. The core takes the best one that fits.

        Depends on the model and on what is asked for: a server that does not take up a JSON schema
        in the middle must not claim ``prefix`` for a request that has one.
        """
        return ()

    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:
        """Ask the server for what comes after ``cursor``, the newest `Cursor` of the decoder."""
        raise NotImplementedError(f"{self.name} claims replay and has no replay_request")

    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:  # noqa: ARG002
        """Ask the server for the whole of the answer that ``cursor`` is a place in.

        Taken where a replay is refused, or would find no decoder to go on with, as from a token in
        another process. A fresh decoder reads what comes: the answer from its beginning, of which
        the core tells what was not told yet. An answer that has no `End` is not over; it is asked
        for again after ``poll_every`` seconds, for as long as ``Timeouts.first_content`` allows.
        None: the server cannot be asked so.
        """
        return None

    def prefix_request(self, request: ChatRequest) -> WireRequest:
        """``request`` ends with the assistant's turn so far: have the model go on with it.

        The text of that turn never ends in white space.
        """
        return self.request(request)

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What an error answer means. ``headers`` have lower-case names.

        The default reads the common shapes of error bodies, which suits most vendors.
        """
        return fault_from_http(status, headers, body)

    def locate(self, model: str) -> Located | None:  # noqa: ARG002
        """For adapters that find or start their own server: where ``model`` is served.

        May block; the core calls it outside the event loop. None: use `endpoint`.
        """
        return None


def parse_json(text: str) -> Any:
    """Parse one frame's JSON. Raises ValueError if it is none, or nested absurdly deep.

    The fast parser rejects lone surrogates, which some servers send when they cut an emoji in two;
    the standard library's takes them. Its bound on depth holds all the same, so that whatever is
    parsed can be walked, compared and written again.
    """
    try:
        return from_json(text)
    except (ValueError, TypeError):
        pass
    try:
        value = json.loads(text)
        from_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error
    return value


def malformed(frame: Frame, problem: str) -> Fault:
    """The fault for a frame that breaks the dialect's rules, with the frame attached."""
    return Fault(kind="protocol", message=problem, body=frame.data)
