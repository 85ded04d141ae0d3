"""An answer that the server has kept, but no longer streams, is asked for until it is over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streamkit import Resume, Timeouts, errors
from streamkit import chunks as c
from streamkit.adapter import WireRequest
from streamkit.messages import ChatRequest
from streamkit.values import Citation, Usage
from tests.resume.going import Answer, Going, Told, ask, numbered, refusal
from tests.resume.going import whole as ended
from wire import DONE, STOP, frame, said

EVERY = 5.0
GONE = refusal(400, "this answer can no longer be streamed")


@dataclass(frozen=True)
class Kept(Going):
    """Replays, and keeps the whole answer: what its frames say, in a JSON array."""

    ways: tuple[str, ...] = ("replay", "prefix")

    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest:
        by_type = {"application/json": "json-array"}
        path = f"/v1/whole/{cursor}"
        return WireRequest(path, {}, method="GET", framing_by_type=by_type, poll_every=EVERY)


KEPT = Kept()
JSON = {"content-type": "application/json"}
WORDS = ("The s", "ky is", " bl", "ue.")
TOLD = numbered([*said(*WORDS), STOP, DONE])


def body(*frames: bytes) -> bytes:
    return b"[%s]" % b", ".join(one.partition(b"data: ")[2].strip() for one in frames)


def kept(*pieces: c.Chunk, over: bool = True) -> Answer:
    frames = [frame(piece) for piece in pieces]
    if over:
        frames += [frame(c.Stop("stop", "stop")), frame(c.End())]
    return Answer([body(*frames)], headers=JSON)


ALL = kept(c.Text("The sky is blue."))
NOT_YET = kept(c.Meta(id="a1"), over=False)


def asked(cut: int, *then: Answer, end: str = "rst", timeouts: Timeouts | None = None) -> Told:
    policies = {"timeouts": timeouts} if timeouts else {}
    return ask(Answer(TOLD[:cut], end=end), *then, adapter=KEPT, policies=policies)


@pytest.mark.parametrize("cut", range(1, len(TOLD)))
def test_the_rest_is_told_and_nothing_twice(cut: int) -> None:
    told = asked(cut, GONE, ALL)
    assert (told.error, told.text) == (None, "The sky is blue.")
    assert told.ways == ["replay", "poll"]
    assert told.urls[2].endswith(f"/whole/{cut - 1}")
    assert "".join(event.text for event in told.of("text.delta")) == "The sky is blue."
    assert len(told.of("part.started")) == len(told.of("part.ended")) == 1
    assert len(told.of("choice.ended")) == 1
    assert told.of("rewound") == []
    assert ("replay", "exact") in told.resumed
    assert [event.seq for event in told.events] == list(range(len(told.events)))


def test_it_is_asked_again_every_so_often_until_it_is_over() -> None:
    told = asked(2, GONE, NOT_YET, NOT_YET, NOT_YET, ALL)
    assert told.text == "The sky is blue."
    assert told.ways == ["replay", "poll", "poll", "poll", "poll"]
    assert told.events[-1].attempts == 2
    assert told.events[-1].timings.total == pytest.approx(3 * EVERY)


def test_an_answer_that_is_never_over_is_waited_for_as_long_as_for_first_content() -> None:
    told = asked(2, GONE, NOT_YET, timeouts=Timeouts(first_content=12.0))
    assert isinstance(told.error, errors.StreamTimeoutError)
    assert told.error.partial.text == "The sky is"
    assert told.ways.count("poll") == 2 * 3  # two attempts in a row may bring nothing


@pytest.mark.parametrize("status", [400, 404])
def test_an_answer_that_the_server_is_rid_of_goes_on_otherwise(status: int) -> None:
    told = asked(3, GONE, refusal(status, "no such answer"), ended(" blue."))
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll", "prefix"])
    assert told.events[-1].attempts == 2


def test_another_answer_is_not_glued_on() -> None:
    told = asked(3, GONE, kept(c.Text("The sea is deep.")), ended(" blue."))
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll", "prefix"])


def test_an_answer_shorter_than_what_was_told_is_another() -> None:
    told = asked(3, GONE, kept(c.Text("The sky")), ended(" blue."))
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll", "prefix"])


def test_an_answer_that_failed_is_an_error_behind_what_it_said() -> None:
    failed = Answer(
        [body(frame(c.Text("The sky is blue")), b'data: {"error": {"type": "server_error"}}')],
        headers=JSON,
    )
    told = asked(2, GONE, failed, ended(" blue and wide."))
    assert told.ways == ["replay", "poll", "prefix"]
    assert told.text == "The sky is blue and wide."


def test_half_a_body_is_asked_for_again() -> None:
    whole = body(frame(c.Text("The sky is blue.")), STOP)
    told = asked(2, GONE, Answer([whole[:30]], headers=JSON), ALL)
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll", "poll"])


def test_a_line_lost_in_a_poll_is_asked_again() -> None:
    told = asked(2, GONE, Answer([b"[{"], headers=JSON, end="rst"), ALL)
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll", "poll"])


def test_behind_a_gap_the_whole_is_asked_for() -> None:
    told = asked(2, Answer(TOLD[3:]), ALL)
    assert (told.text, told.ways) == ("The sky is blue.", ["replay", "poll"])


def test_behind_an_error_of_the_vendors_own_it_is_not() -> None:
    error = b'id: 2\ndata: {"error": {"type": "overloaded_error", "message": "busy"}}\n\n'
    told = ask(Answer([*TOLD[:2], error]), ended(" is blue."), adapter=KEPT)
    assert (told.text, told.ways) == ("The sky is blue.", ["prefix"])


@pytest.mark.parametrize("append_only", [False, True])
@pytest.mark.parametrize("cut", range(1, len(TOLD)))
def test_from_a_token_the_whole_is_asked_for(cut: int, append_only: bool) -> None:
    """A fresh decoder would not know what the rest belongs to."""
    first = ask(
        Answer(TOLD[:cut], end="rst"),
        adapter=KEPT,
        append_only=append_only,
        policies={"resume": Resume(attempts=1)},
    )
    told = ask(NOT_YET, ALL, adapter=KEPT, token=first.error.token, append_only=append_only)
    assert told.urls[0].endswith(f"/whole/{cut - 1}")
    assert (told.error, told.text) == (None, "The sky is blue.")
    assert first.text + "".join(e.text for e in told.of("text.delta")) == "The sky is blue."
    assert told.events[0].seq == first.events[-1].seq + 1


def test_an_answer_made_of_two_is_not_asked_for_whole() -> None:
    onward = numbered([*said(" is blue", " and"), STOP, DONE])
    told = ask(
        Answer(said("The sky", " is"), end="rst"),
        Answer(onward[:2], end="rst"),
        GONE,
        ended(" and wide."),
        adapter=KEPT,
    )
    assert told.ways == ["prefix", "replay", "prefix"]
    assert told.text == "The sky is blue and wide."


PARTS = [
    c.Reasoning("Look first.", "r"),
    c.Signature("s", "wire", "r"),
    c.Closed("r"),
    c.Text("Blue, says ", "m"),
    c.Text("the sky.", "m"),
    c.Cited(Citation(kind="url", url="https://sky.example"), "m"),
    c.Cited(Citation(kind="url", url="https://sea.example"), "m"),
    c.Closed("m"),
    c.ToolOpened("t", "look", "call_1"),
    c.ToolArguments("t", '{"at": '),
    c.ToolArguments("t", '"sky"}'),
    c.Closed("t"),
    c.ToolOpened("n", "now", "call_2"),
    c.Closed("n"),
    c.ServerToolOpened("s", "search", "s1", "search"),
    c.ServerToolArguments("s", '{"q": 1}'),
    c.Item("search", {"type": "search", "id": "s1"}, "s", "s1", "search"),
    c.Media("image/png", "aGk=", key="i"),
    c.Closed("i"),
    c.UsageReport(Usage(input_tokens=1, output_tokens=2)),
]


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("cut", range(1, len(PARTS) + 1))
def test_parts_of_every_kind_are_found_again(cut: int, moved: bool) -> None:
    """Also where the server lists its own tools before the words."""
    whole = [*PARTS[14:17], *PARTS[:14], *PARTS[17:]] if moved else PARTS
    want = ask(Answer([*(frame(x) for x in PARTS), STOP, DONE]), adapter=KEPT)
    told = ask(
        Answer(numbered([frame(piece) for piece in PARTS[:cut]]), end="rst"),
        GONE,
        kept(*whole),
        adapter=KEPT,
    )
    assert told.error is None
    assert told.ways == ["replay", "poll"]
    order = [part.type for part in told.response.parts]
    assert sorted(map(repr, told.response.parts)) == sorted(map(repr, want.response.parts))
    if not moved or cut >= 15:
        assert told.response.parts == want.response.parts
    assert told.response.usage == want.response.usage
    assert [event.kind for event in told.of("part.started")] == order
    assert len(told.of("part.ended")) == len(order)
    assert [event.call.name for event in told.of("tool_call.ready")] == ["look", "now"]
    assert len(told.of("citation")) == 2
    assert [event.data for event in told.of("media.delta")] == ["aGk="]
    for index, part in enumerate(told.response.parts):
        deltas = [e.text for e in told.events if getattr(e, "part", -1) == index and _is_delta(e)]
        assert "".join(deltas) in (getattr(part, "text", "".join(deltas)), "")


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_call_that_the_whole_answer_writes_otherwise_is_never_glued(cut: int) -> None:
    """A server that keeps the arguments as an object has forgotten how they were written."""
    begun = [c.Text("Look."), c.ToolOpened("t", "look", "1")]
    pieces = [c.ToolArguments("t", '{"at":'), c.ToolArguments("t", '"sky"}'), c.Closed("t")]
    frames = numbered([frame(piece) for piece in (*begun, *pieces)])
    told = ask(
        Answer(frames[: 1 + cut], end="rst"),
        GONE,
        kept(*begun, c.ToolArguments("t", '{"at": "sky"}'), c.Closed("t")),
        adapter=KEPT,
    )
    assert told.error is None
    [call] = told.response.tool_calls
    assert call.arguments == {"at": "sky"}
    rewound = told.of("rewound")
    assert [(event.part, event.dropped) for event in rewound] == [(1, True)] * (cut == 3)
    after = told.events.index(rewound[0]) if rewound else 0
    deltas = [e.text for e in told.events[after:] if e.type == "tool_arguments.delta"]
    assert "".join(deltas) == call.arguments_text
    assert [event.call for event in told.of("tool_call.ready")] == [call]
    assert len(told.of("part.ended")) == 2


def test_what_was_told_stands_if_another_answer_comes_behind_half_a_call() -> None:
    begun = [c.Text("Look."), c.ToolOpened("t", "look", "1"), c.ToolArguments("t", '{"at":')]
    told = ask(
        Answer(numbered([frame(piece) for piece in begun]), end="rst"),
        GONE,
        kept(c.Text("Never."), c.ToolOpened("t", "look", "1"), c.Closed("t")),
        adapter=KEPT,
        policies={"resume": Resume(min_fidelity="exact")},
    )
    assert told.error is not None
    assert [part.type for part in told.response.parts] == ["text", "incomplete_tool_call"]
    assert told.of("rewound") == []


def _is_delta(event: object) -> bool:
    return getattr(event, "type", "") in ("text.delta", "reasoning.delta")
