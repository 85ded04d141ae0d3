"""The law about error answers: whatever the body, the user gets the right class of error."""

from __future__ import annotations

import json
from typing import Final

from streamkit import errors
from streamkit.testing import decode

from ._case import Subject, bug
from ._registry import for_adapter
from ._violation import Violation, clip

CLASSES: Final[dict[int, type[errors.StreamkitError]]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.VendorTimeoutError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.OverloadedError,
    504: errors.VendorTimeoutError,
    529: errors.OverloadedError,
}

_HTML: Final = b"<!DOCTYPE html><html><body><h1>nginx sorry page</h1></body></html>"
BODIES: Final[dict[str, tuple[str, bytes]]] = {
    "an error object": ("application/json", b'{"error": {"message": "no luck"}}'),
    "a flat object": ("application/json", b'{"message": "no luck"}'),
    "an error text": ("application/json", b'{"error": "no luck"}'),
    "an error object in a list": ("application/json", b'[{"error": {"message": "no luck"}}]'),
    "error: null": ("application/json", b'{"error": null}'),
    "a number": ("application/json", b"7"),
    "plain text": ("text/plain", b"no luck"),
    "the HTML page of a proxy": ("text/html", _HTML),
    "bytes that are no text": ("application/octet-stream", b"\xff\xfe\x00\x80"),
    "JSON cut short": ("application/json", b'{"error": {"mess'),
    "deep nesting": ("application/json", json.dumps({"error": [[[[[]]]]]}).encode()),
    "nothing": ("", b""),
}


@for_adapter(17, "error answers are understood")
def errors_are_understood(subject: Subject) -> None:
    """What a program does about an error hangs on its class: mend the key, wait, give up. An error
    answer with any body at all, a proxy's HTML page included, becomes the class of its status, says
    something, and hands on how long to wait. (The vendor's own codes are proven by recordings.)
    """
    for status, kind in CLASSES.items():
        for name, (content_type, body) in BODIES.items():
            where = f"HTTP {status} with {name}: {clip(body)}"
            headers = {"content-type": content_type, "retry-after": "7"}
            got = decode(subject.adapter, body, status=status, headers=headers)
            error = got.error
            if type(error) is not kind:
                cause = bug(error)
                raise Violation(
                    f"it becomes {error!r}, not {kind.__name__}"
                    + (f", because fault() raised {cause!r}" if cause else ""),
                    where=where,
                    user="the wrong advice: what to do hangs on the class of the error",
                    mend="leave fault() out, or give the status to fault_from_error: it knows",
                )
            if error.status != status or error.retry_after != 7.0:
                raise Violation(
                    f"status {error.status} and retry_after {error.retry_after}, "
                    f"not {status} and 7.0 as the header says",
                    where=where,
                    user="an error that cannot be looked up, or a retry that comes too early",
                    mend="leave fault() out, or hand status and headers on: fault_from_http does",
                )
            if "<html" in error.message.lower():
                raise Violation(
                    f"the message holds HTML: {clip(error.message)}",
                    where=where,
                    user="a web page in a log line",
                )
