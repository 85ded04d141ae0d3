"""Keys and prompts are planted, and looked for in all that a program may print, log, send or keep.

Looked at: repr and str of every object, tracebacks with the locals of every frame (as `traceback`
and rich show them), every log record at DEBUG, events as text, JSON and pickle, errors and what
they carry. The planted words are globals here, so that no frame of a test holds them.
"""

from __future__ import annotations

import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import rich.console
import rich.traceback
import tenacity
from pydantic import TypeAdapter

import streamkit
from streamkit.adapter import Decoder, Frame, WireRequest
from streamkit.errors import ConfigurationError, StreamkitError
from streamkit.events import Event
from streamkit.messages import ChatRequest
from streamkit.timeouts import Timeouts
from tape_server import Answer, TapeServer
from wire import KEY, Wire, said, whole

HEADER_KEY = "hdr-7Yp2mQx9Lw4Rk8Tz"
QUERY_KEY = "qry-5Vn3bGh1Jc6Ds0Fa"
PROMPT = "the-planted-prompt-of-a-user"
SECRETS = {"key": KEY, "header": HEADER_KEY, "query": QUERY_KEY, "prompt": PROMPT}
ECHO = f"bad credentials: Bearer {KEY}, {HEADER_KEY}, {QUERY_KEY}"
ECHO_BODY = {"error": {"message": ECHO, "code": KEY, KEY: [{"sent": HEADER_KEY}]}}
ECHO_HEADERS = {"location": f"https://other.invalid/?api_key={QUERY_KEY}&api-version=7"}

EVENT = TypeAdapter(Event)
AT_ONCE = streamkit.Retry(wait=tenacity.wait_none())


class Broken(Wire):
    """An adapter with a defect: its decoder raises."""

    def decoder(self, request: ChatRequest) -> Decoder:
        class Raises(Decoder):
            def feed(self, frame: Frame) -> list[Any]:
                raise LookupError(len(frame.data))

            def close(self) -> list[Any]:
                return []

        return Raises()


class Unsendable(Wire):
    """An adapter that builds what no JSON body can hold."""

    def request(self, request: ChatRequest) -> WireRequest:
        return WireRequest("/", {"prompt": request.messages[0].text, "what": object()})


def echoed(status: int) -> Answer:
    body = json.dumps(ECHO_BODY).encode()
    headers = {**ECHO_HEADERS, "content-type": "application/json"}
    return Answer([body], status=status, headers=headers)


@dataclass(frozen=True)
class Case:
    """What the vendor plays, and how the client is set up."""

    answers: tuple[Answer, ...] = field(repr=False)
    adapter: type[Wire] = Wire
    timeouts: Timeouts = Timeouts()
    ends: str | None = None
    wrong: str = ""


HTML = {"content-type": "text/html"}
CASES = {
    "whole": Case((Answer(whole("Hi", " you")),)),
    "retried": Case(
        (echoed(503), Answer(whole("Hi"))),
    ),
    "echoed by a 401": Case((echoed(401),), ends="AuthenticationError"),
    "echoed by a 400": Case((echoed(400),), ends="InvalidRequestError"),
    "echoed as text": Case((Answer([ECHO.encode()], status=404),), ends="NotFoundError"),
    "echoed as a page": Case((Answer([ECHO.encode()], headers=HTML),), ends="ProtocolError"),
    "echoed by a redirect": Case((echoed(307),), ends="NotFoundError"),
    "echoed in the stream": Case(
        (Answer([*said("Hi"), b"data: %s\n\n" % json.dumps(ECHO_BODY).encode()]),),
        ends="ServerError",
    ),
    "garbage": Case((Answer([f"data: {ECHO}\n\n".encode()]),), ends="ProtocolError"),
    "truncated": Case((Answer(said("Hi")),), ends="TruncatedError"),
    "reset": Case((Answer(said("Hi"), then="reset"),), ends="ConnectionLostError"),
    "silent": Case(
        (Answer([*said("Hi"), 30.0]),), timeouts=Timeouts(no_bytes=0.05), ends="StreamTimeoutError"
    ),
    "no answer": Case(
        (Answer(delay=30.0),) * 4, timeouts=Timeouts(first_event=0.05), ends="StreamTimeoutError"
    ),
    "no http": Case((Answer(status=10**9),), ends="ConnectionLostError"),
    "broken adapter": Case((Answer(whole("Hi")),), adapter=Broken, ends="ProtocolError"),
    "unsendable": Case((), adapter=Unsendable, ends="ConfigurationError"),
    "unknown option": Case((), ends="ConfigurationError", wrong="unknown"),
    "wrong option": Case((), ends="ConfigurationError", wrong="wrong"),
}
each_case = pytest.mark.parametrize("name", CASES)
PLAIN = [
    *(pytest.param(name, None, id=f"{name}-own") for name in CASES),
    *(
        pytest.param(name, http, id=f"{name}-{http.__name__}")
        for name in ("whole", "reset", "silent", "no http", "echoed by a redirect")
        for http in (httpx, httpx2)
    ),
]


