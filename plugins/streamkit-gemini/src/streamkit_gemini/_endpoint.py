"""Where Gemini is served, for both dialects."""

from __future__ import annotations

from streamkit.adapter import Endpoint, KeySource

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


def vertex_endpoint(project: str, location: str, token: KeySource) -> Endpoint:
    """Vertex AI. ``token`` is an OAuth access token, or a callable that gives a fresh one.

    Hosts: google-genai 3.4, _api_client; ``us`` and ``eu`` are multi-regions.
    """
    match location:
        case "global":
            host = "aiplatform.googleapis.com"
        case "us" | "eu":
            host = f"aiplatform.{location}.rep.googleapis.com"
        case _:
            host = f"{location}-aiplatform.googleapis.com"
    return Endpoint(
        base_url=f"https://{host}/v1/projects/{project}/locations/{location}",
        key_env=("GOOGLE_OAUTH_ACCESS_TOKEN",),
        api_key=token,
    )
