"""Help, version, mistakes in the command line, and errors nobody foresaw."""

from __future__ import annotations

import subprocess
import sys

import pytest

import streamkit
from streamkit.cli import ask
from streamkit.errors import ConfigurationError
from tests.cli.program import MODEL, environment, run, run_process


def test_the_version() -> None:
    assert run("--version").out == f"streamkit {streamkit.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_the_commands(arguments: list[str]) -> None:
    ran = run_process(*arguments)
    assert (ran.code, ran.err) == (0, "")
    for command in ("ask", "chat", "adapters", "decode"):
        assert f"\n  {command} " in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch"], "nosuch"),
        (["ask", "--nosuch", "x"], "--nosuch"),
        (["ask", "--max-tokens", "many", "x"], "integer"),
        (["ask", "--reasoning-effort", "huge", "x"], "huge"),
        (["decode", "openai"], "file"),
        (["ask", "-m", "x:y", "-o", "nosuch=1", "x"], "no such option: nosuch"),
        (["ask", "-m", "x:y", "-o", "top_p", "x"], "is not NAME=VALUE"),
        (["ask", "-m", MODEL, "-o", "top_k=some", "x"], "top_k"),
        (["ask", "-m", "tiny", "x"], "has no prefix"),
        (["ask", "-m", MODEL], "no prompt"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(arguments: list[str], says: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert says in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("how", ["--debug", "STREAMKIT_DEBUG"])
def test_a_traceback_is_shown_when_asked_for(how: str) -> None:
    option, env = ([how], {}) if how == "--debug" else ([], {how: "1"})
    ran = run("ask", *option, "-m", "nosuch:x", "Hi", **env)
    assert ran.code == 1
    assert ran.err.startswith("Traceback")
    assert "\nerror: no adapter" in ran.err


def test_a_defect_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("oops")

    monkeypatch.setattr(ask, "ask", broken)
    ran = run("ask", "x")
    assert ran.code == 1
    assert (
        ran.err
        == "error: RuntimeError: oops. This is a defect of streamkit; --debug shows where.\n"
    )


def test_ctrl_c_outside_an_answer_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(ask, "read_prompt", interrupted)
    assert run("ask", "-m", MODEL).code == 130


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_extra_one_line_says_what_to_install(library: str) -> None:
    program = (
        f"import sys; sys.modules[{library!r}] = None; from streamkit.cli import main; "
        "sys.argv = ['streamkit', 'ask', 'x']; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    needed = f"error: the command line needs {library}: pip install 'streamkit-core[cli]'\n"
    assert done.stderr == needed


class Raises:
    """Makes every import that is not done yet fail."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def find_spec(self, *_: object) -> None:
        raise self._error


def test_ctrl_c_while_the_program_is_loading_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "streamkit.cli._app")
    monkeypatch.setattr(sys, "meta_path", [Raises(KeyboardInterrupt())])
    assert (ran := run("ask", "x")).code == 130
    assert (ran.out, ran.err) == ("", "")


def test_a_defect_of_the_installation_is_not_taken_for_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "streamkit.cli._app")
    missing = ModuleNotFoundError("No module named 'httpx'", name="httpx")
    monkeypatch.setattr(sys, "meta_path", [Raises(missing)])
    with pytest.raises(ModuleNotFoundError, match="httpx"):
        run("ask", "x")


def test_importing_streamkit_does_not_load_the_libraries_of_the_command_line() -> None:
    program = "import sys, streamkit; print({'typer', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


def test_options_without_a_value_are_refused_before_anything_else() -> None:
    with pytest.raises(ConfigurationError, match="NAME=VALUE"):
        ask.read_options(["temperature"])
