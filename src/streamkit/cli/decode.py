"""``streamkit decode``: what streamkit makes of a recorded body."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from streamkit.cli._endings import error_code, exit_code, explain
from streamkit.cli._json import event_data, response_data, write_line
from streamkit.cli._output import console, printable
from streamkit.testing import Decoded, decode

_WIDEST: Final = 200
"""Characters of one value in the readable form; --json has all of them."""


def decode_file(
    adapter: str, file: str, *, status: int, content_type: str | None, as_json: bool
) -> int:
    """Decode a recording and show its events, then the response; returns the outcome's exit code.

    ``adapter`` is a model-id prefix or a model id; ``file`` may be ``-`` for stdin.

    Raises:
        ConfigurationError: there is no such adapter.
        OSError: the file cannot be read.
    """
    body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    model = adapter if ":" in adapter else f"{adapter}:any"
    headers = {"content-type": content_type} if content_type else None
    decoded = decode(model, body, status=status, headers=headers)
    if as_json:
        for event in decoded.events:
            write_line(event_data(event))
        write_line(response_data(decoded.response, decoded.error))
    else:
        _show(decoded)
    return error_code(decoded.error) if decoded.error else exit_code(decoded.response.outcome)


def _show(decoded: Decoded) -> None:
    screen = console(sys.stdout)
    for event in decoded.events:
        data = event_data(event)
        number, kind = data.pop("seq"), data.pop("type")
        words = "  ".join(f"{k}={_short(v)}" for k, v in data.items() if v not in (None, [], {}))
        line = Text.assemble((f"{number:>4} ", "dim"), (f"{kind:<21} ", "bold"), words)
        screen.print(line, soft_wrap=True)
    screen.print()
    for name, value in _summary(decoded):
        screen.print(Text.assemble((f"{name:<21} ", "bold"), value), soft_wrap=True)
    if decoded.error is not None:
        words = printable(" ".join(explain(decoded.error).split()))
        screen.print(Text.assemble((f"{'error':<21} ", "bold red"), words), soft_wrap=True)


def _summary(decoded: Decoded) -> Iterator[tuple[str, str]]:
    """The response as rows of name and value, without those that are empty."""
    answer = decoded.response
    yield "outcome", str(answer.outcome)
    finish = f"{answer.finish_reason} ({answer.raw_finish_reason})"
    usage = answer.usage
    rows: Mapping[str, Any] = {
        "id": answer.id,
        "model": answer.model,
        "finish_reason": finish if answer.finish_reason else None,
        "reasoning": answer.reasoning,
        "text": answer.text,
        "refusal": answer.refusal,
        "tool_calls": [f"{c.name} {c.arguments_text}" for c in answer.tool_calls],
        "incomplete_tool_calls": [
            f"{c.name} {c.arguments_text} ({c.reason})" for c in answer.incomplete_tool_calls
        ],
        "provider_items": [item.kind for item in answer.provider_items],
        "citations": [c.url or c.title or c.cited_text for c in answer.citations],
        "choices": len(answer.choices) if len(answer.choices) > 1 else None,
        "usage": usage and usage.raw,
    }
    for name, value in rows.items():
        if value is not None and value not in ("", []):
            yield name, printable(value if isinstance(value, str) else _json(value))


def _short(value: Any) -> str:
    words = printable(_json(value))
    return words if len(words) <= _WIDEST else f"{words[:_WIDEST]}… ({len(words)} characters)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
