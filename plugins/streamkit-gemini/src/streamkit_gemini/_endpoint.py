"""Where Gemini is served, for both dialects."""

from __future__ import annotations

from streamkit.adapter import Endpoint, KeySource

GEMINI_API = "https://generativelanguage.googleapis.com/v1beta"


def endpoint(base_url: str | None, api_key: KeySource) -> Endpoint:
    """The Gemini API, or the server given. One that is given gets only the key given with it."""
    return Endpoint(
        base_url=base_url or GEMINI_API,
        base_url_env=() if base_url else ("GEMINI_BASE_URL",),
        key_env=() if base_url else ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        auth_header="x-goog-api-key",
        auth_prefix="",
        key_required=not base_url,
        api_key=api_key,
    )


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
