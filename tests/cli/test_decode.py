"""``streamkit decode``: a recorded body as events and a response."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter

from streamkit.events import Event
from tests.cli.program import DONE, end, event, run, run_process, said

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
CALL = {"name": "look", "arguments": '{"at": "sky"}'}
TOOLS = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": CALL}]}


def recording(tmp_path: Path, *pieces: bytes | float) -> str:
    file = tmp_path / "body.sse"
    file.write_bytes(b"".join(piece for piece in pieces if isinstance(piece, bytes)))
    return str(file)


def test_events_are_listed_one_a_line_and_then_the_response(tmp_path: Path) -> None:
    body = recording(tmp_path, *said("The ", "sky"), event(TOOLS), *end(finish="tool_calls"))
    ran = run("decode", "openai-compatible", body)
    assert (ran.code, ran.err) == (0, "")
    events, _, response = ran.out.partition("\n\n")
    lines = events.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
    assert any(line.split()[1:] == ["text.delta", "part=0", 'text="sky"'] for line in lines)
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in response.splitlines()}
    assert rows["outcome"] == "complete"
    assert rows["finish_reason"] == "tool_call (tool_calls)"
    assert rows["text"] == "The sky"
    assert rows["tool_call"] == 'look {"at": "sky"} (call_1)'
    assert json.loads(rows["usage"])["completion_tokens"] == 7
    assert "\x1b" not in ran.out


def test_json_has_an_event_a_line_and_the_response_last(tmp_path: Path) -> None:
    body = recording(tmp_path, *said("The ", "sky"), *end())
    ran = run("decode", "openai-compatible:any", body, "--json")
    *events, response = ran.lines
    assert [EVENTS.validate_python(line).seq for line in events] == list(range(len(events)))
    assert (response["type"], response["text"]) == ("response", "The sky")
    assert (response["outcome"], response["error"]) == ("complete", None)
    assert response["choices"][0]["parts"][0]["text"] == "The sky"


def test_a_body_that_was_cut_ends_with_3_and_says_so(tmp_path: Path) -> None:
    body = recording(tmp_path, *said("The "))
    ran = run("decode", "openai-compatible", body)
    assert ran.code == 3
    assert "outcome               truncated" in ran.out
    assert "without the end mark" in ran.out.splitlines()[-1]
    as_json = run("decode", "openai-compatible", body, "--json")
    assert as_json.code == 3
    assert as_json.lines[-1]["error"]["kind"] == "truncated"


def test_an_error_body_is_read_from_stdin_with_its_status() -> None:
    body = '{"error": {"message": "slow down", "type": "rate"}}'
    type_ = ["--content-type", "application/json"]
    ran = run("decode", "openai-compatible", "-", "--status", "429", *type_, "--json", stdin=body)
    assert ran.code == 1
    assert ran.lines[-1]["error"]["kind"] == "rate_limit"
    assert ran.lines[-1]["error"]["status"] == 429


def test_the_content_type_matters(tmp_path: Path) -> None:
    body = recording(tmp_path, b"<html>no such page</html>")
    ran = run("decode", "openai-compatible", body, "--content-type", "text/html")
    assert ran.code == 1
    assert "text/html" in ran.out.splitlines()[-1]


def test_what_has_no_common_form_is_still_told(tmp_path: Path) -> None:
    cut = {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f"}}]}
    refusal = event({"refusal": "No."})
    second = event({"content": "other"}).replace(b'"index": 0', b'"index": 1')
    note = {"type": "url_citation", "url_citation": {"url": "https://example.org"}}
    source = event({"content": "x", "annotations": [note]})
    thought = event({"reasoning_content": "hm"})
    ran = run("decode", "openai-compatible", recording(tmp_path, thought, source, refusal, second))
    assert "reasoning             hm" in ran.out
    assert "refusal               No." in ran.out
    assert "choices               2" in ran.out
    assert "citation              https://example.org" in ran.out
    body = recording(tmp_path, event(cut), *end(finish="length"))
    assert "incomplete_tool_call  f" in run("decode", "openai-compatible", body).out


def test_items_run_by_the_vendor_are_listed(tmp_path: Path) -> None:
    block = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    events = [
        {"type": "message_start", "message": {"id": "m", "model": "x", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]
    pieces = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
    ran = run("decode", "anthropic", recording(tmp_path, *pieces))
    assert ran.code == 0, ran.out
    assert "provider_item         server_tool_use web_search srv_1" in ran.out


def test_long_values_are_shortened_in_the_readable_form_only(tmp_path: Path) -> None:
    body = recording(tmp_path, *said("x" * 5000), *end())
    ran = run("decode", "openai-compatible", body)
    assert "… (5002 characters)" in ran.out
    assert "x" * 5000 in ran.out.splitlines()[-2]  # the response's own text


def test_bytes_that_are_no_text_do_not_end_it() -> None:
    ran = run_process("decode", "openai-compatible", "-", stdin=b"data: \xff\xfe\x00\n\n" + DONE)
    assert ran.code in (0, 1)
    assert "outcome" in ran.out
    assert ran.err == ""


def test_a_file_that_is_not_there_and_an_adapter_that_is_not() -> None:
    ran = run("decode", "openai-compatible", "/no/such/file")
    assert (ran.code, ran.err) == (1, "error: No such file or directory: /no/such/file\n")
    ran = run("decode", "nosuch", "-")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: no adapter for the model prefix 'nosuch'")
