"""Takes out of an answer what tells who asked: keys, and the ids of accounts and organisations.

Headers are kept only if their name is on a list. What was sent as a secret is looked for in all its
forms; what looks like a key or an account's id is taken out wherever it came from.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

REMOVED: Final = b"[removed]"

KEPT_HEADERS: Final = frozenset(
    {"content-type", "date", "retry-after", "retry-after-ms", "x-should-retry"}
)
"""What decides how an answer is read and whether it is asked for again."""

_SHORTEST: Final = 6
"""Characters. A shorter key is a placeholder, and would take ordinary words out with it."""
_LONG: Final = 16
"""Characters. The beginning of a shorter key may be that of a word."""

_ACCOUNT_FIELDS: Final = (
    rb"organi[sz]ation|org|account|project|tenant|workspace|user|customer|team|subscription"
)
_PATTERNS: Final[tuple[tuple[re.Pattern[bytes], bytes], ...]] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Prefixes of keys: OpenAI and Anthropic, Groq, xAI, Hugging Face, Replicate, NVIDIA, …
        (rb"(?<![\w-])(?:sk|gsk|xai|hf|r8|nvapi|pplx|csk|ghp)[-_][\w-]{16,}", REMOVED),
        (rb"(?<![\w-])AIza[\w-]{30,}", REMOVED),
        (rb"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", REMOVED),
        (rb"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+", REMOVED),
        (rb"(?i)\b(bearer\s+)[\w.~+/=-]{16,}", rb"\1" + REMOVED),
        # Ids: OpenAI's organisations, projects and users, AWS accounts, Google's projects.
        (rb"(?<![\w-])(org|proj|user|acct|wrkspc)[-_](?=[A-Za-z]*\d)\w{12,}", REMOVED),
        (rb"(\barn:aws[\w-]*:[\w-]*:[\w-]*:)\d{12}(?=:)", rb"\g<1>000000000000"),
        (rb"\bprojects/(?:[\w.-]+(?=/locations/)|\d{6,})", b"projects/" + REMOVED),
        (
            rb'(?i)(?<!\\)("(?:'
            + _ACCOUNT_FIELDS
            + rb')[_-]?(?:id|uuid)"\s*:\s*)"(?:[^"\\]|\\.)+"',
            rb'\1"' + REMOVED + b'"',
        ),
        (rb'(?i)(?<!\\)("(?:' + _ACCOUNT_FIELDS + rb')[_-]?id"\s*:\s*)\d+', rb"\g<1>0"),
        (rb'(?i)(?<!\\)("organi[sz]ation"\s*:\s*)"(?:[^"\\]|\\.)+"', rb'\1"' + REMOVED + b'"'),
    )
)


class Scrubber:
    """Knows the secrets of one request. ``taken`` counts the places it took something out of."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True)
        forms = [re.escape(form) for secret in found for form in _forms(secret)]
        forms += [_masked(secret) for secret in found if len(secret) >= _LONG]
        self._secrets = re.compile(b"|".join(forms), re.IGNORECASE) if forms else None
        self.taken = 0

    def body(self, data: bytes) -> bytes:
        """The bytes without what is secret."""
        patterns = [(self._secrets, REMOVED)] if self._secrets else []
        for pattern, replacement in (*patterns, *_PATTERNS):
            data, count = pattern.subn(replacement, data)
            self.taken += count
        return data

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that may be kept, in lower case."""
        kept = {k.lower(): v for k, v in headers.items() if k.lower() in KEPT_HEADERS}
        return {k: self.body(v.encode()).decode() for k, v in kept.items()}

    def finds(self, data: bytes) -> bool:
        """Whether a secret of the request is in there."""
        return self._secrets is not None and self._secrets.search(data) is not None


def _forms(secret: str) -> Iterator[bytes]:
    """How a secret may be written in a body."""
    raw = secret.encode()
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield quote(secret, safe="").encode()
    for offset in range(3):  # base64 of a text around it depends on where in the text it stands
        coded = b64encode(b"\0" * offset + raw).rstrip(b"=")
        whole = len(coded) - 1 if (offset + len(raw)) % 3 else len(coded)
        yield coded[(0, 2, 3)[offset] : whole]


def _masked(secret: str) -> bytes:
    """The secret with its middle left out, as vendors quote it in errors: ``sk-ab****wxyz``."""
    return rb"(?<![\w-])" + re.escape(secret[:4].encode()) + rb"[\w-]*(?:\*{3,}|\.{3,})[\w-]*"
