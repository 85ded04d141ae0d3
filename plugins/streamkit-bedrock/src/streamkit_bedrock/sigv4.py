"""Signs requests with AWS credentials: Signature Version 4, by botocore.

No adapter imports this module: the core does, when a request has no bearer key. Credentials are
found as in every AWS program (environment, profiles, SSO, roles of a machine or container) and
renewed before they expire.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from streamkit.adapter import Unsigned
from streamkit.errors import AuthenticationError, ConfigurationError

_REGION = re.compile(r"\bbedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


@dataclass
class SigV4:
    """A `Signer` for Bedrock.

    Give the keys, or the ``profile`` whose credentials count; without either, AWS's usual chain
    decides. The region is ``region``, else that of the adapter, of the request's host, of
    ``AWS_REGION``, of ``AWS_DEFAULT_REGION`` or of AWS's configuration.

    Raises, when called:
        ConfigurationError: botocore is missing, or there are no credentials or no region.
        AuthenticationError: the credentials could not be fetched or renewed.
    """

    region: str | None = None
    profile: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    _session: Any = field(default=None, init=False, repr=False, compare=False)
    _credentials: Any = field(default=None, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __call__(self, request: Unsigned) -> Mapping[str, str]:
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
        except ImportError:
            raise ConfigurationError(
                "no API key for Amazon Bedrock: set AWS_BEARER_TOKEN_BEDROCK, or install "
                "streamkit-bedrock[sigv4] to sign requests with AWS credentials"
            ) from None
        credentials = self._frozen()
        # Proxies may change the others.
        headers = {
            name: value
            for name, value in request.headers.items()
            if name == "content-type" or name.startswith("x-amz")
        }
        signed = AWSRequest(request.method, request.url, headers=headers, data=request.content)
        SigV4Auth(credentials, "bedrock", self._region_of(request)).add_auth(signed)
        return dict(signed.headers.items())

    def _frozen(self) -> Any:
        """The credentials as they are now; fetched once, by one thread, and renewed by botocore."""
        from botocore.exceptions import BotoCoreError

        try:
            with self._lock:
                if self._credentials is None:
                    self._credentials = self._find()
            if self._credentials is not None:
                return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise AuthenticationError(
                f"the AWS credentials could not be fetched: {type(error).__name__}"
            ) from error
        raise ConfigurationError(
            "no API key and no AWS credentials for Amazon Bedrock: set AWS_BEARER_TOKEN_BEDROCK, "
            "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with the AWS command line"
        )

    def _find(self) -> Any:
        from botocore.credentials import Credentials
        from botocore.session import Session

        self._session = Session(profile=self.profile)
        if self.access_key and self.secret_key:
            return Credentials(self.access_key, self.secret_key, self.session_token)
        return self._session.get_credentials()

    def _region_of(self, request: Unsigned) -> str:
        host = urlsplit(request.url).hostname or ""
        named = _REGION.search(host)
        region = (
            self.region
            or request.region
            or (named and named[1])
            or os.environ.get("AWS_REGION")
            or self._session.get_config_variable("region")
        )
        if not region:
            raise ConfigurationError(
                f"no AWS region to sign for: the host {host!r} names none, and none is set with "
                "Bedrock(region=...), SigV4(region=...), AWS_REGION, AWS_DEFAULT_REGION or in "
                "AWS's configuration file"
            )
        return str(region)


sign = SigV4()
"""The signer of adapters that were not given one."""
