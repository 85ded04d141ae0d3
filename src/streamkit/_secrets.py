"""Keeping keys and prompts out of errors, tracebacks and logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from traceback import format_exception_only
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

E = TypeVar("E", bound=BaseException)

_SECRET_NAME: Final = re.compile(
    "auth|cookie|credential|key|password|secret|signature|token|^sig$", re.I
)
_LIKE_A_SECRET: Final = re.compile(
    r"(?i:(?<=key[=:])|(?<=token[=:])|(?<=secret[=:])|(?<=password[=:])|(?<=bearer ))\s*\S+"
    r"|(?<![\w+/=.~-])(?![A-Z]+\d+\b)(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[A-Za-z])[\w+/=.~-]{10,}"
    r"|[?&]\S+"  # a query
)
"""Named as one, or long and of letters and digits: so are keys and tokens, while words are not. The
codes of errors (AADSTS700016) are spared."""

_TOLD: Final = 200
"""Characters of such words that are told."""

_SHORTEST: Final = 4
"""Characters. Anything shorter would be blotted out of ordinary words."""

_QUOTED: Final = 24
_SHORTEST_PROMPT: Final = 8
"""Characters. Less than that may well be words of the vendor's own."""

_WORD: Final = re.compile(r"(?<!\w)\w")


def secrets_of(key: str | None, headers: Mapping[str, str], url: str) -> tuple[str, ...]:
    """What must not be shown of one request, longest first.

    The key, and those values of headers and of the URL's query whose names say what they are.
    """
    named = [*headers.items(), *parse_qsl(urlsplit(url).query)]
    found = {value for name, value in named if _SECRET_NAME.search(name)}
    found |= {value.partition(" ")[2] for value in found}  # "Bearer …"
    found.add(key or "")
    return tuple(sorted((x for x in found if len(x) >= _SHORTEST), key=len, reverse=True))


def scrub(value: Any, secrets: tuple[str, ...]) -> Any:
    """``value`` with the secrets blotted out of all text in it; vendors may echo what they got."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[key]")
        return value
    if isinstance(value, Mapping):
        return {scrub(k, secrets): scrub(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(v, secrets) for v in value]
    return value


def without_prompt(said: str, prompt: Iterable[str]) -> str:
    """``said`` without what it repeats of the ``prompt``'s texts; vendors quote what they refuse.

    A repetition is a whole text, or `_QUOTED` characters of it and more, from a word's beginning.
    """
    for text in prompt:
        length = min(len(text), _QUOTED)
        if length < _SHORTEST_PROMPT:
            continue
        kept, at = "", 0
        for word in _WORD.finditer(said):
            begin, end = word.start(), word.start() + length
            if begin < at or end > len(said):
                continue
            found = text.find(said[begin:end])
            if found < 0:
                continue
            for asked, repeated in zip(text[found + length :], said[end:], strict=False):
                if asked != repeated:
                    break
                end += 1
            kept, at = f"{kept}{said[at:begin]}[prompt]", end
        said = kept + said[at:]
    return said


def blotted(said: str) -> str:
    """The beginning of ``said``, without what looks like a secret: of words not known otherwise."""
    return _LIKE_A_SECRET.sub("[...]", said)[:_TOLD]


def without_frames(error: E) -> E:
    """The error without its traceback, and so all errors behind it.

    Loggers that show local variables would find the prompt in our frames, and the key in those of
    the HTTP client.
    """
    link: BaseException | None = error
    seen = set[int]()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.__traceback__ = None
        if link.__cause__ is not None and link.__context__ is not None:
            link.__context__.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


def drop_telling(error: BaseException, secrets: tuple[str, ...]) -> None:
    """Cut the chain of causes where one shows a secret; what it says is in ``error``, scrubbed.

    A vendor may echo the key in broken HTTP, whose parser repeats what it cannot read.
    """
    left, seen = [error], set[int]()
    while left:
        link = left.pop()
        seen.add(id(link))
        for name in ("__cause__", "__context__"):
            behind: BaseException | None = getattr(link, name)
            if behind is None or id(behind) in seen:
                continue
            said = repr(behind) + "".join(format_exception_only(behind))
            if any(secret in said for secret in secrets):
                setattr(link, name, None)
            else:
                left.append(behind)


class _WithoutQueries(logging.Filter):
    """httpx logs URLs in full (redirects too), and the query of a base URL may hold a key."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: set[str] = set()
        for client, core in (("httpx", "httpcore"), ("httpx2", "httpcore2")):
            for name in (client, f"{core}.http11", f"{core}.http2"):
                logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        for query in self.queries:
            if query in said:
                said = said.replace(query, "[query]")
                record.msg, record.args = said, None
        return True


_filter: _WithoutQueries | None = None


def hide_query(query: str) -> None:
    """Keep this query string out of the logs of the HTTP client, from now on."""
    global _filter  # noqa: PLW0603 - loggers are the process's own
    if _filter is None:
        _filter = _WithoutQueries()
    _filter.queries.add(query)
