"""``streamkit ask`` in a terminal: words as they come, dim and red, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.cli.program import MODEL, Terminal, end, event, said, whole
from tests.core.tape_server import Answer, TapeServer

DIM, RED, PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[0m"
STYLE = re.compile(r"\x1b\[[0-9;]+m")


def test_a_terminal_shows_a_spinner_then_words_as_they_come_then_dim_figures(
    server: TapeServer,
) -> None:
    server.play(Answer([1.0, *said("The sky "), 0.4, *said("is "), 0.4, *said("blue."), *end()]))
    with Terminal("ask", "-m", MODEL, "Why?", server=server) as terminal:
        terminal.wait_for(f"waiting for {MODEL}…")
        terminal.wait_for("The sky ")
        first = time.monotonic()
        terminal.wait_for("is ")
        assert time.monotonic() - first > 0.2
        terminal.wait_for("blue.\r\n")
        terminal.wait_for(f"{DIM}7 tokens · first text after ")
        assert terminal.ends() == 0
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h")  # cursor is back
    assert "first text after" in terminal.text.splitlines()[-1]


def test_reasoning_is_dim_and_an_empty_line_before_the_answer(server: TapeServer) -> None:
    thoughts = [event({"reasoning_content": word}) for word in ("Let me ", "think.\n")]
    server.play(Answer([*thoughts, *said("Blue."), *end()]))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        assert terminal.ends() == 0
    assert f"{DIM}Let me {PLAIN}" in terminal.seen
    assert "Let me think.\n\nBlue.\n7 tokens" in terminal.text
    assert not STYLE.search(terminal.seen.partition("\r\n\r\n")[2].partition("\r\n")[0])


def test_no_color_leaves_no_style_at_all(server: TapeServer) -> None:
    thought = event({"reasoning_content": "hm"})
    server.play(Answer([thought, *said("Blue."), *end()]))
    with Terminal("ask", "-m", MODEL, "x", server=server, NO_COLOR="1") as terminal:
        assert terminal.ends() == 0
    assert "Blue." in terminal.seen
    assert not STYLE.search(terminal.seen)


def test_stdout_to_a_file_holds_the_answer_alone_while_the_terminal_shows_the_rest(
    server: TapeServer, tmp_path: Path
) -> None:
    thought = event({"reasoning_content": "hm"})
    long = "word " * 40
    server.play(Answer([thought, *said(long), *end()]))
    with (
        (tmp_path / "answer").open("wb") as file,
        Terminal("ask", "-m", MODEL, "x", server=server, stdout=file) as terminal,
    ):
        assert terminal.ends() == 0
    assert (tmp_path / "answer").read_text() == f"{long}\n"
    assert "hm\n7 tokens" in terminal.text
    assert "word" not in terminal.text


def test_an_error_is_one_red_line_below_what_came(server: TapeServer) -> None:
    server.play(Answer(said("The sky is")))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        terminal.wait_for("The sky is")
        terminal.wait_for(f"\r\n{RED}error: {MODEL}: ")
        assert terminal.ends() == 3


def test_ctrl_c_stops_at_once_with_130_and_closes_the_connection(server: TapeServer) -> None:
    server.play(Answer(said("The sky ", "is "), then="stall", ended=False))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        terminal.wait_for("The sky ")
        terminal.type("\x03")
        pressed = time.monotonic()
        terminal.wait_for("stopped · first text after")
        assert terminal.ends() == 130
        assert time.monotonic() - pressed < 2
    server.waits_for_the_client_to_go()
    assert "Traceback" not in terminal.seen


def test_ctrl_c_while_nothing_has_come_stops_the_spinner_too(server: TapeServer) -> None:
    server.play(Answer(then="stall", ended=False))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        terminal.wait_for("waiting for")
        terminal.type("\x03")
        terminal.wait_for("stopped")
        assert terminal.ends() == 130
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h")


def test_an_interrupt_with_json_still_ends_the_events(server: TapeServer, tmp_path: Path) -> None:
    server.play(Answer(said("The sky "), then="stall", ended=False))
    events = tmp_path / "events"
    with (
        events.open("wb") as file,
        Terminal("ask", "--json", "-m", MODEL, "x", server=server, stdout=file) as terminal,
    ):
        until = time.monotonic() + 20
        while b"The sky" not in events.read_bytes() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(terminal.pid, signal.SIGINT)
        assert terminal.ends() == 130
    assert '"outcome": "cancelled"' in events.read_text().splitlines()[-1]


def test_control_characters_of_a_model_are_shown_and_not_obeyed(server: TapeServer) -> None:
    server.play(whole("\x1b]0;owned\x07 \x1b[2J\u009b2J \x7f\r\nnext"))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        assert terminal.ends() == 0
    assert "␛]0;owned␇ ␛[2J\ufffd2J ␡\r\nnext\r\n" in terminal.seen


def test_lines_break_between_words(server: TapeServer) -> None:
    server.play(whole("x" * 72, " some", "where", " else\n", "y" * 100, " z"))
    with Terminal("ask", "-m", MODEL, "x", server=server) as terminal:
        assert terminal.ends() == 0
    lines = [line.rstrip() for line in terminal.text.splitlines()]
    assert "x" * 72 in lines
    assert "somewhere else" in lines
    assert "y" * 100 + " z" in lines  # no word: the terminal breaks it


@pytest.mark.parametrize("kind", ["dumb", "xterm-256color"])
def test_a_dumb_terminal_gets_plain_text(server: TapeServer, kind: str) -> None:
    server.play(whole("Blue."))
    with Terminal("ask", "-m", MODEL, "x", server=server, TERM=kind) as terminal:
        assert terminal.ends() == 0
    assert ("\x1b" in terminal.seen) == (kind != "dumb")
