"""Errors and timers, from their classes."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

from _make.markdown import prose, table
from streamkit import errors
from streamkit.timeouts import Timeouts


def sections() -> dict[str, str]:
    return {"tree": tree(), "errors": error_table()}


def tree() -> str:
    """The drawing in the module's docstring."""
    drawing = re.search(r"\n\n((?: {4}.*\n)+)", errors.__doc__ or "")
    assert drawing is not None
    return f"```text\n{inspect.cleandoc(drawing.group(1))}\n```"


def error_table() -> str:
    kinds = [*errors.BY_KIND.values()]
    kinds.insert(1, errors.UnsupportedError)
    return table(
        ("error", "`kind`", "means", "sent again"),
        (
            (
                f"`{kind.__name__}`",
                f"`{kind.kind}`",
                " ".join(prose(kind.__doc__).split()),
                "yes" if kind.retryable_by_default else "no",
            )
            for kind in kinds
        ),
    )


def timer_sections() -> dict[str, str]:
    text = " ".join(prose(Timeouts.__doc__).split())
    meaning = dict(re.findall(r"`(\w+)`: (.+?)\.", text))
    rows = ((f"`{f.name}`", meaning[f.name], f"{f.default:g} s") for f in fields(Timeouts))
    return {"timers": table(("timer", "how long to wait", "default"), rows)}
