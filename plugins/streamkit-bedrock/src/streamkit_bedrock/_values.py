"""Values off the wire in the common form: finish reasons, counts, citations, verdicts, faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit import reading
from streamkit.adapter import Frame, parse_json
from streamkit.chunks import Fault, Safety
from streamkit.faults import fault_from_error, fault_from_http, kind_of
from streamkit.reading import count, items, mapping, text
from streamkit.values import Citation, FaultKind, FinishReason, Usage

DIALECT = "bedrock-converse"
SCHEME = "bedrock"
"""The scheme of reasoning signatures, so that they go back only to those who can read them."""

PADDING = "p"
"""A field of random length in every event, against those who guess words by sizes."""

# The service model's StopReason.
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}

_CITATION_KINDS = {
    "web": "url",
    "documentChar": "document",
    "documentPage": "document",
    "documentChunk": "document",
    "searchResultLocation": "search_result",
}


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


def usage_of(raw: dict[str, Any]) -> Usage:
    """``inputTokens`` leaves out what was read from and written to the cache; it is added here.

    Source: docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    fresh = count(raw.get("inputTokens"))
    read, written = count(raw.get("cacheReadInputTokens")), count(raw.get("cacheWriteInputTokens"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=count(raw.get("outputTokens")),
        total_tokens=count(raw.get("totalTokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
        raw=raw,
    )


def citation_of(raw: dict[str, Any]) -> Citation:
    """One citation. It supports the whole block it came in, so it has no start or end there.

    The positions in ``raw`` are those in the *source*.
    """
    location = mapping(raw.get("location"))
    kind = next(iter(location), "")
    place = mapping(location.get(kind))
    cited = "".join(text(mapping(piece).get("text")) for piece in items(raw.get("sourceContent")))
    return Citation(
        kind=_CITATION_KINDS.get(kind, kind or "document"),
        url=text(place.get("url")) or text(raw.get("source")) or None,
        title=text(raw.get("title")) or None,
        cited_text=cited or None,
        raw=raw,
    )


def guardrail_verdict(trace: dict[str, Any]) -> Safety:
    """What a guardrail found. ``blocked`` if any of its policies blocked something."""
    return Safety("guardrail", _blocks(trace), data=trace)


def _blocks(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("action") == "BLOCKED" or any(map(_blocks, value.values()))
    return isinstance(value, list) and any(map(_blocks, value))


def rest(fields: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """The fields that say something and that nobody here knows."""
    return reading.rest(fields, (*known, PADDING))


# --- faults --------------------------------------------------------------------------------------


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
