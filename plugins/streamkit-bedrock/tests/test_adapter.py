"""The adapters as a user meets them: found by prefix, keyed or signed, and silent about secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from streamkit import errors, sync
from streamkit.adapter import Unsigned
from streamkit.messages import ChatRequest, JsonSchema, Message
from streamkit.testing import MemoryTransport, Recording, Tape, decode
from streamkit_bedrock import Bedrock, BedrockAnthropic
from streamkit_bedrock.sigv4 import SigV4

HERE = Path(__file__).parent
TOKEN = "bedrock-api-key-c2VjcmV0"
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
SESSION = "FwoGZXIvYXdzEXAMPLESESSION"
MODEL = "us.amazon.nova-2-lite-v1:0"

_AWS = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
_MORE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.fixture(autouse=True)
def _no_aws_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*_AWS, *_MORE, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def tape(folder: str = "recordings", name: str = "text") -> Tape:
    body = Recording.load(HERE / folder / f"{name}.aws").body
    return Tape(body, headers={"content-type": "application/vnd.amazon.eventstream"})


def ask(
    *adapters: Bedrock | BedrockAnthropic,
    model: str = f"bedrock:{MODEL}",
    played: Tape | None = None,
) -> httpx.Request:
    """What went over the wire for one question."""
    transport = MemoryTransport(played or tape())
    with sync.Client(http=httpx.Client(transport=transport), adapters=adapters) as client:
        client.complete(model, "Why is the sky blue?")
    [request] = transport.requests
    return request


# --- keys and places -----------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_key_and_region_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "eu-central-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    request = ask()
    assert request.url.host == "bedrock-runtime.eu-central-1.amazonaws.com"
    assert request.url.raw_path == b"/model/us.amazon.nova-2-lite-v1%3A0/converse-stream"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/vnd.amazon.eventstream"
    assert "x-amz-date" not in request.headers


def test_claude_is_reached_in_its_own_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    model = "bedrock-anthropic:anthropic.claude-3-haiku-20240307-v1:0"
    request = ask(model=model, played=tape("invoke_recordings"))
    path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream"
    assert request.url.raw_path == path.encode()
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-api-key" not in request.headers


def test_another_host_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://vpce-1.example")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    assert ask().url.host == "vpce-1.example"


def test_without_a_region_the_variables_are_named() -> None:
    with pytest.raises(errors.ConfigurationError, match="AWS_REGION or AWS_DEFAULT_REGION"):
        ask()


def test_a_host_of_ones_own_never_gets_the_key_for_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    request = ask(
        Bedrock(base_url="http://localhost:8080", signer=None, name="mine"), model="mine:m"
    )
    assert str(request.url) == "http://localhost:8080/model/m/converse-stream"
    assert TOKEN not in str(request.headers.raw)


# --- signatures ----------------------------------------------------------------------------------


def hand_signed(request: httpx.Request, region: str) -> str:
    """The signature of AWS's documentation (Signature Version 4), over what was received."""
    names = re.search(r"SignedHeaders=([^,]+)", request.headers["authorization"])[1].split(";")
    canonical = "\n".join(
        [
            request.method,
            quote(request.url.raw_path.decode(), safe="/-_.~"),
            "",
            *(f"{name}:{request.headers[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(request.content).hexdigest(),
        ]
    )
    stamp = request.headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/bedrock/aws4_request"
    to_sign = (
        f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


@pytest.mark.parametrize("model", [MODEL, "arn:aws:bedrock:us-west-2:123456789012:prompt-router/r"])
def test_without_a_key_requests_are_signed_with_the_credentials_of_aws(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    adapter = Bedrock(region="us-west-2", signer=SigV4())
    request = ask(adapter, model=f"bedrock:{model}")
    signature = hand_signed(request, "us-west-2")
    assert request.headers["authorization"].endswith(f"Signature={signature}")
    assert "Credential=AKIDEXAMPLE/" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == SESSION
    signed = re.search(r"SignedHeaders=([^,]+)", request.headers["authorization"])[1]
    assert signed == "content-type;host;x-amz-date;x-amz-security-token"


def test_what_bedrock_reads_in_headers_is_signed_too() -> None:
    keys = SigV4(access_key="AKIDGIVEN", secret_key=SECRET)
    adapter = BedrockAnthropic(region="eu-west-1", signer=keys)
    transport = MemoryTransport(tape("invoke_recordings"))
    with sync.Client(http=httpx.Client(transport=transport), adapters=[adapter]) as client:
        client.complete("bedrock-anthropic:claude-x", "Hi", service_tier="flex")
    [request] = transport.requests
    signed = "SignedHeaders=content-type;host;x-amz-date;x-amzn-bedrock-service-tier,"
    assert signed in request.headers["authorization"]
    assert request.headers["authorization"].endswith(hand_signed(request, "eu-west-1"))


def test_credentials_may_be_given_or_named_by_their_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(
        f"[research]\naws_access_key_id=AKIDPROFILE\naws_secret_access_key={SECRET}\n"
    )
    (tmp_path / "config").write_text("[profile research]\nregion=eu-west-3\n")
    mine = Bedrock(base_url="https://vpce.example", signer=SigV4(profile="research"))
    request = ask(mine)
    assert "Credential=AKIDPROFILE/" in request.headers["authorization"]
    assert request.headers["authorization"].endswith(hand_signed(request, "eu-west-3"))
    given = SigV4(region="eu-west-1", access_key="AKIDGIVEN", secret_key=SECRET)
    request = ask(Bedrock(base_url="https://vpce.example", signer=given))
    assert "Credential=AKIDGIVEN/" in request.headers["authorization"]
    assert request.headers["authorization"].endswith(hand_signed(request, "eu-west-1"))


def test_without_key_and_credentials_it_says_what_to_do() -> None:
    with pytest.raises(errors.ConfigurationError, match="AWS_BEARER_TOKEN_BEDROCK") as caught:
        ask(Bedrock(region="us-east-1", signer=SigV4()))
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_without_a_region_nothing_is_signed() -> None:
    keys = SigV4(access_key="AKIDGIVEN", secret_key=SECRET)
    with pytest.raises(errors.ConfigurationError, match="no AWS region"):
        ask(Bedrock(base_url="https://vpce.example", signer=keys))


def test_a_profile_that_is_missing_is_told_as_such() -> None:
    with pytest.raises(errors.AuthenticationError, match="ProfileNotFound"):
        ask(Bedrock(region="us-east-1", signer=SigV4(profile="nobody")))


def test_without_botocore_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(errors.ConfigurationError, match=r"streamkit-bedrock\[sigv4\]"):
        ask(Bedrock(region="us-east-1"))


def test_credentials_are_in_no_repr() -> None:
    keys = SigV4(access_key="AKIDGIVEN", secret_key=SECRET, session_token=SESSION)
    keys(Unsigned("POST", "https://bedrock-runtime.us-east-1.x", {"content-type": "a"}, b""))
    shown = (
        repr(Bedrock(signer=keys, api_key=TOKEN)) + repr(keys) + repr(Bedrock(signer=keys).endpoint)
    )
    for secret in ("AKIDGIVEN", SECRET, SESSION, TOKEN):
        assert secret not in shown


def test_adapters_are_values() -> None:
    assert Bedrock(region="eu-west-1") == Bedrock(region="eu-west-1")
    assert len({Bedrock(), Bedrock(), Bedrock(region="eu-west-1")}) == 2
    assert BedrockAnthropic() == BedrockAnthropic()


# --- error answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", [Bedrock(), BedrockAnthropic()], ids=lambda a: a.name)
@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (403, "AccessDeniedException", errors.PermissionDeniedError),
        (403, "UnrecognizedClientException", errors.AuthenticationError),
        (403, "ExpiredTokenException", errors.AuthenticationError),
        (400, "ValidationException", errors.InvalidRequestError),
        (404, "ResourceNotFoundException", errors.NotFoundError),
        (408, "ModelTimeoutException", errors.VendorTimeoutError),
        (424, "ModelErrorException", errors.ServerError),
        (429, "ThrottlingException", errors.RateLimitError),
        (429, "ModelNotReadyException", errors.OverloadedError),
        (400, "ServiceQuotaExceededException", errors.RateLimitError),
        (500, "InternalServerException", errors.ServerError),
        (503, "ServiceUnavailableException", errors.OverloadedError),
    ],
)
def test_an_error_answer_is_told_by_the_type_in_its_header(
    adapter: Bedrock, status: int, name: str, kind: type[errors.VendorError]
) -> None:
    headers = {
        "content-type": "application/json",
        "x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/",
        "x-amzn-requestid": "7d9c3d4e",
    }
    error = decode(adapter, b'{"message":"No."}', status=status, headers=headers).error
    assert type(error) is kind
    assert (error.code, error.status, error.request_id) == (name, status, "7d9c3d4e")
    assert "No." in error.message


# --- going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options", "ways"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", {}, ["prefix", "instruct"]),
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            {"response_format": JsonSchema(json_schema={})},
            ["instruct"],
        ),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", {}, ["prefix", "instruct"]),
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            {"extra_body": {"additionalModelRequestFields": {"thinking": {"type": "enabled"}}}},
            ["instruct"],
        ),
        ("us.anthropic.claude-opus-4-7", {}, ["instruct"]),
        (MODEL, {}, ["instruct"]),
    ],
)
def test_how_a_broken_answer_goes_on(model: str, options: dict, ways: list[str]) -> None:
    request = ChatRequest(model=model, messages=(Message.user("Hi"),), **options)
    assert [way.how for way in Bedrock().resume_by(request)] == ways
