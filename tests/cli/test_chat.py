"""``streamkit chat``: the conversation is kept, and no failure ends it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from streamkit.cli._output import Screen
from streamkit.sync import Stream
from tests.cli.program import MODEL, Terminal, end, event, refused, run, said, whole
from tests.core.tape_server import Answer, TapeServer

PROMPT = "> "


def turns(server: TapeServer, number: int = -1) -> list[tuple[Any, Any]]:
    """Role and content of the messages of a request."""
    messages = json.loads(server.requests[number].body)["messages"]
    return [(message["role"], message["content"]) for message in messages]


def test_the_conversation_is_kept_and_ctrl_d_leaves(server: TapeServer) -> None:
    server.play(whole("Hello ", "you."), whole("Indeed."))
    with Terminal("chat", "-m", MODEL, "-s", "Be kind.", server=server) as terminal:
        terminal.wait_for("/help lists the commands")
        terminal.wait_for(PROMPT)
        terminal.type("Hi\r")
        terminal.wait_for("Hello you.\r\n")
        terminal.wait_for(PROMPT)
        terminal.type("Really?\r")
        terminal.wait_for("Indeed.\r\n")
        terminal.wait_for(PROMPT)
        terminal.type("\x04")
        assert terminal.ends() == 0
    assert turns(server) == [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("assistant", "Hello you."),
        ("user", "Really?"),
    ]


def test_ctrl_c_stops_the_answer_keeps_what_came_and_at_the_prompt_leaves(
    server: TapeServer,
) -> None:
    server.play(Answer(said("Once ", "upon "), then="stall", ended=False), whole("a time."))
    with Terminal("chat", "-m", MODEL, server=server) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("Tell\r")
        terminal.wait_for("Once upon ")
        terminal.type("\x03")
        terminal.wait_for("stopped")
        server.waits_for_the_client_to_go(within=2)
        terminal.wait_for(PROMPT)
        terminal.type("Go on\r")
        terminal.wait_for("a time.\r\n")
        terminal.wait_for(PROMPT)
        time.sleep(0.3)  # readline shows its prompt a moment before it listens
        terminal.type("\x03")
        assert terminal.ends() == 0
    assert turns(server) == [("user", "Tell"), ("assistant", "Once upon "), ("user", "Go on")]
    assert "Traceback" not in terminal.seen


def test_a_failed_turn_leaves_no_trace_and_the_next_one_works(server: TapeServer) -> None:
    server.play(refused(400, "too rude"), whole("Hello."))
    ran = run("chat", "-m", MODEL, server=server, stdin="Grr\n\nHi\n")
    assert (ran.code, ran.out) == (0, "Hello.\n")
    assert "error: " in ran.err
    assert "too rude" in ran.err
    assert "nothing of this turn is kept" in ran.err
    assert turns(server) == [("user", "Hi")]


def test_the_words_of_a_truncated_turn_are_kept(server: TapeServer) -> None:
    server.play(Answer(said("Once upon")), whole("a time."))
    ran = run("chat", "-m", MODEL, server=server, stdin="Tell\nGo on\n")
    assert (ran.code, ran.out) == (0, "Once upon\na time.\n")
    assert turns(server) == [("user", "Tell"), ("assistant", "Once upon"), ("user", "Go on")]


def test_a_turn_of_reasoning_alone_is_not_kept(server: TapeServer) -> None:
    thought = event({"reasoning_content": "hm"})
    server.play(Answer([thought, *end(finish="length")]), whole("Hello."))
    ran = run("chat", "-m", MODEL, server=server, stdin="a\nb\n")
    assert "nothing of this turn is kept" in ran.err
    assert turns(server) == [("user", "b")]


def test_without_a_terminal_the_last_turn_decides_the_exit_code(server: TapeServer) -> None:
    server.play(whole("Hello."), Answer(said("half")))
    assert run("chat", "-m", MODEL, server=server, stdin="a\nb\n").code == 3
    server.play(refused(401, "no"))
    assert run("chat", "-m", MODEL, server=server, stdin="a\n").code == 1


def test_commands_are_not_sent(server: TapeServer) -> None:
    server.play(whole("one"), whole("two"), whole("three"))
    lines = ["a", "/new", "b", "/help", "/nonsense", "/model openai-compatible:other", "/etc/x c"]
    ran = run("chat", "-m", MODEL, server=server, stdin="\n".join([*lines, "/quit", "d"]))
    assert (ran.code, ran.out) == (0, "one\ntwo\nthree\n")
    assert "no such command: /nonsense" in ran.err
    assert "/quit       leave" in ran.err
    assert turns(server, 1) == [("user", "b")]
    assert turns(server, 2) == [("user", "b"), ("assistant", "two"), ("user", "/etc/x c")]
    assert json.loads(server.requests[2].body)["model"] == "other"


def test_a_model_that_does_not_exist_is_told_and_the_old_one_goes_on(server: TapeServer) -> None:
    server.play(whole("still here"))
    ran = run("chat", "-m", MODEL, server=server, stdin="/model nosuch:x\na\n")
    assert "no adapter for the model prefix 'nosuch'" in ran.err
    assert ran.out == "still here\n"


def test_an_unknown_model_ends_it_before_the_first_prompt() -> None:
    ran = run("chat", "-m", "nosuch:x", stdin="a\n")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: no adapter for the model prefix 'nosuch'")


def test_the_same_warning_is_given_once(server: TapeServer) -> None:
    thought = event({"reasoning_content": "hm"})
    server.play(Answer([thought, *said("yes"), *end()]))
    ran = run("chat", "-m", MODEL, server=server, stdin="a\nb\nc\n")
    assert len(server.requests) == 3
    assert ran.err.count("warning: ") == 1


def test_stdout_to_a_file_holds_the_answers_alone(server: TapeServer, tmp_path: Path) -> None:
    server.play(whole("Hello."), whole("Indeed."))
    with (
        (tmp_path / "log").open("wb") as file,
        Terminal("chat", "-m", MODEL, server=server, stdout=file) as terminal,
    ):
        for words in ("Hi", "Really?"):
            terminal.wait_for(PROMPT)
            terminal.type(f"{words}\r")
        terminal.wait_for("first text after")
        terminal.wait_for(PROMPT)
        terminal.type("\x04")
        assert terminal.ends() == 0
    assert (tmp_path / "log").read_text() == "Hello.\nIndeed.\n"


def test_ctrl_c_between_answer_and_prompt_does_not_end_the_conversation(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(stream: Stream, screen: Screen) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    server.play(whole("Hello."))
    monkeypatch.setattr("streamkit.cli.chat.play", interrupted)
    ran = run("chat", "-m", MODEL, server=server, stdin="a\nb\n")
    assert (ran.code, ran.out) == (0, "Hello.\n")
