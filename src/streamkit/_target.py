"""Where one request goes and what it carries to prove who sends it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from streamkit.adapter import Endpoint, Framing, KeySource, WireRequest
from streamkit.errors import ConfigurationError

USER_AGENT = "streamkit/0.1.0"


@dataclass(frozen=True, slots=True)
class Target:
    """A base URL, how the key is sent, and where the key comes from."""

    base_url: str = field(repr=False)
    endpoint: Endpoint
    key_source: KeySource = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    def url(self, path: str) -> str:
        """The base URL with ``path`` put behind its own path, and both query strings last.

        People paste base URLs with the beginning of the path in them, such as ``/v1``: what both
        have in common stands there once.
        """
        base, _, query = self.base_url.partition("?")
        path, _, asked = path.partition("?")
        scheme, _, place = base.rstrip("/").partition("://")
        host, slash, above = place.partition("/")
        names = path.split("/")
        for count in range(len(names), 1, -1):
            if (slash + above).endswith(beginning := "/".join(names[:count])):
                path = path.removeprefix(beginning)
                break
        path = slash + above + path
        for pattern, instead in self.endpoint.rewrites.items():
            path = re.sub(pattern, instead, path)
        queries = "&".join(filter(None, (asked, query)))
        return f"{scheme}://{host}{path}" + (f"?{queries}" if queries else "")


def checked_key(key: Any, *, returned: bool = False) -> str | None:
    """The key, if it can be sent. Raises ConfigurationError that does not show it.

    ``returned``: by a callable, which has to give one.
    """
    if returned and (key is None or key == ""):
        what = "an empty text" if key == "" else "None"
        raise ConfigurationError(f"the api_key callable returned {what} in place of a key")
    if key is not None and not isinstance(key, str):
        raise ConfigurationError(f"the API key is a {type(key).__name__}, not text")
    if key is not None and not _fits_a_header(key):
        raise ConfigurationError(
            "the API key holds characters that no HTTP header can carry "
            "(a line break at its end, perhaps); it is not shown here"
        )
    return key


def checked_base_url(url: str, *, allow_http: bool) -> str:
    """The URL, if a key may be sent there. Raises ConfigurationError that says what is wrong."""
    shown = url.partition("?")[0]  # a query string may hold a key
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        malformed = False
    except ValueError:  # its words may hold the URL
        malformed = True
    if malformed:
        raise ConfigurationError("the base URL is malformed in its host or port")
    is_http = parts.scheme in ("http", "https")
    if "@" in (parts.netloc if is_http else shown):
        raise ConfigurationError(
            f"the base URL for {host or 'this vendor'} holds credentials; "
            "pass the key with Client(api_key=...) instead, so that it stays out of logs"
        )
    if not is_http or not host:
        raise ConfigurationError(f"the base URL {shown!r} is not an http(s) URL with a host")
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise ConfigurationError(
            f"the base URL {shown!r} is plain http, which would send the key and the prompt "
            "unencrypted. Use https, or Client(allow_http=True) if you mean it."
        )
    return url


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


_ACCEPT: Final[Mapping[Framing, str]] = {
    "sse": "text/event-stream",
    "jsonl": "application/x-ndjson, application/json;q=0.9",
    "json-array": "application/json",
    "aws-event-stream": "application/vnd.amazon.eventstream",
}


def request_headers(
    target: Target, key: str | None, wire: WireRequest, extra: Mapping[str, str]
) -> dict[str, str]:
    """Headers of one attempt, by lower-case name; the caller's own come last and win."""
    headers = {
        "accept": _ACCEPT[wire.framing],
        # A gzip body that is cut short can end cleanly; a plain one cannot hide it.
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }
    headers.update({name.lower(): value for name, value in wire.headers.items()})
    endpoint = target.endpoint
    if key and endpoint.bearer_token and re.fullmatch(endpoint.bearer_token, key):
        headers["authorization"] = f"Bearer {key}"
    elif key and endpoint.auth_header:
        headers[endpoint.auth_header.lower()] = endpoint.auth_prefix + key
    headers.update({name.lower(): value for name, value in extra.items()})
    return headers


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises ConfigurationError for one that HTTP cannot carry; its value may be a secret."""
    for name, value in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ConfigurationError("a name in extra_headers is no HTTP header name")
        if not _fits_a_header(value):
            raise ConfigurationError(
                f"the value of the header {name!r} holds characters that no HTTP header can carry; "
                "it is not shown here"
            )


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def encode_body(body: Mapping[str, Any]) -> bytes:
    """The JSON body. Raises ConfigurationError if the request holds what JSON cannot."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape
    except (TypeError, ValueError, RecursionError) as error:
        problem = str(error)
    # Without the other error, whose frames hold the request.
    raise ConfigurationError(
        f"the request cannot be written as JSON: {problem}. Look at extra_body, tools and schemas."
    )
