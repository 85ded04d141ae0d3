"""A broken law, told so that an author can act on it."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import MISSING, fields, is_dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from ._registry import Law


class Violation(AssertionError):
    """The law does not hold.

    Args:
        what: what the adapter did.
        where: the frame, the byte, the request.
        user: what a user of the adapter would get.
        mend: what to do about it, where that is not plain.
    """

    def __init__(self, what: str, *, where: str = "", user: str, mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.user = user
        self.mend = mend

    def explain(self, law: Law, adapter: str, recording: str | None) -> str:
        """All of it in words, with the law's reason and where to read on."""
        subject = f"{adapter!r}" + (f" on the recording {recording!r}" if recording else "")
        told = {
            "where": self.where,
            "what": self.what,
            "a user gets": self.user,
            "to mend it": self.mend,
            "the law": law.reason,
            "read on": law.page,
        }
        lines = [_labelled(label, text) for label, text in told.items() if text]
        return "\n".join([f"{law.id} {law.name}: broken by {subject}", *lines])


def _labelled(label: str, text: str) -> str:
    head = f"  {label:<12} "
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
    """The value for a message: the beginning and the end of what is too long."""
    text = value if isinstance(value, str) else told(value)
    return text if len(text) <= length else f"{text[: length - 41]} … {text[-38:]}"


def counted(things: Sized, what: str) -> str:
    """``1 recording``, ``2 recordings``."""
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def told(value: Any) -> str:
    """``repr``, without the fields that hold their defaults: those say nothing."""
    match value:
        case BaseModel():
            values = [(n, v) for n, v in value if n in value.model_fields_set and n != "type"]
        case _ if is_dataclass(value) and not isinstance(value, type):
            values = [
                (field.name, held)
                for field in fields(value)
                if (held := getattr(value, field.name)) != field.default
                and (field.default_factory is MISSING or held != field.default_factory())
                and field.name not in ("seq", "type")
            ]
        case list():
            return f"[{', '.join(told(inner) for inner in value)}]"
        case tuple():
            return f"({', '.join(told(inner) for inner in value)})"
        case _:
            return repr(value)
    return f"{type(value).__name__}({', '.join(f'{n}={told(v)}' for n, v in values)})"
