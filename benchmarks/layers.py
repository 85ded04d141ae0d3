"""Where the CPU of a delta goes: ``uv run python -m benchmarks.layers``.

Each layer is timed alone, on what the layers below it made of one stream; what is left of the whole
belongs to the layers around it. A profiler tells where to look, but not how much: it adds more to a
short function of ours than to a long one in C.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import accumulate
from typing import Any

from benchmarks.__main__ import Vendor
from benchmarks.contenders import KEY, MESSAGES, Floor, Streamkit
from benchmarks.dialects import CHAT, DIALECTS, Dialect
from benchmarks.wire import Shape
from streamkit._draft import Draft
from streamkit._framing import framer
from streamkit._http._connections import AsyncConnections
from streamkit._setup import Setup
from streamkit.chunks import End
from streamkit.testing import decode

SHOWN = ("chat completions", "chat completions, padded", "Anthropic")


def cost(shape: Shape, run: Callable[[], object]) -> float:
    """Microseconds of CPU per delta: the least of five."""
    runs = []
    for _ in range(5):
        gc.collect()
        begun = time.process_time()
        run()
        runs.append(time.process_time() - begun)
    return min(runs) / shape.deltas * 1e6


async def _read(url: str, kind: type[Floor | Streamkit], dialect: Dialect, shape: Shape) -> None:
    async with AsyncExitStack() as scope:
        client = kind(url, scope, dialect)
        pieces = [text async for text in client.read(shape.model)]
        assert "".join(pieces) == shape.text


async def _floors_bytes(url: str, shape: Shape) -> None:
    """The transport alone, read as the floor does."""
    body = {"model": shape.model, "messages": MESSAGES, "stream": True}
    headers = {"authorization": f"Bearer {KEY}"}
    async with AsyncExitStack() as scope:
        http = Floor(url, scope)._client
        path = url + CHAT.url(shape.model)
        async with http.stream("POST", path, json=body, headers=headers) as response:
            async for _ in response.aiter_bytes():
                pass


async def _our_bytes(url: str, dialect: Dialect, shape: Shape) -> None:
    """The same, read as streamkit does."""
    http = AsyncConnections()
    request = http.build_request(
        "POST",
        url + dialect.url(shape.model),
        headers={"authorization": f"Bearer {KEY}"},
        content=json.dumps({"model": shape.model}).encode(),
        timeout=(5.0, 60.0, 60.0, None),
        extensions={"trace": _nothing, "deadline": None},
    )
    response = await http.send(request)
    async for _ in response.stream:
        pass
    await response.aclose()
    await http.aclose()


async def _nothing(_name: str, _info: object) -> None: ...


def floor(url: str, shape: Shape) -> dict[str, float]:
    frames = b"".join(CHAT.writes(shape)).split(b"\n\n")[:-2]

    def parse() -> None:
        for frame in frames:
            json.loads(frame[6:])

    whole = cost(shape, lambda: asyncio.run(_read(url, Floor, CHAT, shape)))
    layers = {
        "transport": cost(shape, lambda: asyncio.run(_floors_bytes(url, shape))),
        "JSON": cost(shape, parse),
    }
    return {**layers, "the loop around it": whole - sum(layers.values()), "all": whole}


def streamkit(url: str, dialect: Dialect, shape: Shape) -> dict[str, float]:
    model = f"{dialect.prefix}:any"
    call = Setup(api_key={dialect.prefix: KEY}).call(model, "Hi", {})
    framing = call.wire.framing_by_type.get(dialect.content_type, call.wire.framing)
    pieces = list(dialect.writes(shape))
    body = b"".join(pieces)
    splits = list(accumulate(map(len, pieces)))[:-1]
    frames = framer(framing).feed(body)

    def decoded() -> list[Any]:
        decoder = call.adapter.decoder(call.request)
        return [chunk for frame in frames for chunk in decoder.feed(frame)]

    def decoding() -> None:
        feed = call.adapter.decoder(call.request).feed
        for frame in frames:
            feed(frame)

    def folded() -> None:
        draft = Draft(deque(maxlen=1), call.adapter.dialect)
        for chunk in chunks:
            draft.apply(chunk)

    def cut() -> None:
        feed = framer(framing).feed
        for piece in pieces:
            feed(piece)

    chunks = [chunk for chunk in decoded() if not isinstance(chunk, End)]
    engine = cost(
        shape,
        lambda: decode(model, body, splits=splits, headers={"content-type": dialect.content_type}),
    )
    whole = cost(shape, lambda: asyncio.run(_read(url, Streamkit, dialect, shape)))
    layers = {
        "transport": cost(shape, lambda: asyncio.run(_our_bytes(url, dialect, shape))),
        "framing": cost(shape, cut),
        "decoder, with JSON": cost(shape, decoding),
        "draft and events": cost(shape, folded),
    }
    layers["flow"] = engine - sum(layers.values()) + layers["transport"]
    layers["driver, text, holding back"] = whole - engine - layers["transport"]
    return {**layers, "all": whole}


def main() -> None:
    with Vendor() as vendor:
        for shape in (Shape(20_000), Shape(80_000, per_write=64)):
            print(f"\nµs per delta, {shape.per_write} event(s) a write")
            print("floor:", _line(floor(vendor.url, shape)))
            for name in SHOWN:
                print(f"{name}:", _line(streamkit(vendor.url, DIALECTS[name], shape)))


def _line(layers: dict[str, float]) -> str:
    return " | ".join(f"{layer} {cost:.2f}" for layer, cost in layers.items())


if __name__ == "__main__":
    main()
