"""Proxies and certificates that the environment names, on every loop and in plain code."""

from __future__ import annotations

import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

import streamkit
import streamkit.sync
from streamkit import Retry, Timeouts, errors
from streamkit._http._dial import tls
from tape_server import Answer, TapeServer
from tests.http.connect_proxy import ConnectProxy
from wire import Wire, whole

from .conftest import Ask, texts

VENDOR = "https://vendor.test"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def identity(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ssl.SSLContext]:
    """A context of the vendor's, or of a proxy's, that this process trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("vendor.test", "127.0.0.1").configure_cert(context)
    tls.cache_clear()
    yield context
    tls.cache_clear()


@pytest.fixture
def vendor(identity: ssl.SSLContext) -> Iterator[TapeServer]:
    server = TapeServer(identity)
    server.play(Answer(whole("Hello")))
    yield server
    server.close()


@pytest.fixture
def proxy(vendor: TapeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """A proxy that leads to the vendor, and that the environment names."""
    connect_proxy = ConnectProxy(vendor.url)
    monkeypatch.setenv("HTTPS_PROXY", connect_proxy.url)
    yield connect_proxy
    connect_proxy.close()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_this_machine_is_never_reached_through_a_proxy(
    server: TapeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """It would be handed the key and the prompt, unencrypted."""
    proxy = TapeServer()
    try:
        monkeypatch.setenv(variable, proxy.url)
        server.play(Answer(whole("Hello")))
        assert texts(ask(server.url)) == ["Hello"]
        assert texts(ask(server.url.replace("127.0.0.1", "localhost"))) == ["Hello"]
        assert proxy.connections == 0
    finally:
        proxy.close()


def test_a_vendor_is_reached_through_a_tunnel(
    vendor: TapeServer, proxy: ConnectProxy, ask: Ask
) -> None:
    """Of which the proxy sees the host, and neither the key nor the prompt."""
    assert texts(ask(VENDOR, calls=3)) == ["Hello"] * 3
    assert proxy.heads == ["CONNECT vendor.test:443 HTTP/1.1\r\nhost: vendor.test:443\r\n\r\n"]
    assert vendor.connections == 1
    assert vendor.requests[0].headers["host"] == "vendor.test"


def test_a_proxy_with_tls_and_credentials_is_given_them(
    vendor: TapeServer, identity: ssl.SSLContext, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = ConnectProxy(vendor.url, identity)
    try:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("://", "://me:s%40crets@"))
        assert texts(ask(VENDOR, calls=2)) == ["Hello"] * 2
        (head,) = proxy.heads
        assert head.endswith("proxy-authorization: Basic bWU6c0BjcmV0cw==\r\n\r\n")
        assert "proxy-authorization" not in vendor.requests[0].headers
    finally:
        proxy.close()


def test_plain_http_to_another_machine_is_asked_of_the_proxy_itself(
    server: TapeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.play(Answer(whole("Hello")))
    assert texts(ask("http://vendor.test:81", calls=2, allow_http=True)) == ["Hello"] * 2
    assert server.requests[0].path == "http://vendor.test:81/v1/answers"
    assert server.requests[0].headers["host"] == "vendor.test:81"
    assert server.connections == 1


@pytest.mark.parametrize("said", ["vendor.test", ".test", "x, vendor.test:443", "*"])
def test_no_proxy_names_hosts_that_are_reached_directly(
    proxy: ConnectProxy, ask: Ask, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("NO_PROXY", said)
    (error,) = ask(VENDOR)
    assert isinstance(error, errors.ConnectError)
    assert "vendor.test" in str(error)
    assert not proxy.heads


def test_a_proxy_that_refuses_is_named_without_its_credentials(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secrets@127.0.0.1:1")
    (error,) = ask(VENDOR)
    assert isinstance(error, errors.ConnectError)
    assert error.retryable
    assert "the proxy 127.0.0.1:1 (from HTTPS_PROXY) failed" in str(error)
    assert "secrets" not in "".join(traceback.format_exception(error))


def test_a_proxy_that_opens_no_tunnel_is_named(proxy: ConnectProxy, ask: Ask) -> None:
    proxy.answer = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
    (error,) = ask(VENDOR)
    assert isinstance(error, errors.ConnectError)
    assert "(from HTTPS_PROXY) failed: it answered 503 Busy" in str(error)


@pytest.mark.parametrize("answer", [b"\x00garbage\r\n\r\n", b"HTTP/1.1 2"])
def test_a_proxy_that_speaks_no_http_is_named(proxy: ConnectProxy, ask: Ask, answer: bytes) -> None:
    proxy.answer = answer
    (error,) = ask(VENDOR)
    assert isinstance(error, errors.ConnectError)
    assert "(from HTTPS_PROXY) failed" in str(error)


def test_a_proxy_that_wants_credentials_is_not_asked_twice(proxy: ConnectProxy, ask: Ask) -> None:
    proxy.answer = b"HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n"
    (error,) = ask(VENDOR, retry=Retry())
    assert isinstance(error, errors.ConfigurationError)
    assert "HTTPS_PROXY" in str(error)
    assert len(proxy.heads) == 1


def test_a_proxy_that_says_nothing_is_waited_for_as_long_as_a_connection(
    proxy: ConnectProxy, ask: Ask
) -> None:
    proxy.answer = b""
    begun = time.monotonic()
    (error,) = ask(VENDOR, timeouts=Timeouts(connect=0.3))
    assert time.monotonic() - begun < 3
    assert isinstance(error, errors.ConnectError)
    assert "(from HTTPS_PROXY) did not answer within 0.3 s" in str(error)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("socks5://127.0.0.1:1", "pip install 'httpx[socks]'"),
        ("nonsense://me:secrets@x", "http://host:port"),
        ("http://me:secrets@:port", "http://host:port"),
        ("http://", "http://host:port"),
    ],
)
def test_a_variable_that_names_no_usable_proxy_is_said_to(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, said: str, advice: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", said)
    (error,) = ask(VENDOR, retry=Retry())
    assert isinstance(error, errors.ConfigurationError)
    assert "ALL_PROXY" in str(error)
    assert advice in str(error)
    assert error.partial is not None
    assert "secrets" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("variable", "content"),
    [("SSL_CERT_FILE", None), ("SSL_CERT_FILE", "garbage"), ("SSL_CERT_DIR", None)],
)
def test_certificates_that_cannot_be_read_are_named(
    vendor: TapeServer,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: str | None,
) -> None:
    named = tmp_path / "named"
    if content is not None:
        named.write_text(content)
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(variable, str(named))
    tls.cache_clear()
    (error,) = ask(vendor.url, retry=Retry())
    assert isinstance(error, errors.ConfigurationError)
    assert f"{str(named)!r}, which {variable} names" in str(error)
    assert not vendor.requests


def test_closing_wakes_a_thread_that_waits_for_the_head(
    server: TapeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server.play(Answer(delay=20))
    found: list[BaseException] = []
    client = streamkit.sync.Client(adapters=[Wire(server.url)])

    def read() -> None:
        try:
            client.complete("wire:any", "Hi")
        except streamkit.StreamkitError as error:
            found.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    until = time.monotonic() + 5
    while not server.requests and time.monotonic() < until:
        time.sleep(0.01)
    client.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(found[0], errors.ConfigurationError)


def test_many_threads_behind_a_proxy_leave_nothing_open(
    vendor: TapeServer, proxy: ConnectProxy
) -> None:
    def ask(_number: int) -> str:
        return client.complete("wire:any", "Hi").text

    with (
        streamkit.sync.Client(adapters=[Wire(VENDOR)]) as client,
        ThreadPoolExecutor(32) as threads,
    ):
        assert list(threads.map(ask, range(64))) == ["Hello"] * 64
    until = time.monotonic() + 5
    while vendor.open and time.monotonic() < until:
        time.sleep(0.01)
    assert not vendor.open
