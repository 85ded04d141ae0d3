"""Secrets among what a caller adds for a vendor, which no token may hold.

A server's tool may come with the key of another service (``authorization_token`` of Anthropic's MCP
servers, ``authorization`` and ``headers`` of OpenAI's). Such fields are known by their names, and
some by what they hold; a secret under any other name is not found.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NAME: Final = re.compile(
    r"auth$|authorization|bearer|cookie|credential|headers$|passw|secret|signature"
    r"|(api|access|account|private|subscription)[-_]?key$|token$",
    re.I,
)
_VALUE: Final = re.compile(
    r"(bearer|basic) \S|[a-z][a-z0-9+.-]*://([^/?#\s]*@|\S*[?&][^=&\s]*(key|token|sig|secret)[^=&]*=)",
    re.I,
)


def withhold(value: Any, place: str) -> tuple[Any, tuple[str, ...]]:
    """JSON without its secrets, and the places at which there were some."""
    if not isinstance(value, dict | list):
        return value, ()
    named = value if isinstance(value, dict) else {str(n): inner for n, inner in enumerate(value)}
    kept, found = list[tuple[str, Any]](), tuple[str, ...]()
    for name, inner in named.items():
        here = f"{place}.{name}"
        if _is_secret(name, inner):
            found += (here,)
        else:
            clean, inside = withhold(inner, here)
            kept.append((name, clean))
            found += inside
    return (dict(kept) if isinstance(value, dict) else [inner for _, inner in kept]), found


def _is_secret(name: str, value: Any) -> bool:
    if isinstance(value, str) and _VALUE.match(value):
        return True
    return isinstance(value, str | dict | list) and bool(value) and bool(_NAME.search(name))
