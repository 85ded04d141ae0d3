"""On Vertex AI, requests are those that Anthropic's and Google's own SDKs make, token and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import httpx2
import pytest
from anthropic import AnthropicVertex
from google import genai
from google.auth import exceptions
from google.oauth2.credentials import Credentials

from streamkit.adapter import Adapter, Unsigned
from streamkit.errors import AuthenticationError, ConfigurationError, StreamkitError
from streamkit.messages import Message, Tool
from streamkit.sync import Client
from streamkit.testing import MemoryTransport, Tape
from streamkit_gemini import Gemini, GeminiInteractions, VertexAnthropic
from streamkit_gemini.google_auth import GoogleAuth

TOKEN = "ya29.token"
LOCATIONS = ["global", "us", "eu", "us-east5"]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool(name="weather", description="The weather.", parameters=SCHEMA)


def ours(adapter: Adapter, model: str, **options: Any) -> httpx.Request:
    transport = MemoryTransport(Tape(b"{}", 400, {"content-type": "application/json"}))
    with (
        httpx.Client(transport=transport) as http,
        Client(adapters=[adapter], http=http) as client,
        pytest.raises(StreamkitError),
    ):
        messages = [Message.system("Be brief."), Message.user("Hi")]
        client.complete(f"{adapter.name}:{model}", messages, **options)
    return transport.requests[0]


def anthropics(location: str, **options: Any) -> httpx2.Request:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=b"")

    sdk = AnthropicVertex(
        region=location,
        project_id="p1",
        access_token=TOKEN,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    list(sdk.messages.create(stream=True, **options))
    return sent[0]


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("model", ["claude-haiku-4-5@20251001", "claude-opus-4-8"])
def test_claude_is_asked_as_anthropics_sdk_asks(location: str, model: str) -> None:
    adapter = VertexAnthropic(
        project="p1", location=location, api_key=TOKEN, version="2026-10-21", betas=("b-1",)
    )
    mine = ours(adapter, model, tools=(WEATHER,), max_tokens=99, stop="END")
    theirs = anthropics(
        location,
        model=model,
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        system="Be brief.",
        tools=[{"name": "weather", "description": "The weather.", "input_schema": SCHEMA}],
        max_tokens=99,
        stop_sequences=["END"],
        extra_headers={"anthropic-beta": "b-1"},
    )
    assert str(mine.url) == str(theirs.url)
    for name in ("authorization", "anthropic-beta", "content-type"):
        assert mine.headers[name] == theirs.headers[name]
    assert "anthropic-version" not in theirs.headers
    assert "anthropic-version" not in mine.headers
    assert json.loads(mine.content) == json.loads(theirs.content)


class Googles:
    """Google's SDK on Vertex AI, with what it sends."""

    def __init__(self, *, version: str | None = None, **place: Any) -> None:
        self.sent: list[httpx.Request] = []
        transport = httpx.MockTransport(self._answer)
        http: dict[str, Any] = {"httpx_client": httpx.Client(transport=transport)}
        if version:
            http["api_version"] = version
        self.sdk = genai.Client(vertexai=True, http_options=http, **place)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"")


def placed(location: str) -> dict[str, Any]:
    return {"project": "p1", "location": location, "credentials": Credentials(TOKEN)}


@pytest.mark.parametrize("location", LOCATIONS)
def test_gemini_is_asked_as_googles_sdk_asks(location: str) -> None:
    adapter = Gemini(project="p1", location=location, api_key=TOKEN)
    mine = ours(adapter, "gemini-3-flash", max_tokens=99, temperature=0.5, metadata={"team": "a"})
    googles = Googles(version="v1", **placed(location))
    config: Any = {
        "system_instruction": "Be brief.",
        "max_output_tokens": 99,
        "temperature": 0.5,
        "labels": {"team": "a"},
    }
    asked = {"model": "gemini-3-flash", "contents": "Hi", "config": config}
    list(googles.sdk.models.generate_content_stream(**asked))
    [theirs] = googles.sent
    assert str(mine.url) == str(theirs.url)
    assert mine.headers["authorization"] == theirs.headers["authorization"]
    assert json.loads(mine.content) == _without_roles(json.loads(theirs.content))


