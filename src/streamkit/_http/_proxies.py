"""Proxies that the environment names: which hosts they are for, and the tunnel through one.

The variables are those of urllib, curl and httpx: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``
and ``NO_PROXY``. This machine itself is never reached through a proxy: that would hand a key and a
prompt, unencrypted, to another machine, which could not reach what listens here.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.request import getproxies, proxy_bypass

import h11
import httpcore
import httpx

from streamkit._http._exchange import Headers, Origin, Place, Request, authority
from streamkit._target import is_loopback
from streamkit.errors import ConfigurationError

_SOCKS: Final = frozenset({"socks5", "socks5h"})


@dataclass(frozen=True, slots=True)
class Proxy:
    """``variable`` is the name of what sets it."""

    url: httpx.URL = field(repr=False)
    variable: str

    @property
    def is_socks(self) -> bool:
        """Whether httpx's own pool must speak to it."""
        return self.url.scheme in _SOCKS

    @property
    def origin(self) -> Origin:
        port = self.url.port or (443 if self.url.scheme == "https" else 80)
        return self.url.raw_scheme, self.url.raw_host, port

    def tunnel(self, origin: Origin, seconds: float | None) -> Request:
        """What asks it for a tunnel (RFC 9110, 9.3.6)."""
        asked = authority(origin)
        place = Place(self.url, self.origin, asked, asked)
        timers = {"write": seconds, "read": seconds}
        until = None if seconds is None else time.monotonic() + seconds
        headers = [(b"host", asked), *self._credentials()]
        return Request("CONNECT", place, headers, b"", {"timeout": timers, "deadline": until})

    def tunnelled(self, head: h11.Response) -> None:
        """Raises unless the proxy has opened the tunnel."""
        if head.status_code == 407:
            raise ConfigurationError(
                f"the proxy {self} wants credentials, or others than {self.variable} has in it "
                "(http://user:password@host:port)"
            )
        if not 200 <= head.status_code < 300:
            reason = head.reason.decode("latin-1")
            raise httpcore.ProxyError(f"it answered {head.status_code} {reason}".rstrip())

    def relayed(self, request: Request) -> Request:
        """A plain-http request as a proxy takes it: for the whole URL (RFC 9112, 3.2.2)."""
        place = request.place
        whole = b"http://" + authority(place.origin) + place.target
        headers = [*request.headers, *self._credentials()]
        return replace(request, place=place._replace(target=whole), headers=headers)

    def _credentials(self) -> Headers:
        if not (self.url.username or self.url.password):
            return []
        pair = f"{self.url.username}:{self.url.password}".encode()
        return [(b"proxy-authorization", b"Basic " + b64encode(pair))]

    @contextmanager
    def named(self, seconds: float | None) -> Iterator[None]:
        """What fails meanwhile is the proxy's, and says which one."""
        try:
            yield
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise httpcore.ProxyError(
                f"the proxy {self} did not answer within {seconds:g} s, the connect timer"
            ) from error
        except (httpcore.NetworkError, httpcore.ProxyError, httpx.RemoteProtocolError) as error:
            raise httpcore.ProxyError(f"the proxy {self} failed: {error}") from error

    def __str__(self) -> str:
        return f"{authority(self.origin).decode('ascii')} (from {self.variable})"


def proxy_for(origin: Origin) -> Proxy | None:
    """The proxy for one host. Raises ConfigurationError for one that is none."""
    scheme, host, port = origin[0].decode(), origin[1].decode(), origin[2]
    if is_loopback(host):
        return None
    found = getproxies()
    name = scheme if found.get(scheme) else "all"
    said = found.get(name)
    if not said or proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    variable = _variable(name)
    try:
        url = httpx.URL(said if "://" in said else f"http://{said}")
    except httpx.InvalidURL:  # its words may hold credentials
        url = httpx.URL()
    if url.scheme not in {"http", "https", *_SOCKS} or not url.host:
        raise ConfigurationError(
            f"{variable} does not name a proxy: it has to look like http://host:port. "
            f"Mend or unset it, or reach {host} without one: NO_PROXY={host}."
        )
    return Proxy(url, variable)


def _variable(name: str) -> str:
    for variable in (f"{name}_proxy", f"{name.upper()}_PROXY"):
        if os.environ.get(variable):
            return variable
    return "the system's proxy settings"
