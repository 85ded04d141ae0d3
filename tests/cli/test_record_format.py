"""The text form of a recording: it is read back as written, and what people write is understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit._framing import framer
from streamkit.errors import ConfigurationError
from streamkit.testing import Recording
from streamkit.testing._aws import aws_message
from streamkit_contract_tests.expected import Expected
from tests.cli.program import run

SSE = {"content-type": "text/event-stream"}
AWS = {"content-type": "application/vnd.amazon.eventstream"}
CHAT = (
    'data: {"choices":[{"index":0,"delta":{"content":"Blue"}}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    "data: [DONE]\n\n"
)


def test_a_file_without_a_head_is_the_body_byte_for_byte(tmp_path: Path) -> None:
    body = b"@media print {}\r\n\xff\x00 no text\r"
    file = tmp_path / "page.html"
    file.write_bytes(body)
    assert Recording.load(file) == Recording(body)


def test_the_head_tells_status_headers_times_and_the_end() -> None:
    text = (
        "@recording 1\n@status 429\n@header Retry-After: 7\n@at 0.250\n"
        '{"error":\n@at 0.5\n"slow down"}\n@no-newline\n@end lost\n'
    )
    recording = Recording.load(text.encode())
    assert recording.body == b'{"error":\n"slow down"}'
    assert (recording.status, recording.headers) == (429, {"retry-after": "7"})
    assert recording.arrivals == [(10, 0.25), (22, 0.5)]
    assert (recording.end, recording.lost) == ("lost", True)


def test_readable_bodies_are_written_as_they_are() -> None:
    recording = Recording(CHAT.encode(), headers=SSE, arrivals=[(62, 0.1), (200, 0.3)])
    text = recording.dump().decode()
    assert text.startswith("@recording 1\n@status 200\n@header content-type: text/event-stream\n")
    without_marks = [line for line in text.splitlines() if not line.startswith("@")]
    assert "\n".join([*without_marks, ""]) == CHAT
    assert text.endswith("@end closed\n")


@given(
    body=st.binary() | st.text().map(str.encode) | st.text("@\n\r a").map(str.encode),
    headers=st.sampled_from([SSE, AWS, {}]),
    end=st.sampled_from(["closed", "lost", "silent", "stopped"]),
)
def test_any_body_comes_back_the_same(body: bytes, headers: dict[str, str], end: str) -> None:
    text = Recording(body, 200, headers, [(len(body), 0.5)], end).dump()
    text.decode()  # whatever the body holds, the file is text
    again = Recording.load(text)
    assert (again.body, again.headers, again.end) == (body, headers, end)
    assert again.dump() == text


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 60), max_size=6))
def test_times_come_back_line_by_line(body: bytes, cuts: list[int]) -> None:
    sizes = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
    arrivals = [(size, number / 8) for number, size in enumerate(sizes)]
    again = Recording.load(Recording(body, 200, SSE, arrivals).dump())
    came = {size: seconds for seconds, size in _ends(again)}
    for size, seconds in came.items():  # a line is said to have come when its last byte had
        assert seconds == next(s for have, s in arrivals if have >= size)


def _ends(recording: Recording) -> list[tuple[float | None, int]]:
    total, ends = 0, []
    for seconds, piece in recording.pieces():
        total += len(piece)
        ends.append((seconds, total))
    return ends


def test_an_aws_message_is_written_in_words_and_read_with_its_check_sums() -> None:
    text = (
        "@recording 1\n@header content-type: application/vnd.amazon.eventstream\n"
        '@aws contentBlockDelta\n{"delta":{"text":"Hi"}}\n'
        '@aws {":exception-type": "throttlingException", ":message-type": "exception"}\n'
        '{"message":"slow down"}\n@end closed\n'
    )
    recording = Recording.load(text.encode())
    frames = framer("aws-event-stream").feed(recording.body)
    assert [(f.event, json.loads(f.data)) for f in frames] == [
        ("contentBlockDelta", {"delta": {"text": "Hi"}}),
        ("exception:throttlingException", {"message": "slow down"}),
    ]
    assert recording.dump().decode() == text.replace("@header", "@status 200\n@header")


def test_an_aws_message_that_was_cut_or_damaged_keeps_its_bytes() -> None:
    whole = aws_message({":event-type": "x"}, b"{}")
    damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    body = whole + damaged + whole[:20]
    text = Recording(body, headers=AWS).dump()
    assert text.count(b"@bytes ") == 2
    assert Recording.load(text).body == body


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("@recording 2", "line 1: this streamkit reads version 1"),
        ("@recording 1\n@speed 3", "line 2: @speed is not known; a line of the body is written @@"),
        ("@recording 1\n@status ok", "line 2: invalid literal"),
        ("@recording 1\n@header nothing", "line 2: a header is written @header NAME: VALUE"),
        ("@recording 1\n@end badly", "line 2: @end is one of closed, lost, silent, stopped"),
        ("@recording 1\n@no-newline", "line 2: @no-newline stands right below a line"),
        ("@recording 1\n@end lost\ndata: 1", "line 3: nothing of the body can stand behind @end"),
        ("@recording 1\n@bytes %%", "line 2: "),
    ],
)
def test_a_line_that_is_not_understood_is_named(lines: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Recording.load(lines.encode())
    assert problem in caught.value.message


def test_decode_takes_status_type_and_end_from_the_recording(tmp_path: Path) -> None:
    file = tmp_path / "chat.sse"
    file.write_bytes(Recording(CHAT.encode(), headers=SSE).dump())
    ran = run("decode", "openai-compatible", str(file))
    assert ran.code == 0
    assert "text                  Blue" in ran.out
    limit = Recording(b'{"error": {"message": "slow"}}', 429, {"content-type": "application/json"})
    file.write_bytes(limit.dump())
    ran = run("decode", "openai-compatible", str(file), "--json")
    assert (ran.code, ran.lines[-1]["error"]["kind"]) == (1, "rate_limit")
    file.write_bytes(Recording(CHAT.encode()[:70], headers=SSE, end="lost").dump())
    ran = run("decode", "openai-compatible", str(file), "--json")
    assert (ran.code, ran.lines[-1]["error"]["kind"]) == (3, "connection_lost")


def test_the_page_names_every_field_of_an_expectation() -> None:
    page = (Path(__file__).parents[2] / "docs/recordings.md").read_text("utf-8")
    missing = {name for name in Expected.model_fields if f"`{name}`" not in page}
    assert not missing
