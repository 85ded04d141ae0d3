"""Programs whose memory is measured: each runs in a process of its own and prints JSON.

Memory is the peak of the resident set, in bytes, above what it was once everything was loaded.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator

import httpx

from streamkit.sync import Client

HEAD = b'data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"'
TAIL = b'"},"finish_reason":null}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Endless(httpx.BaseTransport, httpx.SyncByteStream):
    """Answers with ``times`` reads of ``piece``, then the end. Nothing of it is kept."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._piece, self._times = piece, times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=self)

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._times):
            # A copy, as a socket would give one.
            yield bytes(bytearray(self._piece))
        yield END


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read(piece: bytes, times: int) -> dict[str, int]:
    """Reads an answer for its words, as a program that prints them does."""
    transport = Endless(piece, 1)
    with Client(http=httpx.Client(transport=transport), api_key={"openai": "sk"}) as client:
        client.complete("openai:any", "Hi")
        before = peak()
        transport._times = times
        with client.stream("openai:any", "Hi") as stream:
            pieces = sum(1 for _ in stream.text)
            answer = stream.snapshot.text
    return {"pieces": pieces, "answer": len(answer), "grown": peak() - before}


if __name__ == "__main__":
    word, per_read, reads = (int(x) for x in sys.argv[1:])
    print(json.dumps(read((HEAD + b"w" * word + TAIL) * per_read, reads)))
