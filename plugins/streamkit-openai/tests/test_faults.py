"""Errors: as an HTTP answer, inside the stream, and frames that cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.events import OpaqueEvent
from streamkit.testing import Decoded, decode
from streamkit_openai import OpenAIChat

SSE = {"content-type": "text/event-stream"}
TEXT = 'data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n'


def stream(*frames: str, profile: str = "openai") -> Decoded:
    return decode(OpenAIChat(profile), "".join(frames).encode(), headers=SSE)


def error(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": "no", **fields}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, error(code="invalid_api_key"), "authentication", "invalid_api_key"),
        (401, error(code=401), "authentication", "401"),
        (404, error(type="a", code="model_not_found"), "not_found", "model_not_found"),
        (404, error(type="invalid_request_error"), "not_found", "invalid_request_error"),
        (400, error(code="content_filter", innererror={}), "content_filter", "content_filter"),
        (402, error(code="invalid_request_error"), "billing", "invalid_request_error"),
        (429, error(code="RateLimitReached"), "rate_limit", "RateLimitReached"),
        (429, error(code="insufficient_quota"), "billing", "insufficient_quota"),
        (400, {"code": "Bad argument", "error": "no"}, "invalid_request", "Bad argument"),
        (400, {"object": "error", "message": "no", "code": 400}, "invalid_request", "400"),
        (422, {"detail": [{"loc": ["body"], "msg": "no"}]}, "invalid_request", None),
        (429, {"message": "no", "code": "quota_exceeded"}, "rate_limit", "quota_exceeded"),
        (503, "upstream connect error", "overloaded", None),
    ],
)
def test_an_http_error_says_whose_fault_it_is(
    status: int, body: Any, kind: str, code: str | None
) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    got = decode(OpenAIChat(), raw, status=status, headers={"content-type": "application/json"})
    assert got.error is not None
    assert (got.error.kind, got.error.code, got.error.status) == (kind, code, status)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ('data: {"error":{"message":"x","type":"server_error"}}', "server"),
        ('data: {"error":{"message":"x","code":429}}', "rate_limit"),
        ('data: {"error":"overloaded"}', "server"),
        ('data: [{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}]', "overloaded"),
        ('data: {"object":"error","message":"x","type":"Bad","code":400}', "invalid_request"),
        ('data: {"message":"x","code":"server_error","param":null}', "server"),
        ('data: {"detail":"x"}', "server"),
        ('event: error\ndata: {"message":"x","code":429}', "rate_limit"),
        ('event: error\ndata: {"detail":"x"}', "server"),
        ("event: error\ndata: overloaded", "server"),
        ('error: {"code":500,"message":"x"}', "server"),
        ('data: {"choices":[],"x_groq":{"error":"x"}}', "server"),
        ('data: {"error":{"message":"x"},"status_code":402}', "billing"),
    ],
)
def test_an_error_inside_the_stream_is_told_in_every_shape(frame: str, kind: str) -> None:
    got = stream(TEXT, frame + "\n\n", TEXT)
    assert got.error is not None
    assert (got.error.kind, got.response.outcome) == (kind, "failed")
    assert got.response.text == "Half"


@pytest.mark.parametrize("error", ["null", '""', "{}", "false"])
def test_an_empty_error_field_is_no_error(error: str) -> None:
    stop = f'{{"error":{error},"choices":[{{"index":0,"finish_reason":"stop"}}]}}'
    got = stream(TEXT, f"data: {stop}\n\n", "data: [DONE]\n\n")
    assert (got.error, got.response.text) == (None, "Half")


def test_what_came_before_the_error_in_its_own_chunk_is_kept() -> None:
    frame = '{"choices":[{"delta":{"content":" way"}}],"error":{"message":"lost"}}'
    got = stream(TEXT, f"data: {frame}\n\n")
    assert (got.response.text, got.response.outcome) == ("Half way", "failed")


@pytest.mark.parametrize("frame", ["data: {half", "data: <html>", 'data: {"a":NaNa}'])
def test_a_frame_that_is_not_json_is_the_adapters_fault(frame: str) -> None:
    got = stream(TEXT, frame + "\n\n", "data: [DONE]\n\n")
    assert got.error is not None
    assert got.error.kind == "protocol"
    assert got.error.body == frame.removeprefix("data: ")


def test_a_last_frame_cut_in_two_is_a_truncation() -> None:
    got = stream(TEXT, 'data: {"choices":[{"del')
    assert got.response.outcome == "truncated"


def test_half_an_emoji_does_not_end_the_stream() -> None:
    got = stream('data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n', TEXT)
    assert got.response.text == "a\ufffdHalf"
    assert got.response.outcome == "truncated"


@pytest.mark.parametrize(
    "frame",
    [
        'event: progress\ndata: {"percent":5}',
        "data: 17",
        "data: null",
        'data: [{"choices":[]},{"choices":[]}]',
        'data: {"choices":["odd"]}',
        'data: {"choices":[{"delta":"odd"}]}',
        'data: {"choices":[{"delta":{"tool_calls":["odd"]}}]}',
        'data: {"choices":[{"delta":{"content":[7]}}]}',
        'data: {"choices":[{"delta":{"reasoning":{"odd":1}}}]}',
        'data: {"choices":[{"delta":{"reasoning_details":[{"type":"new"}]}}]}',
        'data: {"usage":"odd","choices":[]}',
    ],
)
def test_what_is_not_understood_is_passed_on(frame: str) -> None:
    got = stream(TEXT, frame + "\n\n")
    assert len([e for e in got.events if isinstance(e, OpaqueEvent)]) == 1
    assert got.response.outcome == "truncated"


def test_fields_without_a_common_name_are_the_responses_vendor_data() -> None:
    got = stream(
        'data: {"new":1,"choices":[{"delta":{"content":"a","tone":"b"},"mood":"c"},'
        '{"index":1,"delta":{"tone":"d"}}]}\n\n'
    )
    want = {"new": 1, "tone": "b", "mood": "c", "choices[1].tone": "d"}
    assert got.response.vendor == want
