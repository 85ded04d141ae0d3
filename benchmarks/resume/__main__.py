"""Break the local model's answers, again and again: ``uv run python -m benchmarks.resume``.

Every attempt is cut after a random number of bytes, until one gets through. ``results.json`` beside
this file is written after each round, a round being one question of each kind, asked in both
dialects, at both temperatures and cut in all ways; ``--quick`` asks one round and only prints.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import tenacity

import streamkit_local
from benchmarks.resume.cases import MAX_TOKENS, PROMPTS
from benchmarks.resume.delay import delays
from benchmarks.resume.proxy import HOWS, Cut, CuttingProxy, cutting_proxy
from benchmarks.resume.render import RESULTS, render
from benchmarks.resume.seams import around, doubt, word_edges
from benchmarks.resume.wire import said
from streamkit import Resume, Retry, sync
from streamkit.adapter import Adapter
from streamkit.errors import StreamkitError
from streamkit.events import Resumed, Rewound, TextDelta
from streamkit_anthropic import AnthropicMessages
from streamkit_openai import OpenAIChat

LAST_BYTE: Final = 8000
"""A cut falls in the first so many bytes of an attempt: thirty tokens of chat completions, fifty of
messages."""
SLOT: Final = {"id_slot": 0}
"""Chat completions go to the same of the server's two slots, and so find the cache of those before.
Of messages the server takes the slot that knows most of the conversation."""
DISTURBED: Final = 2
"""For so many questions of each kind, the answer is also gone on with from another cache."""
TEMPERATURES: Final = (0.0, 0.8)
PATIENT: Final = Resume(attempts=20, idle_attempts=8)


@dataclass(slots=True)
class Told:
    """What a reader had at the end who keeps the deltas and honours `Rewound`."""

    text: str
    seams: list[int]
    ways: list[str]
    rewound: int
    outcome: str
    error: str | None
    whole: str
    finish: str | None


@dataclass(slots=True)
class Setup:
    """The local model's server, and the proxy in front of it."""

    server: streamkit_local.LocalServer
    proxy: CuttingProxy

    def client(self, dialect: str = "chat") -> sync.Client:
        """One that asks through the proxy, and does not wait between attempts."""
        url, key = self.proxy.url, self.server.api_key
        adapter: Adapter
        if dialect == "chat":
            adapter = OpenAIChat("llamacpp", base_url=f"{url}/v1", api_key=key, name="cut")
        else:
            adapter = AnthropicMessages(base_url=url, api_key=key, name="cut")
        return sync.Client(adapters=[adapter], retry=Retry(wait=tenacity.wait_none()))

    def disturb(self) -> None:
        """Have the server forget what it has computed."""
        about_bread = {"role": "system", "content": "All about bread. " * 40}
        asked = {"model": "smollm2", "max_tokens": 1, "messages": [about_bread], **SLOT}
        headers = {"authorization": f"Bearer {self.server.api_key}"}
        url = f"{self.server.base_url}/chat/completions"
        httpx.post(url, json=asked, headers=headers, timeout=60).raise_for_status()


def ask(asking: sync.Client, prompt: str, temperature: float) -> Told:
    """Put the question and read the answer as a screen would."""
    kept, seams, ways, rewound, error = "", list[int](), list[str](), 0, None
    with asking.stream(
        "cut:smollm2",
        prompt,
        temperature=temperature,
        max_tokens=MAX_TOKENS,
        resume=PATIENT,
        extra_body=SLOT,
    ) as stream:
        try:
            for event in stream:
                match event:
                    case TextDelta(text=text):
                        kept += text
                    case Rewound(length=length):
                        kept = kept[: len(kept) - length]
                        rewound += length
                    case Resumed(strategy=way, offset=offset):
                        seams.append(offset)  # all of an answer is one part here
                        ways.append(way)
        except StreamkitError as problem:
            error = f"{type(problem).__name__}: {problem}"
        answer = stream.snapshot
    return Told(
        kept, seams, ways, rewound, str(answer.outcome), error, answer.text, answer.finish_reason
    )


