"""``streamkit ask`` with pipes: what is on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest
from pydantic import TypeAdapter

from streamkit.events import Event, StreamEnded, TextDelta
from tests.cli.program import (
    KEY,
    MODEL,
    PROGRAM,
    end,
    environment,
    event,
    refused,
    run,
    said,
    whole,
)
from tests.core.tape_server import Answer, TapeServer

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def sent(server: TapeServer, number: int = -1) -> dict[str, object]:
    body: dict[str, object] = json.loads(server.requests[number].body)
    return body


def test_stdout_holds_the_answer_alone_and_stderr_the_figures(server: TapeServer) -> None:
    server.play(whole("The sky", " is ", "blue."))
    ran = run("ask", "-m", MODEL, "Why", "is it?", server=server)
    assert (ran.code, ran.out) == (0, "The sky is blue.\n")
    assert ran.err.startswith("7 tokens · first text after ")
    assert "first text after" in ran.err.splitlines()[-1]
    assert "\x1b" not in ran.out + ran.err
    assert sent(server)["messages"] == [{"role": "user", "content": "Why is it?"}]


def test_an_answer_that_ends_its_own_line_gets_no_second_line_end(server: TapeServer) -> None:
    server.play(whole("done\n"))
    assert run("ask", "-m", MODEL, "x", server=server).out == "done\n"


def test_words_reach_a_pipe_while_the_rest_is_still_to_come(server: TapeServer) -> None:
    server.play(Answer(said("first ", "second", " third"), then="stall", ended=False))
    command = [*PROGRAM, "ask", "-m", MODEL, "x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(server)) as process:
        assert process.stdout is not None
        assert process.stdout.read(12) == b"first second"
        process.terminate()


def test_reasoning_goes_to_stderr_on_lines_of_its_own(server: TapeServer) -> None:
    thoughts = [event({"reasoning_content": word}) for word in ("Let me ", "think.")]
    server.play(Answer([*thoughts, *said("Blue."), *end()]))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert ran.out == "Blue.\n"
    assert ran.err.startswith("Let me think.\n7 tokens")


def test_a_truncated_answer_is_shown_and_ends_with_3(server: TapeServer) -> None:
    server.play(Answer(said("The sky is")))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert (ran.code, ran.out) == (3, "The sky is")
    error, note = ran.err.splitlines()[-2:]
    assert error.startswith("error: openai-compatible:tiny: ")
    assert "without the end mark" in error
    assert error.endswith("What came is not the whole answer.")
    assert note.startswith("Go on with: streamkit resume ")


def test_a_refused_key_is_one_line_that_says_what_to_check_and_hides_the_key(
    server: TapeServer,
) -> None:
    server.play(refused(401, f"Incorrect API key: {KEY}"))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.endswith("`streamkit adapters` says where it is read from.\n")
    assert ran.err.count("\n") == 1
    assert KEY not in ran.err


def test_an_error_inside_the_answer_ends_with_1_behind_what_came(server: TapeServer) -> None:
    failure = b'data: {"error": {"message": "boom", "type": "server_error"}}\n\n'
    server.play(Answer([*said("half "), failure]))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert (ran.code, ran.out) == (1, "half ")
    assert "boom" in ran.err


def test_attempts_are_told_as_they_fail_and_counted_at_the_end(server: TapeServer) -> None:
    server.play(refused(503, "busy", **{"retry-after-ms": "1"}), whole("Blue."))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert (ran.code, ran.out) == (0, "Blue.\n")
    first, last = ran.err.splitlines()
    assert first.startswith("attempt 1: ")
    assert "(HTTP 503); trying again in " in first
    assert last.endswith(" · 2 attempts")


def test_an_error_after_several_attempts_says_how_many(server: TapeServer) -> None:
    server.play(refused(503, "busy", **{"retry-after-ms": "1"}))
    ran = run("ask", "-m", MODEL, "x", server=server)
    assert ran.code == 1
    assert ran.err.endswith("Tried 4 times.\n")


def test_no_connection_is_an_error_and_not_a_truncation() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ran = run("ask", "-m", MODEL, "x", OPENAI_COMPATIBLE_BASE_URL=url)
    assert (ran.code, ran.out) == (1, "")
    assert "no connection could be made" in ran.err.splitlines()[-1]


def test_options_reach_the_vendor_under_their_common_names(server: TapeServer) -> None:
    server.play(whole("x"))
    options = ["--max-tokens", "9", "--temperature", "0.5", "-s", "Be brief.", "-o", "top_p=0.9"]
    typed = ["-o", "user=12", "-o", "stop=END", "-o", 'extra_body={"mine": [1]}', "-o", "seed=3"]
    ran = run("ask", "-m", MODEL, *options, *typed, "Hi", server=server)
    assert ran.code == 0, ran.err
    body = sent(server)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.5, 0.9, 3)
    assert (body["stop"], body["mine"]) == (["END"], [1])
    assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_tools_may_be_given_as_json_and_calls_are_shown_but_not_run(server: TapeServer) -> None:
    function = {"name": "look", "arguments": '{"at": "sky"}'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    server.play(Answer([event({"tool_calls": [call]}), *end(finish="tool_calls")]))
    ran = run("ask", "-m", MODEL, "-o", 'tools=[{"name": "look"}]', "Hi", server=server)
    assert (ran.code, ran.out) == (0, "")
    assert 'tool call, not run: look {"at": "sky"}' in ran.err
    assert json.loads(server.requests[0].body)["tools"][0]["function"]["name"] == "look"


def test_a_tool_call_that_was_cut_is_called_incomplete(server: TapeServer) -> None:
    function = {"name": "look", "arguments": '{"at": '}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    server.play(Answer([event({"tool_calls": [call]}), *end(finish="length")]))
    ran = run("ask", "-m", MODEL, "Hi", server=server)
    assert 'incomplete tool call, not safe to run: look {"at": ' in ran.err
    assert "stopped at its token limit" in ran.err


def test_a_refusal_is_told_on_stderr(server: TapeServer) -> None:
    server.play(Answer([event({"refusal": "I will not."}), *end()]))
    ran = run("ask", "-m", MODEL, "Hi", server=server)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("the model refuses:\nI will not.\n")


def test_an_option_not_honoured_is_a_warning_and_an_error_with_strict(server: TapeServer) -> None:
    server.play(whole("x"))
    model = "writer:any"
    arguments = ["ask", "-m", model, "-o", "top_k=5", "Hi"]
    env = {"WRITER_API_KEY": KEY, "WRITER_BASE_URL": f"{server.url}/v1"}
    ran = run(*arguments, **env)
    assert (ran.code, ran.out) == (0, "x\n")
    assert ran.err.startswith("warning: ")
    assert "top_k" in ran.err.splitlines()[0]
    strict = run(*arguments, "--strict", **env)
    assert (strict.code, strict.out) == (1, "")
    assert "top_k" in strict.err
    assert len(server.requests) == 1


def test_a_timeout_ends_a_silent_stream(server: TapeServer) -> None:
    server.play(Answer(said("half "), then="stall", ended=False))
    ran = run("ask", "-m", MODEL, "--timeout", "2", "x", server=server)
    assert (ran.code, ran.out) == (3, "half ")
    assert "within 2 s" in ran.err
    assert "Ask again, or wait longer with --timeout." in ran.err


@pytest.mark.parametrize(
    ("words", "stdin", "prompt"),
    [
        ([], "from a pipe\n", "from a pipe"),
        (["-"], "from a pipe", "from a pipe"),
        (["Sum", "up:", "-"], "a\nb\n", "Sum up:\n\na\nb"),
        (["plain"], "ignored", "plain"),
    ],
)
def test_the_prompt_may_come_from_stdin(
    server: TapeServer, words: list[str], stdin: str, prompt: str
) -> None:
    server.play(whole("x"))
    assert run("ask", "-m", MODEL, *words, server=server, stdin=stdin).code == 0
    assert sent(server)["messages"] == [{"role": "user", "content": prompt}]


def test_json_prints_every_event_as_the_schema_has_it_and_nothing_else(server: TapeServer) -> None:
    server.play(whole("Grüß ", "Gott 🙂"))
    ran = run("ask", "--json", "-m", MODEL, "x", server=server)
    assert (ran.code, ran.err) == (0, "")
    events = [EVENTS.validate_python(line) for line in ran.lines]
    assert [event.seq for event in events] == list(range(len(events)))
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "Grüß Gott 🙂"
    assert isinstance(events[-1], StreamEnded)
    assert events[-1].outcome == "complete"


def test_json_of_a_failure_ends_with_the_fault_and_stderr_has_the_line(server: TapeServer) -> None:
    server.play(Answer(said("half ")))
    ran = run("ask", "--json", "-m", MODEL, "x", server=server)
    assert ran.code == 3
    assert ran.lines[-1]["outcome"] == "truncated"
    assert ran.lines[-1]["fault"]["kind"] == "truncated"
    assert ran.err.startswith("error: ")


def test_half_an_emoji_ends_neither_the_answer_nor_the_json(server: TapeServer) -> None:
    half = event({"content": "a"}).replace(b'"a"', b'"\\ud83d!"')
    server.play(Answer([half, *end()]))
    plain = run("ask", "-m", MODEL, "x", server=server)
    assert (plain.code, plain.out) == (0, "\ufffd!\n")
    events = run("ask", "--json", "-m", MODEL, "x", server=server)
    assert "\ufffd!" in [line.get("text") for line in events.lines]


def test_a_pipe_gets_control_characters_as_the_model_wrote_them(server: TapeServer) -> None:
    server.play(whole("\x1b[31mred\x07"))
    assert run("ask", "-m", MODEL, "x", server=server).out == "\x1b[31mred\x07\n"


def test_a_reader_who_leaves_early_ends_it_quietly(server: TapeServer) -> None:
    server.play(
        Answer([*said("one\n", "two\n"), 0.5, *said("three\n"), 0.2, *said("four\n"), *end()])
    )
    command = [*PROGRAM, "ask", "-m", MODEL, "x"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment(server)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 141
    server.waits_for_the_client_to_go(within=2)


def test_a_reader_of_stderr_who_leaves_early_ends_it_too(server: TapeServer) -> None:
    thoughts = [event({"reasoning_content": f"{n}\n"}) for n in range(3)]
    server.play(Answer([thoughts[0], 0.5, thoughts[1], 0.2, thoughts[2], 0.2, *end()]))
    command = [*PROGRAM, "ask", "-m", MODEL, "x"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment(server)) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"0\n"
        process.stderr.close()
        assert process.wait(20) == 141
