"""When an answer is whole, by the end mark of its profile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.adapter import Frame
from streamkit.chunks import End, Stop
from streamkit.messages import ChatRequest, Message
from streamkit.testing import decode
from streamkit_openai import OpenAIChat, Profile

TEXT: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}
SECOND: dict[str, Any] = {"choices": [{"index": 1, "delta": {"content": "Ho"}}]}
STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
EMPTY_STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": ""}]}
NO_CHOICES: dict[str, Any] = {"choices": None}
DONE = "[DONE]"


def outcome(end: str, *frames: Any) -> str | None:
    profile = Profile(name="acme", base_url="https://acme.example", end=end)  # type: ignore[arg-type]
    lines = [f if isinstance(f, str) else json.dumps(f) for f in frames]
    body = "".join(f"data: {line}\n\n" for line in lines).encode()
    headers = {"content-type": "text/event-stream"}
    return decode(OpenAIChat(profile), body, headers=headers).response.outcome


@pytest.mark.parametrize(
    ("frames", "strict", "lenient", "done"),
    [
        pytest.param([TEXT, STOP, DONE], 1, 1, 1, id="finish reason and DONE"),
        pytest.param([TEXT, STOP], 0, 1, 1, id="finish reason, clean end"),
        pytest.param([TEXT, DONE], 0, 0, 1, id="DONE without finish reason"),
        pytest.param([TEXT, EMPTY_STOP, DONE], 0, 0, 1, id="empty finish reason"),
        pytest.param([TEXT], 0, 0, 0, id="neither"),
        pytest.param([], 0, 0, 0, id="empty body"),
        pytest.param([DONE], 0, 0, 0, id="DONE alone"),
        pytest.param([NO_CHOICES, DONE], 0, 0, 0, id="no choice at all"),
        pytest.param([TEXT, SECOND, STOP, DONE], 0, 0, 1, id="one of two choices has stopped"),
        pytest.param([TEXT, SECOND, STOP], 0, 0, 0, id="one of two has stopped, clean end"),
        pytest.param([TEXT, STOP, TEXT, DONE], 1, 1, 1, id="text after the finish reason"),
        pytest.param([TEXT, STOP, "[DONE] bye"], 1, 1, 1, id="DONE with more behind it"),
        pytest.param([TEXT, STOP, '"[DONE]"'], 1, 1, 1, id="DONE in quotes"),
        pytest.param([TEXT, STOP, "  [DONE]"], 1, 1, 1, id="DONE with spaces before it"),
        pytest.param([TEXT, STOP, DONE, DONE], 1, 1, 1, id="DONE twice"),
        pytest.param([TEXT, STOP, DONE, TEXT], 1, 1, 1, id="more after DONE"),
    ],
)
def test_only_the_declared_mark_makes_an_answer_complete(
    frames: list[Any], strict: int, lenient: int, done: int
) -> None:
    marks = {"strict": strict, "lenient": lenient, "done": done}
    want = {end: "complete" if whole else "truncated" for end, whole in marks.items()}
    assert {end: outcome(end, *frames) for end in marks} == want


def test_text_after_the_finish_reason_is_kept() -> None:
    body = b"".join(b"data: %s\n\n" % json.dumps(f).encode() for f in [TEXT, STOP, TEXT])
    got = decode(OpenAIChat("groq"), body, headers={"content-type": "text/event-stream"})
    assert got.response.text == "HiHi"


def test_fewer_choices_than_asked_for_are_not_whole_without_done() -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),), n=2)
    decoder = OpenAIChat("groq").decoder(request)
    for frame in [TEXT, STOP]:
        decoder.feed(Frame(json.dumps(frame)))
    assert not decoder.close()


def test_after_the_end_nothing_is_said() -> None:
    decoder = OpenAIChat().decoder(ChatRequest(model="m", messages=(Message.user("Hi"),)))
    for frame in [TEXT, STOP]:
        decoder.feed(Frame(json.dumps(frame)))
    assert isinstance(decoder.feed(Frame(DONE))[-1], End)
    assert not decoder.feed(Frame(json.dumps(TEXT)))
    assert not decoder.close()


@pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource"])
def test_an_answer_the_vendor_broke_off_is_a_fault_not_an_answer(reason: str) -> None:
    frames = [TEXT, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}, DONE]
    assert outcome("strict", *frames) == "failed"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("sensitive", "content_filter"),
        ("tool_calls", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("brand_new", "other"),
    ],
)
def test_finish_reasons_have_one_word_for_all_vendors(raw: str, reason: str) -> None:
    frames = [TEXT, {"choices": [{"index": 0, "delta": {}, "finish_reason": raw}]}]
    body = "".join(f"data: {json.dumps(f)}\n\n" for f in frames).encode()
    got = decode(OpenAIChat("groq"), body, headers={"content-type": "text/event-stream"})
    assert (got.response.finish_reason, got.response.raw_finish_reason) == (reason, raw)


def test_the_last_of_several_finish_reasons_counts() -> None:
    frames = [TEXT, STOP, {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}]
    body = "".join(f"data: {json.dumps(f)}\n\n" for f in frames).encode()
    got = decode(OpenAIChat("groq"), body, headers={"content-type": "text/event-stream"})
    assert got.response.raw_finish_reason == "length"


SOUND: dict[str, Any] = {"choices": [{"index": 0, "delta": {"audio": {"transcript": "Hi"}}}]}
EXPIRY: dict[str, Any] = {"choices": [{"index": 0, "delta": {"audio": {"expires_at": 1}}}]}


def test_an_answer_in_sound_gives_no_finish_reason_and_ends_with_done() -> None:
    assert outcome("strict", SOUND, EXPIRY, DONE) == "complete"
    assert outcome("strict", SOUND, EXPIRY) == "truncated"
    assert outcome("strict", SOUND, {"error": {"message": "too long"}}, EXPIRY, DONE) == "failed"


def test_a_tool_call_in_place_of_the_sound_asked_for_ends_with_done() -> None:
    request = ChatRequest(
        model="m", messages=(Message.user("Hi"),), extra_body={"audio": {"format": "pcm16"}}
    )
    decoder = OpenAIChat().decoder(request)
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    decoder.feed(Frame(json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})))
    *_, stop, end = decoder.feed(Frame(DONE))
    assert (stop, end) == (Stop("tool_call", None), End())


def test_a_chunk_without_choices_says_nothing() -> None:
    """OpenAI sends many while it makes sound."""
    decoder = OpenAIChat().decoder(ChatRequest(model="m", messages=(Message.user("Hi"),)))
    empty = {"object": "chat.completion.chunk", "usage": None, "obfuscation": "x"}
    assert not decoder.feed(Frame(json.dumps(empty)))