def cutter(seed: str, how: Any) -> Callable[[], Cut | None]:
    """A plan that cuts every attempt, each somewhere else."""
    dice = random.Random(seed)
    return lambda: Cut(dice.randint(1, LAST_BYTE), how)


def run(prompts: Sequence[str], setup: Setup, number: int) -> Iterator[dict[str, Any]]:
    """One row for every case of a round; ``prompts`` are of one kind each."""
    proxy = setup.proxy
    for temperature, dialect, (kind, prompt) in itertools.product(
        TEMPERATURES, ("chat", "messages"), zip(PROMPTS, prompts, strict=True)
    ):
        proxy.forget()
        with setup.client(dialect) as asking:
            ask(asking, prompt, temperature)  # a cold cache rounds otherwise than a warm one
            uncut = ask(asking, prompt, temperature)
        assert uncut.outcome == "complete", uncut.error
        ways = [(how, False) for how in HOWS]
        if temperature == 0 and dialect == "chat" and number < DISTURBED:
            ways.append(("fin", True))
        for how, disturbed in ways:
            name = f"{temperature}/{dialect}/{kind}/{number}/{how}"
            name += "/disturbed" if disturbed else ""
            proxy.forget(cutter(name, how), setup.disturb if disturbed else lambda: None)
            with setup.client(dialect) as asking:
                told = ask(asking, prompt, temperature)
            yield {
                "case": name,
                "cuts": len(proxy.cuts),
                **compared(uncut, told, kind, [said(body) for body in map(bytes, proxy.bodies)]),
            } | (sameness(uncut, told) if temperature == 0 else {})


def compared(uncut: Told, told: Told, kind: str, attempts: list[str]) -> dict[str, Any]:
    """What was seen in one case, and what the look at seams suspects elsewhere (``control``)."""
    seams = [at for at in told.seams if at <= len(told.text)]
    elsewhere = word_edges(uncut.text, len(seams))
    return {
        "outcome": told.outcome,
        "error": told.error,
        "finish": told.finish,
        "seams": len(seams),
        "ways": sorted(set(told.ways)),
        "rewound": told.rewound,
        "characters": len(told.text),
        "reader_has_it": told.text == told.whole,
        "doubts": doubts(told.text, seams, kind, attempts),
        "control": doubts(uncut.text, elsewhere, kind, [uncut.text]),
    }


def doubts(text: str, places: list[int], kind: str, attempts: list[str]) -> list[tuple[str, str]]:
    """What looks wrong at which places, each with the text around it."""
    found = ((doubt(text, at, kind, attempts), around(text, at)) for at in places)
    return [(why, shown) for why, shown in found if why]


def sameness(uncut: Told, told: Told) -> dict[str, Any]:
    """Whether the answer is what it would have been; if not, where it left the way."""
    if (told.text, told.finish) == (uncut.text, uncut.finish):
        return {"identical": True}
    both = zip(told.text, uncut.text, strict=False)
    shorter = min(len(told.text), len(uncut.text))
    at = next((n for n, (one, other) in enumerate(both) if one != other), shorter)
    differs = {"uncut": around(uncut.text, at), "here": around(told.text, at), "at": at}
    return {"identical": False, "differs": {**differs, "seams": told.seams}}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.resume", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round; writes nothing")
    quick = parser.parse_args().quick
    rounds = list(zip(*PROMPTS.values(), strict=True))[: 1 if quick else None]
    rows: list[dict[str, Any]] = []
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    with (
        streamkit_local.running("smollm2") as server,
        cutting_proxy(server.origin) as proxy,
    ):
        setup = Setup(server, proxy)
        delay = delays(setup.client, proxy, 1 if quick else 4)
        found = {"day": day, "cases": rows, "delay": delay}
        for number, prompts in enumerate(rounds):
            for seen in run(prompts, setup, number):
                rows.append(seen)
                print(json.dumps(seen, ensure_ascii=False), file=sys.stderr, flush=True)
            if not quick:
                text = json.dumps(found, indent=1, ensure_ascii=False)
                RESULTS.write_text(text + "\n", "utf-8")
    print(render(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
