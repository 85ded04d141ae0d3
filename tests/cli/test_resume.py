"""Answers that break: how the seam is shown, and how ``streamkit resume`` goes on with the rest."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

import streamkit
from streamkit.errors import StreamInterrupted
from streamkit_openai import OpenAIChat
from tests.cli.program import KEY, Ran, Terminal, end, event, refused, run, said
from tests.core.tape_server import Answer, TapeServer

MODEL = "llamacpp:tiny"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def cut(*words: str) -> Answer:
    """An answer whose line breaks behind these words."""
    return Answer(said(*words), then="close", ended=False)


def rest(*words: str) -> Answer:
    return Answer([*said(*words), *end()])


@pytest.fixture
def env(server: TapeServer, tmp_path: Path) -> dict[str, str]:
    """A vendor that goes on from a prefix, and a folder for what programs remember."""
    return {
        "LLAMACPP_BASE_URL": f"{server.url}/v1",
        "LLAMACPP_API_KEY": KEY,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the last broken answer is kept."""
    return tmp_path / "state" / "streamkit" / "interrupted.json"


def ask(env: dict[str, str], *arguments: str) -> Ran:
    return run("ask", "-m", MODEL, "Why?", *arguments, **env)


def on_screen(text: str) -> str:
    """What a terminal shows of text with backspaces in it."""
    shown, at = list[str](), 0
    for character in text:
        if character == "\b":
            at -= 1
        else:
            shown[at : at + 1] = [character]
            at += 1
    return "".join(shown)


# --- the seam ------------------------------------------------------------------------------------


