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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streamkit._checkpoint import break_off, parts_to_send, standing
from streamkit._explain import STARTED_ANEW
from streamkit._joint import safe_length
from streamkit._spent import tokens_in
from streamkit._target import encode_body
from streamkit.errors import (
    InvalidRequestError,
    LineError,
    NotFoundError,
    ProtocolError,
    StreamkitError,
    UnsupportedError,
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
    r"prefix|prefill|pre-fill|assistant|last message|final message|continue_final|partial", re.I
)

Learned = set[tuple[str, str, str]]
"""What servers have refused: base URL, model, way."""


@dataclass(frozen=True, slots=True)
class Resume:
    """How a stream that breaks after part of the answer was shown may go on.

    Args:
        min_fidelity: the least that is acceptable: ``exact``, ``seamless``, ``approximate``, or
            ``restarted``, which takes reasoning and unfinished calls back, and of words no more
            than the beginning of the first.
        attempts: how often the request may be sent, the first time included.
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
        if self.min_fidelity not in _RANK:
            raise ValueError(f"min_fidelity is one of {', '.join(_RANK)}")
        if self.attempts < 1 or self.idle_attempts < 1:
            raise ValueError("attempts and idle_attempts are at least 1")


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
        self._failed: set[str] = set()
        self._extra_input = 0
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
                way.how in ("prefix", "instruct") and self._acceptable(way.how)
                for way in self._ways
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
        stands = standing(draft)
        ways: dict[str, str] = {way.how: way.source for way in self._ways}
        if "replay" in ways:
            leg = self._kept(draft, reading)
            if leg is not None and self._affordable(leg):
                return leg
        if stands.obstacle is not None:
            self.why = stands.obstacle
            return None
        sent = self._to_send(draft, stands.text)
        if not sent:
            return self._first_again(stands.text)
        self.why = "no way to is open for this model, request and min_fidelity"
        if not ways:
            self.why = f"{self._adapter.name} has no way to"
        if not self._plain():
            return None
        for how in ("prefix", "instruct"):
            if how in ways and self._usable(how):
                onward = self._go_on(draft, how, sent)
                if onward is not None and self._affordable(onward):
                    if stands.reasoned and how == "prefix":
                        onward.fidelity = "approximate"  # the model goes on without its thoughts
                    if self._acceptable(how, onward.fidelity):
                        return onward
        return None

    def begin(self, draft: Draft, leg: Leg) -> None:
        """Make the draft ready for the attempt."""
        self._extra_input += tokens_in(leg.content.decode())
        if leg.how in ("prefix", "instruct", "restart"):
            break_off(draft, text=bool(draft.text))
            draft.seam.go_on(leg.how, leg.fidelity, leg.sent, leg.request.stop)

    def refused(self, leg: Leg, error: StreamkitError) -> bool:
        """Whether the server refused this way of going on, rather than the request itself.

        What it names is learned, for all streams of the client.
        """
        if leg.how not in ("replay", "prefix", "instruct"):
            return False
        if not isinstance(error, InvalidRequestError | NotFoundError):
            return False
        self._failed.add(leg.way or leg.how)
        if leg.how == "prefix" and _NAMES_THE_PREFIX.search(f"{error.message} {error.code}"):
            self._learned.add((self._where, leg.request.model, leg.how))
        return True

    def failed(self, leg: Leg, error: StreamkitError) -> None:
        """A way whose end is known is not tried again.

        The model gave another answer instead of going on, or the answer that was polled failed.
        """
        told = leg.way == "poll" and error.status is None and not isinstance(error, LineError)
        if leg.way is not None and (told or error.code == STARTED_ANEW):
            self._failed.add(leg.way)

    # --- the ways ------------------------------------------------------------------------------

    def _kept(self, draft: Draft, reading: bool) -> Leg | None:
        """The answer that the server has kept: the rest of it, or else all.

        A fresh decoder does not know what the rest belongs to, so it rather reads all.
        """
        request, adapter = self._first.request, self._adapter
        whole = adapter.poll_request(request, draft.kept) if draft.kept is not None else None
        if draft.cursor is not None and self._usable("replay") and (reading or whole is None):
            return self._leg(request, adapter.replay_request(request, draft.cursor), "replay")
        if whole is not None and self._usable("poll"):
            return self._leg(request, whole, "replay")
        return None

    def _go_on(self, draft: Draft, how: str, sent: str) -> Leg | None:
        request = self._first.request
        said = Message(role="assistant", content=parts_to_send(draft, sent))
        turns: tuple[Message, ...] = (said,)
        if how == "instruct":
            turns = (said, Message.user(_GO_ON.format(tail=sent[-_TAIL:])))
        update: dict[str, object] = {"messages": (*request.messages, *turns)}
        if request.max_tokens is not None:
            update["max_tokens"] = max(1, request.max_tokens - tokens_in(sent))
        request = request.model_copy(update=update)
        try:
            if how == "prefix":
                return self._leg(request, self._adapter.prefix_request(request), "prefix", sent)
            return self._leg(request, self._adapter.request(request), "instruct", sent)
        except UnsupportedError:
            return None

    def _to_send(self, draft: Draft, text: str) -> str:
        """The text that another attempt can go on from: whole words, without space behind."""
        last = draft.choices[0].newest_text
        if last is None or last.closed:
            return text.rstrip()
        return text[: safe_length(text, draft.seam.behind)].rstrip()

    def _first_again(self, shown: str) -> Leg | None:
        if not self._acceptable("restart") or (shown and not self._plain()):
            self.why = "only a restart is left, and the request or min_fidelity forbids it"
            return None
        first = self._first
        leg = Leg(first.request, first.wire, first.content, "restart", "restarted")
        return leg if self._affordable(leg) else None

    def _leg(self, request: ChatRequest, wire: WireRequest, how: Strategy, sent: str = "") -> Leg:
        content = encode_body(wire.body)
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

    def _usable(self, how: str) -> bool:
        if how == "instruct" and self._first.request.response_format not in (None, "text"):
            return False  # what follows would be a JSON text of its own
        known = (self._where, self._first.request.model, how)
        return how not in self._failed and known not in self._learned and self._acceptable(how)

    def _acceptable(self, how: str, fidelity: Fidelity | None = None) -> bool:
        policy = self._policy
        assert policy is not None
        return _RANK[fidelity or _FIDELITY[how]] >= _RANK[policy.min_fidelity]

    def _affordable(self, leg: Leg) -> bool:
        policy = self._policy
        assert policy is not None
        limit = policy.max_extra_input_tokens
        if limit is not None and self._extra_input + tokens_in(leg.content.decode()) > limit:
            self.why = f"going on would cost more than {limit} further input tokens"
            return False
        return True


def may_go_on(error: StreamkitError) -> bool:
    """Whether a fault in mid-answer is one that another attempt might not meet.

    That is so of garbage on the line, too, which sent as the first thing would not be retried.
    """
    return error.retryable or isinstance(error, ProtocolError)
