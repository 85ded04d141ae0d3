"""What an error answer means: status, headers and body to a `Fault`.

Reads the error shapes that vendors share, so an adapter needs code of its own only where its vendor
differs. An error object inside a stream goes through `fault_from_error` in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json

from streamkit.chunks import Fault
from streamkit.values import FaultKind

MAX_RETRY_AFTER = 120.0
"""Seconds. A longer hint is not worth holding a caller for; the vendors' SDKs cap at 120 too."""

_REQUEST_ID_HEADERS: Final = (
    "x-request-id",  # OpenAI, and most others
    "request-id",  # Anthropic
    "x-amzn-requestid",  # Bedrock
    "mistral-correlation-id",
    "apim-request-id",  # Azure
)

KIND_BY_CODE: dict[str, FaultKind] = {
    # Vendor error types and codes, lower case. Sources: the vendors' error pages and SDK types.
    "authentication_error": "authentication",
    "invalid_api_key": "authentication",
    "unauthenticated": "authentication",
    "permission_error": "permission",
    "permission_denied": "permission",
    "accessdeniedexception": "permission",
    "billing_error": "billing",
    "insufficient_quota": "billing",
    "insufficient_credits": "billing",
    "not_found_error": "not_found",
    "model_not_found": "not_found",
    "not_found": "not_found",
    "resourcenotfoundexception": "not_found",
    "content_filter": "content_filter",
    "responsibleaipolicyviolation": "content_filter",
    "content_policy_violation": "content_filter",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "ratelimitreached": "rate_limit",
    "too_many_requests": "rate_limit",
    "resource_exhausted": "rate_limit",
    "throttlingexception": "rate_limit",
    "overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "overloaded": "overloaded",
    "unavailable": "overloaded",
    "serviceunavailableexception": "overloaded",
    "insufficient_system_resource": "overloaded",
    "api_error": "server",
    "server_error": "server",
    "internal_server_error": "server",
    "internal": "server",
    "timeout_error": "vendor_timeout",
    "deadline_exceeded": "vendor_timeout",
    "modeltimeoutexception": "vendor_timeout",
    "invalid_request_error": "invalid_request",
    "invalid_argument": "invalid_request",
    "validationexception": "invalid_request",
    "request_too_large": "invalid_request",
    "context_length_exceeded": "invalid_request",
    "tool_use_failed": "invalid_request",
}

KIND_BY_STATUS: dict[int, FaultKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "vendor_timeout",
    429: "rate_limit",
    498: "authentication",
    499: "vendor_timeout",
    503: "overloaded",
    504: "vendor_timeout",
    529: "overloaded",
}

# xAI and Google refuse a key with status 400, and xAI's code says no more than that either.
_KEY_REFUSED = re.compile(
    r"\b(incorrect|invalid) api key\b|\bapi key (is |was )?(not valid|invalid|incorrect)\b", re.I
)

_NO_WORDS: Final = "no reason was given"

# Sent with many statuses and as a code of no meaning of its own: the status says more.
_VAGUE = frozenset({"invalid_request_error", "api_error", "server_error"})


def kind_of(status: int | None, *codes: Any) -> FaultKind:
    """The fault kind for an HTTP status and the vendor's codes, most specific first.

    A code decides over the status, except the vague ones (OpenAI sends ``invalid_request_error``
    with 401 and 404 as well).
    """
    vague: FaultKind | None = None
    for code in codes:
        name = str(code).lower() if isinstance(code, str) else ""
        kind = KIND_BY_CODE.get(name)
        if kind and name not in _VAGUE:
            return kind
        vague = vague or kind
    for value in (status, *codes):
        number = int(value) if isinstance(value, str) and value.isdigit() else value
        if isinstance(number, int) and 400 <= number < 600:
            return KIND_BY_STATUS.get(number) or ("server" if number >= 500 else "invalid_request")
    if status is not None and 300 <= status < 400:
        return "not_found"  # redirects are not followed: the base URL is not the right one
    return vague or "server"


def retry_hints(headers: Mapping[str, str]) -> tuple[bool | None, float | None]:
    """(retryable, seconds to wait) as the headers say; None where they say nothing.

    ``x-should-retry`` (OpenAI, Anthropic) decides outright. The wait is ``retry-after-ms``, else
    ``retry-after`` in seconds or as an HTTP date, taken against the answer's ``date`` header.
    """
    should = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower())
    return should, _wait(headers)


