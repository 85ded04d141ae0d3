"""``streamkit record``: what a live endpoint sends, in a file, and nothing that tells who asked."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from base64 import b64encode
from importlib.metadata import EntryPoint
from pathlib import Path
from urllib.parse import quote

import pytest

from streamkit._plugins import Plugins, installed
from streamkit.testing import Recording, aws_message
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests.laws import LAWS
from streamkit_contract_tests.recordings import load
from tests.cli.program import (
    DONE,
    KEY,
    MODEL,
    PROGRAM,
    Ran,
    end,
    environment,
    event,
    refused,
    run,
    said,
    whole,
)
from tests.core.tape_server import Answer, TapeServer

ACCOUNT = "org-4eC39HqLyjWDarjtT1zdp7dc"


def record(server: TapeServer, file: Path, *arguments: str) -> Ran:
    return run("record", MODEL, "Why?", "-o", str(file), *arguments, server=server)


def body_of(answer: Answer) -> bytes:
    return b"".join(piece for piece in answer.body if isinstance(piece, bytes))


# --- what is in the file -------------------------------------------------------------------------


def test_the_body_is_kept_byte_for_byte_with_the_times_it_came(
    server: TapeServer, tmp_path: Path
) -> None:
    answer = Answer([*said("The sky"), 0.8, *said(" is \u00e9\u2026"), *end()])
    server.play(answer)
    ran = record(server, tmp_path / "chat.sse")
    assert ran.code == 0, ran.err
    recording = Recording.load(tmp_path / "chat.sse")
    assert recording.body == body_of(answer)
    assert (recording.status, recording.end) == (200, "closed")
    first, second = recording.arrivals[0][1], recording.arrivals[-1][1]
    assert 0 < first < second
    assert second - first > 0.15


def test_this_machine_is_not_asked_through_a_proxy(server: TapeServer, tmp_path: Path) -> None:
    server.play(whole("Because"))
    file = str(tmp_path / "chat.sse")
    ran = run("record", MODEL, "Why?", "-o", file, server=server, HTTP_PROXY="http://127.0.0.1:1")
    assert ran.code == 0, ran.err


def test_it_says_what_it_wrote_and_what_to_do_next(server: TapeServer, tmp_path: Path) -> None:
    server.play(whole("Because"))
    file = tmp_path / "chat.sse"
    ran = record(server, file)
    assert ran.out == f"{file}\n"
    assert "HTTP 200" in ran.err
    assert "streamkit makes of it: complete, 7 characters of text" in ran.err
    assert ran.err.splitlines()[-1] == f"next: streamkit decode openai-compatible {file}"
    assert run(*ran.err.splitlines()[-1].split()[2:]).code == 0


def test_an_error_answer_is_recorded_with_its_status_and_hints(
    server: TapeServer, tmp_path: Path
) -> None:
    server.play(refused(429, "slow down", **{"Retry-After": "7", "X-Request-Id": "req_1"}))
    ran = record(server, tmp_path / "limit.json")
    assert ran.code == 0
    assert len(server.requests) == 1  # not tried again
    recording = Recording.load(tmp_path / "limit.json")
    assert (recording.status, recording.headers["retry-after"]) == (429, "7")
    decoded = run("decode", "openai-compatible", str(tmp_path / "limit.json"), "--json")
    assert decoded.lines[-1]["error"]["kind"] == "rate_limit"
    assert decoded.lines[-1]["error"]["retry_after"] == 7


def test_a_broken_line_is_recorded_as_far_as_it_came(server: TapeServer, tmp_path: Path) -> None:
    server.play(Answer([*said("The sky"), b'data: {"cho'], then="reset"))
    ran = record(server, tmp_path / "cut.sse")
    assert ran.code == 3
    recording = Recording.load(tmp_path / "cut.sse")
    assert recording.body == event({"content": "The sky"}) + b'data: {"cho'
    assert recording.end == "lost"
    assert "the line broke" in ran.err
    decoded = run("decode", "openai-compatible", str(tmp_path / "cut.sse"), "--json")
    assert decoded.lines[-1]["error"]["kind"] == "connection_lost"


def test_a_silent_line_is_given_up_and_said_to_be_silent(
    server: TapeServer, tmp_path: Path
) -> None:
    server.play(Answer(said("The sky"), then="stall"))
    ran = record(server, tmp_path / "silent.sse", "--timeout", "0.5")
    assert ran.code == 3
    assert Recording.load(tmp_path / "silent.sse").end == "silent"


def test_ctrl_c_keeps_what_came(server: TapeServer, tmp_path: Path) -> None:
    server.play(Answer(said("The sky"), then="stall"))
    file = tmp_path / "stopped.sse"
    program = subprocess.Popen(
        [*PROGRAM, "record", MODEL, "Why?", "-o", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(server),
    )
    until = time.monotonic() + 20
    while not server.requests and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=20)
    assert program.returncode == 130, err
    recording = Recording.load(file)
    assert (recording.body, recording.end) == (event({"content": "The sky"}), "stopped")


def test_what_no_adapter_understands_is_recorded_all_the_same(
    server: TapeServer, tmp_path: Path
) -> None:
    strange = Answer([b"<html>\n", b"\xff\x00" * 300_000], headers={"content-type": "text/html"})
    server.play(strange)
    assert record(server, tmp_path / "page.html").code == 0
    assert Recording.load(tmp_path / "page.html").body == body_of(strange)


def test_nothing_ends_the_recording_but_the_end_of_the_body(
    server: TapeServer, tmp_path: Path
) -> None:
    # An adapter stops at its end mark; what stands behind it is worth a look too.
    answer = Answer([*said("x"), b"data: not JSON\n\n", DONE, *said("more"), DONE])
    server.play(answer)
    record(server, tmp_path / "odd.sse")
    assert Recording.load(tmp_path / "odd.sse").body == body_of(answer)


def test_binary_messages_are_readable_and_come_back_the_same(
    server: TapeServer, tmp_path: Path
) -> None:
    body = aws_message({":event-type": "messageStart"}, b'{"role":"assistant"}')
    server.play(Answer([body], headers={"content-type": "application/vnd.amazon.eventstream"}))
    file = tmp_path / "answer.aws"
    record(server, file)
    assert '\n{"role":"assistant"}\n' in file.read_text("utf-8")
    assert Recording.load(file).body == body


# --- what is not in the file ---------------------------------------------------------------------


def test_a_key_that_comes_back_in_any_form_is_not_in_the_file(
    server: TapeServer, tmp_path: Path
) -> None:
    coded = [b64encode(("x" * n + f'{{"key": "{KEY}"}}').encode()).decode() for n in range(3)]
    masked = f"{KEY[:8]}****{KEY[-4:]}"
    echo = json.dumps(
        {"a": KEY, "b": f"Bearer {KEY}", "c": coded, "d": masked, "e": quote(KEY), "f": KEY.upper()}
    )
    server.play(
        Answer(
            [f": {KEY}\n".encode(), *said("kept"), f"data: {echo}\n\n".encode(), *end()],
            headers={"x-echo": KEY, "date": f"now {KEY}", "retry-after": KEY},
        )
    )
    ran = record(server, tmp_path / "chat.sse", "--expect")
    assert ran.code == 0, ran.err
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    for file in tmp_path.iterdir():
        text = file.read_text("utf-8")
        assert KEY not in text
        assert KEY[:8] not in text
        assert KEY.upper() not in text
        assert KEY[-4:] not in text
        for piece in coded:
            assert piece[12:40] not in text
    assert '"content": "kept"' in (tmp_path / "chat.sse").read_text("utf-8")
    assert KEY not in ran.out + ran.err


def test_a_key_inside_binary_messages_is_taken_out_and_the_sums_are_right(
    server: TapeServer, tmp_path: Path
) -> None:
    body = aws_message({":event-type": "echo", "key": KEY}, json.dumps({"key": KEY}).encode())
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    server.play(Answer([body], headers=headers))
    record(server, tmp_path / "chat.aws")
    clean = aws_message({":event-type": "echo", "key": "[removed]"}, b'{"key": "[removed]"}')
    assert Recording.load(tmp_path / "chat.aws").body == clean


def test_a_compressed_answer_hides_nothing(server: TapeServer, tmp_path: Path) -> None:
    answer = whole(KEY)
    headers = {"content-encoding": "gzip"}
    server.play(Answer([gzip.compress(body_of(answer))], headers=headers))
    record(server, tmp_path / "chat.sse")
    text = (tmp_path / "chat.sse").read_text("utf-8")
    assert '"content": "[removed]"' in text
    assert "content-encoding" not in text


def test_a_key_spelt_out_in_pieces_is_not_written_at_all(
    server: TapeServer, tmp_path: Path
) -> None:
    server.play(whole("Your key is ", KEY[:9], KEY[9:], "."))
    ran = record(server, tmp_path / "chat.sse")
    assert (ran.code, list(tmp_path.iterdir())) == (1, [])
    assert "spells out the key" in ran.err
    assert KEY not in ran.err


def test_a_key_written_in_escapes_is_not_written_at_all(server: TapeServer, tmp_path: Path) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    server.play(Answer([f'data: {{"new": "{escaped}"}}\n\n'.encode(), *end()]))
    assert record(server, tmp_path / "chat.sse").code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_the_url_is_taken_out_too(server: TapeServer, tmp_path: Path) -> None:
    url = {"OPENAI_COMPATIBLE_BASE_URL": f"{server.url}/v1?key=query-{KEY}"}
    server.play(Answer([f": you asked with query-{KEY}\n\n".encode(), *end()]))
    file = tmp_path / "chat.sse"
    ran = run("record", MODEL, "Why?", "-o", str(file), server=server, **url)
    assert ran.code == 0, ran.err
    assert server.requests[0].path.endswith(f"?key=query-{KEY}")
    assert ": you asked with [removed]\n" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (f'{{"message": "no quota in organization {ACCOUNT} now"}}', "organization [removed] now"),
        ('{"organization_id": "a6f1", "text": "x"}', '"organization_id": "[removed]"'),
        ('{"accountId":12345,"n":6}', '{"accountId":0,"n":6}'),
        ("arn:aws:bedrock:us-east-1:123456789012:model/x", "us-east-1:000000000000:model/x"),
        ("projects/acme-prod/locations/eu", "projects/[removed]/locations/eu"),
        ("the key AIzaSyA1234567890abcdefghijklmnopqrstuv", "the key [removed]"),
        (
            '{"arguments": "{\\"user_id\\": \\"u1\\"}"}',
            '{"arguments": "{\\"user_id\\": \\"u1\\"}"}',
        ),
        ("an org-anised team, sk-etchy bearer of news", "an org-anised team, sk-etchy bearer of"),
    ],
)
def test_ids_of_accounts_are_taken_out_and_words_are_not(
    server: TapeServer, tmp_path: Path, sent: str, kept: str
) -> None:
    server.play(Answer([f": {sent}\n\n".encode(), *end()]))
    record(server, tmp_path / "chat.sse")
    assert kept in (tmp_path / "chat.sse").read_text("utf-8")


def test_headers_are_kept_by_name_only(server: TapeServer, tmp_path: Path) -> None:
    headers = {"openai-organization": "acme", "set-cookie": "s=1", "x-new-thing": "account 7"}
    server.play(Answer(end(), headers=headers))
    record(server, tmp_path / "chat.sse")
    heads = [
        line.split()[1]
        for line in (tmp_path / "chat.sse").read_text("utf-8").splitlines()
        if line.startswith("@header")
    ]
    assert heads == ["content-type:"]


# --- care with files -----------------------------------------------------------------------------


def test_a_file_is_overwritten_only_when_told_so(server: TapeServer, tmp_path: Path) -> None:
    file = tmp_path / "chat.sse"
    file.write_text("mine")
    server.play(whole("x"))
    ran = record(server, file)
    assert (ran.code, file.read_text()) == (1, "mine")
    assert ran.err == f"error: {file} is there already; --force overwrites it\n"
    assert server.requests == []  # nothing was paid for
    assert record(server, file, "--force").code == 0
    assert file.read_text() != "mine"


def test_an_expectation_is_not_overwritten_either(server: TapeServer, tmp_path: Path) -> None:
    (tmp_path / "chat.expect.json").write_text("mine")
    server.play(whole("x"))
    assert record(server, tmp_path / "chat.sse", "--expect").code == 1
    assert (tmp_path / "chat.expect.json").read_text() == "mine"


def test_an_expectation_needs_a_name_that_the_contract_tests_find(
    server: TapeServer, tmp_path: Path
) -> None:
    server.play(whole("x"))
    ran = record(server, tmp_path / "chat", "--expect")
    assert (ran.code, list(tmp_path.iterdir()), server.requests) == (1, [], [])
    assert "would not find chat: they look for names that end in .sse, " in ran.err
    assert record(server, tmp_path / "chat").out == f"{tmp_path / 'chat'}\n"


def test_an_expectation_needs_the_contract_tests(
    server: TapeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "streamkit_contract_tests.expected", None)
    ran = record(server, tmp_path / "chat.sse", "--expect")
    assert (ran.code, list(tmp_path.iterdir()), server.requests) == (1, [], [])
    assert "pip install streamkit-contract-tests" in ran.err


def test_an_adapter_that_is_not_written_yet_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("new-adapter", "acme")
    monkeypatch.syspath_prepend(tmp_path / "streamkit-acme/src")
    plugins = Plugins((EntryPoint("acme", "streamkit_acme", "streamkit"),))
    monkeypatch.setattr("streamkit.cli.record.installed", lambda: plugins)
    ran = run("record", "acme:any", "Why?", "-o", "x.sse")
    assert ran.code == 1
    assert ran.err.startswith("error: acme cannot build requests yet: make a WireRequest")


def test_no_answer_and_no_folder_leave_nothing(tmp_path: Path) -> None:
    nobody = {"OPENAI_COMPATIBLE_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = run("record", MODEL, "Why?", "-o", str(tmp_path / "x.sse"), **nobody)
    assert (ran.code, list(tmp_path.iterdir())) == (1, [])
    assert "no connection could be made" in ran.err
    ran = run("record", MODEL, "Why?", "-o", str(tmp_path / "no" / "x.sse"))
    assert "there is no folder" in ran.err


# --- with the contract tests ---------------------------------------------------------------------


def test_the_expectation_beside_it_is_what_the_contract_tests_want(
    server: TapeServer, tmp_path: Path
) -> None:
    function = {"name": "look", "arguments": '{"at": "sky"}'}
    call = {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}
    server.play(Answer([*said("Let me look."), event(call), *end(finish="tool_calls")]))
    ran = record(server, tmp_path / "tools.sse", "--expect")
    assert ran.out.splitlines() == [
        str(tmp_path / "tools.sse"),
        str(tmp_path / "tools.expect.json"),
    ]
    assert "by eye" in ran.err.splitlines()[-1]
    said_to_be = json.loads((tmp_path / "tools.expect.json").read_text("utf-8"))
    about = said_to_be.pop("about")
    assert about.startswith(f"recorded from {MODEL} on 20")
    assert said_to_be == {
        "text": "Let me look.",
        "tool_calls": [{"id": "c1", "name": "look", "arguments": {"at": "sky"}}],
        "finish_reason": "tool_call",
        "raw_finish_reason": "tool_calls",
        "usage": {"input_tokens": 3, "output_tokens": 7, "total_tokens": 10},
        "id": "c1",
        "model": "m",
    }
    (recording,) = load(tmp_path)
    assert recording.expected.text == "Let me look."


def test_a_line_that_broke_inside_a_frame_proves_what_it_can(
    server: TapeServer, tmp_path: Path
) -> None:
    server.play(Answer([*said("The sky"), b'data: {"cho'], then="reset"))
    record(server, tmp_path / "cut.sse", "--expect")
    suite = Suite(installed().adapter("openai-compatible"), load(tmp_path))
    for law in LAWS.values():
        if law.scope != "adapter":
            law.check(suite.cases["cut"])
