"""A broken law, told so that an author can act on it."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._registry import Law


class Violation(AssertionError):
    """The law does not hold: ``what`` happened, ``where``, and what a ``user`` would have seen."""

    def __init__(self, what: str, *, where: str = "", user: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.user = user

    def explain(self, law: Law, adapter: str, recording: str | None) -> str:
        subject = f"{adapter!r}" + (f" on the recording {recording!r}" if recording else "")
        lines = [f"{law.id} {law.name}: broken by {subject}"]
        told = (("where", self.where), ("what", self.what), ("a user", self.user))
        for label, text in (*told, ("the law", law.reason)):
            if text:
                lines.append(_labelled(label, text))
        return "\n".join(lines)


def _labelled(label: str, text: str) -> str:
    head = f"  {label:<8} "
    paragraphs = text.strip().splitlines()
    first, *rest = (
        fill(
            p.strip(),
            width=100,
            initial_indent=" " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for p in paragraphs
    )
    return "\n".join([head + first[len(head) :], *rest])


def clip(value: object, length: int = 120) -> str:
    """``repr`` for a message: the beginning and the end of what is too long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= length else f"{text[: length - 41]} … {text[-38:]}"
