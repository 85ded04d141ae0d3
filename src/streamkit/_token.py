"""Resume tokens: a broken answer as JSON, for this process or another to go on with.

A token holds the request, the answer so far and when it was made. It holds no key, no header and no
address: those come from the client that goes on, so a token cannot make it call another host. A
digest over all of it tells damage and tampering; who may read a conversation may read its token.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from streamkit import _checkpoint as checkpoint
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest

if TYPE_CHECKING:
    from streamkit._call import Call
    from streamkit._draft import Draft
    from streamkit.adapter import Adapter

VERSION: Final = 1

GOOD_FOR: Final = 24 * 3600.0
"""Seconds; models and prices change, and a client that finds an old token had better ask anew."""


_MALFORMED: Final = (
    *(ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RecursionError),
)
"""What reading JSON of another shape than ours may raise."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A token that was read: what was asked of whom, and what had come."""

    model: str
    dialect: str
    request: ChatRequest = field(repr=False)
    answer: dict[str, Any] = field(repr=False)

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
    content = {
        "streamkit_resume": VERSION,
        "model": call.model,
        "dialect": call.adapter.dialect,
        "created": created,
        "request": call.request.model_dump(mode="json", exclude={"extra_headers"}),
        "answer": checkpoint.dump(draft),
    }
    return json.dumps({**content, "digest": _digest(content)})


def load(token: str | None, *, at: float | None = None) -> Saved:
    """Read a token, as of now or of another moment (seconds since 1970).

    Raises:
        ConfigurationError: there is none, or it is damaged, of another version, or too old.
    """
    if token is None:  # what an error has of which the message was not read
        raise _unreadable("there is none; an error without one tells why")
    try:
        content = json.loads(token)
        digest = content.pop("digest")
        version = content["streamkit_resume"]
        fits = version != VERSION or digest == _digest(content)
    except _MALFORMED:
        raise _unreadable("it is no streamkit token") from None
    if version != VERSION:
        raise ConfigurationError(
            f"the resume token has version {version!r:.20}, and this streamkit reads "
            f"{VERSION}: go on with the version that made it"
        )
    if not fits:
        raise _unreadable("its digest does not fit: it was damaged or changed")
    try:
        age = (time.time() if at is None else at) - float(content["created"])
        request = ChatRequest.model_validate(content["request"])
        saved = Saved(str(content["model"]), str(content["dialect"]), request, content["answer"])
    except _MALFORMED:
        raise _unreadable("its request is malformed") from None
    if age > GOOD_FOR:
        raise ConfigurationError(
            f"the resume token is {age / 3600:.0f} hours old, and good for {GOOD_FOR / 3600:.0f}: "
            "ask again for the whole answer"
        )
    return saved


def _digest(content: dict[str, Any]) -> str:
    # In ASCII, where an emoji whose halves came apart reads the same as one that came whole.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _unreadable(why: str) -> ConfigurationError:
    return ConfigurationError(f"the resume token cannot be used: {why}")
