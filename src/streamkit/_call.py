"""What one call is about, put together by the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from streamkit._policy import Budget, Retry
from streamkit._resume import Learned, Resume
from streamkit._target import Target
from streamkit._token import Saved
from streamkit.adapter import Adapter, Located, Warned, WireRequest
from streamkit.messages import ChatRequest
from streamkit.timeouts import Timeouts


@dataclass(slots=True)
class Call:
    """Everything one stream needs to know."""

    model: str
    adapter: Adapter
    request: ChatRequest = field(repr=False)
    wire: WireRequest = field(repr=False)
    content: bytes = field(repr=False)
    target: Callable[[Located | None], Target]
    warnings: tuple[Warned, ...] = ()
    retry: Retry = field(default_factory=Retry)
    budget: Callable[[str], Budget] = field(default=lambda _host: Budget())
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_frame_bytes: int = 64 * 2**20
    resume: Resume | None = None
    learned: Learned = field(default_factory=set)
    estimates: bool = True
    """Whether a cut answer's cost is estimated; that of a recording is what it says."""
    token_secret: bytes = field(default=b"", repr=False)
    saved: Saved | None = field(default=None, repr=False)
