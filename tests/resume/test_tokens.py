"""A broken answer as JSON: another process goes on with it, and nobody can make it do else."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import streamkit
from streamkit import Resume, errors
from streamkit import chunks as c
from streamkit._setup import Setup
from streamkit.values import Usage
from tests.resume.going import SOON, Answer, Going, Told, ask, chunks, numbered, words
from tests.resume.going import whole as ended
from wire import DONE, KEY, STOP, frame, said

HALF = words("The sky", " is", " blue", " to")
REST = ended(" today", " at", " noon.")
ONE = {"resume": Resume(attempts=1)}


def broken(*answers: Answer, **arguments: Any) -> Told:
    told = ask(*answers, policies=ONE, **arguments)
    assert isinstance(told.error, errors.StreamInterrupted)
    return told


def changed(token: str, *, sealed: bool = True, **fields: Any) -> str:
    """The token with other fields, and with a digest that fits if ``sealed``."""
    content = {**json.loads(token), **fields}
    if sealed:
        del content["digest"]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        content["digest"] = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(content)


# --- going on ------------------------------------------------------------------------------------


def test_an_answer_goes_on_from_its_token() -> None:
    token = broken(HALF).error.token
    told = ask(REST, token=token)
    assert told.text == "The sky is blue today at noon."
    assert [e.text for e in told.of("text.delta")] == ["day", " at", " noon."]
    assert told.bodies[0]["turns"][-1] == ["assistant", "The sky is blue"]
    assert told.resumed == [("prefix", "seamless")]
    assert told.events[-1].attempts == 1


def test_the_events_count_on() -> None:
    first = broken(HALF)
    told = ask(REST, token=first.error.token)
    assert told.events[0].seq == first.events[-1].seq + 1
    assert [e.seq for e in told.events] == list(range(told.events[0].seq, told.events[-1].seq + 1))


def test_a_token_may_break_again() -> None:
    token = broken(HALF).error.token
    again = ask(words(" today", " at"), token=token, policies=ONE)
    assert again.text == "The sky is blue today at"
    assert ask(ended(" at", " noon."), token=again.error.token).text == (
        "The sky is blue today at noon."
    )


def test_usage_counts_what_the_token_cost_before() -> None:
    told = ask(REST, token=broken(HALF).error.token)
    assert told.response.usage is not None
    assert told.response.usage.output_tokens == 5
    assert told.response.usage.estimated


def test_unfinished_thoughts_and_calls_are_made_anew() -> None:
    opened = [c.Reasoning("Hm"), c.ToolOpened("t", "look", "1"), c.ToolArguments("t", '{"at')]
    token = broken(chunks(*opened)).error.token
    call = [*opened[1:], c.ToolArguments("t", '": 1}'), c.Closed("t")]
    told = ask(chunks(*call, ended=True), token=token)
    assert [x.arguments for x in told.response.tool_calls] == [{"at": 1}]
    assert len(told.response.parts) == 1


def test_a_kept_answer_is_replayed_from_a_token() -> None:
    kept = numbered([*said("The s", "ky is", " bl", "ue."), STOP, DONE])
    adapter = Going(ways=("replay",))
    for cut in range(1, len(kept)):
        token = broken(Answer(kept[:cut], end="rst"), adapter=adapter).error.token
        told = ask(Answer(kept[cut:]), token=token, adapter=adapter)
        assert (told.error, told.text) == (None, "The sky is blue.")
        assert told.resumed == [("replay", "exact")]


@pytest.mark.parametrize("arguments", ["", "null"])
def test_a_closed_call_without_arguments_is_believed_once_a_replay_says_that_it_may_be(
    arguments: str,
) -> None:
    call = (c.ToolOpened("t", "look", "1"), c.ToolArguments("t", arguments), c.Closed("t"))
    kept = numbered([frame(*call), STOP, DONE])
    adapter = Going(ways=("replay",))
    token = broken(Answer(kept[:1], end="rst"), adapter=adapter).error.token
    told = ask(Answer(kept[1:]), token=token, adapter=adapter)
    assert [call.arguments for call in told.response.tool_calls] == [{}]


def test_what_cannot_be_gone_on_with_says_why() -> None:
    told = ask(REST, token=broken(HALF).error.token, adapter=Going(ways=()))
    assert isinstance(told.error, errors.UnsupportedError)
    assert "wire has no way to" in str(told.error)
    assert told.urls == []


def test_half_an_emoji_survives() -> None:
    token = broken(words("Hi ", "\ud83d")).error.token
    assert token.isascii()
    assert ask(ended(" there"), token=token).text == "Hi there"
    apart = broken(words("Hi \ud83d", "\ude00", " and")).error.token
    assert ask(ended(" more"), token=apart).error is None


PROGRAM = """
import asyncio, sys
import httpx, streamkit
from streamkit.testing import MemoryTransport, Tape
from tests.resume.going import Going
from wire import said, STOP, DONE
tape = Tape(b"".join([*said(" today", " at", " noon."), STOP, DONE]))
token = sys.stdin.read()
if sys.argv[1] == "sync":
    http = httpx.Client(transport=MemoryTransport(tape))
    with streamkit.sync.Client(adapters=[Going()], http=http) as client:
        with client.resume(token) as stream:
            print(repr("".join(stream.text)), repr(stream.snapshot.text))
else:
    async def main():
        http = httpx.AsyncClient(transport=MemoryTransport(tape))
        async with streamkit.Client(adapters=[Going()], http=http) as client:
            async with client.resume(token) as stream:
                text = "".join([t async for t in stream.text])
                print(repr(text), repr(stream.snapshot.text))
    asyncio.run(main())
