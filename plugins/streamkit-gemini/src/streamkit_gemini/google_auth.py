"""Access tokens for Vertex AI, by google-auth, as every Google program has them.

No adapter imports this module: the core does, when a request has no token. Credentials are Google's
application default ones (a service account's file, the command line's login, those of a machine or
a workload), and are renewed before they expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any

from streamkit.adapter import Unsigned
from streamkit.errors import AuthenticationError, ConfigurationError

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


@dataclass
class GoogleAuth:
    """A `Signer` for Vertex AI. Give google-auth's ``credentials``, or let them be found.

    Raises, when called:
        ConfigurationError: google-auth is missing, or there are no credentials.
        AuthenticationError: the token could not be fetched or renewed.
    """

    credentials: Any = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __call__(self, request: Unsigned) -> Mapping[str, str]:
        try:
            auth = import_module("google.auth")
            errors = import_module("google.auth.exceptions")
            transport = import_module("google.auth.transport.requests")
        except ImportError:
            raise ConfigurationError(
                "no access token for Vertex AI: set GOOGLE_OAUTH_ACCESS_TOKEN, or install "
                "streamkit-gemini[vertex] to use Google's application default credentials"
            ) from None
        headers: dict[str, str] = {}
        try:
            with self._lock:
                if self.credentials is None:
                    self.credentials, _ = auth.default(scopes=_SCOPES)
                fetch = transport.Request()
                self.credentials.before_request(fetch, request.method, request.url, headers)
        except errors.DefaultCredentialsError:
            raise ConfigurationError(
                "no access token and no Google credentials for Vertex AI: set "
                "GOOGLE_OAUTH_ACCESS_TOKEN or GOOGLE_APPLICATION_CREDENTIALS, or log in with "
                "gcloud auth application-default login"
            ) from None
        except errors.GoogleAuthError as error:
            raise AuthenticationError(
                f"no access token could be had from Google: {type(error).__name__}"
            ) from error
        return headers


sign = GoogleAuth()
"""The signer of adapters that were not given one."""
