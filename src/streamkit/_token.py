"""Resume tokens: a broken answer as JSON, for this process or another to go on with.

A token holds the request, the answer so far and when it was made. It holds no key, no header, no
address, and no secret that was handed in with ``extra_body`` or a tool, as far as it is known to be
one (`_withheld`): those come from the client that goes on. So a token can make it call none but the
hosts that it is set up for. A digest over all of it tells damage; that it is no forgery, only the
digest of a client with a ``token_secret`` tells. Who may read a conversation may read its token.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from streamkit import _checkpoint as checkpoint
from streamkit._withheld import withhold
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest

if TYPE_CHECKING:
    from streamkit._call import Call
    from streamkit._draft import Draft
    from streamkit.adapter import Adapter

VERSION: Final = 1

GOOD_FOR: Final = 24 * 3600.0
"""Seconds; models and prices change, and a client that finds an old token had better ask anew."""

_CLOCKS_DIFFER: Final = 300.0
"""Seconds by which the clock of who made a token may be ahead."""

_MALFORMED: Final = (
    *(ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RecursionError),
)
"""What reading JSON of another shape than ours may raise."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A token that was read: what was asked of whom, and what had come.

    ``withheld`` are the places of secrets that the request had and the token has not.
    """

    model: str
    dialect: str
    request: ChatRequest = field(repr=False)
    answer: dict[str, Any] = field(repr=False)
    withheld: tuple[str, ...] = ()

    def asked_again(self, given: dict[str, Any]) -> ChatRequest:
        """The request, with those fields of it that are given again.

        Raises:
            ConfigurationError: one that held a secret is not.
        """
        for place in self.withheld:
            name, _, inside = place.partition(".")
            if name not in given:
                raise ConfigurationError(
                    f"a resume token holds no secrets, and the {name} of this answer held one "
                    f"({inside}): client.resume(token, {name}=...) takes it, as it was given first"
                )
        if not given:
            return self.request
        try:
            fresh = ChatRequest(model=self.request.model, messages=self.request.messages, **given)
        except ValueError:
            fresh = None
        if fresh is None:  # without the other error: that holds the input
            raise ConfigurationError(f"{' or '.join(given)} is not valid")
        return self.request.model_copy(update={name: getattr(fresh, name) for name in given})

    def draft(self, events: deque[Any], adapter: Adapter) -> Draft:
        """The answer so far. Raises ConfigurationError if it is none of this dialect."""
        if adapter.dialect != self.dialect:
            raise ConfigurationError(
                f"the resume token is of a {self.dialect!r} answer, and {self.model} speaks "
                f"{adapter.dialect}"
            )
        try:
            return checkpoint.load(self.answer, events, adapter.owner)
        except _MALFORMED as error:
            raise _unreadable("its answer is malformed") from error


def maker(call: Call, draft: Draft) -> Callable[[], str]:
    """Makes the token of an answer that has just broken."""
    created = int(time.time())
    return lambda: _dump(call, draft, created)


def _dump(call: Call, draft: Draft, created: int) -> str:
    request = call.request.model_dump(mode="json", exclude={"extra_headers"})
    withheld: list[str] = []
    for name in ("extra_body", "tools"):
        request[name], found = withhold(request[name], name)
        withheld += found
    content = {
        "streamkit_resume": VERSION,
        "model": call.model,
        "dialect": call.adapter.dialect,
        "created": created,
        "request": request,
        "withheld": withheld,
        "answer": checkpoint.dump(draft),
        "signed": bool(call.token_secret),
    }
    return json.dumps({**content, "digest": _digest(content, call.token_secret)})


def load(token: str | None, secret: bytes = b"", *, at: float | None = None) -> Saved:
    """Read a token, as of now or of another moment (seconds since 1970).

    ``secret`` is what it must be signed with, if any.

    Raises:
        ConfigurationError: there is none, or it is damaged, of another version, or too old.
    """
    if token is None:  # what an error has of which the message was not read
        raise _unreadable("there is none; an error without one tells why")
    try:
        content = json.loads(token)
        digest = content.pop("digest")
        version = content["streamkit_resume"]
        signed = bool(content.get("signed"))
        fits = version != VERSION or hmac.compare_digest(digest, _digest(content, secret))
    except _MALFORMED:
        raise _unreadable("it is no streamkit token") from None
    if version != VERSION:
        raise ConfigurationError(
            f"the resume token has version {version!r:.20}, and this streamkit reads "
            f"{VERSION}: go on with the version that made it"
        )
    if signed != bool(secret):
        has = "was signed with a token_secret, which" if signed else "is not signed, as"
        wants = "this client lacks" if signed else "the token_secret of this client demands"
        raise _unreadable(f"it {has} {wants}")
    if not fits:
        raise _unreadable("its digest does not fit: it was damaged or changed")
    try:
        age = (time.time() if at is None else at) - float(content["created"])
        request = ChatRequest.model_validate(content["request"])
        withheld = tuple(str(place) for place in content["withheld"])
        model, dialect = str(content["model"]), str(content["dialect"])
        saved = Saved(model, dialect, request, content["answer"], withheld)
    except _MALFORMED:
        raise _unreadable("its request is malformed") from None
    if age < -_CLOCKS_DIFFER:
        raise _unreadable("it was made in the future, or a clock is wrong")
    if age > GOOD_FOR:
        raise ConfigurationError(
            f"the resume token is {age / 3600:.0f} hours old, and good for {GOOD_FOR / 3600:.0f}: "
            "ask again for the whole answer"
        )
    return saved


def _digest(content: dict[str, Any], secret: bytes) -> str:
    # In ASCII, where an emoji whose halves came apart reads the same as one that came whole.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if secret:
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def _unreadable(why: str) -> ConfigurationError:
    return ConfigurationError(f"the resume token cannot be used: {why}")
