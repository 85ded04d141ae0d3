"""The commands and their options. What they do is in a module each, loaded when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

import streamkit
from streamkit.cli._endings import COMPLETE, FAILED, error_line, guarded
from streamkit.messages import Options, ReasoningEffort

DEFAULT_MODEL = "local:smollm2"

app = typer.Typer(
    name="streamkit",
    help="Ask language models of any vendor, and watch the answer come.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Model = Annotated[
    str, typer.Option("-m", "--model", help="vendor:model; `streamkit adapters` lists the vendors")
]
System = Annotated[str | None, typer.Option("-s", "--system", help="a system prompt")]
Json = Annotated[bool, typer.Option("--json", help="print events, one a line")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0.001, help="give up when nothing comes for so long"),
]
Debug = Annotated[
    bool, typer.Option("--debug", help="show a traceback on errors (or set STREAMKIT_DEBUG)")
]


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # half an emoji must not end an answer
    try:
        code: int = app(arguments, prog_name="streamkit", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "streamkit"
        error_line(f"{error.format_message().rstrip('.')}. See `{command} --help`.")
        return FAILED
    return code


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="show the version and leave")] = False,
) -> int:
    if version:
        print(f"streamkit {streamkit.__version__}")
        raise typer.Exit(COMPLETE)
    if context.invoked_subcommand is None:
        print(context.get_help())
    return COMPLETE


@app.command()
def ask(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(help="the question; - stands for what is piped in", show_default=False),
    ] = None,
    *,
    model: Model = DEFAULT_MODEL,
    system: System = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="generate at most so many")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 is the most predictable")] = None,
    reasoning_effort: Annotated[
        ReasoningEffort | None, typer.Option(help="how hard to think before answering")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("-o", "--option", metavar="NAME=VALUE", help="any other request option"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="fail if the vendor cannot honour an option")
    ] = False,
    timeout: Timeout = None,
    as_json: Json = False,
    save: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="where to keep an answer that breaks off"),
    ] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="keep nothing")] = False,
    debug: Debug = False,
) -> int:
    """Ask one question. The answer goes to stdout, everything else to stderr.

    An answer that breaks off is gone on with. If that fails, question and answer are saved, for
    `streamkit resume`.

    Exit codes: 0 the answer is whole, 1 an error, 3 the answer was cut short, 130 Ctrl-C.
    """

    def command() -> int:
        from streamkit.cli import ask

        options = ask.read_options(option or ())
        own: Options = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "reasoning_effort": reasoning_effort,
        }
        for name, value in own.items():
            if value is not None:
                options[name] = value  # type: ignore[literal-required]
        return ask.ask(
            prompt or (),
            model=model,
            system=system,
            options=options,
            strict=strict,
            timeout=timeout,
            as_json=as_json,
            save=save,
            keep=not no_save,
        )

    return guarded(command, debug=debug)


@app.command()
def resume(
    file: Annotated[
        str | None,
        typer.Argument(
            help="what --save wrote, - for stdin; the last broken answer if not given",
            show_default=False,
        ),
    ] = None,
    *,
    timeout: Timeout = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Go on with an answer that broke off. The rest of it goes to stdout.

    Exit codes: 0 the answer is whole, 1 an error, 3 the answer was cut short, 130 Ctrl-C.
    """
    from streamkit.cli.resume import resume as command

    return guarded(lambda: command(file, timeout=timeout, as_json=as_json), debug=debug)


@app.command()
def chat(*, model: Model = DEFAULT_MODEL, system: System = None, debug: Debug = False) -> int:
    """Have a conversation. Ctrl-C stops an answer, Ctrl-D leaves."""
    from streamkit.cli.chat import chat as command

    return guarded(lambda: command(model, system), debug=debug)


@app.command()
def adapters(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
    debug: Debug = False,
) -> int:
    """List the installed adapters: where their keys come from, what they can do, what is broken."""
    from streamkit.cli.adapters import adapters as command

    return guarded(lambda: command(as_json=as_json), debug=debug)


@app.command()
def decode(
    adapter: Annotated[str, typer.Argument(help="a model prefix or id, such as anthropic")],
    file: Annotated[str, typer.Argument(help="a recording, or a bare body; - reads stdin")],
    *,
    status: Annotated[
        int | None, typer.Option(help="the HTTP status it came with", show_default=False)
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="the content-type it came with")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print events, one a line, then the response")
    ] = False,
    debug: Debug = False,
) -> int:
    """Show what streamkit makes of a recorded answer: its events, then the response.

    Exit codes: 0 the answer is whole, 1 it is an error, 3 it was cut short.
    """

    def command() -> int:
        from streamkit.cli.decode import decode_file

        return decode_file(adapter, file, status=status, content_type=content_type, as_json=as_json)

    return guarded(command, debug=debug)


@app.command()
def drift(
    adapter: Annotated[str, typer.Argument(help="a model prefix or id, such as anthropic")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="recordings, or folders")],
    *,
    known: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="recordings, or a folder, whose words are no news"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
    debug: Debug = False,
) -> int:
    """Name the events, fields and values in recordings that are new to an adapter.

    Exit codes: 0 there are none, 1 there are some.
    """

    def command() -> int:
        from streamkit.cli.drift import drift

        return drift(adapter, files, known=known or (), as_json=as_json)

    return guarded(command, debug=debug)


@app.command()
def record(
    model: Annotated[str, typer.Argument(help="vendor:model")],
    prompt: Annotated[
        list[str] | None,
        typer.Argument(help="the question; - stands for what is piped in", show_default=False),
    ] = None,
    *,
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="where to, such as answer.sse"),
    ],
    system: System = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="generate at most so many")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="any other request option"),
    ] = None,
    timeout: Timeout = None,
    expect: Annotated[
        bool, typer.Option("--expect", help="also write what it means, for the contract tests")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="overwrite what is there")] = False,
    debug: Debug = False,
) -> int:
    """Record an answer as it comes over the wire, without keys and account ids.

    Exit codes: 0 recorded, 1 nothing came, 3 recorded until the line broke, 130 until Ctrl-C.
    """

    def command() -> int:
        from streamkit.cli.ask import read_options
        from streamkit.cli.record import record

        options = read_options(option or ())
        if max_tokens is not None:
            options["max_tokens"] = max_tokens
        return record(
            prompt or (),
            model=model,
            output=output,
            system=system,
            options=options,
            timeout=timeout,
            expect=expect,
            force=force,
        )

    return guarded(command, debug=debug)


@app.command("new-adapter")
def new_adapter(
    name: Annotated[str, typer.Argument(help="the model prefix, such as acme")],
    *,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="streamkit-NAME if not given"),
    ] = None,
    debug: Debug = False,
) -> int:
    """Write a plugin to begin with; its tests say what is left to write."""
    from streamkit.cli.new_adapter import new_adapter as command

    return guarded(lambda: command(name, output), debug=debug)