class Seen:
    """All that was shown, and the search in it."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def show(self, where: str, *values: object) -> None:
        for value in values:
            self.texts += [(f"repr of {where}", repr(value)), (f"str of {where}", str(value))]

    def event(self, event: Event) -> None:
        self.show(f"event {type(event).__name__}", event)
        self.texts.append(("event as JSON", EVENT.dump_json(event).decode()))
        self.pickle("event", event)

    def pickle(self, where: str, value: object) -> None:
        self.texts.append((f"pickle of {where}", pickle.dumps(value).decode("latin-1")))

    def error(self, error: BaseException) -> None:
        self.show("error", error)
        seen: set[int] = set()
        link: BaseException | None = error
        while link is not None and id(link) not in seen:
            seen.add(id(link))
            self.show(f"cause {type(link).__name__}", link, link.args)
            link = link.__cause__ or link.__context__
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        self.texts.append(("traceback with locals", "".join(shown.format())))
        console = rich.console.Console(file=io.StringIO(), width=400)
        trace = rich.traceback.Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True,
            locals_max_length=None, locals_max_string=None,
        )  # fmt: skip
        console.print(trace)
        self.texts.append(("rich traceback with locals", console.file.getvalue()))
        if isinstance(error, StreamkitError):
            self.show("error.info()", error.info())
            self.show("error's fields", vars(error))
            self.texts.append(("error.public()", error.public()))
            self.pickle("error", error)

    def records(self, caplog: pytest.LogCaptureFixture) -> None:
        for record in caplog.records:
            self.texts.append((f"log of {record.name}", record.getMessage()))
            self.show(f"record of {record.name}", vars(record))

    def leaks(self) -> list[str]:
        return [
            f"{what} in {where}: …{text[max(0, text.find(secret) - 120) : text.find(secret) + 60]}…"
            for where, text in self.texts
            for what, secret in SECRETS.items()
            if secret in text
        ]


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Iterator[Seen]:
    found = Seen()
    with caplog.at_level(logging.DEBUG):
        for name in list(logging.root.manager.loggerDict):
            logging.getLogger(name).disabled = False
        yield found
    found.records(caplog)
    assert found.texts, "nothing was looked at"
    leaks = found.leaks()
    assert not leaks, "\n".join(leaks)


def adapters(case: Case, server: TapeServer) -> list[Wire]:
    return [case.adapter(base_url=f"{server.url}/v1?api_key={QUERY_KEY}&api-version=7")]


HEADERS = {"X-Team-Token": HEADER_KEY, "Cookie": f"session={HEADER_KEY}"}
BODY = {"note": PROMPT}
OPTIONS = {"wrong": {"temperature": PROMPT}, "unknown": {"temprature": PROMPT}}


def asked(client: Any, wrong: str = "") -> Any:
    return client.stream(
        "wire:any", PROMPT, extra_headers=HEADERS, extra_body=BODY, **OPTIONS.get(wrong, {})
    )


def completed(client: Any, wrong: str) -> Any:
    return client.complete(
        "wire:any", PROMPT, extra_headers=HEADERS, extra_body=BODY, **OPTIONS.get(wrong, {})
    )


@pytest.mark.parametrize(("name", "http"), PLAIN)
def test_nothing_shows_a_secret_in_plain_code(
    name: str, http: Any, server: TapeServer, seen: Seen
) -> None:
    case, ended = CASES[name], None
    server.play(*case.answers)
    given = None if http is None else http.Client(timeout=None, follow_redirects=True)
    own = streamkit.sync.Client(
        adapters=adapters(case, server), timeouts=case.timeouts, retry=AT_ONCE, http=given
    )
    with own as client:
        seen.show("client", client, client.__dict__)
        try:
            with asked(client, case.wrong) as stream:
                seen.show("stream", stream)
                for event in stream:
                    seen.event(event)
                seen.show("stream", stream, stream.snapshot, stream.timings)
                seen.texts.append(("response as JSON", stream.snapshot.model_dump_json()))
        except StreamkitError as error:
            seen.error(error)
            ended = type(error).__name__
        assert ended == case.ends
        if case.ends:
            server.play(*case.answers)
            with pytest.raises(StreamkitError) as caught:
                completed(client, case.wrong)
            seen.error(caught.value)
    if given is not None:
        given.close()
    sent = server.requests
    if case.answers:
        assert sent[0].headers["authorization"] == f"Bearer {KEY}"
        assert sent[0].headers["x-team-token"] == HEADER_KEY
        assert sent[0].path == f"/v1/answers?api_key={QUERY_KEY}&api-version=7"
        assert PROMPT in sent[0].body.decode()


@each_case
async def test_nothing_shows_a_secret(name: str, server: TapeServer, seen: Seen) -> None:
    case, ended = CASES[name], None
    server.play(*case.answers)
    async with streamkit.Client(
        adapters=adapters(case, server), timeouts=case.timeouts, retry=AT_ONCE
    ) as client:
        seen.show("client", client, client.__dict__)
        try:
            async with asked(client, case.wrong) as stream:
                seen.show("stream", stream)
                async for event in stream:
                    seen.event(event)
                seen.show("stream", stream, stream.snapshot)
        except StreamkitError as error:
            seen.error(error)
            ended = type(error).__name__
        assert ended == case.ends
        if case.ends:
            server.play(*case.answers)
            with pytest.raises(StreamkitError) as caught:
                await completed(client, case.wrong)
            seen.error(caught.value)


async def test_a_caller_who_leaves_while_the_prompt_is_sent_or_awaited_sees_no_secret(
    server: TapeServer, seen: Seen
) -> None:
    server.play(Answer(delay=30.0))
    case = CASES["whole"]
    async with streamkit.Client(adapters=adapters(case, server)) as client:
        with anyio.move_on_after(0.1):
            try:
                async with asked(client) as stream:
                    async for _ in stream:
                        pass
            except BaseException as left:
                seen.error(left)
                raise


def raised(call: Callable[[], object]) -> StreamkitError:
    with pytest.raises(StreamkitError) as caught:
        call()
    return caught.value


def _bad_key() -> str:
    return KEY + "\n"


def _failing_key() -> str:
    raise OSError("the key store is away")


@pytest.mark.parametrize("source", [_bad_key, _failing_key])
def test_a_key_that_cannot_be_had_or_sent_is_not_shown(source: Any, seen: Seen) -> None:
    adapter = Wire("https://wire.invalid")
    object.__setattr__(adapter, "endpoint", type(adapter.endpoint)("https://wire.invalid"))
    with streamkit.sync.Client(adapters=[adapter], api_key={"wire": source}) as client:
        with asked(client) as stream:
            error = raised(lambda: list(stream))
    assert isinstance(error, ConfigurationError)
    seen.error(error)


URLS = {
    "user and password": f"https://user:{QUERY_KEY}@wire.invalid/",
    "user": f"https://{QUERY_KEY}@wire.invalid/v1",
    "no http": f"ftp://user:{QUERY_KEY}@wire.invalid/",
    "plain http": f"http://wire.invalid/?key={QUERY_KEY}",
    "in the port": f"https://wire.invalid:{QUERY_KEY}/",
    "half an address": f"https://user:{QUERY_KEY}@[::1/",
    "no scheme": f"user:{QUERY_KEY}@wire.invalid",
}


@pytest.mark.parametrize("name", URLS)
def test_a_base_url_that_is_refused_is_not_shown(name: str, seen: Seen) -> None:
    def ask() -> None:
        with streamkit.sync.Client(adapters=[Wire(URLS[name])]) as client:
            with asked(client) as stream:
                list(stream)

    error = raised(ask)
    assert isinstance(error, ConfigurationError)
    seen.error(error)


def test_values_that_hold_a_secret_do_not_show_it(seen: Seen) -> None:
    from streamkit._commands import Open
    from streamkit._target import Target
    from streamkit.adapter import Endpoint, Located
    from streamkit_anthropic import AnthropicMessages
    from streamkit_openai import OpenAIChat, OpenAIResponses, Profile

    url = f"https://wire.invalid/?api_key={QUERY_KEY}"
    endpoint = Endpoint(base_url=url, api_key=KEY)
    seen.show("endpoint", endpoint, Located(url, KEY), Target(url, endpoint, KEY))
    seen.show("command", Open("POST", url, {"authorization": KEY}, PROMPT.encode()))
    seen.show("adapter", OpenAIChat(base_url=url, api_key=KEY), Wire(url))
    seen.show("adapter", AnthropicMessages(base_url=url, api_key=KEY))
    seen.show("adapter", OpenAIResponses(base_url=url, api_key=KEY))
    house = Profile(name="house", base_url=url)
    seen.show("profile", house, OpenAIChat(house))
    headers = {"x": HEADER_KEY}
    request = ChatRequest(model="m", messages=(PROMPT_MESSAGE,), extra_headers=headers)
    seen.show("request", request, Wire().request(request))


PROMPT_MESSAGE = streamkit.Message.user(PROMPT)
