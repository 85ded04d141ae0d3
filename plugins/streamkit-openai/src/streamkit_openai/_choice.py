"""What a decoder remembers of one choice."""

from __future__ import annotations

from streamkit.chunks import Chunk, Closed, Key, Stop
from streamkit.values import FinishReason
from streamkit_openai._details import ReasoningDetails
from streamkit_openai._tools import ToolCalls
from streamkit_openai._values import finish_reason

# After these the model did not end by itself, so what it was writing may be cut.
_CUT = frozenset({"length", "content_filter", "error"})


class Choice:
    """One choice as far as it has been received. ``owner`` is the profile of who sends it."""

    __slots__ = ("details", "index", "open", "owner", "refused", "spoke", "stop", "tools")

    def __init__(self, index: int, owner: str) -> None:
        self.index = index
        self.owner = owner
        self.tools = ToolCalls(index, owner)
        self.details = ReasoningDetails(index)
        self.open: dict[Key, None] = {}
        """Keys of other parts that close when the choice stops."""
        self.stop: tuple[FinishReason, str] | None = None
        """The common and the vendor's word."""
        self.refused = False
        self.spoke = False
        """Whether any delta came; a whole ``message`` then only repeats them."""

    def stopped(self, raw: str, out: list[Chunk]) -> None:
        """The vendor told a finish reason. OpenRouter tells it again on the usage chunk."""
        reason = finish_reason(raw, called=self.tools.any, refused=self.refused)
        self.close(reason, out)
        if self.stop != (reason, raw):
            self.stop = (reason, raw)
            out.append(Stop(reason, raw, self.index))

    def close(self, reason: FinishReason | None, out: list[Chunk]) -> None:
        """Everything open in this choice is whole."""
        self.details.close(out)
        out.extend(Closed(key, self.index) for key in self.open)
        self.open.clear()
        self.tools.close(out, cut=reason in _CUT)
