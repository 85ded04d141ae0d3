"""``streamkit record``: an answer as it comes over the wire, in a file that tests can play back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

from streamkit import Message, Retry, StreamkitError, Timeouts, sync
from streamkit._plugins import installed
from streamkit.adapter import Adapter
from streamkit.cli._endings import COMPLETE, INTERRUPTED, TRUNCATED
from streamkit.cli._json import event_data, response_data
from streamkit.cli._output import Screen
from streamkit.cli._scrub import Scrubber
from streamkit.cli._tape import NO_FRAME_LIMIT, Deaf, TapingHttp
from streamkit.cli.ask import read_prompt
from streamkit.cli.decode import play_back
from streamkit.errors import ConfigurationError
from streamkit.events import Notice
from streamkit.messages import Options
from streamkit.testing import Decoded, Recording, aws_message
from streamkit.testing._aws import read_message

_DIRECTLY: Final = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}
"""This machine, which is never reached through a proxy: see `_http._proxies`."""

_SILENCE: Final = 60.0
"""Seconds without a byte after which the line is given up, unless told otherwise."""


def record(
    words: Sequence[str],
    *,
    model: str,
    output: str,
    system: str | None,
    options: Options,
    timeout: float | None,
    expect: bool,
    force: bool,
) -> int:
    """Ask once and write down what comes, as far as it comes; returns the exit code.

    ``expect`` also writes what streamkit makes of the answer, as the contract tests want it.

    Raises:
        ConfigurationError: the file is there (without ``force``), or nothing could be asked.
        StreamkitError: no answer came.
    """
    prefix = model.partition(":")[0]
    adapter = installed().adapter(prefix)
    path = Path(output)
    _check(path, expect=expect, force=force)  # better said before the question is paid for
    messages = [Message.system(system)] if system else []
    messages.append(Message.user(read_prompt(words)))
    screen = Screen()
    try:
        recording, scrubber, stopped = _take(
            adapter, model, messages, options=options, timeout=timeout, screen=screen
        )
    except NotImplementedError as error:
        raise ConfigurationError(f"{prefix} cannot build requests yet: {error}") from error
    clean = _clean(recording, scrubber)
    decoded = play_back(adapter, clean)
    _refuse_to_leak(clean, decoded, scrubber)
    path.write_bytes(clean.dump())
    print(path)
    if expect:
        expectation = _expectation(path)
        about = f"recorded from {model} on {date.today():%Y-%m-%d}"
        expectation.write_bytes(scrubber.body(_expected(decoded, about).encode()))
        print(expectation)
    _tell(screen, path, clean, decoded, scrubber.taken, adapter=prefix, expect=expect)
    if stopped:
        return INTERRUPTED
    return COMPLETE if clean.end == "closed" or clean.status != 200 else TRUNCATED


# --- asking --------------------------------------------------------------------------------------


def _take(
    adapter: Adapter,
    model: str,
    messages: list[Message],
    *,
    options: Options,
    timeout: float | None,
    screen: Screen,
) -> tuple[Recording, Scrubber, bool]:
    """What came, what knows the secrets that were sent for it, and whether Ctrl-C stopped it."""
    deaf = Deaf(adapter)
    silence = _SILENCE if timeout is None else timeout
    timers = Timeouts(min(silence, 10.0), silence, None, silence, None)
    stopped = False
    with (
        httpx.Client(mounts=_DIRECTLY) as http,
        sync.Client(
            adapters=[deaf],
            http=(taping := TapingHttp(http, deaf.own_headers)),
            retry=Retry.never(),
            timeouts=timers,
            max_frame_bytes=NO_FRAME_LIMIT,
        ) as client,
        client.stream(model, messages, **options) as stream,
    ):
        screen.wait(f"recording {model}…")
        try:
            for event in stream:
                if isinstance(event, Notice):
                    screen.warn(f"{event.level}: {event.message}")
        except KeyboardInterrupt:
            if taping.recording is None:
                raise
            stopped = True
        except StreamkitError:
            if taping.recording is None:
                raise
        finally:
            screen.end()
    assert taping.recording is not None
    return taping.recording, Scrubber(taping.secrets), stopped


# --- keeping secrets -----------------------------------------------------------------------------


def _clean(recording: Recording, scrubber: Scrubber) -> Recording:
    """The recording without what tells who asked."""
    body, arrivals = bytearray(), list[tuple[int, float]]()
    for seconds, piece in recording.pieces():
        message = read_message(piece) if recording.is_aws else None
        if message is None:
            body += scrubber.body(piece)
        else:
            named, payload = message
            texts = {k: scrubber.body(v.encode()).decode() for k, v in named.items()}
            body += aws_message(texts, scrubber.body(payload))
        if seconds is not None:
            arrivals.append((len(body), seconds))
    headers = scrubber.headers(recording.headers)
    return replace(recording, body=bytes(body), headers=headers, arrivals=arrivals)


def _refuse_to_leak(recording: Recording, decoded: Decoded, scrubber: Scrubber) -> None:
    """The last look. A key may come in pieces that make a whole only in the answer."""
    told = [*map(event_data, decoded.events), response_data(decoded.response, decoded.error)]
    answer = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    if scrubber.finds(recording.dump()) or scrubber.finds(answer):
        raise ConfigurationError(
            "the answer spells out the key that was sent, in a way that cannot be taken out: "
            "nothing was written"
        )


# --- what is written beside it, and what is said -------------------------------------------------


def _expectation(path: Path) -> Path:
    """The file that says what a recording means, as the contract tests look for it."""
    return path.with_suffix(".expect.json")


def _check(path: Path, *, expect: bool, force: bool) -> None:
    """Raises ConfigurationError where nothing could be written, or nothing may be."""
    if not path.parent.is_dir():
        raise ConfigurationError(f"there is no folder {path.parent} to write {path.name} in")
    if expect and path.suffix not in _kit()[1]:
        raise ConfigurationError(
            f"the contract tests would not find {path.name}: they look for names that end in "
            f"{', '.join(_kit()[1])}"
        )
    for file in (path, _expectation(path)) if expect else (path,):
        if file.exists() and not force:
            raise ConfigurationError(f"{file} is there already; --force overwrites it")


def _kit() -> tuple[Any, tuple[str, ...]]:
    """Of the contract tests, the type of an expectation and the suffixes of recordings."""
    try:
        from streamkit_contract_tests.expected import Expected
        from streamkit_contract_tests.recordings import CONTENT_TYPES
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "--expect needs the contract tests: pip install streamkit-contract-tests"
        ) from error
    return Expected, tuple(CONTENT_TYPES)


def _expected(decoded: Decoded, about: str) -> str:
    """What streamkit makes of an answer, as an expectation: without what is said twice."""
    seen = _kit()[0].seen(decoded)
    answer = {"parts": True, "tool_calls": {"__all__": {"arguments_text"}}}
    left_out = {
        **answer,
        "choices": {"__all__": answer},
        "usage": {"raw"},
        "logprobs": True,
        "vendor": True,
    }
    data = seen.model_dump(mode="json", exclude_defaults=True, exclude=left_out)
    return json.dumps({"about": about, **data}, indent=2, ensure_ascii=False) + "\n"


def _tell(
    screen: Screen,
    path: Path,
    recording: Recording,
    decoded: Decoded,
    taken: int,
    *,
    adapter: str,
    expect: bool,
) -> None:
    seconds = recording.arrivals[-1][1] if recording.arrivals else 0.0
    size = len(recording.body)
    screen.aside(
        f"HTTP {recording.status}, {size:,} bytes in {seconds:.2f} s; {_ENDS[recording.end]}"
    )
    places = (
        f"{taken} place{'' if taken == 1 else 's'} in the body" if taken else "nothing in the body"
    )
    screen.aside(f"taken out: headers that tests do not need; {places}")
    answer = decoded.response
    made = f"{answer.outcome}, {len(answer.text):,} characters of text"
    if answer.tool_calls:
        made += f", {len(answer.tool_calls)} tool calls"
    if decoded.error is not None:
        made += f", error {decoded.error.kind}"
    screen.aside(f"streamkit makes of it: {made}")
    if expect:
        screen.aside(f"next: check {_expectation(path)} by eye; it says what is made of it today")
    else:
        screen.aside(f"next: streamkit decode {adapter} {path}")


_ENDS: Final = {
    "closed": "the vendor ended it",
    "lost": "the line broke",
    "silent": "nothing more came",
    "stopped": "stopped before its end",
}
