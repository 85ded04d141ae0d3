"""Whatever comes over the wire, a caller gets events, an answer and at most one error of ours.

Three kinds of wire: bytes at random, recordings that were damaged, and frames that are well-formed
but mean nothing. All go through the whole engine, cut into reads at random.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import Retry
from streamkit import events as e
from streamkit.errors import StreamkitError
from streamkit.sync import Client
from streamkit.testing import Decoded, MemoryTransport, Tape, decode

PLUGINS = Path(__file__).parents[2] / "plugins"
EVENTS = {"content-type": "text/event-stream"}
ADAPTERS = {
    "openai": ("openai", "groq", "openrouter", "mistral-compat", "snowflake"),
    "anthropic": ("anthropic",),
}
RECORDED = {
    vendor: [
        path.read_bytes()
        for path in sorted((PLUGINS / f"streamkit-{vendor}/tests/recordings").glob("*.sse"))
    ]
    for vendor in ADAPTERS
}
DELTAS = (e.TextDelta, e.ReasoningDelta, e.RefusalDelta, e.ToolArgumentsDelta, e.MediaDelta)
patient = settings(deadline=None, max_examples=120)


def check(got: Decoded) -> None:
    """What holds for every stream, however it ended."""
    events, response, error = got.events, got.response, got.error
    assert [event.seq for event in events] == list(range(len(events)))
    assert isinstance(events[0], e.StreamStarted)
    assert [isinstance(x, e.StreamEnded) for x in events] == [False] * (len(events) - 1) + [True]
    assert (error is None) == (response.outcome == "complete")
    if error is not None:
        assert isinstance(error, StreamkitError)
        assert "failed on what the vendor sent" not in error.message, error.__cause__
        assert error.partial == response
        assert len(error.message) < 100_000
        assert error.public()
    said = dict[tuple[int, int], list[str]]()
    for event in events:
        if isinstance(event, e.TextDelta | e.ReasoningDelta | e.RefusalDelta):
            said.setdefault((event.choice, event.part), []).append(event.text)
    parts = {(c.index, n): part for c in response.choices for n, part in enumerate(c.parts)}
    for place, words in said.items():
        assert parts[place].text == "".join(words)
    assert response.choices[0].index == 0
    repr((events, response, error))
    response.model_dump()


def read(adapter: str, body: bytes, splits: Sequence[int], lost: bool) -> Decoded:
    got = decode(f"{adapter}:any", body, headers=EVENTS, splits=splits, lost=lost)
    check(got)
    return got


def adapters(vendor: str) -> st.SearchStrategy[str]:
    return st.sampled_from(ADAPTERS[vendor])


each_vendor = pytest.mark.parametrize("vendor", sorted(ADAPTERS))
CUTS = st.lists(st.integers(1, 3000), max_size=6)

# --- bytes at random -----------------------------------------------------------------------------

MARKS = [
    b"data:",
    b"data: ",
    b"event:",
    b"id: ",
    b": ",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b"\xef\xbb\xbf",
]
MARKS += [b"{}", b'{"', b"[DONE]", b"null", b"\xff", b"\xe2\x82", b"\x00", b'"\\ud800"', b"error"]
NOISE = st.lists(st.sampled_from(MARKS) | st.binary(max_size=4), max_size=30).map(b"".join)


@each_vendor
@patient
@given(st.data(), NOISE, CUTS, st.booleans())
def test_bytes_at_random(
    vendor: str, data: st.DataObject, body: bytes, cuts: list[int], lost: bool
) -> None:
    adapter = data.draw(adapters(vendor))
    got = read(adapter, body, [cut % 40 for cut in cuts], lost)
    assert got.response == read(adapter, body, [], lost).response.model_copy(
        update={"timings": got.response.timings}
    )


# --- damaged recordings --------------------------------------------------------------------------


def damaged(vendor: str) -> st.SearchStrategy[bytes]:
    recordings = st.sampled_from(RECORDED[vendor])
    place = st.integers(0, 20_000)

    def damage(
        body: bytes, other: bytes, wounds: list[tuple[str, int, int]], noise: bytes
    ) -> bytes:
        for kind, a, b in wounds:
            start, end = sorted((a % (len(body) + 1), b % (len(body) + 1)))
            match kind:
                case "cut out":
                    body = body[:start] + body[end:]
                case "double":
                    body = body[:end] + body[start:]
                case "overwrite":
                    body = body[:start] + noise + body[start + len(noise) :]
                case "graft":
                    body = body[:start] + other[start % len(other) :] + body[end:]
        return body

    kinds = st.sampled_from(["cut out", "double", "overwrite", "graft"])
    wounds = st.lists(st.tuples(kinds, place, place), min_size=1, max_size=4)
    return st.builds(damage, recordings, recordings, wounds, st.binary(max_size=8))


@each_vendor
@patient
@given(st.data(), CUTS, st.booleans())
def test_damaged_recordings(vendor: str, data: st.DataObject, cuts: list[int], lost: bool) -> None:
    read(data.draw(adapters(vendor)), data.draw(damaged(vendor)), cuts, lost)


# --- frames that mean nothing --------------------------------------------------------------------


def words_of(bodies: list[bytes]) -> list[str]:
    """Every key and every short value that the vendor is known to use."""
    found = set[str]()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                found.add(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str) and len(value) < 30:
            found.add(value)

    for body in bodies:
        for line in body.decode("utf-8", "replace").splitlines():
            text = line.partition(": ")[2]
            try:
                walk(json.loads(text))
            except ValueError:
                found.add(text[:30])
    return sorted(found)


def frames(vendor: str) -> st.SearchStrategy[bytes]:
    words = st.sampled_from(words_of(RECORDED[vendor]))
    odd = st.sampled_from(
        ["\ud83d", "\ude00", "\x00", "[" * 300, "9" * 4400, "{", "NaN", "1e999", '{"a":"\ud83d"}']
    )
    numbers = st.sampled_from([-1, 0, 1, 2**63, 10**400, 1.5, float("inf"), float("nan")])
    leaves = st.none() | st.booleans() | numbers | words | odd
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
        max_leaves=15,
    )
    names = st.sampled_from(
        ["", "event: error\n", "event: message_start\n", "id: 1\n", "new: {}\n"]
    )
    frame = st.builds(lambda name, v: f"{name}data: {json.dumps(v)}\n\n".encode(), names, values)
    return st.lists(frame, max_size=6).map(b"".join)


STRATEGIES = {vendor: frames(vendor) for vendor in ADAPTERS}


@each_vendor
@patient
@given(st.data(), CUTS, st.booleans())
def test_frames_that_mean_nothing(
    vendor: str, data: st.DataObject, cuts: list[int], whole: bool
) -> None:
    body = data.draw(STRATEGIES[vendor])
    if whole:
        body += data.draw(st.sampled_from(RECORDED[vendor]))
    read(data.draw(adapters(vendor)), body, cuts, lost=False)


# --- through a client ----------------------------------------------------------------------------

STATUSES = st.sampled_from([100, 199, 200, 204, 206, 301, 304, 400, 401, 418, 429, 500, 529, 599])
NAMES = st.sampled_from(
    ["content-type", "retry-after", "retry-after-ms", "date", "x-should-retry", "location"]
)
VALUES = st.sampled_from(
    ["text/event-stream", "application/json", "", "-1", "1e999", "nan", "9" * 5000, "é", "true",
     "Mon, 99 Foo 2026 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +9999", "https://other.invalid/"]
)  # fmt: skip
ENDS = st.sampled_from(["close", "reset"])


@each_vendor
@patient
@given(st.data(), STATUSES, st.dictionaries(NAMES, VALUES, max_size=3), ENDS)
def test_answers_of_every_status_with_every_header(
    vendor: str, data: st.DataObject, status: int, headers: dict[str, str], end: Any
) -> None:
    body = data.draw(NOISE | damaged(vendor) | STRATEGIES[vendor])
    tape = Tape(body, status=status, headers=headers, splits=100, end=end)
    http = httpx.Client(transport=MemoryTransport(tape))
    keys = {vendor: "sk-planted-for-the-test"}
    with Client(http=http, api_key=keys, retry=Retry.never()) as client:
        outcome = "complete"
        try:
            assert client.complete(f"{vendor}:any", "Hi").outcome == outcome
        except StreamkitError as error:
            outcome = f"{error!r} after {error.attempts}"
    assert outcome == "complete" or outcome.endswith(" after 1")
    assert "sk-planted" not in outcome
