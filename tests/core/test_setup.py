"""What a client makes of a user's words before anything is sent: models, keys, URLs, options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import streamkit
from streamkit import errors
from streamkit.adapter import Endpoint, Supports, Warned, WireRequest
from streamkit.messages import ChatRequest, Message, TextPart, Tool
from streamkit.sync import Client
from streamkit.testing import Fake
from tape_server import Answer, TapeServer
from wire import KEY, Wire, whole

SECRET = "hush-9Zq7w2"


def by_environment(**changes: Any) -> Wire:
    """An adapter that is configured as installed ones are: by the environment or the client."""
    adapter = Wire()
    fields = {"key_env": ("WIRE_API_KEY", "WIRE_KEY"), "base_url_env": ("WIRE_BASE_URL",)}
    object.__setattr__(adapter, "endpoint", Endpoint(**{**fields, **changes}))
    return adapter


def refusal(client: Client, **options: Any) -> str:
    with client, pytest.raises(errors.ConfigurationError) as caught:
        client.complete("wire:any", "Hi", **options)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, server: TapeServer) -> None:
    for name in ("WIRE_API_KEY", "WIRE_KEY", "WIRE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    server.play(Answer(whole("Hi")))


# --- keys ------------------------------------------------------------------------------------


def test_key_and_base_url_come_from_the_environment(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_KEY", "second-key")
    monkeypatch.setenv("WIRE_BASE_URL", f"{server.url}/base/")
    with Client(adapters=[by_environment()]) as client:
        client.complete("wire:any", "Hi")
        monkeypatch.setenv("WIRE_API_KEY", "first-key")
        client.complete("wire:any", "Hi")
    assert [r.headers["authorization"] for r in server.requests] == [
        "Bearer second-key",
        "Bearer first-key",
    ]
    assert {r.path for r in server.requests} == {"/base/v1/answers"}


def test_key_and_base_url_of_the_client_win_over_the_environment(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_KEY", "env-key")
    monkeypatch.setenv("WIRE_BASE_URL", "https://wire.invalid")
    adapters = [by_environment()]
    with Client(
        adapters=adapters, api_key={"wire": KEY}, base_url={"wire": server.url + "/v?x=1"}
    ) as client:
        client.complete("wire:any", "Hi")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].path == "/v/v1/answers?x=1"


def test_a_key_of_an_adapter_made_by_hand_wins_over_the_environment(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_KEY", "env-key")
    with Client(adapters=[by_environment(base_url=server.url, api_key="by-hand")]) as client:
        client.complete("wire:any", "Hi")
    assert server.requests[0].headers["authorization"] == "Bearer by-hand"


def test_a_key_callable_is_asked_before_every_attempt(server: TapeServer) -> None:
    server.play(Answer(status=503, headers={"retry-after-ms": "1"}), Answer(whole("Hi")))
    keys = iter(["one", "two", "three"])
    with Client(
        adapters=[by_environment()], api_key={"wire": lambda: next(keys)},
        base_url={"wire": server.url},
    ) as client:  # fmt: skip
        client.complete("wire:any", "Hi")
        client.complete("wire:any", "Hi")
    sent = [r.headers["authorization"] for r in server.requests]
    assert sent == ["Bearer one", "Bearer two", "Bearer three"]


def test_the_endpoint_says_how_the_key_is_sent(server: TapeServer) -> None:
    adapter = by_environment(auth_header="X-Api-Key", auth_prefix="")
    with Client(adapters=[adapter], api_key={"wire": KEY}, base_url={"wire": server.url}) as client:
        client.complete("wire:any", "Hi")
    assert server.requests[0].headers["x-api-key"] == KEY
    assert "authorization" not in server.requests[0].headers


def test_a_server_without_keys_gets_none(server: TapeServer) -> None:
    adapter = by_environment(key_required=False, base_url=server.url)
    with Client(adapters=[adapter]) as client:
        client.complete("wire:any", "Hi")
    assert "authorization" not in server.requests[0].headers


def test_a_missing_key_is_said_with_every_way_to_give_it() -> None:
    said = refusal(Client(adapters=[by_environment(base_url="https://wire.invalid")]))
    assert "WIRE_API_KEY or WIRE_KEY" in said
    assert "Client(api_key={'wire': ...})" in said


def test_a_missing_base_url_is_said_with_every_way_to_give_it() -> None:
    said = refusal(Client(adapters=[by_environment()], api_key={"wire": KEY}))
    assert "WIRE_BASE_URL" in said
    assert "Client(base_url={'wire': ...})" in said


def _failing() -> str:
    raise LookupError(SECRET)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (f"{SECRET}\n", "line break"),
        (f"{SECRET}ü", "characters that no HTTP header can carry"),
        (lambda: f"{SECRET}\r", "line break"),
        (SECRET.encode(), "the API key is a bytes, not text"),
        (_failing, "api_key callable failed: LookupError"),
    ],
    ids=["line break", "not ASCII", "callable", "bytes", "failing callable"],
)
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(
    server: TapeServer, key: str | Callable[[], str], said: str
) -> None:
    client = Client(
        adapters=[by_environment()], api_key={"wire": key}, base_url={"wire": server.url}
    )
    message = refusal(client)
    assert said in message
    assert SECRET not in message
    assert server.requests == []


@pytest.mark.parametrize("argument", ["api_key", "base_url"])
def test_one_key_for_all_vendors_is_refused(argument: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="given per vendor") as caught:
        Client(**{argument: SECRET})
    assert SECRET not in str(caught.value)


# --- base URLs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/v1", "is plain http"),
        ("http://192.168.1.7:8080", "is plain http"),
        ("http://localhost.example.com", "is plain http"),
        ("http://0.0.0.0:1234", "is plain http"),
        (f"http://example.com/?key={SECRET}", "is plain http"),
        (f"https://user:{SECRET}@example.com", "holds credentials"),
        (f"https://{SECRET}@example.com", "holds credentials"),
        (f"ftp://user:{SECRET}@example.com", "holds credentials"),
        (f"user:{SECRET}@example.com/v1", "holds credentials"),
        ("example.com/v1", "not an http"),
        ("ftp://example.com", "not an http"),
        ("https://", "not an http"),
        ("https://[::1", "malformed"),
        ("https://example.com:http", "malformed"),
    ],
)
def test_a_base_url_that_would_leak_or_cannot_be_is_refused(url: str, said: str) -> None:
    adapter = by_environment()
    message = refusal(Client(adapters=[adapter], api_key={"wire": KEY}, base_url={"wire": url}))
    assert said in message
    assert SECRET not in message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_to_this_machine_is_fine(server: TapeServer, host: str) -> None:
    url = server.url.replace("127.0.0.1", host)
    with Client(
        adapters=[by_environment()], api_key={"wire": KEY}, base_url={"wire": url}
    ) as client:
        assert client.complete("wire:any", "Hi").text == "Hi"


@pytest.mark.parametrize("url", ["http://[::1]:9", "http://127.8.0.1:9", "http://a.localhost:9"])
def test_every_name_of_this_machine_is_taken_for_it(url: str) -> None:
    with Client(
        adapters=[by_environment()], api_key={"wire": KEY}, base_url={"wire": url},
        retry=streamkit.Retry.never(),
    ) as client, pytest.raises(errors.ConnectError):  # fmt: skip
        client.complete("wire:any", "Hi")


def test_plain_http_may_be_allowed() -> None:
    with Client(
        adapters=[by_environment()], api_key={"wire": KEY},
        base_url={"wire": "http://wire.invalid"}, allow_http=True, retry=streamkit.Retry.never(),
    ) as client, pytest.raises(errors.ConnectError):  # fmt: skip
        client.complete("wire:any", "Hi")


# --- models and adapters -----------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-5", ":gpt-5", "wire:", ""])
def test_a_model_id_without_prefix_or_name_is_refused_with_an_example(model: str) -> None:
    with Client() as client, pytest.raises(errors.ConfigurationError, match="vendor:model"):
        client.stream(model, "Hi")


def test_an_unknown_prefix_is_refused_with_what_to_install() -> None:
    with Client() as client, pytest.raises(errors.ConfigurationError) as caught:
        client.stream("acme:large", "Hi")
    assert "no adapter for the model prefix 'acme'" in str(caught.value)
    assert "pip install streamkit-acme" in str(caught.value)


def test_a_model_name_may_hold_colons() -> None:
    fake = Fake("Hi")
    with fake.sync_client() as client:
        client.complete("fake:llama3:8b", "Hi")
    assert fake.requests[0].model == "llama3:8b"


def test_two_adapters_of_one_name_are_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="two adapters named 'fake'"):
        Client(adapters=[Fake(), Fake()])


# --- options ---------------------------------------------------------------------------------


def test_an_unknown_option_is_refused_with_the_common_ones() -> None:
    said = refusal(Client(adapters=[Wire("https://wire.invalid")]), temprature=1)
    assert "unknown option temprature" in said
    assert "extra_body" in said
    assert "temperature" in said


def test_an_option_of_the_wrong_type_is_refused_without_showing_it() -> None:
    said = refusal(Client(adapters=[Wire("https://wire.invalid")]), max_tokens=SECRET)
    assert "max_tokens" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "extra",
    [{"x-note": f"{SECRET}\r\n"}, {"x-note": f"ü{SECRET}"}, {f"x note {SECRET}": "1"}],
    ids=["line break", "not ASCII", "bad name"],
)
def test_a_header_that_cannot_be_sent_is_refused_and_not_shown(
    server: TapeServer, extra: dict[str, str]
) -> None:
    said = refusal(Client(adapters=[Wire(server.url)]), extra_headers=extra)
    assert "header" in said
    assert SECRET not in said
    assert server.requests == []


def test_a_body_that_json_cannot_hold_is_refused() -> None:
    client = Client(adapters=[Wire("https://wire.invalid")])
    assert "extra_body" in refusal(client, extra_body={"x": float("nan")})


def test_a_lone_surrogate_in_a_prompt_is_sent_as_its_json_escape(server: TapeServer) -> None:
    with Client(adapters=[Wire(server.url)]) as client:
        client.complete("wire:any", "a\ud83d")
    assert rb'"prompt":"a\ud83d"' in server.requests[0].body


def test_an_option_the_dialect_lacks_is_a_warning_event_and_is_not_sent(
    server: TapeServer,
) -> None:
    with Client(adapters=[Wire(server.url)]) as client:
        with client.stream("wire:any", "Hi", seed=7, top_k=3, temperature=1.5) as stream:
            notices = [event for event in stream if event.type == "notice"]
    assert [(n.level, n.code, n.data) for n in notices] == [
        ("warning", "option_ignored", {"what": "top_k"}),
        ("warning", "option_ignored", {"what": "seed"}),
    ]
    assert b"seed" not in server.requests[0].body
    assert b'"temperature":1.5' in server.requests[0].body


def test_a_falsy_option_is_an_option(server: TapeServer) -> None:
    with Client(adapters=[Wire(server.url)]) as client:
        with client.stream("wire:any", "Hi", seed=0, temperature=0) as stream:
            assert [e.data for e in stream if e.type == "notice"] == [{"what": "seed"}]
    assert b'"temperature":0' in server.requests[0].body


@pytest.mark.parametrize("on_the_call", [True, False])
def test_strict_makes_an_error_of_it(server: TapeServer, on_the_call: bool) -> None:
    client = Client(adapters=[Wire(server.url)], strict=not on_the_call)
    options = {"strict": True} if on_the_call else {}
    with client, pytest.raises(errors.UnsupportedError, match=r"seed.*strict=True"):
        client.complete("wire:any", "Hi", seed=7, **options)
    assert server.requests == []


def test_strict_may_be_lifted_for_a_call(server: TapeServer) -> None:
    with Client(adapters=[Wire(server.url)], strict=True) as client:
        assert client.complete("wire:any", "Hi", seed=7, strict=False).text == "Hi"


class Clamping(Wire):
    """Cannot have a temperature above 1."""

    def request(self, request: ChatRequest) -> WireRequest:
        wire = super().request(request)
        warned = Warned("option_adjusted", "temperature", "temperature is at most 1")
        return WireRequest(wire.path, wire.body, warnings=(warned,))


def test_what_the_adapter_adjusts_is_a_warning_or_with_strict_an_error(
    server: TapeServer,
) -> None:
    with Client(adapters=[Clamping(server.url)]) as client:
        with client.stream("wire:any", "Hi", temperature=2) as stream:
            [notice] = [event for event in stream if event.type == "notice"]
        assert (notice.level, notice.code) == ("warning", "option_adjusted")
        with pytest.raises(errors.UnsupportedError, match="at most 1"):
            client.complete("wire:any", "Hi", temperature=2, strict=True)


def test_extra_body_and_extra_headers_go_through_and_win(server: TapeServer) -> None:
    with Client(adapters=[Wire(server.url)]) as client:
        client.complete(
            "wire:any", "Hi", extra_body={"prompt": "mine", "beta": [1]},
            extra_headers={"X-Dialect": "mine", "User-Agent": "me/1"},
        )  # fmt: skip
    [request] = server.requests
    assert b'"prompt":"mine"' in request.body
    assert b'"beta":[1]' in request.body
    assert request.headers["x-dialect"] == "mine"
    assert request.headers["user-agent"] == "me/1"


def test_one_stop_string_is_a_list_of_one() -> None:
    fake = Fake("Hi")
    with fake.sync_client() as client:
        client.complete("fake:any", "Hi", stop="END")
        client.complete("fake:any", "Hi", stop=["a", "b"])
    assert [r.stop for r in fake.requests] == [("END",), ("a", "b")]


@pytest.mark.parametrize(
    "messages",
    [
        "Hi",
        Message.user("Hi"),
        [Message.user("Hi")],
        (Message.user("Hi"),),
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": ["Hi"]}],
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        {"role": "user", "content": "Hi"},
    ],
    ids=repr,
)
def test_a_conversation_may_be_given_in_every_usual_shape(messages: Any) -> None:
    fake = Fake("Hi")
    with fake.sync_client() as client:
        client.complete("fake:any", messages)
    assert fake.requests[0].messages == (Message(role="user", content=(TextPart(text="Hi"),)),)


@pytest.mark.parametrize("messages", [[], [{"role": "usr", "content": SECRET}], [SECRET], None])
def test_a_conversation_that_is_none_is_refused_without_showing_it(messages: Any) -> None:
    with Fake("Hi").sync_client() as client, pytest.raises(errors.ConfigurationError) as caught:
        client.complete("fake:any", messages)
    assert SECRET not in str(caught.value)


def test_tools_and_tool_choice_reach_the_adapter_as_given() -> None:
    fake = Fake("Hi")
    tool = Tool(name="look", parameters={"type": "object", "properties": {}})
    choice = streamkit.NamedTool(name="look")
    with fake.sync_client() as client:
        client.complete("fake:any", "Hi", tools=[tool], tool_choice=choice)
    assert fake.requests[0].tools == (tool,)
    assert fake.requests[0].tool_choice == choice


def test_the_answer_can_be_appended_to_the_history() -> None:
    fake = Fake("Hello")
    with fake.sync_client() as client:
        history = [Message.user("Hi")]
        history.append(client.complete("fake:any", history).message)
        client.complete("fake:any", [*history, Message.user("More")])
    assert [(m.role, m.text) for m in fake.requests[1].messages] == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "More"),
    ]


def test_an_option_equal_to_its_default_needs_no_support(server: TapeServer) -> None:
    adapter = Wire(server.url)
    assert adapter.supports == Supports(
        options=frozenset({"temperature", "max_tokens", "stop", "tools"})
    )
    with Client(adapters=[adapter], strict=True) as client:
        assert client.complete("wire:any", "Hi", seed=None, top_p=None).text == "Hi"
