"""Keys go out as each vendor wants them, over a real socket, and nothing else goes out as one."""

from __future__ import annotations

import os
import re
from itertools import count
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from streamkit import errors
from streamkit.adapter import Adapter
from streamkit.sync import Client
from streamkit.testing import Recording
from streamkit_bedrock import Bedrock, BedrockAnthropic
from streamkit_bedrock.sigv4 import SigV4
from streamkit_gemini import Gemini, GeminiInteractions
from streamkit_openai import OpenAIChat, OpenAIResponses
from tape_server import Answer, Request, TapeServer
from tests.dialects.takers import PLUGINS, TYPES

KEY = "sk-4eC39HqLyjWDarjt"
TEXTS = {
    "openai-chat": "openai/tests/recordings/openai_text.sse",
    "openai-responses": "openai/tests/responses_recordings/text.sse",
    "anthropic-messages": "anthropic/tests/recordings/text.sse",
    "ollama-chat": "ollama/tests/recordings/text.jsonl",
    "cohere-v2": "cohere/tests/recordings/text.sse",
    "mistral-chat": "mistral/tests/recordings/text.sse",
    "mistral-conversations": "mistral/tests/conversations_recordings/text.sse",
    "gemini-generate": "gemini/tests/recordings/text.sse",
    "gemini-interactions": "gemini/tests/interactions_recordings/text.sse",
    "bedrock-converse": "bedrock/tests/recordings/text.aws",
}
INVOKE = "bedrock/tests/invoke_recordings/text.aws"
AUTH_HEADERS = {"authorization", "x-api-key", "x-goog-api-key", "api-key"}
VARIABLE = re.compile(r"_(API_KEY|TOKEN|BASE_URL|ENDPOINT|HOST|KEY|REGION|PROFILE)(_|$)|^AWS_")


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if VARIABLE.search(name)]:
        monkeypatch.delenv(name)


def answer(file: str) -> Answer:
    path = PLUGINS / f"streamkit-{file}"
    body = Recording.load(path).body
    return Answer([body], headers={"content-type": TYPES[path.suffix]})


def asked(server: TapeServer, adapter: Adapter | str, file: str = "", **client: Any) -> Request:
    """The request of an answer that came whole."""
    by_hand = [] if isinstance(adapter, str) else [adapter]
    name = adapter if isinstance(adapter, str) else adapter.name
    server.play(answer(file))
    with Client(adapters=by_hand, **client) as opened:
        assert opened.complete(f"{name}:a-model", "Hi").text
    [request] = server.requests
    return request


def keys(request: Request) -> dict[str, str]:
    """All that a request has to show who sends it."""
    found = {name: value for name, value in request.headers.items() if name in AUTH_HEADERS}
    rest = {name: value for name, value in request.headers.items() if name not in found}
    assert KEY not in f"{request.path} {rest} {request.body!r}"
    return found


