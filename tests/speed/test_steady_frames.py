"""A frame that differs from the last in its words alone is read a shorter way to the same end."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from streamkit.adapter import Frame
from streamkit.chunks import Chunk, Text
from streamkit.messages import ChatRequest, Message
from streamkit.testing import frames
from streamkit_openai import PROFILES, OpenAIChat
from streamkit_openai._decoder import ChatDecoder
from streamkit_openai._steady import Steady

REQUEST = ChatRequest(model="m", messages=(Message.user("Hi"),))
RECORDINGS = Path(__file__).parents[2] / "plugins/streamkit-openai/tests/recordings"
BODIES = [path.read_bytes() for path in sorted(RECORDINGS.glob("*.sse"))]
WORDS = ["a", " b", "", 'a "quoted" \\ word', "é\n\t", "\U0001f600", '"content":"x"', "\x00"]


class _NeverSteady(Steady):
    """Knows no frame, so that all are read the long way."""

    def words(self, data: str) -> str | None:
        return None


def _decoder(profile: str = "openai") -> ChatDecoder:
    adapter = OpenAIChat(name=profile, profile=PROFILES[profile])
    decoder = adapter.decoder(REQUEST)
    assert isinstance(decoder, ChatDecoder)
    return decoder


def _both_ways(given: list[Frame], profile: str = "openai") -> tuple[list[Chunk], list[Chunk]]:
    short, long = _decoder(profile), _decoder(profile)
    long._steady = _NeverSteady()
    return tuple(  # type: ignore[return-value]
        [chunk for frame in given for chunk in decoder.feed(frame)] + list(decoder.close())
        for decoder in (short, long)
    )


def _delta(words: str, *, ascii_only: bool = True, **fields: object) -> Frame:
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": None, **fields}
    body = {"id": "c-1", "model": "m", "choices": [choice]}
    return Frame(json.dumps(body, ensure_ascii=ascii_only))


@pytest.mark.parametrize("profile", ["openai", "openrouter", "groq"])
def test_every_recording_says_the_same_both_ways(profile: str) -> None:
    assert BODIES
    for body in BODIES:
        given = frames(body, content_type="text/event-stream")
        short, long = _both_ways(given, profile)
        assert short == long


def test_broken_and_mixed_frames_say_the_same_both_ways() -> None:
    """Frames of all recordings in any order, with characters lost, doubled and swapped."""
    pool = [f for body in BODIES for f in frames(body, content_type="text/event-stream")]
    rng = random.Random(7)
    for _ in range(400):
        given = []
        for frame in rng.choices(pool, k=4):
            data = frame.data
            for _ in range(6):
                at = rng.randrange(len(data) + 1)
                cut = data[:at] + rng.choice(["", '"', "\\", "x", "{", data[at : at + 3] * 2])
                given += [Frame(data, frame.event), Frame(cut + data[at + rng.randrange(2) :])]
        short, long = _both_ways([f for f in given if not f.data.startswith("[DONE]")])
        assert short == long


@pytest.mark.parametrize("ascii_only", [True, False])
def test_words_of_any_kind_are_read_the_short_way(ascii_only: bool) -> None:
    rng = random.Random(3)
    given = [_delta(rng.choice(WORDS), ascii_only=ascii_only) for _ in range(500)]
    short, long = _both_ways(given)
    assert short == long
    assert "".join(chunk.text for chunk in short if isinstance(chunk, Text)) == "".join(
        json.loads(f.data)["choices"][0]["delta"]["content"] for f in given
    )


@pytest.mark.parametrize(
    "other",
    [
        _delta("x", finish_reason="stop"),
        _delta("x", logprobs={"content": [{"token": "x"}]}),
        Frame('{"id":"c-1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'),
        Frame('{"error":{"message":"broken"}}'),
        Frame(_delta("x").data, event="error"),
        Frame(_delta("x").data.replace('"x"', '"x')),
        Frame(_delta("x").data.replace('"x"', r'"\ud83d"')),
        Frame(_delta("x").data.replace('"x"', '"x","content":"y"')),
        Frame("[DONE]"),
    ],
)
def test_a_frame_in_between_that_says_more_is_not_passed_over(other: Frame) -> None:
    given = [_delta("a"), _delta("b"), other, _delta("c"), _delta("d")]
    short, long = _both_ways(given)
    assert short == long


def _padded(words: str, padding: object, **more: object) -> Frame:
    body = json.loads(_delta(words).data) | {"usage": None, **more, "obfuscation": padding}
    return Frame(json.dumps(body, separators=(",", ":")))


def test_what_pads_a_frame_is_passed_over() -> None:
    """OpenAI's ``obfuscation`` differs each time."""
    rng = random.Random(5)
    given = [_padded(rng.choice(WORDS), "aB3" * rng.randrange(1, 9)) for _ in range(500)]
    short, long = _both_ways(given)
    assert short == long
    decoder = _decoder()
    for frame in given[:5]:
        decoder.feed(frame)
    assert decoder._steady.words(_padded("more", "xyz").data) == "more"


@pytest.mark.parametrize(
    "other",
    [
        _padded("x", ""),
        _padded("x", 'a"b'),
        _padded("x", "a\\b"),
        _padded("x", {"a": "b"}),
        _padded("x", None),
        _padded("x", "abc", news={"obfuscation": "y"}),
        _padded("x", "abc", usage={"prompt_tokens": 1, "completion_tokens": 2}),
        _padded('x"},"obfuscation":"y', "abc"),
        Frame(_padded("x", "abc").data[:-1] + ',"news":1}'),
        Frame(_padded("x", "abc").data.replace('abc"}', 'abc","news":"d"}')),
        Frame(_padded("x", "abc").data.replace('"x"', '"x')),
        Frame(_padded("x", "abc").data + "}"),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_a_padded_frame_that_says_more_is_not_passed_over(other: Frame, first: int) -> None:
    pair = [_padded("a", "abc"), _padded("b", "defg")]
    given = [*pair[:first], other, *pair, other, *pair]
    short, long = _both_ways(given)
    assert short == long


def test_frames_that_all_differ_are_soon_given_up() -> None:
    """Looking for a pattern where there is none must not cost on."""
    decoder = _decoder()
    for number in range(50):
        body = json.loads(_delta("a").data) | {"trace": "x" * (number % 7) + str(number)}
        decoder.feed(Frame(json.dumps(body)))
    assert decoder._steady.words(json.dumps(body)) is None