def _wait(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    if "retry-after" not in headers or "date" not in headers:
        return None
    from email.utils import parsedate_to_datetime  # seldom needed, and dear to import

    try:
        until = parsedate_to_datetime(headers["retry-after"])
        return max(0.0, (until - parsedate_to_datetime(headers["date"])).total_seconds())
    except (ValueError, TypeError):
        return None


def fault_from_error(
    error: Any, *, status: int | None = None, request_id: str | None = None
) -> Fault:
    """A vendor's error object (or bare text) as a fault. Fits errors inside a stream as well."""
    if not isinstance(error, Mapping):
        text = str(error) if error else ""
        return Fault(
            kind_of(status),
            text or _NO_WORDS,
            status=status,
            request_id=request_id,
            body=error,
        )
    code, type_ = error.get("code"), error.get("type") or error.get("error_type")
    status_name = error.get("status")  # Google's name for the code, such as RESOURCE_EXHAUSTED
    details = error.get("details")
    detail_code = details.get("error_code") if isinstance(details, Mapping) else None
    message = error.get("message") or error.get("Message") or error.get("error")
    named = next((c for c in (detail_code, code, type_, status_name) if c), None)
    kind = kind_of(status, detail_code, code, type_, status_name, error.get("status_code"))
    text = str(message) if message else _NO_WORDS
    if kind == "invalid_request" and _KEY_REFUSED.search(text):
        kind = "authentication"
    return Fault(
        kind=kind,
        message=text,
        code=None if named is None else str(named),
        status=status,
        retry_after=_retry_delay(details),
        request_id=request_id,
        body=error,
    )


def _retry_delay(details: Any) -> float | None:
    """Seconds, from Google's ``{"@type": ".../google.rpc.RetryInfo", "retryDelay": "48s"}``."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d+)?s", delay):
            return float(delay[:-1])
    return None


def request_id(headers: Mapping[str, str]) -> str | None:
    """What the vendor calls the request, for its support. ``headers`` have lower-case names."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)


def fault_from_http(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """An error answer as a fault. ``headers`` have lower-case names; ``body`` may be anything."""
    error = _error_object(body)
    fault = fault_from_error(error, status=status, request_id=request_id(headers))
    if 300 <= status < 400:
        fault.message = _redirect(headers.get("location", ""))
    fault.retryable, wait = retry_hints(headers)
    fault.retry_after = fault.retry_after if wait is None else wait
    if status in (501, 505) and fault.retryable is None:
        fault.retryable = False  # what is not implemented is not implemented the next time either
    if status == 409 and fault.retryable is None:
        fault.retryable = True  # a lock was not had in time; the vendors' own SDKs try again too
    return fault


def _error_object(body: bytes) -> Any:
    """The object that describes the error, out of the shapes vendors wrap it in."""
    try:
        value = from_json(body)
    except ValueError:
        return _plain_text(body)
    if isinstance(value, list) and value:
        value = value[0]  # Google wraps stream errors in a list
    if not isinstance(value, Mapping):
        return _plain_text(body)
    inner = value.get("error")
    if isinstance(inner, Mapping):
        return {**value, **inner} if "request_id" in value else inner
    if "detail" in value and "message" not in value:
        return {"message": _detail(value["detail"])}  # FastAPI servers
    return value


def _detail(detail: Any) -> str:
    """FastAPI's words, and of each mistake the place: ``body.messages: field required``."""
    if isinstance(detail, list):
        return "; ".join(map(_detail, detail))
    if isinstance(detail, Mapping) and "msg" in detail:
        place = detail.get("loc")
        where = ".".join(map(str, place)) + ": " if isinstance(place, list) else ""
        return f"{where}{detail['msg']}"
    return str(detail)


def _plain_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if text[:1] == "<":
        return ""  # an HTML page of some proxy tells a caller nothing
    return text[:500]


def _redirect(location: str) -> str:
    """Says the host, and no more: the rest of the URL may hold what the request did."""
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    place = f" to {host}" if host else ""
    return f"a redirect{place}, which is not followed; if it is right, set the base URL to it"
