"""A part of the answer under construction, and a choice: pieces in, the finished value out."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from pydantic_core import from_json

from streamkit.chunks import Key, Stop
from streamkit.events import PartKind
from streamkit.messages import (
    IncompleteToolCall,
    MediaPart,
    Part,
    ProviderItem,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from streamkit.values import Citation, ReasoningKind, ToolKind

_MANY = 1024


class PartDraft:
    """A part under construction.

    Text comes in through `add`. Every so many pieces are joined to a block, since a piece of a few
    letters takes ten times their room; blocks are joined only when the text is read.
    """

    __slots__ = (
        "blocks",
        "call",
        "choice",
        "citations",
        "closed",
        "half",
        "id",
        "index",
        "kind",
        "media_type",
        "name",
        "payload",
        "pieces",
        "reasoning_kind",
        "scheme",
        "signature",
        "tool_kind",
        "url",
        "vendor",
        "vendor_kind",
    )

    def __init__(self, kind: PartKind, index: int, choice: int) -> None:
        self.kind = kind
        self.index = index
        self.choice = choice
        self.pieces: list[str] = []
        self.blocks: list[str] = []
        self.closed = False
        self.half = ""  # of a character, waiting for the other
        self.id: str | None = None
        self.name: str | None = None
        self.citations: list[Citation] = []
        self.signature: str | None = None
        self.scheme: str | None = None
        self.reasoning_kind: ReasoningKind = "raw"
        self.tool_kind: ToolKind = "function"
        self.call: ToolCall | None = None  # set once, when the call is proven whole
        self.vendor: dict[str, Any] | None = None
        self.vendor_kind = ""
        self.payload: dict[str, Any] | None = None
        self.media_type = ""
        self.url: str | None = None

    def add(self, text: str) -> None:
        """One more piece of text."""
        pieces = self.pieces
        pieces.append(text)
        if len(pieces) >= _MANY and self.kind != "media":  # whose pieces may be padded
            self.blocks.append("".join(pieces))
            pieces.clear()

    def take_back(self, length: int) -> None:
        """Forget the last ``length`` characters."""
        self.blocks, self.pieces = [self.text[:-length]], []

    @property
    def text(self) -> str:
        if self.kind == "media":
            return "".join(self.pieces)
        blocks = self.blocks
        blocks.extend(self.pieces)
        self.pieces.clear()
        if len(blocks) > 1:
            blocks[:] = ["".join(blocks)]
        return blocks[0] if blocks else ""

    def value(self, owner: str) -> Part:
        """The part as a caller sees it, whole or so far."""
        match self.kind:
            case "text":
                return TextPart(
                    text=self.text,
                    citations=tuple(self.citations),
                    signature=self.signature,
                    scheme=self.scheme,
                )
            case "reasoning":
                return ReasoningPart(
                    text=self.text,
                    kind=self.reasoning_kind,
                    signature=self.signature,
                    scheme=self.scheme,
                    closed=self.closed,
                )
            case "refusal":
                return RefusalPart(text=self.text)
            case "tool_call":
                return self.call or self._incomplete_call()
            case "media":
                return self._media()
            case "provider_item":
                return ProviderItem(
                    dialect=owner,
                    kind=self.vendor_kind,
                    payload=self.payload or {},
                    id=self.id,
                    name=self.name,
                    complete=self.closed,
                )

    def _incomplete_call(self) -> IncompleteToolCall:
        return IncompleteToolCall(
            id=self.id or "",
            name=self.name or "",
            arguments_text=self.text,
            reason="not_json" if self.closed and self.text else "cut",
            kind=self.tool_kind,
        )

    def _media(self) -> MediaPart:
        if self.url is not None:
            return MediaPart(url=self.url, media_type=self.media_type)
        data = "".join(self.pieces)
        if "=" in data.rstrip("="):  # pieces padded one by one join as bytes, not as text
            data = b64encode(b"".join(b64decode(p) for p in self.pieces)).decode("ascii")
        return MediaPart(data=data, media_type=self.media_type)


class ChoiceDraft:
    """The parts of one choice, and which of them are open.

    ``continued`` is the text part of a broken attempt that the next one may go on with.
    """

    __slots__ = (
        "announced",
        "by_key",
        "calls",
        "continued",
        "empty_calls",
        "index",
        "newest_text",
        "open",
        "parts",
        "running",
        "stop",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.parts: list[PartDraft] = []
        self.open: dict[Key, PartDraft] = {}
        # Closed parts too, since signatures and citations may come late.
        self.by_key: dict[Key, PartDraft] = {}
        self.announced: dict[Key, PartKind] = {}
        self.running: PartDraft | None = None
        self.newest_text: PartDraft | None = None
        self.calls = 0
        # Closed by the vendor without arguments, and not yet believed.
        self.empty_calls: list[PartDraft] = []
        self.stop: Stop | None = None
        self.continued: PartDraft | None = None


def parse_object(text: str) -> dict[str, Any] | None:
    """The JSON object in ``text``, or None if it is anything else (NaN and Infinity included).

    An emoji whose halves came in two pieces is whole again once they are joined.
    """
    try:
        if not text.isascii():
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
