"""How a broken answer goes on: the ladder of ways, and the request for each.

    replay    the server sends the rest of the same answer,         exact
              or is asked for all of it until it is over (poll)
    prefix    the model goes on from an assistant's turn            seamless
    instruct  the model is asked, in a user's turn, to go on        approximate
    restart   the request is sent anew: no whole word was shown yet restarted

The adapter says which of them a model and a request allow (`Adapter.resume_by`), the caller how far
down to go (`Resume`), and the draft what there is to go on from. Nothing fits: the stream gives up,
with the answer so far.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from streamkit._checkpoint import break_off, parts_to_send, standing, taken
from streamkit._explain import STARTED_ANEW
from streamkit._joint import safe_length
from streamkit._spent import tokens_in
from streamkit._target import encode_body
from streamkit.errors import (
    ContentFilterError,
    InvalidRequestError,
    LineError,
    NotFoundError,
    ProtocolError,
    StreamkitError,
)
from streamkit.events import Fidelity, Strategy
from streamkit.messages import ChatRequest, Message, NamedTool

if TYPE_CHECKING:
    from streamkit._draft import Draft
    from streamkit.adapter import Adapter, WireRequest

_RANK: Final = {"restarted": 0, "approximate": 1, "seamless": 2, "exact": 3}
_FIDELITY: Final[dict[str, Fidelity]] = {
    "replay": "exact",
    "poll": "exact",
    "prefix": "seamless",
    "instruct": "approximate",
    "restart": "restarted",
}

_TAIL: Final = 200
_GO_ON: Final = (
    "Your previous answer was interrupted and ended with:\n\n{tail}\n\n"
    "Continue from exactly where it left off. Do not repeat anything and do not introduce it."
)
# Sources: "Migrating to Claude 4.6" advises this form in place of a prefilled turn.

_NAMES_THE_PREFIX: Final = re.compile(
    r"prefix|prefill|pre-fill|continue_final|partial"
    r"|(last|final) (assistant )?(message|role|turn)|(end|start)s? with an? (user|assistant)"
    r"|assistant (message|turn|role|response) (must|can|may|is|are|as)",
    re.I,
)
_NAMES_ITS_SIZE: Final = re.compile(
    r"context|length|exceed|too (long|large|many)|maximum|limit|white ?space", re.I
)
"""Then it is this text that the server refuses, and not every one."""

_FINAL: Final = (InvalidRequestError, NotFoundError, ContentFilterError)
_REFUSED: Final = "the server refuses it"
_ANEW: Final = "the model did not go on from there"

Made = TypeVar("Made", "WireRequest", "WireRequest | None")

Learned = set[tuple[str, str, str]]
"""What servers have refused: base URL, model, way."""


@dataclass(frozen=True, slots=True)
class Resume:
    """How a stream that breaks after part of the answer was shown may go on.

    Args:
        min_fidelity: the least that is acceptable: ``exact``, ``seamless``, ``approximate``, or
            ``restarted``, which takes reasoning and unfinished calls back, and of words no more
            than the beginning of the first.
        attempts: how often the request may be sent, the attempt that first showed something
            included; those before it are `Retry`'s. One that could not be sent, for no connection
            was made, does not count; six of those in a row are the end.
        idle_attempts: how many attempts in a row may bring nothing new. A line that always breaks
            at the same place would otherwise be paid for until ``attempts`` are used up.
        max_extra_input_tokens: bound on the input of all further attempts together, estimated at
            four bytes a token; None for none.
        hold_back: keep the last, perhaps unfinished word of the text back, by at most 24
            characters, so that a seam falls between words.
    """

    min_fidelity: Fidelity = "restarted"
    attempts: int = 4
    idle_attempts: int = 2
    max_extra_input_tokens: int | None = None
    hold_back: bool = True

    def __post_init__(self) -> None:
        if self.min_fidelity not in tuple(_RANK):
            raise ValueError(f"min_fidelity is one of {', '.join(_RANK)}")
        for name in ("attempts", "idle_attempts"):
            if not _is_count(getattr(self, name), least=1):
                raise ValueError(f"{name} is a whole number, at least 1")
        limit = self.max_extra_input_tokens
        if limit is not None and not _is_count(limit, least=0):
            raise ValueError("max_extra_input_tokens is None or a whole number, at least 0")
        if not isinstance(self.hold_back, bool):
            raise ValueError("hold_back is True or False")


def _is_count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


@dataclass(slots=True)
class Leg:
    """One way of sending the request. ``how`` is None for the request as the caller made it."""

    request: ChatRequest
    wire: WireRequest
    content: bytes = field(repr=False)
    how: Strategy | None = None
    fidelity: Fidelity = "restarted"
    sent: str = field(default="", repr=False)

    @property
    def way(self) -> str | None:
        """``how``, but ``poll`` where the server is asked for an answer until it is over."""
        return self.how if self.wire.poll_every is None else "poll"


class _ShutError(Exception):
    """A way cannot be taken, for the reason that it tells."""


class Resuming:
    """The ladder of one stream. ``why`` says in words why there is no further way."""

    def __init__(
        self, first: Leg, adapter: Adapter, policy: Resume | None, where: str, learned: Learned
    ) -> None:
        self._first = first
        self._adapter = adapter
        self._policy = policy
        self._where = where
        self._learned = learned
        self._failed: dict[str, str] = {}
        self._extra_input = 0
        self._garbled = 0
        self._ways = adapter.resume_by(first.request)
        self.why = "resume=False" if policy is None else ""

    @property
    def holds_back(self) -> bool:
        """Whether the text may have to be gone on with, so that its last word must wait."""
        policy = self._policy
        return (
            policy is not None
            and policy.hold_back
            and policy.attempts > 1
            and any(
                way.how in ("prefix", "instruct") and _allows(policy, way.how) for way in self._ways
            )
            and self._plain()
        )

    def next(self, draft: Draft, attempts: int, idle: int, *, reading: bool = True) -> Leg | None:
        """The best way on from here, after so many attempts and so many idle ones in a row.

        ``reading``: the decoder that read so far is there to go on.
        """
        policy = self._policy
        if policy is None:
            return None
        if attempts >= policy.attempts:
            self.why = f"it was tried {attempts} times, as often as it may be"
            return None
        if idle >= policy.idle_attempts:
            self.why = f"{idle} attempts in a row brought nothing new"
            return None
        try:
            return self._best(draft, policy, reading)
        except _ShutError as shut:
            self.why = str(shut)
            return None

    def worth_it(self, error: StreamkitError) -> bool:
        """Whether a fault in mid-answer is one that another attempt might not meet.

        What cannot be read may be an accident of the line, once; as the first thing that comes, it
        would not be retried. What cannot be read twice is a server's or an adapter's habit, which
        would be paid for each time.
        """
        if isinstance(error, ProtocolError) and self._garbled > 1:
            self.why = "it was the second time that what came could not be read"
            return False
        return error.retryable or isinstance(error, ProtocolError)

    def closed(self, draft: Draft, error: StreamkitError) -> str | None:
        """Why nobody can go on with this answer, whatever they allow; None if somebody might."""
        try:
            self._best(draft, Resume(), reading=False)
        except _ShutError as shut:
            next_time = _ANEW in self._failed.values() and standing(draft).obstacle is None
            return None if next_time else str(shut)
        return "the vendor refuses the request" if isinstance(error, _FINAL) else None

    def _best(self, draft: Draft, policy: Resume, reading: bool) -> Leg:
        """The best way that is open. Raises _ShutError, with the reason for each that is not."""
        stands = standing(draft)
        ways, shut = {way.how for way in self._ways}, list[str]()
        if "replay" in ways:
            try:
                return self._kept(draft, policy, reading)
            except _ShutError as why:
                shut.append(f"replay: {why}")
        if stands.obstacle is not None:
            raise _ShutError(stands.obstacle)
        sent = self._to_send(draft, stands.text)
        if not sent:
            return self._first_again(policy, shown=stands.text)
        if not self._plain():
            raise _ShutError("n, logprobs and forced tool calls leave no way but a replay")
        onward: tuple[Strategy, ...] = ("prefix", "instruct")
        for how in onward:
            if how in ways:
                try:
                    return self._go_on(draft, policy, how, sent, reasoned=stands.reasoned)
                except _ShutError as why:
                    shut.append(f"{how}: {why}")
        raise _ShutError("; ".join(shut) or f"{self._adapter.name} has no way to")

    def begin(self, draft: Draft, leg: Leg) -> None:
        """Make the draft ready for the attempt."""
        self._extra_input += tokens_in(leg.content.decode())
        if leg.how in ("prefix", "instruct", "restart") and self._policy is not None:
            break_off(draft, text=bool(draft.text))
            least = self._policy.min_fidelity
            draft.seam.go_on(leg.how, leg.fidelity, leg.sent, leg.request.stop, least)

    def refused(self, leg: Leg, error: StreamkitError) -> bool:
        """Whether the server refused this way of going on, rather than the request itself.

        What it names is learned, for all streams of the client.
        """
        if leg.how not in ("replay", "prefix", "instruct"):
            return False
        if not isinstance(error, InvalidRequestError | NotFoundError):
            return False
        self._failed[leg.way or leg.how] = _REFUSED
        said = f"{error.message} {error.code}"
        sizes = _NAMES_ITS_SIZE.search(said)
        if leg.how == "prefix" and _NAMES_THE_PREFIX.search(said) and not sizes:
            self._learned.add((self._where, leg.request.model, leg.how))
        return True

    def failed(self, leg: Leg, error: StreamkitError) -> None:
        """An attempt ended so. A way whose end is known is not tried again.

        The model gave another answer instead of going on, or the answer that was polled failed.
        """
        anew = error.code == STARTED_ANEW
        self._garbled += isinstance(error, ProtocolError) and not anew
        if leg.way is None:
            return
        if anew:
            self._failed[leg.way] = _ANEW
        elif leg.way == "poll" and error.status is None and not isinstance(error, LineError):
            self._failed[leg.way] = "the answer itself has failed"

    # --- the ways ------------------------------------------------------------------------------

    def _kept(self, draft: Draft, policy: Resume, reading: bool) -> Leg:
        """The answer that the server has kept: the rest of it, or else all.

        A fresh decoder does not know what the rest belongs to, so it rather reads all.
        """
        request, adapter = self._first.request, self._adapter
        whole = None
        if draft.kept is not None:
            whole = _made(partial(adapter.poll_request, request, draft.kept))
        shut = "the server has nothing to send again"
        if draft.cursor is not None and (reading or whole is None):
            shut = self._shut("replay", policy)
            if not shut:
                wire = _made(partial(adapter.replay_request, request, draft.cursor))
                return self._leg(policy, request, wire, "replay")
        if whole is not None:
            shut = self._shut("poll", policy)
            if not shut:
                return self._leg(policy, request, whole, "replay")
        raise _ShutError(shut)

    def _go_on(
        self, draft: Draft, policy: Resume, how: Strategy, sent: str, *, reasoned: bool
    ) -> Leg:
        shut = self._shut(how, policy)
        if shut:
            raise _ShutError(shut)
        request = self._first.request
        said = Message(role="assistant", content=parts_to_send(draft, sent))
        turns: tuple[Message, ...] = (said,)
        if how == "instruct":
            turns = (said, Message.user(_GO_ON.format(tail=sent[-_TAIL:])))
        update: dict[str, object] = {"messages": (*request.messages, *turns)}
        if request.max_tokens is not None:
            update["max_tokens"] = max(1, request.max_tokens - taken(draft, sent))
        request = request.model_copy(update=update)
        make = self._adapter.request if how == "instruct" else self._adapter.prefix_request
        leg = self._leg(policy, request, _made(partial(make, request)), how, sent)
        if reasoned and how == "prefix":
            leg.fidelity = "approximate"  # the model goes on without its thoughts
            if _RANK["approximate"] < _RANK[policy.min_fidelity]:
                raise _ShutError(_forbids(policy))
        return leg

    def _to_send(self, draft: Draft, text: str) -> str:
        """The text that another attempt can go on from: whole words, without space behind."""
        last = draft.choices[0].newest_text
        if last is None or last.closed:
            return text.rstrip()
        return text[: safe_length(text, draft.seam.behind)].rstrip()

    def _first_again(self, policy: Resume, *, shown: str) -> Leg:
        if not _allows(policy, "restart") or (shown and not self._plain()):
            raise _ShutError("only a restart is left, and the request or min_fidelity forbids it")
        first = self._first
        return self._leg(policy, first.request, first.wire, "restart")

    def _leg(
        self, policy: Resume, request: ChatRequest, wire: WireRequest, how: Strategy, sent: str = ""
    ) -> Leg:
        """Raises _ShutError if it costs more than is allowed."""
        content = encode_body(wire.body)
        limit = policy.max_extra_input_tokens
        if limit is not None and self._extra_input + tokens_in(content.decode()) > limit:
            raise _ShutError(f"it would cost more than {limit} further input tokens")
        return Leg(request, wire, content, how, _FIDELITY[how], sent)

    # --- whether they may be used --------------------------------------------------------------

    def _plain(self) -> bool:
        """Whether the request is one whose answer another request can go on with."""
        request = self._first.request
        return (
            request.n in (None, 1)
            and not request.logprobs
            and request.tool_choice != "required"
            and not isinstance(request.tool_choice, NamedTool)
        )

    def _shut(self, how: str, policy: Resume) -> str:
        """Why a way may not be taken; "" if it may."""
        request = self._first.request
        if how in self._failed:
            return self._failed[how]
        if (self._where, request.model, how) in self._learned:
            return _REFUSED
        if how == "instruct" and request.response_format not in (None, "text"):
            return "what follows would be a JSON text of its own"
        return "" if _allows(policy, how) else _forbids(policy)


def _made(make: Callable[[], Made]) -> Made:
    """What the adapter makes. Raises _ShutError if it cannot: what broke the answer is raised."""
    try:
        return make()
    except StreamkitError as error:
        raise _ShutError(error.message) from None
    except Exception as bug:
        raise _ShutError(f"the adapter failed to ask so: {type(bug).__name__}") from bug


def _allows(policy: Resume, how: str) -> bool:
    return _RANK[_FIDELITY[how]] >= _RANK[policy.min_fidelity]


def _forbids(policy: Resume) -> str:
    return f"min_fidelity={policy.min_fidelity!r} forbids it"
