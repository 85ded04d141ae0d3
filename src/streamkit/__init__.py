"""streamkit: streaming answers of language models, the same for every vendor.

    async with streamkit.Client() as client:
        async with client.stream("local:smollm2", "Why is the sky blue?") as stream:
            async for text in stream.text:
                print(text, end="", flush=True)

`streamkit.sync` has the same without await. Events are in `streamkit.events`, errors in
`streamkit.errors` (and here), what an adapter needs in `streamkit.adapter` and `streamkit.chunks`,
help for your own tests in `streamkit.testing`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamkit import errors, events, sync
    from streamkit._policy import Retry
    from streamkit._resume import Resume
    from streamkit.client import Client
    from streamkit.errors import StreamInterrupted, StreamkitError
    from streamkit.hookspecs import StreamReport, hookimpl
    from streamkit.messages import (
        ChatRequest,
        ChatResponse,
        DocumentPart,
        ImagePart,
        IncompleteToolCall,
        JsonSchema,
        MediaPart,
        Message,
        NamedTool,
        ProviderItem,
        ReasoningPart,
        RefusalPart,
        TextPart,
        Tool,
        ToolCall,
        ToolResult,
        VendorTool,
    )
    from streamkit.stream import Stream
    from streamkit.timeouts import Timeouts
    from streamkit.values import Citation, Timings, Usage

__version__ = "0.1.0"

__all__ = [
    "ChatRequest",
    "ChatResponse",
    "Citation",
    "Client",
    "DocumentPart",
    "ImagePart",
    "IncompleteToolCall",
    "JsonSchema",
    "MediaPart",
    "Message",
    "NamedTool",
    "ProviderItem",
    "ReasoningPart",
    "RefusalPart",
    "Resume",
    "Retry",
    "Stream",
    "StreamInterrupted",
    "StreamReport",
    "StreamkitError",
    "TextPart",
    "Timeouts",
    "Timings",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "VendorTool",
    "errors",
    "events",
    "hookimpl",
    "sync",
]

_HOMES = {
    "_policy": ("Retry",),
    "_resume": ("Resume",),
    "client": ("Client",),
    "errors": ("StreamInterrupted", "StreamkitError"),
    "hookspecs": ("StreamReport", "hookimpl"),
    "messages": (
        *("ChatRequest", "ChatResponse", "DocumentPart", "ImagePart", "IncompleteToolCall"),
        *("JsonSchema", "MediaPart", "Message", "NamedTool", "ProviderItem", "ReasoningPart"),
        *("RefusalPart", "TextPart", "Tool", "ToolCall", "ToolResult", "VendorTool"),
    ),
    "stream": ("Stream",),
    "timeouts": ("Timeouts",),
    "values": ("Citation", "Timings", "Usage"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = frozenset({"adapter", "chunks", "errors", "events", "sync", "testing"})


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"streamkit.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'streamkit' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"streamkit.{_HOME_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
