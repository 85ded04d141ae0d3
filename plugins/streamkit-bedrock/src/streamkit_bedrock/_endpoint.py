"""Where Bedrock is, for both dialects, and how it frames what it streams."""

from __future__ import annotations

from urllib.parse import quote

from streamkit.adapter import Endpoint, KeySource, Signer

SIGNER = "streamkit_bedrock.sigv4:sign"

EVENT_STREAM = "application/vnd.amazon.eventstream"


def endpoint(
    region: str | None, base_url: str | None, api_key: KeySource, signer: Signer | str | None
) -> Endpoint:
    """Bedrock in a region, or at another base URL. The key in the environment is for AWS alone."""
    host = region or "{AWS_REGION,AWS_DEFAULT_REGION}"
    by_hand = base_url is not None
    return Endpoint(
        base_url=base_url or f"https://bedrock-runtime.{host}.amazonaws.com",
        base_url_env=() if by_hand or region else ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME",),
        key_env=() if by_hand else ("AWS_BEARER_TOKEN_BEDROCK",),
        key_required=False,
        api_key=api_key,
        signer=signer,
        region=region,
    )


def path(model: str, operation: str) -> str:
    """The path of an operation. A model may be an ARN, whose slashes are no part of the path."""
    return f"/model/{quote(model, safe='')}/{operation}"
