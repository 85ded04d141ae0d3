"""Where a request goes: what a base URL and a path are put together to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from streamkit.adapter import Endpoint, WireRequest
from streamkit.messages import ChatRequest
from streamkit.sync import Client
from tape_server import Answer, TapeServer
from wire import Wire, whole


@dataclass(frozen=True)
class At(Wire):
    """The dialect of these tests at a ``path``."""

    path: str = "/v1/ask"

    def request(self, request: ChatRequest) -> WireRequest:
        return replace(super().request(request), path=self.path)


def asked(server: TapeServer, base: str, path: str = "/v1/ask", **fields: Any) -> str:
    server.play(Answer(whole("Hi")))
    endpoint = Endpoint(base_url=server.url + base, key_required=False, **fields)
    with Client(adapters=[At(endpoint=endpoint, path=path)]) as client:
        client.complete("wire:any", "Hi")
    [request] = server.requests
    return request.path


@pytest.mark.parametrize("base", ["/old/x?v=1", "/old/x/?v=1"])
def test_an_endpoint_may_rewrite_paths_and_the_query_stays(server: TapeServer, base: str) -> None:
    assert asked(server, base, rewrites={"/old/([a-z])/.*": r"/new/\1/ask"}) == "/new/x/ask?v=1"


def test_a_path_that_no_rewriting_fits_stays(server: TapeServer) -> None:
    assert asked(server, "/a?v=1", rewrites={"/old/.*": "/new"}) == "/a/v1/ask?v=1"


def test_the_queries_of_a_base_url_and_of_a_request_become_one(server: TapeServer) -> None:
    assert asked(server, "/v1?key=1", "/v1/ask?from=2") == "/v1/ask?from=2&key=1"