"""


@pytest.mark.parametrize("client", ["sync", "async"])
def test_another_process_goes_on(client: str) -> None:
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, client],
        input=broken(HALF).error.token,
        env={"PYTHONPATH": f"{root}:{root / 'tests/core'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "'day at noon.' 'The sky is blue today at noon.'"


# --- what is refused -----------------------------------------------------------------------------


def refused(token: str, match: str, *adapters: Going) -> None:
    client = streamkit.sync.Client(adapters=adapters or [Going()])
    with client, pytest.raises(errors.ConfigurationError, match=match):
        client.resume(token)


@pytest.mark.parametrize(
    "token",
    [
        *("", "null", "[]", "{}", '"x"', "{", '{"streamkit_resume": 1}', "9" * 9999, "\0"),
        *("[" * 100_000, '{"a":' * 100_000),
    ],
    ids=lambda token: token[:9],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token, "no streamkit token")


def test_the_token_of_what_nobody_can_go_on_with_is_refused() -> None:
    token: Any = broken(HALF, adapter=Going(ways=())).error.token
    refused(token, "there is none; an error without one tells why")


def test_a_token_of_another_version_is_refused() -> None:
    refused(changed(broken(HALF).error.token, streamkit_resume=2), "version 2")


def test_an_old_token_is_refused() -> None:
    token = broken(HALF).error.token
    refused(changed(token, created=int(time.time()) - 25 * 3600), "25 hours old")
    assert ask(REST, token=changed(token, created=int(time.time()) - 23 * 3600)).error is None


@pytest.mark.parametrize("field", ["model", "dialect", "request", "answer", "created"])
def test_a_changed_token_is_refused(field: str) -> None:
    token = broken(HALF).error.token
    refused(changed(token, sealed=False, **{field: "other"}), "damaged or changed")
    whole = json.loads(token)
    refused(json.dumps({k: v for k, v in whole.items() if k != field}), "cannot be used")


def test_a_damaged_token_is_refused() -> None:
    token = broken(HALF).error.token
    refused(token[: len(token) // 2], "no streamkit token")
    refused(token.replace("sky", "sea"), "damaged or changed")


def test_a_token_of_an_adapter_that_is_not_there_is_refused() -> None:
    refused(broken(HALF).error.token, "wire", Going(name="other"))


def test_a_token_of_another_dialect_is_refused() -> None:
    class Other(Going):
        dialect = "other"

    refused(broken(HALF).error.token, "'wire' answer, and wire:any speaks other", Other())


@pytest.mark.parametrize("answer", [{}, [], None, {"seq": 0}, {"choices": [1]}])
def test_a_malformed_answer_is_refused(answer: Any) -> None:
    refused(changed(broken(HALF).error.token, answer=answer), "malformed")


@pytest.mark.parametrize("request_", [{}, None, {"model": "x", "messages": 3}])
def test_a_malformed_request_is_refused(request_: Any) -> None:
    refused(changed(broken(HALF).error.token, request=request_), "malformed")


JUNK = [
    *(None, True, -1, 10**400, 1e308, float("nan"), float("inf")),
    *("", "//evil.invalid", "x\r\ny: z", [], {}, [[1]], {"a": None}),
]


def places(node: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, *above, key)


def test_whatever_a_sealed_token_holds_it_is_refused_or_asks_the_clients_own_host() -> None:
    first = chunks(
        *(
            c.Reasoning("Hm."),
            c.Signature("s", "wire"),
            c.Text("The sky"),
            c.Text(" is"),
            c.Text(" "),
        ),
        *(c.UsageReport(Usage(3, 4)), c.Cursor("x"), c.Meta("id", "model", {"a": 1})),
    )
    adapter = Going(ways=("replay", "prefix"))
    token = json.loads(broken(first, adapter=adapter).error.token)
    tried = 0
    for *above, last in places(token):
        for junk in JUNK:
            content = copy.deepcopy(token)
            node = content
            for key in above:
                node = node[key]
            node[last] = junk
            tried += 1
            try:
                told = ask(REST, token=changed(json.dumps(content)), adapter=adapter)
            except errors.ConfigurationError:
                continue
            assert {url.split("/")[2] for url in told.urls} <= {"vendor.invalid"}
    assert tried > 500


# --- what is in it -------------------------------------------------------------------------------


def test_a_token_holds_no_key_no_header_and_no_address() -> None:
    token = broken(HALF, extra_headers={"X-Team": "planted-header"}).error.token
    assert "Hi" in token
    for secret in (KEY, "planted-header", "X-Team", "vendor.invalid"):
        assert secret not in token


def test_a_token_cannot_make_the_library_call_another_host() -> None:
    """Even one that was changed and sealed anew: where to call is the client's own."""
    token = broken(HALF).error.token
    content = json.loads(token)
    content["base_url"] = content["url"] = "https://evil.invalid"
    content["request"]["extra_headers"] = {"host": "evil.invalid"}
    content["answer"]["cursor"] = "//evil.invalid/x?"
    setup = Setup(adapters=[Going(ways=("replay", "prefix"))], retry=SOON)
    told = ask(REST, token=changed(json.dumps(content)), setup=setup)
    assert told.urls
    assert {url.split("/")[2] for url in told.urls} == {"vendor.invalid"}


def test_headers_are_given_again() -> None:
    setup = Setup(adapters=[Going()])
    call = setup.resumed(broken(HALF).error.token, {}, {"X-Team": "mine"})
    assert call.request.extra_headers == {"X-Team": "mine"}


def test_an_error_shows_its_token_to_nobody_who_does_not_ask() -> None:
    error = broken(HALF).error
    assert "Hi" not in repr(vars(error))
    copied = pickle.loads(pickle.dumps(error))
    assert isinstance(copied, errors.StreamInterrupted)
    assert (str(copied), copied.token) == (str(error), None)
