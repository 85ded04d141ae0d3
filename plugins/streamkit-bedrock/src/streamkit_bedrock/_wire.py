"""What both dialects share: where Bedrock is, how it says what went wrong, careful reading.

A decoder must not raise whatever a frame holds, so every field of the wire is read through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from streamkit.adapter import Endpoint, Frame, KeySource, Signer, parse_json
from streamkit.chunks import Fault
from streamkit.faults import fault_from_error, fault_from_http, kind_of
from streamkit.values import FaultKind

SIGNER = "streamkit_bedrock.sigv4:sign"

EVENT_STREAM = "application/vnd.amazon.eventstream"

PADDING = "p"
"""A field of random length in every event, against those who guess words by sizes."""

# Exceptions of the service model (botocore, bedrock-runtime) and of AWS's common errors page that
# say more than their status; `streamkit.faults` knows the others.
_KINDS: dict[str, FaultKind] = {
    "internalserverexception": "server",
    "modelerrorexception": "server",
    "modelstreamerrorexception": "server",
    "modelnotreadyexception": "overloaded",
    "servicequotaexceededexception": "rate_limit",
    "expiredtokenexception": "authentication",
    "incompletesignatureexception": "authentication",
    "invalidsignatureexception": "authentication",
    "missingauthenticationtokenexception": "authentication",
    "unrecognizedclientexception": "authentication",
}


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
    )


def path(model: str, operation: str) -> str:
    """The path of an operation. A model may be an ARN, whose slashes are no part of the path."""
    return f"/model/{quote(model, safe='')}/{operation}"


# --- errors --------------------------------------------------------------------------------------


def fault_of_answer(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """An error answer. Its type stands in a header: ``ThrottlingException:http://…``."""
    fault = fault_from_http(status, headers, body)
    name = headers.get("x-amzn-errortype", "").partition(":")[0]
    if not name and isinstance(fault.body, Mapping):  # AWS's front door: com.amazon…#Name
        name = text(fault.body.get("__type")).rpartition("#")[2]
    if name:
        fault.code = name
        fault.kind = _KINDS.get(name.lower()) or kind_of(status, name)
    fault.request_id = headers.get("x-amzn-requestid") or fault.request_id
    return fault


def fault_of_frame(frame: Frame) -> Fault | None:
    """The exception or error that a message of the event stream reports; None for an event."""
    what, colon, name = frame.event.partition(":")
    if not colon or what not in ("exception", "error"):
        return None
    try:
        error = mapping(parse_json(frame.data))
    except ValueError:
        error = {}
    said = text(error.get("message")) or text(error.get("originalMessage"))
    fault = fault_from_error({"message": said or name, "code": name})
    fault.kind = _KINDS.get(name.lower(), fault.kind)
    fault.body = error or frame.data
    return fault


# --- fields --------------------------------------------------------------------------------------


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def rest(fields: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """The fields that say something and that nobody here knows."""
    return {k: v for k, v in fields.items() if k not in known and k != PADDING and v is not None}