def test_a_pipe_gets_the_text_alone_and_stderr_the_story(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The sky", " is", " bl"), rest(" blue", "."))
    ran = ask(env)
    assert (ran.code, ran.out) == (0, "The sky is blue.\n")
    first, second, _ = ran.err.splitlines()
    assert first == "attempt 1: connection lost after 10 characters; going on in 0.0 s"
    assert second == "went on: seamless (prefix)"
    sent = json.loads(server.requests[1].body)["messages"]
    assert sent[-1] == {"role": "assistant", "content": "The sky is"}


def test_a_terminal_shows_a_dim_mark_and_explains_it_below(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The sky", " is", " bl"), rest(" blue", "."))
    with Terminal("ask", "-m", MODEL, "Why?", server=server, **env) as terminal:
        assert terminal.ends() == 0
    assert f"The sky is{DIM}┊{PLAIN} blue.\r\n" in terminal.seen
    below = "┊ connection lost after 10 characters; went on: seamless (prefix)"
    assert f"{DIM}{below}{PLAIN}\r\n" in terminal.seen
    assert terminal.text.splitlines()[-1].endswith(" · 2 attempts")


def test_a_terminal_says_at_once_why_it_waits_for_long(
    server: TapeServer, env: dict[str, str]
) -> None:
    busy = refused(503, "busy", **{"retry-after-ms": "2100"})
    server.play(cut("The sky", " is", " bl"), busy, rest(" blue."))
    with Terminal("ask", "-m", MODEL, "Why?", server=server, **env) as terminal:
        terminal.wait_for("(HTTP 503) after 10 characters; going on in 2.1 s")
        assert " blue." not in terminal.seen
        assert terminal.ends() == 0
    assert "\n blue.\n┊ connection lost after 10 characters, " in terminal.text


def test_a_terminal_takes_back_what_does_not_come_again(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The ", "x" * 30), rest(" fox."))
    with Terminal("ask", "-m", MODEL, "Why?", server=server, **env) as terminal:
        terminal.wait_for("xxxxxx")
        assert terminal.ends() == 0
    answer = next(line for line in on_screen(terminal.text).splitlines() if "fox" in line)
    assert answer.replace("┊", "").rstrip() == "The fox."


def test_a_terminal_says_what_is_taken_back_if_it_stands_in_an_earlier_line(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("は" * 30 + "。", *"漢" * 60), rest("字。"))
    with Terminal("ask", "-m", MODEL, "Why?", server=server, **env) as terminal:
        assert terminal.ends() == 0
    assert f"\ntaken back: {'漢' * 36}\n字。\n" in terminal.text


def test_of_a_pipe_nothing_is_taken_back(
    server: TapeServer, env: dict[str, str], kept: Path
) -> None:
    server.play(cut("The ", "x" * 30), rest(" fox."))
    ran = ask(env)
    assert ran.code == 1
    assert ran.out == "The xxxxxx"
    assert "Go on with: streamkit resume" in ran.err
    assert kept.exists()


def test_thoughts_that_broke_off_are_taken_back_in_words(
    server: TapeServer, env: dict[str, str]
) -> None:
    thought = event({"reasoning_content": "Let me think"})
    again = [event({"reasoning_content": "I know."}), *said("Blue."), *end()]
    server.play(Answer([thought], then="close", ended=False), Answer(again))
    ran = ask(env)
    assert (ran.code, ran.out) == (0, "Blue.\n")
    assert "Let me think\n" in ran.err
    assert "the thought above is taken back\n" in ran.err
    assert "I know.\n" in ran.err


def test_json_prints_the_events_of_a_break_as_they_are(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The sky", " is", " bl"), rest(" blue."))
    ran = ask(env, "--json")
    types = [line["type"] for line in ran.lines]
    assert types.index("interrupted") < types.index("resumed") < types.index("stream.ended")
    resumed = next(line for line in ran.lines if line["type"] == "resumed")
    assert (resumed["fidelity"], resumed["offset"]) == ("seamless", 10)


# --- giving up, and going on later ---------------------------------------------------------------


@pytest.fixture
def broken(server: TapeServer, env: dict[str, str]) -> Ran:
    """An answer of ten characters that did not go on."""
    server.play(cut("The sky", " is", " bl"), refused(401, "no"))
    return ask(env)


def test_an_answer_that_breaks_off_is_kept_for_its_owner_alone(broken: Ran, kept: Path) -> None:
    assert broken.out == "The sky is"
    assert broken.err.splitlines()[-1].startswith("Go on with: streamkit resume  (question and ")
    assert str(kept) in broken.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert KEY not in kept.read_text()
    assert [*kept.parent.iterdir()] == [kept]


def test_resume_prints_the_rest_and_forgets_the_answer(
    broken: Ran, server: TapeServer, env: dict[str, str], kept: Path
) -> None:
    server.play(rest(" blue."))
    ran = run("resume", **env)
    assert (ran.code, broken.out + ran.out) == (0, "The sky is blue.\n"), ran.err
    assert ran.err.startswith(f"going on with {MODEL} after: …The sky is")
    assert not kept.exists()
    nothing = run("resume", **env)
    assert nothing.code == 1
    assert "no broken answer waits to be gone on with" in nothing.err
    assert "defect" not in nothing.err


def test_an_answer_that_breaks_again_is_kept_again(
    broken: Ran, server: TapeServer, env: dict[str, str], kept: Path
) -> None:
    server.play(cut(" blue", " and", " wi"), refused(401, "no"))
    again = run("resume", **env)
    assert again.code == 1
    assert again.err.splitlines()[-1].startswith("Go on with: streamkit resume ")
    server.play(rest(" wide."))
    last = run("resume", **env)
    assert broken.out + again.out + last.out == "The sky is blue and wide.\n"
    assert last.code == 0
    assert not kept.exists()


def test_resume_as_json_prints_the_events_of_the_rest(
    broken: Ran, server: TapeServer, env: dict[str, str]
) -> None:
    server.play(rest(" blue."))
    ran = run("resume", "--json", **env)
    assert ran.code == 0
    assert ran.lines[0]["type"] == "stream.started"
    assert ran.lines[-1]["outcome"] == "complete"
    came = [line["text"] for line in ran.lines if line["type"] == "text.delta"]
    assert broken.out + "".join(came) == "The sky is blue."


def test_a_terminal_names_the_words_of_the_earlier_run_that_are_taken_back(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The ", "x" * 30), refused(401, "no"))
    ask(env)
    server.play(rest(" fox."))
    with Terminal("resume", server=server, **env) as terminal:
        assert terminal.ends() == 0
    assert "\ntaken back: xxxxxx\n" in terminal.text
    assert "fox.\n┊ went on: seamless (prefix)\n" in terminal.text


def test_save_names_the_file_and_a_named_file_stays(
    server: TapeServer, env: dict[str, str], tmp_path: Path, kept: Path
) -> None:
    server.play(cut("The sky", " is", " bl"), refused(401, "no"))
    file = tmp_path / "mine" / "token.json"
    ran = ask(env, "--save", str(file))
    assert f"Go on with: streamkit resume {file}  (" in ran.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not kept.exists()
    server.play(rest(" blue."))
    for ran_on in (
        run("resume", str(file), **env),
        run("resume", "-", stdin=file.read_text(), **env),
    ):
        assert ran.out + ran_on.out == "The sky is blue.\n"


def test_an_answer_that_lacks_its_end_mark_alone_is_not_kept(
    server: TapeServer, env: dict[str, str], kept: Path
) -> None:
    server.play(Answer([*said("The sky is blue."), event({}, "stop")], then="close", ended=False))
    ran = ask(env)
    assert (ran.code, ran.out) == (3, "The sky is blue.\n")
    assert "most likely this is the whole answer" in ran.err
    assert "Go on with" not in ran.err
    assert not kept.exists()


def test_no_save_keeps_nothing(server: TapeServer, env: dict[str, str], kept: Path) -> None:
    server.play(cut("The sky", " is", " bl"), refused(401, "no"))
    ran = ask(env, "--no-save")
    assert not kept.exists()
    assert "Go on with" not in ran.err


def test_a_folder_that_cannot_be_written_hides_no_error(
    server: TapeServer, env: dict[str, str], tmp_path: Path
) -> None:
    server.play(cut("The sky", " is", " bl"), refused(401, "no"))
    blocked = tmp_path / "file"
    blocked.touch()
    ran = ask(env, "--save", str(blocked / "token"))
    error, note = ran.err.splitlines()[-2:]
    assert error.startswith(f"error: {MODEL}: ")
    assert note.startswith(f"It could not be saved to {blocked / 'token'}: ")


# --- tokens that cannot be used ------------------------------------------------------------------


@pytest.fixture
def token(broken: Ran, kept: Path) -> str:
    return kept.read_text()


def refusal(env: dict[str, str], token: str) -> str:
    """The one line that `resume` ends with for a token; no request may be sent for it."""
    ran = run("resume", "-", stdin=token, **env)
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    return line.removeprefix("error: ")


def test_a_damaged_or_changed_token_is_refused(token: str, env: dict[str, str]) -> None:
    assert refusal(env, token[:-20]).endswith("it is no streamkit token")
    assert refusal(env, "").endswith("it is no streamkit token")
    assert "damaged or changed" in refusal(env, token.replace("The sky", "The sea"))


def test_an_old_token_is_refused(
    token: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    created = json.loads(token)["created"]
    monkeypatch.setattr("streamkit._token.time.time", lambda: created + 25 * 3600)
    assert "25 hours old, and good for 24" in refusal(env, token)


def test_a_token_of_an_adapter_that_is_not_here_is_refused(
    server: TapeServer, env: dict[str, str]
) -> None:
    server.play(cut("The sky", " is", " bl"), refused(401, "no"))
    house = OpenAIChat("llamacpp", base_url=f"{server.url}/v1", api_key=KEY, name="house")
    with (
        streamkit.sync.Client(adapters=[house]) as client,
        pytest.raises(StreamInterrupted) as caught,
    ):
        client.complete("house:tiny", "Why?")
    assert caught.value.token is not None
    assert "'house'" in refusal(env, caught.value.token)


def test_a_file_that_is_not_there_is_named(env: dict[str, str], tmp_path: Path) -> None:
    ran = run("resume", str(tmp_path / "none"), **env)
    assert (ran.code, ran.err) == (1, f"error: No such file or directory: {tmp_path / 'none'}\n")
