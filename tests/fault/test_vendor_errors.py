"""Every vendor error in the collection of recordings becomes an error of the right class.

The collection is not part of the project: a folder ``shared/corpus`` beside the checkout. Where it
is absent, the classes are tested on the error bodies written out here, and one test says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit import errors
from streamkit.errors import BY_KIND
from streamkit.faults import fault_from_error, fault_from_http
from streamkit.testing import decode

FOLDER = Path(__file__).parents[3] / "shared" / "corpus"
DECODED = {"openai-chat": "openai-compatible:any", "anthropic-messages": "anthropic:any"}

# What a reader of the vendor's words would say, by status; then where the words say more.
BY_STATUS = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    429: errors.RateLimitError,
}
BY_WORDS = {
    "API key not valid": errors.AuthenticationError,
    "Incorrect API key": errors.AuthenticationError,
    "does not exist": errors.NotFoundError,
    "Tool choice is required": errors.InvalidRequestError,
    "Tool call validation failed": errors.InvalidRequestError,
    "failed to decode": errors.ServerError,
    "Foobar": errors.ServerError,
}


def _cases() -> list[Any]:
    path = FOLDER / "cases.jsonl"
    if not path.exists():
        return []
    cases = map(json.loads, path.read_text("utf-8").splitlines())
    return [pytest.param(c, id=c["id"]) for c in cases if c["expect"].get("error") is not None]


CASES = _cases()


def test_the_collection_is_at_hand_or_said_to_be_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        where = f"{len(CASES)} recorded errors" if CASES else f"no {FOLDER.name}/: nothing"
        print(f"\n[vendor errors] {where} compared")
    assert not FOLDER.exists() or len(CASES) >= 30


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_error_has_its_class(case: dict[str, Any]) -> None:
    status, body = case["http_status"], (FOLDER / case["file"]).read_bytes()
    words = case["expect"]["error"]["message"]
    expected = next((kind for text, kind in BY_WORDS.items() if text in words), None)
    expected = expected or BY_STATUS[status]
    if case["dialect"] in DECODED:
        headers = {"content-type": case["content_type"] or ""}
        error = decode(DECODED[case["dialect"]], body, status=status, headers=headers).error
        assert error is not None
        assert isinstance(error, expected)
        assert words in str(error)
        assert words not in error.public()
    elif status != 200:
        fault = fault_from_http(status, {}, body)
        assert BY_KIND[fault.kind] is expected
        assert fault.message == words
    else:
        fault = fault_from_error(case["expect"]["error"])
        assert BY_KIND[fault.kind] is expected


# --- from the same collection, in short -----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
               "status": "INVALID_ARGUMENT"}}, "authentication"),
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."},
         "authentication"),
        (400, {"error": {"message": "The key 'n' is not valid", "type": "invalid_request_error"}},
         "invalid_request"),
        (404, {"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}}, "not_found"),
        (403, {"message": "The security token included in the request is invalid."}, "permission"),
        (401, {"detail": "Invalid API Key"}, "authentication"),
    ],
)  # fmt: skip
def test_an_error_body_tells_what_it_means(status: int, body: Any, kind: str) -> None:
    assert fault_from_http(status, {}, json.dumps(body).encode()).kind == kind


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("no", "no"),
        ([{"loc": ["body", "messages"], "msg": "field required"}, {"msg": "bad"}, "odd"],
         "body.messages: field required; bad; odd"),
        ([{"loc": ["body", "messages", 0, "role"], "msg": "m"}], "body.messages.0.role: m"),
        ({"code": 7}, "{'code': 7}"),
    ],
)  # fmt: skip
def test_an_error_of_fastapi_names_the_place(detail: Any, message: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    assert fault_from_http(422, {}, body).message == message


@pytest.mark.parametrize(
    ("delay", "seconds"), [("48s", 48.0), ("0.5s", 0.5), ("soon", None), (48, None), ("-1s", None)]
)
def test_googles_delay_is_a_wait(delay: Any, seconds: float | None) -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [detail]}
    body = json.dumps({"error": error}).encode()
    assert fault_from_http(429, {}, body).retry_after == seconds
    assert fault_from_http(429, {"retry-after": "7"}, body).retry_after == 7
