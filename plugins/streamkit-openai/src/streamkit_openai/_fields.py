"""The rare fields of a chunk, of a choice and of a delta: one reader for each, by name.

They are read in the order of the tables at the end, whatever their order in the JSON.

A field without a reader goes to `Meta.vendor` whenever its value changes: under its own name for
choice 0, as ``choices[1].name`` for others. Servers repeat such fields on every chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from streamkit.chunks import (
    Chunk,
    Cited,
    Closed,
    Item,
    Key,
    Media,
    Meta,
    Notice,
    Opaque,
    Reasoning,
    Safety,
    ServerToolArguments,
    ServerToolOpened,
    Signature,
    Text,
    UsageReport,
)
from streamkit.reading import entries
from streamkit.reading import text as text_of
from streamkit_openai._choice import Choice
from streamkit_openai._citations import Citations
from streamkit_openai._values import usage_of


class Fields:
    """Reads rare fields, and remembers what was told already.

    ``audio_format`` is the format of generated audio the request asked for.
    """

    def __init__(self, *, audio_format: str | None, reasoning_apart: bool) -> None:
        self.usage: Any = None
        """The newest usage object, as received."""
        self.sound = audio_format is not None
        """Whether sound was asked for, or came."""
        # pcm16 is what a stream carries unless another format is asked for.
        self._audio_type = f"audio/{audio_format or 'pcm16'}"
        self._reasoning_apart = reasoning_apart
        self._citations = Citations()
        self._images = 0
        self._told: dict[str, Any] = {}

    def read(
        self,
        fields: dict[str, Any],
        known: frozenset[str],
        readers: Mapping[str, Reader],
        choice: Choice,
        out: list[Chunk],
    ) -> None:
        """All fields but the ``known`` ones, which are read elsewhere."""
        told = self._told
        prefix = f"choices[{choice.index}]." if choice.index else ""
        if not readers.keys().isdisjoint(fields):
            for name, reader in readers.items():
                value = fields.get(name)
                if value is not None:
                    reader(self, value, choice, out)
        vendor: dict[str, Any] = {}
        for name, value in fields.items():
            if value is None or name in known or name in readers:
                continue
            full_name = prefix + name if prefix else name
            if full_name not in told or told[full_name] != value:
                told[full_name] = vendor[full_name] = value
        if vendor:
            out.append(Meta(vendor=vendor))

    def report(self, usage: Any, out: list[Chunk]) -> None:
        """A usage object, which may come several times and in several places."""
        if usage == self.usage:
            return
        self.usage = usage
        if isinstance(usage, Mapping):
            counts = usage_of(usage, reasoning_apart=self._reasoning_apart)
            out.append(UsageReport(counts))
        else:
            out.append(Opaque("usage", usage))

    def images(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """Whole images as ``{"image_url": {"url": …}}``, usually a data URL (OpenRouter)."""
        for image in entries(value):
            source = image.get("image_url") if isinstance(image, dict) else None
            url = text_of(source.get("url") if isinstance(source, dict) else source)
            if not url:
                out.append(Opaque("image", image))
                continue
            key = ("image", self._images)
            self._images += 1
            head, comma, data = url.partition(",")
            if head.startswith("data:") and comma:
                media_type = head.removeprefix("data:").partition(";")[0]
                out.append(Media(media_type or "image/*", data, None, key, choice.index))
            else:
                out.append(Media("image/*", "", url, key, choice.index))
            out.append(Closed(key, choice.index))

    def _is_news(self, name: str, value: Any) -> bool:
        if self._told.get(name) == value:
            return False
        self._told[name] = value
        return True

    # --- of a delta ------------------------------------------------------------------------

    def _tool_calls(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        if choice.details.open:
            choice.details.close(out)
        for call in entries(value):
            if isinstance(call, dict):
                choice.tools.read(call, out)
            elif call is not None:
                out.append(Opaque("tool_call", call))

    def _function_call(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """The form before tool calls: one call, without an id."""
        self._tool_calls([{"index": "function_call", "function": value}], choice, out)

    def _thinking_blocks(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """Claude's blocks, from LiteLLM, which sends their words as ``reasoning_content`` too."""
        for block in entries(value):
            signature = text_of(block.get("signature")) if isinstance(block, dict) else ""
            hidden = text_of(block.get("data")) if isinstance(block, dict) else ""
            if signature:
                out.append(Signature(signature, choice.owner, None, choice.index))
            if hidden:
                out.append(Reasoning("", None, choice.index, "redacted"))
                out.append(Signature(hidden, choice.owner, None, choice.index))

    def _audio(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """``{id, data, transcript, expires_at}``; the id is what goes back with the next turn."""
        if not isinstance(value, dict):
            out.append(Opaque("audio", value))
            return
        self.sound = True
        audio_id = text_of(value.get("id"))
        if audio_id and self._is_news(f"choices[{choice.index}].audio.id", audio_id):
            out.append(Item("audio", {"id": audio_id}, None, audio_id, None, choice.index))
        data, transcript = text_of(value.get("data")), text_of(value.get("transcript"))
        if data:
            choice.open["audio"] = None
            out.append(Media(self._audio_type, data, None, "audio", choice.index))
        if transcript:
            choice.open["transcript"] = None
            out.append(Text(transcript, "transcript", choice.index))
        if value.get("expires_at"):
            out.append(Meta(vendor={"audio_expires_at": value["expires_at"]}))

    def _annotations(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        found = self._citations.annotations(value)
        out.extend(Cited(citation, None, choice.index) for citation in found)

    def _executed_tools(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """Tools that Groq runs itself: told when they start, and again with their output."""
        for position, tool in enumerate(entries(value)):
            if not isinstance(tool, dict):
                out.append(Opaque("executed_tool", tool))
                continue
            index, kind = tool.get("index"), text_of(tool.get("type")) or "executed_tool"
            key: Key = ("executed_tool", index if isinstance(index, int) else position)
            name = text_of(tool.get("name")) or None
            if tool.get("output") is not None:
                choice.open.pop(key, None)
                out.append(Item(kind, tool, key, None, name, choice.index))
            elif key not in choice.open:
                choice.open[key] = None
                out.append(ServerToolOpened(key, kind, None, name, choice.index))
                arguments = text_of(tool.get("arguments"))
                if arguments:
                    out.append(ServerToolArguments(key, arguments, choice.index))

    # --- of a choice -----------------------------------------------------------------------

    def _choice_usage(self, value: Any, _choice: Choice, out: list[Chunk]) -> None:
        """Moonshot has put the usage of the whole answer here."""
        self.report(value, out)

    def _output_filter(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        """Azure sends the verdict on every chunk, empty or unchanged as a rule."""
        if value and self._is_news(f"choices[{choice.index}].content_filter_results", value):
            out.append(Safety("output", _is_filtered(value), value, choice.index))

    # --- of the chunk ----------------------------------------------------------------------

    def _prompt_filter(self, value: Any, _choice: Choice, out: list[Chunk]) -> None:
        for entry in entries(value):
            results = entry.get("content_filter_results") if isinstance(entry, dict) else None
            out.append(Safety("input", _is_filtered(results), entry))

    def _search_results(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        if self._is_news("search_results", value):
            found = self._citations.search_results(value)
            out.extend(Cited(citation, None, choice.index) for citation in found)

    def _cited_urls(self, value: Any, choice: Choice, out: list[Chunk]) -> None:
        if self._is_news("citations", value):
            found = self._citations.urls(value)
            out.extend(Cited(citation, None, choice.index) for citation in found)

    def _moderation(self, value: Any, _choice: Choice, out: list[Chunk]) -> None:
        """``{"input": …, "output": …}``: told, never acted upon by the vendor."""
        verdicts = value if isinstance(value, dict) else {"moderation": value}
        for scope, verdict in verdicts.items():
            out.append(Safety(scope, blocked=False, data=verdict))

    def _warnings(self, value: Any, _choice: Choice, out: list[Chunk]) -> None:
        for warning in entries(value):
            data = warning if isinstance(warning, dict) else {"message": warning}
            out.append(Notice("vendor_warning", str(data.get("message") or data), data))

    def _x_groq(self, value: Any, _choice: Choice, out: list[Chunk]) -> None:
        if isinstance(value, dict) and value.get("usage") and self.usage is None:
            self.report(value["usage"], out)
        if self._is_news("x_groq", value):
            out.append(Meta(vendor={"x_groq": value}))


Reader = Callable[[Fields, Any, Choice, list[Chunk]], None]

DELTA: Mapping[str, Reader] = {
    "tool_calls": Fields._tool_calls,
    "function_call": Fields._function_call,
    "thinking_blocks": Fields._thinking_blocks,
    "audio": Fields._audio,
    "images": Fields.images,
    "annotations": Fields._annotations,
    "executed_tools": Fields._executed_tools,
}
CHOICE: Mapping[str, Reader] = {
    "content_filter_results": Fields._output_filter,
    "usage": Fields._choice_usage,
}
TOP: Mapping[str, Reader] = {
    "search_results": Fields._search_results,  # first, as they say more than the bare addresses
    "citations": Fields._cited_urls,
    "moderation": Fields._moderation,
    "prompt_filter_results": Fields._prompt_filter,
    "warnings": Fields._warnings,
    "x_groq": Fields._x_groq,
}


def _is_filtered(results: Any) -> bool:
    verdicts = results.values() if isinstance(results, dict) else ()
    return any(isinstance(v, dict) and v.get("filtered") is True for v in verdicts)
