"""Values off the wire in the common form: finish reasons, token counts, citations, faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.chunks import Fault
from streamkit.faults import fault_from_error
from streamkit.reading import count, mapping, text
from streamkit.values import Citation, FaultKind, FinishReason, Usage

DIALECT = "openai-responses"

_INCOMPLETE: dict[str, FinishReason] = {
    # incomplete_details.reason
    "max_output_tokens": "length",
    "max_messages": "length",
    "length": "length",  # xAI
    "content_filter": "content_filter",
    "steered": "cancelled",
}
_STATUS: dict[str, FinishReason] = {
    "cancelled": "cancelled",
    "failed": "error",
    "requires_action": "tool_call",  # Perplexity
}

# Codes of response.error that are not in the common table (SDK 3.54, ResponseError).
_ERROR_KINDS: dict[str, FaultKind] = {
    "invalid_prompt": "invalid_request",
    "data_residency_mismatch": "invalid_request",
    "bio_policy": "content_filter",
    "misalignment_policy_violation": "content_filter",
    "image_content_policy_violation": "content_filter",
    "vector_store_timeout": "vendor_timeout",
    "failed_to_download_image": "invalid_request",
    "empty_image_file": "invalid_request",
    "unsupported_image_media_type": "invalid_request",
}
_IMAGE_CODES = ("invalid_image", "invalid_base64_image", "image_")


def finish_reason(status: str, details: Any, *, waiting: bool, refused: bool) -> FinishReason:
    """The common word for a response's status.

    ``waiting``: there are calls for the caller to answer. ``details`` is ``incomplete_details``.
    """
    if status == "incomplete":
        reason = details.get("reason") if isinstance(details, Mapping) else None
        return _INCOMPLETE.get(reason, "other") if isinstance(reason, str) else "other"
    if status == "completed":
        if waiting:
            return "tool_call"
        return "content_filter" if refused else "stop"
    return _STATUS.get(status, "other")


def usage_of(raw: Mapping[str, Any]) -> Usage:
    """Token counts out of a usage object."""
    tokens_in = mapping(raw.get("input_tokens_details"))
    tokens_out = mapping(raw.get("output_tokens_details"))
    return Usage(
        input_tokens=count(raw.get("input_tokens")),
        output_tokens=count(raw.get("output_tokens")),
        total_tokens=count(raw.get("total_tokens")),
        cache_read_tokens=count(tokens_in.get("cached_tokens")),
        cache_write_tokens=count(tokens_in.get("cache_write_tokens")),
        reasoning_tokens=count(tokens_out.get("reasoning_tokens")),
        raw=dict(raw),
    )


def citation_of(raw: Mapping[str, Any]) -> Citation:
    """An annotation: ``url_citation``, ``file_citation``, ``container_file_citation``, …."""
    kind, start, end = text(raw.get("type")), raw.get("start_index"), raw.get("end_index")
    placed = type(start) is int and type(end) is int
    return Citation(
        kind="url" if kind == "url_citation" else kind or "annotation",
        url=text(raw.get("url")) or None,
        title=text(raw.get("title")) or text(raw.get("filename")) or None,
        start=start if placed else None,
        end=end if placed else None,
        raw=dict(raw),
    )


def fault_of(error: Any) -> Fault:
    """The fault of an ``error`` event or of a response that failed."""
    fault = fault_from_error(error)
    code = fault.code or ""
    if code in _ERROR_KINDS:
        fault.kind = _ERROR_KINDS[code]
    elif code.startswith(_IMAGE_CODES):
        fault.kind = "invalid_request"
    return fault
