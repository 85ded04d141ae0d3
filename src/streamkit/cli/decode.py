"""``streamkit decode``: what streamkit makes of a recorded body."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from streamkit.adapter import Adapter
from streamkit.cli._endings import error_code, exit_code, explain
from streamkit.cli._json import event_data, response_data, write_line
from streamkit.cli._output import console, printable
from streamkit.testing import Decoded, Recording, decode

_WIDEST: Final = 200
"""Characters of one value in the readable form; --json has all of them."""


def decode_file(
    adapter: str, file: str, *, status: int | None, content_type: str | None, as_json: bool
) -> int:
    """Decode a recording and show its events, then the response; returns the outcome's exit code.

    ``adapter`` is a model-id prefix or a model id; ``file`` may be ``-`` for stdin. ``status`` and
    ``content_type`` win over what the recording says.

    Raises:
        ConfigurationError: there is no such adapter, or the recording cannot be read.
        OSError: the file cannot be read.
    """
    recording = Recording.load(sys.stdin.buffer.read() if file == "-" else Path(file))
    if status is not None:
        recording.status = status
    if content_type is not None:
        recording.headers["content-type"] = content_type
    model = adapter if ":" in adapter else f"{adapter}:any"
    decoded = play_back(model, recording)
    if as_json:
        for event in decoded.events:
            write_line(event_data(event))
        write_line(response_data(decoded.response, decoded.error))
    else:
        _show(decoded)
    return error_code(decoded.error) if decoded.error else exit_code(decoded.response.outcome)


def play_back(adapter: Adapter | str, recording: Recording) -> Decoded:
    """What a caller would have got of this recording."""
    return decode(
        adapter,
        recording.body,
        status=recording.status,
        headers=recording.headers,
        lost=recording.lost,
    )


def _show(decoded: Decoded) -> None:
    screen = console(sys.stdout)
    for event in decoded.events:
        data = _pruned(event_data(event))
        number, kind = data.pop("seq"), data.pop("type")
        data.pop("timings", None)  # of the replay, not of the recording
        if data.get("choice") == 0:
            del data["choice"]
        words = "  ".join(f"{name}={_short(value)}" for name, value in data.items())
        line = Text.assemble((f"{number:>4} ", "dim"), (f"{kind:<21} ", "bold"), words)
        screen.print(line, soft_wrap=True)
    screen.print()
    for name, value in _summary(decoded):
        if value:
            line = Text.assemble((f"{name:<21} ", "bold"), printable(value))
            screen.print(line, soft_wrap=True)
    if decoded.error is not None:
        words = printable(" ".join(explain(decoded.error).split()))
        screen.print(Text.assemble((f"{'error':<21} ", "bold red"), words), soft_wrap=True)


def _summary(decoded: Decoded) -> Iterator[tuple[str, str]]:
    """The response as rows of name and value; a value may be empty."""
    answer = decoded.response
    yield "outcome", str(answer.outcome)
    yield "id", answer.id or ""
    yield "model", answer.model or ""
    if answer.finish_reason:
        yield "finish_reason", f"{answer.finish_reason} ({answer.raw_finish_reason})"
    if len(answer.choices) > 1:
        yield "choices", f"{len(answer.choices)}; the first one:"
    yield "reasoning", answer.reasoning
    yield "text", answer.text
    if answer.refusal is not None:
        yield "refusal", answer.refusal or "(without words)"
    for call in answer.tool_calls:
        yield "tool_call", f"{call.name} {call.arguments_text} ({call.id})"
    for cut in answer.incomplete_tool_calls:
        yield "incomplete_tool_call", f"{cut.name} {cut.arguments_text} ({cut.reason})"
    for item in answer.provider_items:
        yield "provider_item", " ".join(filter(None, (item.kind, item.name, item.id)))
    for citation in answer.citations:
        yield "citation", citation.url or citation.title or citation.cited_text or citation.kind
    if answer.usage is not None and answer.usage.raw:
        yield "usage", _json(answer.usage.raw)


def _pruned(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is not there, at any depth of objects."""
    pruned = {k: _pruned(v) if isinstance(v, dict) else v for k, v in data.items()}
    return {k: v for k, v in pruned.items() if v is not None and v not in ([], {})}


def _short(value: Any) -> str:
    words = printable(_json(value))
    return words if len(words) <= _WIDEST else f"{words[:_WIDEST]}… ({len(words)} characters)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
