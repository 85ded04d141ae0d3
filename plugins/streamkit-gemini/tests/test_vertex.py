"""On Vertex AI: where requests go, who they are from, and what Claude's look like there."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import pytest

import streamkit_gemini
from streamkit.adapter import Adapter, Unsigned
from streamkit.errors import ConfigurationError, InvalidRequestError, UnsupportedError
from streamkit.messages import ChatRequest, DocumentPart, ImagePart, Message, Tool
from streamkit.sync import Client
from streamkit.testing import MemoryTransport, Tape
from streamkit_anthropic import AnthropicMessages
from streamkit_gemini import Gemini, GeminiInteractions, VertexAnthropic
from streamkit_gemini.google_auth import sign

ASK = (Message.system("Be brief."), Message.user("Hi"))
VARIABLES = (
    *("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_OAUTH_ACCESS_TOKEN"),
    *("ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
)
HOSTS = [
    (None, "global", "aiplatform.googleapis.com"),
    ("us", "us", "aiplatform.us.rep.googleapis.com"),
    ("eu", "eu", "aiplatform.eu.rep.googleapis.com"),
    ("europe-west4", "europe-west4", "europe-west4-aiplatform.googleapis.com"),
]
PATHS = {
    "vertex": "/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse",
    "vertex-interactions": "/interactions",
    "vertex-anthropic": "/publishers/anthropic/models/gemini-3-flash:streamRawPredict",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def installed(name: str) -> Adapter:
    adapter = streamkit_gemini.streamkit_adapter(name)
    assert adapter is not None
    assert adapter.name == name
    return adapter


def sent(adapter: Adapter, model: str = "gemini-3-flash") -> httpx.Request:
    """What goes out. The answer is an error, which nobody reads."""
    transport = MemoryTransport(Tape(b"{}", 400, {"content-type": "application/json"}))
    with (
        httpx.Client(transport=transport) as http,
        Client(adapters=[adapter], http=http) as client,
        pytest.raises(InvalidRequestError),
    ):
        client.complete(f"{adapter.name}:{model}", "Hi")
    return transport.requests[0]


@pytest.mark.parametrize("prefix", PATHS)
@pytest.mark.parametrize(("location", "named", "host"), HOSTS)
def test_project_and_location_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, prefix: str, location: str | None, named: str, host: str
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")
    if location:
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)
    request = sent(installed(prefix))
    assert request.headers["authorization"] == "Bearer ya29.token"
    assert "x-goog-api-key" not in request.headers
    version = "v1beta1" if prefix == "vertex-interactions" else "v1"
    place = f"https://{host}/{version}/projects/p1/locations/{named}"
    assert str(request.url) == place + PATHS[prefix]


@pytest.mark.parametrize("adapter", [Gemini, GeminiInteractions, VertexAnthropic])
@pytest.mark.parametrize(("location", "named", "host"), HOSTS[1:])
def test_or_from_whoever_makes_the_adapter(
    adapter: Any, location: str, named: str, host: str
) -> None:
    made = adapter(project="p2", location=location, api_key=lambda: "ya29.fresh")
    request = sent(made)
    assert request.url.host == host
    assert f"/projects/p2/locations/{named}/" in str(request.url)
    assert request.headers["authorization"] == "Bearer ya29.fresh"


def test_for_claude_the_variables_of_anthropics_sdk_count_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "others")
    monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "claudes")
    monkeypatch.setenv("CLOUD_ML_REGION", "us-east5")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")
    url = sent(installed("vertex-anthropic"), "claude-haiku-4-5@20251001").url
    assert url.host == "us-east5-aiplatform.googleapis.com"
    assert url.path == (
        "/v1/projects/claudes/locations/us-east5/publishers/anthropic/models/"
        "claude-haiku-4-5@20251001:streamRawPredict"
    )


@pytest.mark.parametrize("prefix", PATHS)
def test_a_project_that_is_missing_is_asked_for(prefix: str) -> None:
    with (
        Client(adapters=[installed(prefix)]) as client,
        pytest.raises(ConfigurationError, match="GOOGLE_CLOUD_PROJECT"),
    ):
        client.complete(f"{prefix}:m", "Hi")


@pytest.mark.parametrize("adapter", [Gemini, GeminiInteractions, VertexAnthropic])
def test_a_base_url_and_a_project_exclude_each_other(adapter: Any) -> None:
    with pytest.raises(ConfigurationError, match="a base_url or a project"):
        adapter(base_url="http://localhost:9", project="p")


def test_without_a_token_a_signer_gives_one() -> None:
    asked: list[Unsigned] = []

    def signer(request: Unsigned) -> dict[str, str]:
        asked.append(request)
        return {"Authorization": "Bearer ya29.signed", "x-goog-user-project": "billed"}

    request = sent(Gemini(project="p", location="global", signer=signer))
    assert request.headers["authorization"] == "Bearer ya29.signed"
    assert request.headers["x-goog-user-project"] == "billed"
    assert [each.method for each in asked] == ["POST"]


def test_without_google_auth_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(ConfigurationError, match=r"install\s+streamkit-gemini\[vertex\]"):
        sign(Unsigned("POST", "https://x.invalid", {}, b""))


# --- Claude --------------------------------------------------------------------------------------


def build(adapter: Adapter, model: str = "claude-sonnet-4-5@20250929", **options: Any) -> Any:
    return adapter.request(ChatRequest(model=model, messages=ASK, **options))


def test_the_body_is_anthropics_but_for_model_and_version() -> None:
    options: dict[str, Any] = {
        "tools": (Tool(name="weather"),),
        "tool_choice": "required",
        "temperature": 0.5,
        "stop": ("END",),
        "max_tokens": 99,
        "extra_body": {"thinking": {"type": "disabled"}},
    }
    theirs = build(AnthropicMessages(), **options)
    wire = build(VertexAnthropic(), **options)
    body = {k: v for k, v in theirs.body.items() if k != "model"}
    assert wire.body == {"anthropic_version": "vertex-2023-10-16", **body}
    assert wire.body["stream"] is True
    assert (dict(wire.headers), wire.warnings) == ({}, theirs.warnings)


def test_betas_are_a_header_those_that_are_needed_too() -> None:
    wire = build(VertexAnthropic(betas=("context-1m-2025-08-07",)))
    assert wire.headers == {"anthropic-beta": "context-1m-2025-08-07"}
    file = Message.user("Sum up", DocumentPart(file_id="file_1"))
    request = ChatRequest(model="claude-sonnet-4-5", messages=(file,))
    assert VertexAnthropic().request(request).headers == {"anthropic-beta": "files-api-2025-04-14"}


@pytest.mark.parametrize("part", [ImagePart, DocumentPart])
def test_what_vertex_would_have_to_fetch_is_refused(part: type[ImagePart | DocumentPart]) -> None:
    asked = Message.user("What is it?", part(url="https://example.com/a"))
    request = ChatRequest(model="claude-sonnet-4-5", messages=(asked,))
    with pytest.raises(UnsupportedError, match=r"fetches no URLs.*from_bytes"):
        VertexAnthropic().request(request)
    assert VertexAnthropic(fetches=True).request(request).body["messages"]


def test_the_newer_version_takes_no_sampling() -> None:
    wire = build(VertexAnthropic(version="2026-10-21"), temperature=0.5)
    assert wire.body["anthropic_version"] == "2026-10-21"
    assert "temperature" not in wire.body
    assert [warned.what for warned in wire.warnings] == ["temperature"]


def test_a_model_name_stays_in_its_place() -> None:
    path = build(VertexAnthropic(), model="a/../b?c").path
    assert path == "/publishers/anthropic/models/a%2F..%2Fb%3Fc:streamRawPredict"


def test_a_base_url_given_by_hand_gets_no_token_of_googles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")
    request = sent(VertexAnthropic(base_url="https://proxy.example/v1"))
    assert "authorization" not in request.headers
    assert str(request.url).startswith("https://proxy.example/v1/publishers/anthropic/models/")
