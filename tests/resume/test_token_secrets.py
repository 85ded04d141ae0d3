"""Secrets that a request holds are in no token, and a signed token cannot be forged."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

import streamkit
from streamkit import errors
from streamkit._setup import Setup
from streamkit.messages import Tool, VendorTool
from tests.resume.going import SOON, Going, ask, words
from tests.resume.going import whole as ended
from tests.resume.test_tokens import ONE, broken, changed, refused

HALF = words("The sky", " is", " blue", " to")
REST = ended(" today.")
PLANTED = "planted-secret"
BODY: dict[str, Any] = {
    "mcp_servers": [{"url": "https://mcp.example/x", "authorization_token": PLANTED}],
    "max_tokens": 9,
    "top": {"token_budget": 3},
}


# --- secrets of a request ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        {"authorization": PLANTED},
        {"authorization": {"type": "bearer", "value": PLANTED}},
        {"authorization_token": PLANTED},
        {"accessToken": PLANTED},
        {"auth": [PLANTED]},
        {"apiKey": PLANTED},
        {"x-api-key": PLANTED},
        {"client_secret": PLANTED},
        {"password": PLANTED},
        {"headers": {"X-Mine": PLANTED}},
        {"Cookie": PLANTED},
        {"as_said": f"Bearer {PLANTED}"},
        {"server_url": f"https://me:{PLANTED}@mcp.example/x"},
        {"server_url": f"https://mcp.example/x?v=1&api_key={PLANTED}"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_secrets_of_extra_body_and_tools_are_not_in_a_token(field: dict[str, Any]) -> None:
    tools = [Tool(name="look", parameters={}), VendorTool(payload={"type": "mcp", "deep": [field]})]
    for given in ({"extra_body": {"deep": {"er": field}, "a": 1}}, {"tools": tools}):
        before = copy.deepcopy(given)
        token = broken(HALF, **given).error.token
        assert PLANTED not in token
        assert given == before
        [name] = given
        with streamkit.sync.Client(adapters=[Going()]) as client:
            with pytest.raises(errors.ConfigurationError, match=f"resume\\(token, {name}=") as told:
                client.resume(token)
            assert next(iter(field)) in str(told.value)
            client.resume(token, **given)
        assert ask(REST, token=token, given=given).error is None


def test_what_is_given_again_is_sent_and_stays_out_of_the_next_token() -> None:
    token = broken(HALF, extra_body=BODY).error.token
    assert '"max_tokens": 9' in token
    assert "token_budget" in token
    other = {**BODY, "mcp_servers": [{"authorization_token": f"{PLANTED}-2"}]}
    again = ask(words(" today", " at"), token=token, given={"extra_body": other}, policies=ONE)
    assert again.bodies[0]["mcp_servers"] == other["mcp_servers"]
    assert PLANTED not in again.error.token
    assert ask(ended(" at noon."), token=again.error.token, given={"extra_body": other}).text == (
        "The sky is blue today at noon."
    )


def test_what_is_given_again_must_be_valid_and_is_not_told() -> None:
    token = broken(HALF, extra_body=BODY).error.token
    with streamkit.sync.Client(adapters=[Going()]) as client:
        with pytest.raises(errors.ConfigurationError, match="tools is not valid") as told:
            client.resume(token, extra_body=BODY, tools=[{"payload": PLANTED}])  # type: ignore[list-item]
    assert told.value.__context__ is None
    assert PLANTED not in str(told.value)


# --- forgery -------------------------------------------------------------------------------------

SECRET = "a secret of the tests"


def signing(secret: str | bytes | None) -> Setup:
    return Setup(adapters=[Going()], retry=SOON, token_secret=secret)


def test_a_signed_token_goes_on_and_is_signed_again() -> None:
    token = broken(HALF, setup=signing(SECRET)).error.token
    again = ask(words(" today", " at"), token=token, setup=signing(SECRET), policies=ONE)
    told = ask(ended(" at noon."), token=again.error.token, setup=signing(SECRET.encode()))
    assert told.text == "The sky is blue today at noon."
    assert SECRET not in token


def test_a_client_with_a_secret_takes_only_what_was_signed_with_it() -> None:
    signed = broken(HALF, setup=signing(SECRET)).error.token
    plain = broken(HALF).error.token
    for token, setup, why in (
        (plain, signing(SECRET), "is not signed, as the token_secret of this client demands"),
        (changed(plain, model="wire:x"), signing(SECRET), "is not signed"),
        (changed(plain, signed=True), signing(SECRET), "damaged or changed"),
        (changed(signed, model="wire:x"), signing(SECRET), "damaged or changed"),
        (changed(signed, sealed=False, model="wire:x"), signing(SECRET), "damaged or changed"),
        (signed, signing("another secret of theirs"), "damaged or changed"),
        (signed, signing(None), "signed with a token_secret, which this client lacks"),
    ):
        with pytest.raises(errors.ConfigurationError, match=why):
            setup.resumed(token, {}, {})


@pytest.mark.parametrize("secret", ["", b"", "short"])
def test_a_secret_that_is_none_is_refused(secret: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="token_secret has fewer than 16"):
        streamkit.Client(token_secret=secret)
    with pytest.raises(errors.ConfigurationError, match="token_secret has fewer than 16"):
        streamkit.sync.Client(token_secret=secret)


def test_a_token_from_the_future_is_refused() -> None:
    token = broken(HALF).error.token
    refused(changed(token, created=int(time.time()) + 3600), "made in the future")
    assert ask(REST, token=changed(token, created=int(time.time()) + 60)).error is None