BY_ENVIRONMENT = [
    ("openai", "openai-chat", "OPENAI_API_KEY", "OPENAI_BASE_URL", "authorization"),
    ("openai-responses", "openai-responses", "OPENAI_API_KEY", "OPENAI_BASE_URL", "authorization"),
    ("cohere", "cohere-v2", "CO_API_KEY", "CO_API_URL", "authorization"),
    ("mistral", "mistral-chat", "MISTRAL_API_KEY", "MISTRAL_BASE_URL", "authorization"),
    (
        "mistral-conversations", "mistral-conversations",
        "MISTRAL_API_KEY", "MISTRAL_BASE_URL", "authorization",
    ),
    (
        "bedrock", "bedrock-converse", "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "authorization",
    ),
    ("anthropic", "anthropic-messages", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "x-api-key"),
    ("gemini", "gemini-generate", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "x-goog-api-key"),
    (
        "gemini-interactions", "gemini-interactions",
        "GEMINI_API_KEY", "GEMINI_BASE_URL", "x-goog-api-key",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prefix", "dialect", "key", "base_url", "header"), BY_ENVIRONMENT, ids=lambda x: x
)
def test_a_key_of_the_environment_goes_out_in_the_vendors_header(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, prefix: str, dialect: str, key: str,
    base_url: str, header: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(key, KEY)
    monkeypatch.setenv(base_url, server.url)
    sent = keys(asked(server, prefix, TEXTS[dialect]))
    assert sent == {header: f"Bearer {KEY}" if header == "authorization" else KEY}


@pytest.mark.parametrize(
    ("prefix", "base_url", "path"),
    [
        ("anthropic", "ANTHROPIC_BASE_URL", "/v1/messages"),
        ("openai", "OPENAI_BASE_URL", "/v1/chat/completions"),
    ],
)
def test_a_base_url_may_hold_the_version_already(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, prefix: str, base_url: str, path: str
) -> None:
    monkeypatch.setenv(base_url.replace("BASE_URL", "API_KEY"), KEY)
    monkeypatch.setenv(base_url, f"{server.url}/v1/")
    dialect = {"anthropic": "anthropic-messages", "openai": "openai-chat"}[prefix]
    assert asked(server, prefix, TEXTS[dialect]).path == path


# --- Azure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", "/", "/openai/v1", "/openai/v1/", "?tenant=1"])
@pytest.mark.parametrize(
    ("prefix", "dialect", "operation"),
    [
        ("azure", "openai-chat", "chat/completions"),
        ("azure-responses", "openai-responses", "responses"),
    ],
)
def test_azure_is_found_by_its_endpoint_in_every_form_that_it_is_told_in(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, prefix: str, dialect: str,
    operation: str, form: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url + form)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    request = asked(server, prefix, TEXTS[dialect])
    assert keys(request) == {"api-key": KEY}
    query = form if form.startswith("?") else ""
    assert request.path == f"/openai/v1/{operation}{query}"


VERSION = "?api-version=2024-10-21"
TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("given", ["environment", "client", "adapter"])
@pytest.mark.parametrize("end", ["", "/", "/chat/completions"])
@pytest.mark.parametrize("deployment", ["my-gpt", "openai"])
def test_azure_takes_the_path_of_a_deployment_however_it_is_given(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, given: str, end: str, deployment: str
) -> None:
    base_url = f"{server.url}/openai/deployments/{deployment}{end}{VERSION}"
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    adapter: Adapter | str = "azure"
    client: dict[str, Any] = {}
    if given == "environment":
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", base_url)
    elif given == "client":
        client = {"base_url": {"azure": base_url}}
    else:
        adapter = OpenAIChat("azure", base_url=base_url, api_key=KEY)
    request = asked(server, adapter, TEXTS["openai-chat"], **client)
    assert keys(request) == {"api-key": KEY}
    assert request.path == f"/openai/deployments/{deployment}/chat/completions{VERSION}"


@pytest.mark.parametrize("given", ["environment", "client", "adapter"])
@pytest.mark.parametrize(
    "base", ["/deployments/my-gpt", "/deployments/responses", "/deployments/openai/", "/responses"]
)
def test_azure_serves_responses_at_no_deployments_path(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, given: str, base: str
) -> None:
    base_url = f"{server.url}/openai{base}{VERSION}"
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    adapter: Adapter | str = "azure-responses"
    client: dict[str, Any] = {}
    if given == "environment":
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", base_url)
    elif given == "client":
        client = {"base_url": {"azure-responses": base_url}}
    else:
        adapter = OpenAIResponses("azure-responses", base_url=base_url, api_key=KEY)
    request = asked(server, adapter, TEXTS["openai-responses"], **client)
    assert keys(request) == {"api-key": KEY}
    assert request.path == f"/openai/responses{VERSION}"


@pytest.mark.parametrize("prefix", ["azure", "azure-responses"])
def test_a_token_of_entra_goes_to_azure_as_a_bearer(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    text = TEXTS["openai-chat" if prefix == "azure" else "openai-responses"]
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", TOKEN)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert keys(asked(server, prefix, text)) == bearer  # rather than the key, as its SDK does
    monkeypatch.delenv("AZURE_OPENAI_AD_TOKEN")
    fetched = {prefix: lambda: TOKEN}
    server.requests.clear()
    assert keys(asked(server, prefix, text, api_key=fetched)) == bearer
    server.requests.clear()
    assert keys(asked(server, "openai", TEXTS["openai-chat"], api_key={"openai": TOKEN},
                      base_url={"openai": server.url})) == bearer  # fmt: skip


def test_what_is_no_token_goes_to_azure_as_a_key(server: TapeServer) -> None:
    for key in ("eyJ0eXAiOiJKV1QifQ", "a.b.c", f"{TOKEN}="):
        server.requests.clear()
        request = asked(
            server, "azure", TEXTS["openai-chat"],
            api_key={"azure": key}, base_url={"azure": server.url},
        )  # fmt: skip
        assert keys(request) == {"api-key": key}


# --- Google ----------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", [Gemini, GeminiInteractions])
def test_a_service_token_is_fetched_anew_for_every_attempt(
    server: TapeServer, adapter: Any
) -> None:
    numbers = count()
    vertex = adapter(project="p", location="europe-west4", api_key=lambda: f"ya29-{next(numbers)}")
    refused = Answer(status=503, headers={"retry-after-ms": "1"})
    server.play(refused, answer(TEXTS[vertex.dialect]))
    base_url = {vertex.name: f"{server.url}/v1/projects/p/locations/europe-west4"}
    with Client(adapters=[vertex], base_url=base_url) as client:
        assert client.complete(f"{vertex.name}:a-model", "Hi").text
    sent = [keys(request) for request in server.requests]
    assert sent == [{"authorization": "Bearer ya29-0"}, {"authorization": "Bearer ya29-1"}]
    assert server.requests[0].path.startswith("/v1/projects/p/locations/europe-west4/")
    assert vertex.endpoint.base_url.startswith("https://europe-west4-aiplatform.googleapis.com/")


# --- AWS -------------------------------------------------------------------------------------


def signature(request: Request, url: str, secret: str) -> str:
    """The authorization that AWS works out for what it received."""
    names = re.search(r"SignedHeaders=([^,]+)", request.headers["authorization"])
    assert names is not None
    headers = {name: request.headers[name] for name in names[1].split(";") if name != "host"}
    received = AWSRequest(request.method, url + request.path, headers=headers, data=request.body)
    received.context["timestamp"] = request.headers["x-amz-date"]
    check = SigV4Auth(Credentials("AKIDEXAMPLE", secret), "bedrock", "eu-west-1")
    text = check.string_to_sign(received, check.canonical_request(received))
    return check.signature(text, received)


@pytest.mark.parametrize(
    ("adapter", "file"), [(Bedrock, TEXTS["bedrock-converse"]), (BedrockAnthropic, INVOKE)]
)
def test_requests_to_aws_are_signed_over_what_is_sent(
    server: TapeServer, adapter: Any, file: str
) -> None:
    signer = SigV4(region="eu-west-1", access_key="AKIDEXAMPLE", secret_key=KEY)
    sut = adapter(base_url=server.url, signer=signer)
    request = asked(server, sut, file)
    [(name, sent)] = keys(request).items()
    assert name == "authorization"
    scope = rf"Credential=AKIDEXAMPLE/{request.headers['x-amz-date'][:8]}/eu-west-1/bedrock/"
    assert re.match(rf"AWS4-HMAC-SHA256 {scope}aws4_request, SignedHeaders=.*host", sent)
    assert sent.endswith(f"Signature={signature(request, server.url, KEY)}")
    assert not sent.endswith(f"Signature={signature(request, server.url, 'another')}")


def region_signed_for(request: Request) -> str:
    scope = re.search(
        r"Credential=AKIDEXAMPLE/\d+/([a-z0-9-]+)/bedrock/", keys(request)["authorization"]
    )
    assert scope is not None
    return scope[1]


@pytest.mark.parametrize("given", ["adapter", "client", "environment"])
@pytest.mark.parametrize(
    ("region", "environment", "signed_for"),
    [
        ("eu-west-1", {"AWS_REGION": "us-east-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-west-2"}, "us-east-1"),
        (None, {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
    ],
)
def test_a_gateway_gets_signatures_for_the_region_that_was_given(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, given: str, region: str | None,
    environment: dict[str, str], signed_for: str,
) -> None:  # fmt: skip
    secrets = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY}
    for name, value in {**secrets, **environment}.items():
        monkeypatch.setenv(name, value)
    by_hand = server.url if given == "adapter" else None
    client = {"base_url": {"bedrock": server.url}} if given == "client" else {}
    if given == "environment" and region is None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    elif given == "environment":  # which an adapter of a region does not look at
        by_hand = server.url
    adapter = Bedrock(region=region, base_url=by_hand, signer=SigV4())
    request = asked(server, adapter, TEXTS["bedrock-converse"], **client)
    assert region_signed_for(request) == signed_for


@pytest.mark.parametrize("adapter", [Bedrock, BedrockAnthropic])
def test_where_no_region_is_known_the_error_says_where_it_was_looked_for(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, adapter: Any
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    signer = SigV4(access_key="AKIDEXAMPLE", secret_key=KEY)
    with (
        Client(adapters=[adapter(base_url=server.url, signer=signer)]) as client,
        pytest.raises(errors.ConfigurationError) as caught,
    ):
        client.complete(f"{adapter.name}:a-model", "Hi")
    assert server.requests == []
    for place in ("127.0.0.1", "region=...", "AWS_REGION", "AWS_DEFAULT_REGION", "configuration"):
        assert place in str(caught.value)


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (403, "UnrecognizedClientException", errors.AuthenticationError),
        (403, "AccessDeniedException", errors.PermissionDeniedError),
    ],
)
@pytest.mark.parametrize("key", [None, KEY])
def test_who_signs_is_told_to_look_at_credentials_and_who_has_a_key_at_the_key(
    server: TapeServer, status: int, name: str, kind: type[errors.VendorError], key: str | None
) -> None:
    body = [b'{"message": "The security token included in the request is invalid."}']
    headers = {"content-type": "application/json", "x-amzn-errortype": f"{name}:http://aws"}
    server.play(Answer(body, status=status, headers=headers))
    signer = SigV4(region="eu-west-1", access_key="AKIDEXAMPLE", secret_key=KEY)
    bedrock = Bedrock(base_url=server.url, signer=signer, api_key=key)
    with Client(adapters=[bedrock]) as client, pytest.raises(kind) as caught:
        client.complete("bedrock:a-model", "Hi")
    said = str(caught.value)
    assert ("signed with the cloud credentials" in said) == (key is None)
    assert ("refuses the key" in said) == (key is not None and kind is errors.AuthenticationError)


# --- no key ----------------------------------------------------------------------------------


def test_a_server_without_keys_is_sent_none_of_anothers(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    request = asked(server, "ollama", TEXTS["ollama-chat"], base_url={"ollama": server.url})
    assert keys(request) == {}


@pytest.mark.parametrize("prefix", ["openai", "anthropic", "gemini", "cohere", "mistral", "azure"])
def test_without_a_key_nothing_is_sent(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    with Client(base_url={prefix: server.url}) as client:
        with pytest.raises(errors.ConfigurationError, match="API_KEY"):
            client.complete(f"{prefix}:a-model", "Hi")
    assert server.requests == []
