"""Where the CPU of a delta goes: ``uv run python -m benchmarks.layers``.

Each layer is timed alone, on what the layers below it made of one stream; what is left of the whole
belongs to the layers around it. A profiler tells where to look, but not how much: it adds more to a
short function of ours than to a long one in C.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.__main__ import Vendor
from benchmarks.contenders import KEY, MESSAGES, OWN, Floor, Streamkit
from benchmarks.wire import Shape, writes

PATHS = {
    "floor": "/v1/chat/completions",
    "streamkit": "/v1/chat/completions",
    "streamkit, messages": "/v1/messages",
}


def cost(shape: Shape, run: Callable[[], object]) -> float:
    """Microseconds of CPU per delta: the least of five."""
    runs = []
    for _ in range(5):
        gc.collect()
        begun = time.process_time()
        run()
        runs.append(time.process_time() - begun)
    return min(runs) / shape.deltas * 1e6


async def _read(url: str, name: str, shape: Shape) -> None:
    async with AsyncExitStack() as scope:
        client = OWN[name](url, scope)
        pieces = [text async for text in client.read(shape.model)]
        assert "".join(pieces) == shape.text


async def _bytes(url: str, http: Any, shape: Shape, *, plain: bool) -> None:
    """The transport alone: ``plain`` reads as streamkit does, else as the floor does."""
    body = {"model": shape.model, "messages": MESSAGES, "stream": True}
    headers = {"authorization": f"Bearer {KEY}"}
    async with http.stream("POST", url, json=body, headers=headers) as response:
        async for _ in response.stream if plain else response.aiter_bytes():
            pass
    await http.aclose()


def floor(url: str, shape: Shape) -> dict[str, float]:
    import json

    path = url + PATHS["floor"]

    async def transport() -> None:
        async with AsyncExitStack() as scope:
            await _bytes(path, Floor(url, scope)._client, shape, plain=False)

    frames = b"".join(writes(shape, path)).split(b"\n\n")[:-2]

    def parse() -> None:
        for frame in frames:
            json.loads(frame[6:])

    whole = cost(shape, lambda: asyncio.run(_read(url, "floor", shape)))
    layers = {
        "transport": cost(shape, lambda: asyncio.run(transport())),
        "JSON": cost(shape, parse),
    }
    return {**layers, "the loop around it": whole - sum(layers.values()), "all": whole}


def streamkit(url: str, name: str, shape: Shape) -> dict[str, float]:
    from streamkit._draft import Draft
    from streamkit._framing import framer
    from streamkit._http._async import AsyncPool
    from streamkit._setup import Setup
    from streamkit.testing import decode

    kind = OWN[name]
    assert issubclass(kind, Streamkit)
    call = Setup(api_key={kind.prefix: KEY}).call(f"{kind.prefix}:any", "Hi", {})
    pieces = list(writes(shape, PATHS[name]))
    body = b"".join(pieces)
    splits = [len(pieces[0]) + len(pieces[1]) * n for n in range(len(pieces) - 1)]
    frames = framer("sse").feed(body)

    def decoded() -> list[Any]:
        decoder = call.adapter.decoder(call.request)
        return [chunk for frame in frames for chunk in decoder.feed(frame)]

    def folded() -> None:
        draft = Draft(deque(), call.adapter.dialect)
        for chunk in chunks:
            draft.apply(chunk)

    def cut() -> None:
        feed = framer("sse").feed
        for piece in pieces:
            feed(piece)

    async def transport() -> None:
        await _bytes(url + PATHS[name], AsyncPool(None).http(), shape, plain=True)

    chunks = decoded()[:-1]
    engine = cost(shape, lambda: decode(f"{kind.prefix}:any", body, splits=splits))
    whole = cost(shape, lambda: asyncio.run(_read(url, name, shape)))
    layers = {
        "transport": cost(shape, lambda: asyncio.run(transport())),
        "framing": cost(shape, cut),
        "decoder, with JSON": cost(shape, decoded),
        "draft and events": cost(shape, folded),
    }
    layers["flow"] = engine - sum(layers.values()) + layers["transport"]
    layers["driver and text"] = whole - engine - layers["transport"]
    return {**layers, "all": whole}


def main() -> None:
    with Vendor() as vendor:
        for shape in (Shape(20_000), Shape(80_000, per_write=64)):
            print(f"\nµs per delta, {shape.per_write} event(s) a write")
            print("floor:", _line(floor(vendor.url, shape)))
            for name in ("streamkit", "streamkit, messages"):
                print(f"{name}:", _line(streamkit(vendor.url, name, shape)))


def _line(layers: dict[str, float]) -> str:
    return " | ".join(f"{layer} {cost:.2f}" for layer, cost in layers.items())


if __name__ == "__main__":
    main()
