"""What one frame of ConverseStream says, and what a whole answer gives to send back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit import chunks as c
from streamkit.adapter import Frame
from streamkit.messages import ChatRequest, Message
from streamkit.testing import Recording, decode
from streamkit_bedrock import Bedrock

RECORDINGS = Path(__file__).parent / "recordings"
HEADERS = {"content-type": "application/vnd.amazon.eventstream"}
ASK = ChatRequest(model="any", messages=(Message.user("Hi"),))


def frame(event: str, **fields: Any) -> Frame:
    return Frame(json.dumps({**fields, "p": "abcd"}), event)


def delta(index: int, **fields: Any) -> Frame:
    return frame("contentBlockDelta", contentBlockIndex=index, delta=fields)


def start(index: int, **fields: Any) -> Frame:
    return frame("contentBlockStart", contentBlockIndex=index, start=fields)


def stop(index: int) -> Frame:
    return frame("contentBlockStop", contentBlockIndex=index)


def said(*frames: Frame) -> list[c.Chunk]:
    decoder = Bedrock().decoder(ASK)
    return [chunk for frame in frames for chunk in decoder.feed(frame)]


STOP = frame("messageStop", stopReason="end_turn")
METADATA = frame("metadata", usage={"inputTokens": 1, "outputTokens": 2, "totalTokens": 3})


def test_text_begins_with_its_first_piece_and_ends_with_its_block() -> None:
    frames = (delta(0, text="Hel"), delta(0, text="lo"), stop(0), delta(1, text="!"))
    assert said(*frames) == [c.Text("Hel", 0), c.Text("lo", 0), c.Closed(0), c.Text("!", 1)]


def test_an_empty_announcement_says_nothing() -> None:
    frames = (start(0), delta(0, text="Hi"), stop(0))
    assert said(*frames) == [c.Text("Hi", 0), c.Closed(0)]


def test_an_index_that_is_used_again_is_another_block() -> None:
    again = said(delta(0, text="a"), stop(0), delta(0, text="b"), stop(0))
    assert again == [c.Text("a", 0), c.Closed(0), c.Text("b", 1), c.Closed(1)]


def test_content_of_another_kind_at_an_open_index_is_another_block() -> None:
    thought = delta(0, reasoningContent={"text": "Hm."})
    assert said(thought, delta(0, text="Well.")) == [
        c.Reasoning("Hm.", 0),
        c.Closed(0),
        c.Text("Well.", 1),
    ]


def test_an_index_that_is_missing_or_odd_is_an_index_too() -> None:
    bare = Frame('{"delta":{"text":"a"}}', "contentBlockDelta")
    odd = Frame('{"contentBlockIndex":[1],"delta":{"text":"b"}}', "contentBlockDelta")
    assert said(bare, odd) == [c.Text("a", 0), c.Text("b", 0)]


def test_a_start_announces_a_call_and_deltas_bring_its_input() -> None:
    call = start(0, toolUse={"toolUseId": "t1", "name": "f"})
    assert said(call, delta(0, toolUse={"input": ""}), delta(0, toolUse={"input": "{"})) == [
        c.ToolOpened(0, "f", "t1"),
        c.ToolArguments(0, "{"),
    ]


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (delta(0, toolUse={"input": "{"}), "toolUse"),
        (delta(0, toolResult=[{"text": "a"}]), "toolResult"),
        (delta(0, image={"source": {"bytes": "AA=="}}), "image"),
        (delta(0, hologram={"bytes": "AA=="}), "hologram"),
        (delta(0, text=7), "text"),
        (delta(0, reasoningContent={"mood": "blue"}), "reasoningContent"),
        (start(0, hologram={}), "contentBlockStart"),
        (frame("contentBlockStop", contentBlockIndex=0, why="done"), "contentBlockStop"),
        (frame("contentBlockDelta", contentBlockIndex=0), "contentBlockDelta"),
        (frame("weather", sky="blue"), "weather"),
        (Frame('{"sky":"blue"}'), "untyped"),
    ],
)
def test_what_nobody_knows_is_shown(sent: Frame, kind: str) -> None:
    assert [x.kind for x in said(sent) if isinstance(x, c.Opaque)] == [kind]


def test_fields_beside_those_that_are_known_are_shown() -> None:
    sent = frame("contentBlockDelta", contentBlockIndex=0, delta={"text": "a"}, mood="blue")
    assert said(sent) == [c.Text("a", 0), c.Opaque("contentBlockDelta", {"mood": "blue"})]
    call = start(0, toolUse={"toolUseId": "t1", "name": "f", "mood": "blue"})
    assert said(call) == [c.ToolOpened(0, "f", "t1"), c.Opaque("toolUse", {"mood": "blue"})]


def test_a_call_of_bedrocks_own_that_does_not_parse_is_never_whole() -> None:
    own = start(0, toolUse={"toolUseId": "t1", "name": "f", "type": "server_tool_use"})
    *_, last = said(own, delta(0, toolUse={"input": "{"}), stop(0))
    assert isinstance(last, c.Opaque)
    assert last.data["input"] == "{"


def test_metadata_is_the_end_mark_and_nothing_follows() -> None:
    decoder = Bedrock().decoder(ASK)
    decoder.feed(STOP)
    *_, last = decoder.feed(METADATA)
    assert last == c.End()
    assert decoder.feed(delta(0, text="more")) == ()
    assert decoder.close() == ()


def test_metadata_without_a_stop_proves_nothing() -> None:
    assert c.End() not in said(delta(0, text="The sky"), METADATA)


@pytest.mark.parametrize(
    ("lost", "outcome"), [(False, "complete"), (True, "truncated")], ids=["closed", "lost"]
)
def test_behind_the_stop_only_a_clean_end_proves_that_all_is_there(
    lost: bool, outcome: str
) -> None:
    body = Recording.load(RECORDINGS / "without_metadata.aws").body
    got = decode(Bedrock(), body, headers=HEADERS, lost=lost)
    assert got.response.text == "No usage."
    assert got.response.outcome == outcome


@pytest.mark.parametrize(
    ("trace", "blocked"),
    [
        ({"actionReason": "none"}, False),
        ({"outputAssessments": {"g": [{"piiEntities": [{"action": "ANONYMIZED"}]}]}}, False),
        ({"outputAssessments": {"g": [{"words": [{"action": "BLOCKED"}]}]}}, True),
    ],
)
def test_a_guardrail_blocked_if_one_of_its_policies_did(
    trace: dict[str, Any], blocked: bool
) -> None:
    [verdict] = said(frame("metadata", trace={"guardrail": trace}))
    assert verdict == c.Safety("guardrail", blocked, trace)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("internalServerException", "server"),
        ("modelStreamErrorException", "server"),
        ("validationException", "invalid_request"),
        ("throttlingException", "rate_limit"),
        ("serviceUnavailableException", "overloaded"),
        ("modelTimeoutException", "vendor_timeout"),
        ("somethingNewException", "server"),
    ],
)
def test_exceptions_in_the_stream_have_their_kinds(name: str, kind: str) -> None:
    decoder = Bedrock().decoder(ASK)
    [fault] = decoder.feed(Frame('{"message":"No."}', f"exception:{name}"))
    assert isinstance(fault, c.Fault)
    assert (fault.kind, fault.code, fault.message) == (kind, name, "No.")
    assert fault.body == {"message": "No."}
    assert decoder.feed(STOP) == ()


@pytest.mark.parametrize("data", ["", "oops", "[]"])
def test_an_exception_without_words_is_told_by_its_name(data: str) -> None:
    [fault] = said(Frame(data, "exception:throttlingException"))
    assert isinstance(fault, c.Fault)
    assert (fault.kind, fault.message) == ("rate_limit", "throttlingException")


@pytest.mark.parametrize("data", ["{", "[1]", ""])
def test_an_event_that_is_no_object_is_a_protocol_error(data: str) -> None:
    [fault] = said(Frame(data, "messageStart"))
    assert isinstance(fault, c.Fault)
    assert fault.kind == "protocol"


# --- answers that go back ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        (
            "thinking_then_tools",
            [
                {
                    "reasoningContent": {
                        "reasoningText": {
                            "text": "Two calls are needed.",
                            "signature": "EqQBCkYIARgC",
                        }
                    }
                },
                {"text": "Let me look."},
                {
                    "toolUse": {
                        "toolUseId": "tooluse_01",
                        "name": "weather",
                        "input": {"city": "Paris"},
                    }
                },
                {"toolUse": {"toolUseId": "tooluse_02", "name": "today", "input": {}}},
            ],
        ),
        (
            "redacted_reasoning",
            [{"reasoningContent": {"redactedContent": "EroBCkYIARgCKkA="}}, {"text": "Hello."}],
        ),
        (
            "citations",
            [
                {
                    "citationsContent": {
                        "content": [{"text": "Grass is green."}],
                        "citations": [
                            {
                                "title": "facts",
                                "sourceContent": [{"text": "Grass is green."}],
                                "location": {
                                    "documentChar": {"documentIndex": 0, "start": 0, "end": 15}
                                },
                            }
                        ],
                    }
                },
                {
                    "citationsContent": {
                        "content": [{"text": "The sky is blue."}],
                        "citations": [
                            {
                                "title": "Sky",
                                "location": {
                                    "web": {
                                        "url": "https://sky.example/blue",
                                        "domain": "sky.example",
                                    }
                                },
                            }
                        ],
                    }
                },
            ],
        ),
        (
            "image",
            [
                {"text": "Here:"},
                {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgoAAAAN"}}},
            ],
        ),
    ],
)
def test_an_answer_goes_back_into_the_history_as_it_came(name: str, sent: list[Any]) -> None:
    body = Recording.load(RECORDINGS / f"{name}.aws").body
    answer = decode(Bedrock(), body, headers=HEADERS).response.message
    wire = Bedrock().request(ASK.model_copy(update={"messages": (*ASK.messages, answer)}))
    assert wire.body["messages"][1] == {"role": "assistant", "content": sent}
    assert not any(w.code == "part_dropped" for w in wire.warnings)


def test_calls_and_results_of_bedrocks_own_tools_go_back_untouched() -> None:
    body = Recording.load(RECORDINGS / "server_tool.aws").body
    answer = decode(Bedrock(), body, headers=HEADERS).response
    wire = Bedrock().request(ASK.model_copy(update={"messages": (*ASK.messages, answer.message)}))
    call, result, text = wire.body["messages"][1]["content"]
    assert [call, result] == [item.payload for item in answer.provider_items]
    assert text == {"text": "It is 42."}
