"""What an answer comes to, in words that streamkit and a vendor's SDK can both be held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamkit.messages import ChatResponse


@dataclass(frozen=True)
class Answer:
    """``calls`` are names and arguments, in order; arguments are an object or a custom tool's text.

    ``finish`` is the vendor's own word. ``usage`` is tokens in and out: the whole prompt with what
    was cached, and everything generated with the reasoning; None where the vendor tells none.
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    finish: str | None = None
    usage: tuple[int | None, int | None] | None = None


def ours(response: ChatResponse) -> Answer:
    """What streamkit made of it."""
    usage = response.usage
    return Answer(
        text=response.text,
        reasoning=response.reasoning,
        calls=tuple(
            (x.name, x.arguments_text if x.kind == "custom" else x.arguments)
            for x in response.tool_calls
        ),
        finish=response.raw_finish_reason,
        usage=usage and (usage.input_tokens, usage.output_tokens),
    )
