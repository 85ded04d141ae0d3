"""What the content type of an answer says, and what its first bytes say."""

from __future__ import annotations

import json

import pytest

from streamkit.errors import ConnectionLostError, ProtocolError, ServerError
from streamkit.testing import Decoded, decode

from .wire import KEY, Wire, vendor_error, whole

ANSWER = b"".join(whole("Hel", "lo"))
WRONG = ["application/json", "application/json; charset=utf-8", "text/html"]


def read(body: bytes, content_type: str, splits: int | None = None, lost: bool = False) -> Decoded:
    headers = {"content-type": content_type}
    return decode(Wire(), body, headers=headers, splits=splits, lost=lost)


@pytest.mark.parametrize("content_type", WRONG)
@pytest.mark.parametrize("before", [b"", b": ping\n\n", b"\n\n", b"\xef\xbb\xbf", b"event: x\n"])
@pytest.mark.parametrize("splits", [None, 1])
def test_events_are_read_whatever_they_are_called(
    content_type: str, before: bytes, splits: int | None
) -> None:
    """OpenAI's first chat streams were recorded as ``application/json``."""
    got = read(before + ANSWER, content_type, splits)
    assert (got.error, got.response.text, got.response.outcome) == (None, "Hello", "complete")


def test_events_under_another_name_are_no_more_whole_than_others() -> None:
    cut = read(ANSWER[:-20], "application/json")
    assert (cut.response.text, cut.response.outcome) == ("Hello", "truncated")
    failed = read(vendor_error("overloaded_error"), "application/json")
    assert failed.response.outcome == "failed"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": null, "status": "completed"}',
        b'{"choices": [], "data": "event:"}',
        b"[]",
        b'"error"',
        b"data",
        b"",
        b"<html>",
    ],
)
@pytest.mark.parametrize("splits", [None, 1])
def test_what_is_no_stream_says_so(body: bytes, splits: int | None) -> None:
    got = read(body, "application/json", splits)
    assert isinstance(got.error, ProtocolError)
    assert "where a stream was asked for" in str(got.error)
    assert got.error.body == body.decode()


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"type": "server_error", "message": "No."}},
        [{"error": {"code": 500, "message": "No."}}],
        {"object": "error", "type": "server_error", "message": "No."},
        {"type": "error", "error": {"type": "api_error", "message": "No."}},
    ],
)
def test_an_error_with_status_200_is_an_error(body: object) -> None:
    got = read(json.dumps(body).encode(), "application/json")
    assert isinstance(got.error, ServerError)
    assert "No." in str(got.error)


def test_a_line_lost_before_it_is_known_what_comes_is_no_answer() -> None:
    got = read(b"da", "application/json", lost=True)
    assert isinstance(got.error, ProtocolError | ConnectionLostError)
    assert got.response.outcome == "failed"
    assert KEY not in str(got.error)
