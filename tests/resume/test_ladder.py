"""Which way a broken answer goes on, by what the vendor can do and by what has come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from streamkit import Resume, Retry, errors
from streamkit import chunks as c
from streamkit._setup import Setup
from streamkit._spent import tokens_in
from streamkit._target import encode_body
from streamkit.messages import JsonSchema, NamedTool, Tool
from streamkit.values import Usage
from tests.resume.going import SOON, Answer, Going, ask, chunks, refusal, words
from tests.resume.going import whole as ended
from wire import said, vendor_error

HALF = words("The sky", " is", " blue", " to")
REST = ended(" today", " at", " noon.")
TOOL = Tool(name="look", parameters={"type": "object"})


# --- the best way that fits ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ways", "resumed"),
    [
        (("prefix", "instruct"), ("prefix", "seamless")),
        (("instruct", "prefix"), ("prefix", "seamless")),
        (("instruct",), ("instruct", "approximate")),
    ],
)
def test_the_best_way_that_the_dialect_has_is_taken(
    ways: tuple[str, ...], resumed: tuple[str, str]
) -> None:
    told = ask(HALF, REST, adapter=Going(ways=ways))
    assert told.text == "The sky is blue today at noon."
    assert told.resumed == [resumed]
    assert told.ways == [resumed[0]]


def test_the_prefix_is_whole_words_and_the_model_is_asked_with_the_tail() -> None:
    told = ask(HALF, REST)
    assert told.bodies[1]["turns"] == [["user", "Hi"], ["assistant", "The sky is blue"]]
    told = ask(HALF, REST, adapter=Going(ways=("instruct",)))
    [_, (role, said), (asker, asked)] = told.bodies[1]["turns"]
    assert (role, said, asker) == ("assistant", "The sky is blue", "user")
    assert "The sky is blue" in asked


def test_without_a_way_words_that_were_shown_are_given_up_on() -> None:
    told = ask(HALF, REST, adapter=Going(ways=()))
    assert isinstance(told.error, errors.TruncatedError)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert told.text == told.error.partial.text == "The sky is blue to"
    assert len(told.urls) == 1


def test_a_first_half_word_is_verified_by_asking_again() -> None:
    told = ask(words("Th"), ended("The sky."), adapter=Going(ways=()))
    assert (told.text, told.ways, told.resumed) == (
        "The sky.",
        [None],
        [("restart", "restarted")],
    )
    assert not told.of("rewound")


@pytest.mark.parametrize(
    "options",
    [
        {"n": 2},
        {"logprobs": True},
        {"tools": [TOOL], "tool_choice": "required"},
        {"tools": [TOOL], "tool_choice": NamedTool(name="look")},
    ],
    ids=",".join,
)
def test_a_request_whose_answer_another_cannot_go_on_with(options: dict[str, Any]) -> None:
    told = ask(HALF, REST, **options)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert len(told.urls) == 1
    assert [e.text for e in told.of("text.delta")] == ["The sky", " is", " blue", " to"]


def test_structured_output_is_gone_on_with_only_where_the_server_takes_up_its_grammar() -> None:
    schema = JsonSchema(json_schema={"type": "object"})
    json_half = words('{"sky": ', '"bl')
    rest = ended(' "blue"}')
    assert ask(json_half, rest, response_format=schema).text == '{"sky": "blue"}'
    told = ask(json_half, rest, adapter=Going(ways=("instruct",)), response_format=schema)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert len(told.urls) == 1


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (c.Item("search", {"x": 1}), "own tools"),
        (c.Media("image/png", "QQ=="), "media"),
        (c.Refusal("No."), "refusal"),
        (c.Text("other", choice=1), "several choices"),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, str) else "",
)
def test_what_cannot_be_asked_for_again_is_given_up_on(came: c.Chunk, why: str) -> None:
    told = ask(chunks(c.Text("Look: "), came), REST)
    assert len(told.urls) == 1
    assert why in str(told.error)
    assert isinstance(told.error, errors.StreamInterrupted)


def test_an_answer_that_stopped_is_not_asked_for_again_for_want_of_its_end_mark() -> None:
    """It would be paid for twice; yet nothing proves it whole."""
    told = ask(chunks(c.Text("Look: there."), c.Stop("stop", "stop")), REST)
    assert len(told.urls) == 1
    assert told.response.outcome == "truncated"
    assert (told.error.partial.text, told.error.partial.finish_reason) == ("Look: there.", "stop")
    assert told.error.token is None
    assert "most likely error.partial is the whole answer" in str(told.error)
    assert "ask again" not in str(told.error).lower()


# --- calls and thoughts --------------------------------------------------------------------------

OPEN = (c.ToolOpened(key="t", name="look", id="1"), c.ToolArguments("t", '{"at": "s'))
CLOSED = (*OPEN, c.ToolArguments("t", 'ky"}'), c.Closed("t"))


def test_a_finished_call_behind_which_the_line_is_cut_is_not_made_again() -> None:
    told = ask(chunks(c.Text("Let me look. "), *CLOSED), REST)
    assert len(told.urls) == 1
    [call] = told.response.tool_calls
    assert call.arguments == {"at": "sky"}
    assert "finished tool call" in str(told.error)


def test_a_call_that_was_cut_is_taken_back_and_made_anew() -> None:
    again = chunks(c.Text(" now."), *CLOSED, ended=True)
    told = ask(chunks(c.Text("Let me "), c.Text("look "), *OPEN), again)
    assert told.text == "Let me look now."
    [ready] = told.of("tool_call.ready")
    assert told.response.tool_calls == (ready.call,)
    [rewound] = told.of("rewound")
    assert (rewound.part, rewound.length, rewound.dropped) == (1, 9, True)
    kinds = [e.type for e in told.events]
    assert kinds.index("rewound") < kinds.index("resumed") < kinds.index("tool_call.ready")


def test_a_call_that_was_cut_without_words_before_it_begins_anew() -> None:
    told = ask(chunks(*OPEN), chunks(*CLOSED, ended=True), adapter=Going(ways=()))
    assert told.resumed == [("restart", "restarted")]
    assert [call.arguments for call in told.response.tool_calls] == [{"at": "sky"}]
    assert len(told.of("tool_call.ready")) == 1


def test_a_call_may_follow_where_text_was_cut() -> None:
    told = ask(words("Let me ", "look "), chunks(*CLOSED, ended=True))
    kinds = [e.type for e in told.events]
    assert told.text == "Let me look"
    assert kinds.index("resumed") < kinds.index("tool_call.ready")
    assert [p.content.text for p in told.of("part.ended") if p.part == 0] == ["Let me look"]


def test_thoughts_that_were_cut_are_taken_back() -> None:
    told = ask(
        chunks(c.Reasoning("Hm, "), c.Reasoning("blue")),
        chunks(c.Reasoning("Well."), c.Text("Blue."), ended=True),
    )
    assert [part.text for part in told.response.parts] == ["Well.", "Blue."]
    assert told.resumed == [("restart", "restarted")]
    assert [(e.length, e.dropped) for e in told.of("rewound")] == [(8, True)]
    assert told.bodies[0] == told.bodies[1]


def test_a_prefix_after_unsigned_thoughts_is_only_approximate() -> None:
    first = chunks(c.Reasoning("Hm."), c.Text("The sky"), c.Text(" is"), c.Text(" bl"))
    told = ask(first, ended(" blue."))
    assert told.resumed == [("prefix", "approximate")]
    told = ask(first, ended(" blue."), policies={"resume": Resume(min_fidelity="seamless")})
    assert isinstance(told.error, errors.StreamInterrupted)


@pytest.mark.parametrize("key", [None, 0])
def test_thoughts_before_the_text_goes_on_are_a_part_of_their_own(key: int | None) -> None:
    closed = [c.Closed(0)] if key == 0 else []
    text = c.Text(" blue today.", key=None if key is None else 1)
    told = ask(
        words("The sky", " is", " bl"),
        chunks(c.Reasoning("Where was I?", key=key), *closed, text, ended=True),
    )
    assert [part.text for part in told.response.parts] == ["The sky is blue today.", "Where was I?"]
    order = [(e.type, e.part) for e in told.of("part.started", "part.ended", "resumed")]
    assert order == [
        ("part.started", 0),
        ("resumed", 0),
        ("part.started", 1),
        ("part.ended", 1),
        ("part.ended", 0),
    ]


def test_signed_thoughts_go_with_the_prefix() -> None:
    seen: list[Any] = []

    class Sees(Going):
        def prefix_request(self, request: Any) -> Any:
            seen.append(request.messages[-1].content)
            return super().prefix_request(request)

    ask(
        chunks(
            c.Reasoning("Hm.", key=0), c.Signature("s", "wire", key=0), c.Closed(0),
            c.Text("The sky"), c.Text(" is"),
        ),
        REST,
        adapter=Sees(),
    )  # fmt: skip
    assert [(type(p).__name__, p.text) for p in seen[0]] == [
        ("ReasoningPart", "Hm."),
        ("TextPart", "The sky"),
    ]


def test_a_block_that_closes_at_once_is_whole_when_it_is_said_to_be() -> None:
    """Its words may still wait at the seam when the vendor closes it."""
    first = chunks(c.Text("", key=0), c.Text("The sky", key=0), c.Text(" is ", key=0))
    told = ask(first, chunks(c.Text("", key=0), c.Text(" b", key=0), c.Closed(0), ended=True))
    assert told.text == "The sky is b"
    assert [e.content.text for e in told.of("part.ended")] == ["The sky is b"]
    nothing = ask(first, chunks(c.Text("", key=0), c.Closed(0), ended=True))
    assert [part.text for part in nothing.response.parts] == ["The sky is"]


def test_words_that_wait_at_the_seam_come_before_their_block_is_closed() -> None:
    first = chunks(c.Text("The sky", key=0), c.Text(" is ", key=0))
    then = chunks(c.Text(" green", key=0), c.Closed(0), ended=True)
    told = ask(first, then, adapter=Going(ways=("instruct",)))
    assert [e.content.text for e in told.of("part.ended")] == ["The sky is green"]
    assert told.response.outcome == "complete"


def test_a_call_behind_a_closed_block_is_told_as_what_goes_on() -> None:
    told = ask(chunks(c.Text("Look. ", key=0), c.Closed(0)), chunks(*CLOSED, ended=True))
    assert [(e.type, e.part) for e in told.of("resumed", "part.started")] == [
        ("part.started", 0),
        ("resumed", 1),
        ("part.started", 1),
    ]


# --- what servers refuse -------------------------------------------------------------------------


def test_a_refused_way_costs_no_attempt_and_the_next_one_is_taken() -> None:
    told = ask(HALF, refusal(400, "no prefill here"), REST)
    assert told.text == "The sky is blue today at noon."
    assert told.ways == ["prefix", "instruct"]
    assert told.resumed == [("instruct", "approximate")]
    assert told.events[-1].attempts == 2
    assert len(told.of("interrupted")) == 1


def test_a_way_that_is_refused_inside_the_stream_is_refused_as_well() -> None:
    told = ask(HALF, Answer([vendor_error("invalid_request_error", "no prefill")]), REST)
    assert (told.ways, told.error) == (["prefix", "instruct"], None)


def test_an_error_behind_words_is_no_refusal_to_go_on() -> None:
    told = ask(HALF, Answer([*said(" today"), vendor_error("invalid_request_error")]), REST)
    assert told.ways == ["prefix"]
    assert isinstance(told.error, errors.InvalidRequestError)


def test_where_every_way_is_refused_the_fault_is_what_broke_the_answer() -> None:
    told = ask(words("The sky", " is", " bl", end="rst"), refusal(400, "no prefill here"))
    assert isinstance(told.error, errors.ConnectionLostError)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert isinstance(told.error.__cause__, errors.ConnectionLostError)
    refused = told.error.__cause__.__context__
    assert isinstance(refused, errors.InvalidRequestError)
    assert told.text == "The sky is bl"


@pytest.mark.parametrize(
    ("message", "later"),
    [
        ("prefill is not supported", ["instruct"]),
        ("The conversation must end with a user message.", ["instruct"]),
        ("Expected last role User or Tool but got assistant", ["instruct"]),
        ("too long", ["prefix"]),
        ("context length: 9000 tokens in assistant messages exceed 8192", ["prefix"]),
        ("final assistant content cannot end with trailing whitespace", ["prefix"]),
        ("assistant messages hold an unknown field", ["prefix"]),
    ],
)
def test_a_refusal_that_names_the_prefix_is_learned_for_the_base_url_and_model(
    message: str, later: list[str]
) -> None:
    adapters = [Going(), Going(base_url="https://other.invalid", name="other")]
    setup = Setup(adapters=adapters, retry=SOON)
    ask(HALF, refusal(400, message), REST, setup=setup)
    assert ask(HALF, REST, setup=setup).ways == later
    assert ask(HALF, REST, setup=setup, model="other:any").ways == ["prefix"]


def test_what_is_no_refusal_is_a_fault() -> None:
    told = ask(HALF, Answer(status=401), REST)
    assert isinstance(told.error, errors.AuthenticationError)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert isinstance(told.error.__cause__, errors.TruncatedError)


def test_an_answer_whose_line_cannot_be_made_again_is_truncated() -> None:
    """Not failed: it had begun."""
    told = ask(words("The sky", " is", end="rst"), Answer(status=0))
    assert isinstance(told.error, errors.ConnectError)
    assert told.response.outcome == "truncated"


# --- budgets -------------------------------------------------------------------------------------


def test_attempts_are_bounded() -> None:
    # Each attempt brings two words more and dies.
    text = "one two three four five six seven eight nine ten eleven twelve"
    answers = [words(*(f"{w} " for w in text.split()[: 2 * n])) for n in range(1, 7)]
    told = ask(*answers)
    assert told.events[-1].attempts == 4
    assert told.text == "one two three four five six seven eight "
    assert "tried 4 times" in str(told.error)


def test_attempts_that_bring_nothing_new_are_bounded() -> None:
    told = ask(HALF, words("The sky"), policies={"resume": Resume(attempts=9)})
    assert told.events[-1].attempts == 3
    assert "brought nothing new" in str(told.error)


def test_progress_resets_the_guard() -> None:
    told = ask(
        HALF, words(), words(" today at"), words(), ended(" at noon."),
        policies={"resume": Resume(attempts=9)},
    )  # fmt: skip
    assert told.text == "The sky is blue today at noon."


def test_thoughts_that_were_taken_back_are_no_progress() -> None:
    long, short = (chunks(c.Reasoning(thought)) for thought in ("a long time", "a while"))
    told = ask(long, short, long, policies={"resume": Resume(attempts=9)})
    assert told.events[-1].attempts == 3


def test_further_input_is_bounded() -> None:
    policies = {"resume": Resume(max_extra_input_tokens=3)}
    told = ask(HALF, REST, policies=policies)
    assert len(told.urls) == 1
    assert "further input tokens" in str(told.error)
    assert ask(HALF, REST, policies={"resume": Resume(max_extra_input_tokens=99)}).error is None


def test_further_input_is_bounded_over_all_attempts() -> None:
    again = words(" today", " at", " noon", end="rst")
    sent = tokens_in(encode_body(ask(HALF, REST).bodies[1]).decode())
    told = ask(HALF, again, REST, policies={"resume": Resume(max_extra_input_tokens=sent + 9)})
    assert told.ways == ["prefix"]
    assert told.text == "The sky is blue today at noon"
    assert "further input tokens" in str(told.error)


def test_the_bucket_is_shared_with_retries() -> None:
    setup = Setup(adapters=[Going()], retry=SOON)
    setup._budgets["vendor.invalid"] = budget = setup.call("wire:any", "Hi", {}).budget("x")
    budget.tokens = 4.0
    told = ask(HALF, REST, setup=setup)
    assert isinstance(told.error, errors.StreamInterrupted)
    assert len(told.urls) == 1


@pytest.mark.parametrize(
    ("least", "ways", "resumed"),
    [
        ("exact", ("prefix", "instruct"), []),
        ("seamless", ("prefix", "instruct"), [("prefix", "seamless")]),
        ("seamless", ("instruct",), []),
        ("approximate", ("instruct",), [("instruct", "approximate")]),
    ],
)
def test_nothing_worse_than_what_was_asked_for(
    least: Any, ways: tuple[str, ...], resumed: list[tuple[str, str]]
) -> None:
    policies = {"resume": Resume(min_fidelity=least)}
    told = ask(HALF, REST, adapter=Going(ways=ways), policies=policies)
    assert told.resumed == resumed
    assert (told.error is None) == bool(resumed)


@pytest.mark.parametrize("policies", [{"resume": False}, {"retry": Retry.never()}], ids=", ".join)
def test_it_can_be_turned_off(policies: dict[str, Any]) -> None:
    told = ask(HALF, REST, policies=policies)
    assert len(told.urls) == 1
    assert isinstance(told.error, errors.StreamInterrupted)
    assert [e.text for e in told.of("text.delta")] == ["The sky", " is", " blue", " to"]


def test_resume_given_by_hand_wins_over_retry_never() -> None:
    assert ask(HALF, REST, policies={"retry": Retry.never(), "resume": True}).error is None


# --- usage ---------------------------------------------------------------------------------------


def usage(given: int | None, out: int) -> c.UsageReport:
    return c.UsageReport(Usage(given, out, raw={"out": out}))


def test_usage_is_summed_and_what_the_cut_attempt_cost_is_estimated() -> None:
    first = chunks(usage(10, 1), *(c.Text(" word") for _ in range(8)))
    told = ask(first, chunks(usage(18, 1), c.Text(" more."), usage(18, 2), ended=True))
    total = told.response.usage
    assert total is not None
    assert (total.input_tokens, total.output_tokens) == (28, 12)
    assert total.estimated
    assert total.raw == {"out": 2}


def test_an_attempt_whose_input_nobody_told_had_that_of_the_next() -> None:
    told = ask(HALF, chunks(c.Text(" today."), usage(20, 3), ended=True))
    assert told.response.usage is not None
    assert told.response.usage.input_tokens == 40


def test_usage_never_shrinks() -> None:
    cut = [chunks(usage(n, 1), c.Text(f" {n} words. ")) for n in (50, 5, 7)]
    told = ask(*cut, chunks(usage(1, 1), c.Text(" end"), ended=True))
    seen = [(e.usage.input_tokens, e.usage.output_tokens) for e in told.of("usage")]
    assert seen == sorted(seen)
    assert all(a <= b for (_, a), (_, b) in itertools.pairwise(seen))


def test_usage_of_an_uncut_answer_is_the_vendors() -> None:
    told = ask(chunks(usage(10, 5), c.Text("Hi"), ended=True))
    assert told.response.usage == Usage(10, 5, raw={"out": 5})


# --- words alone ---------------------------------------------------------------------------------


def test_from_a_reader_of_words_nothing_is_taken_back() -> None:
    half = words("The sky ", "b" * 30)  # too long to wait for
    other = ended("green today.")
    told = ask(half, other)
    assert told.text == "The sky green today."
    assert [(e.part, e.length) for e in told.of("rewound")] == [(0, 6)]
    told = ask(half, other, append_only=True)
    assert not told.of("rewound")
    assert isinstance(told.error, errors.StreamInterrupted)
    assert told.text == "The sky bbbbbb"
    assert told.ways == ["prefix", "instruct"]


def test_a_reader_of_words_is_shown_no_half_word_however_long_the_line_is_silent() -> None:
    half = words("The sky", " is", " bl")
    half.reads = [*half.reads, 0.5]
    other = ended(" green today.")
    assert [e.length for e in ask(half, other).of("rewound")] == [2]
    told = ask(half, other, append_only=True)
    assert (told.text, told.of("rewound"), told.error) == ("The sky is green today.", [], None)


def test_a_reader_of_words_is_left_with_whole_words_from_which_any_other_can_follow() -> None:
    half = words("The sky", " is", " bl")
    gave_up = ask(half, refusal(401, "no"), append_only=True)
    assert gave_up.text == "The sky is"
    told = ask(ended(" green today."), token=gave_up.error.token, append_only=True)
    assert (told.text, told.error) == ("The sky is green today.", None)
