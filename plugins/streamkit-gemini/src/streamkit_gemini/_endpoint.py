"""Where Gemini is served, for both dialects: the Gemini API, and Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping

from streamkit.adapter import Endpoint, KeySource, Signer

Signing = Signer | str | None

_SIGNER = "streamkit_gemini.google_auth:sign"
"""Who asks Google for a token where there is none."""

_HOSTS: Mapping[str, str] = {
    "global-aiplatform.googleapis.com": "aiplatform.googleapis.com",
    "us-aiplatform.googleapis.com": "aiplatform.us.rep.googleapis.com",
    "eu-aiplatform.googleapis.com": "aiplatform.eu.rep.googleapis.com",
}
"""Of the multi-regions (google-genai 3.4, _api_client)."""

_GEMINI_API = Endpoint(
    base_url="https://generativelanguage.googleapis.com/v1beta",
    base_url_env=("GEMINI_BASE_URL",),
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    auth_header="x-goog-api-key",
    auth_prefix="",
)


def endpoint(base_url: str | None, api_key: KeySource) -> Endpoint:
    """The Gemini API, or the server given."""
    return _GEMINI_API.at(base_url, api_key)


def vertex_endpoint(
    project: str | None,
    location: str | None,
    token: KeySource,
    signer: Signing,
    *,
    version: str = "v1",
    projects: str = "GOOGLE_CLOUD_PROJECT",
    locations: str = "GOOGLE_CLOUD_LOCATION",
) -> Endpoint:
    """Vertex AI, with what is not given taken from the environment (``projects``, ``locations``).

    ``token`` is an OAuth access token, or a callable that gives a fresh one; without one in the
    environment either, ``signer`` gets one: Google's credentials, unless another is given.
    """
    project = project or f"{{{projects}}}"
    location = location or f"{{{locations}=global}}"
    host = f"{location}-aiplatform.googleapis.com"
    place = f"projects/{project}/locations/{location}"
    return Endpoint(
        base_url=f"https://{_HOSTS.get(host, host)}/{version}/{place}",
        hosts=_HOSTS,
        key_env=("GOOGLE_OAUTH_ACCESS_TOKEN",),
        key_required=False,
        api_key=token,
        signer=signer or _SIGNER,
    )