@pytest.mark.parametrize("location", LOCATIONS)
def test_interactions_are_asked_for_as_googles_sdk_does(location: str) -> None:
    adapter = GeminiInteractions(project="p1", location=location, api_key=TOKEN)
    mine = ours(adapter, "gemini-3-flash", max_tokens=99)
    googles = Googles(**placed(location))
    content = [{"type": "text", "text": "Hi"}]
    googles.sdk.interactions.create(
        model="gemini-3-flash",
        input=[{"type": "user_input", "content": content}],
        system_instruction="Be brief.",
        generation_config={"max_output_tokens": 99},
        stream=True,
    )
    [theirs] = googles.sent
    assert str(mine.url) == str(theirs.url)
    assert mine.headers["authorization"] == theirs.headers["authorization"]
    assert json.loads(mine.content) == json.loads(theirs.content)


def test_a_key_of_express_mode_goes_where_googles_sdk_sends_it() -> None:
    adapter = Gemini(
        base_url="https://aiplatform.googleapis.com/v1/publishers/google", api_key="AQ.key"
    )
    mine = ours(adapter, "gemini-3-flash")
    googles = Googles(version="v1", api_key="AQ.key")
    list(googles.sdk.models.generate_content_stream(model="gemini-3-flash", contents="Hi"))
    [theirs] = googles.sent
    assert str(mine.url) == str(theirs.url)
    assert mine.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"] == "AQ.key"


def _without_roles(body: dict[str, Any]) -> dict[str, Any]:
    """The SDK gives the system a role, which it does not have."""
    body["systemInstruction"].pop("role", None)
    return body


# --- credentials ---------------------------------------------------------------------------------


class TokenServer(HTTPServer):
    """Gives a token for a refresh token, as Google does; counts. ``status`` is what it answers."""

    asked = 0
    status = 200


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        token = {"access_token": f"ya29-{self.server.asked}", "expires_in": 3600}
        refused = {"error": "invalid_grant", "error_description": "Token has been revoked."}
        body = json.dumps(token if self.server.status == 200 else refused).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    server = TokenServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def credentials(server: TokenServer, **more: Any) -> Credentials:
    url = f"http://127.0.0.1:{server.server_port}/token"
    return Credentials(
        None, refresh_token="r", token_uri=url, client_id="c", client_secret="s", **more
    )


ASKED = Unsigned("POST", "https://aiplatform.googleapis.com/v1/x", {}, b"{}")


def test_a_token_is_fetched_once_and_kept(tokens: TokenServer) -> None:
    sign = GoogleAuth(credentials(tokens, quota_project_id="billed"))
    for _ in range(3):
        headers = {name.lower(): value for name, value in sign(ASKED).items()}
        assert headers["authorization"] == "Bearer ya29-1"
        assert headers["x-goog-user-project"] == "billed"
    assert tokens.asked == 1
    assert "ya29" not in repr(sign)


def test_credentials_that_google_refuses_are_an_authentication_error(tokens: TokenServer) -> None:
    tokens.status = 400
    with pytest.raises(AuthenticationError, match="RefreshError"):
        GoogleAuth(credentials(tokens))(ASKED)


def test_without_credentials_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(**_: Any) -> None:
        raise exceptions.DefaultCredentialsError("none found")

    monkeypatch.setattr("google.auth.default", default)
    with pytest.raises(ConfigurationError, match="gcloud auth application-default login"):
        GoogleAuth()(ASKED)


def test_a_signed_request_carries_the_token(tokens: TokenServer) -> None:
    adapter = Gemini(project="p1", location="global", signer=GoogleAuth(credentials(tokens)))
    assert ours(adapter, "gemini-3-flash").headers["authorization"] == "Bearer ya29-1"
