"""What an error says of an answer that does not go on: why, what came, and what to do now."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import Resume, errors
from streamkit import chunks as c
from streamkit._setup import Setup
from tests.resume.going import SOON, Answer, Going, Told, ask, chunks, numbered, refusal, words
from tests.resume.going import whole as ended
from wire import frame, said, vendor_error

HALF = words("The sky", " is", " blue", " to")
REST = ended(" today", " at", " noon.")
GARBAGE = Answer([*said("The sky", " is"), b"data: {garbage\n\n"])
CALL = (c.ToolOpened("t", "look", "1"), c.ToolArguments("t", "{}"), c.Closed("t"))


def gave_up(*answers: Answer, **arguments: Any) -> Told:
    told = ask(*answers, **arguments)
    assert isinstance(told.error, errors.StreamInterrupted)
    message = str(told.error)
    assert message.count("error.partial") == 1
    assert message.endswith(told.error.advice)
    assert (told.error.token is None) == ("client.resume" not in message)
    return told


# --- what can be gone on with later --------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "why"),
    [
        ({"resume": Resume(attempts=1)}, "It was not gone on with: it was tried 1 times"),
        ({"resume": Resume(min_fidelity="exact")}, "prefix: min_fidelity='exact' forbids it"),
        ({"resume": Resume(max_extra_input_tokens=1)}, "more than 1 further input tokens"),
        ({"resume": False}, ""),
    ],
    ids=["attempts", "fidelity", "input", "off"],
)
def test_what_only_the_policy_forbids_can_go_on_from_the_token(
    policies: dict[str, Any], why: str
) -> None:
    told = gave_up(HALF, REST, policies=policies)
    assert why in str(told.error)
    assert ("gone on with" in str(told.error)) == bool(why)
    assert ask(REST, token=told.error.token).text == "The sky is blue today at noon."


def test_a_used_up_budget_is_told() -> None:
    setup = Setup(adapters=[Going()], retry=SOON)
    setup._budgets["vendor.invalid"] = budget = setup.call("wire:any", "Hi", {}).budget("x")
    budget.tokens = 0.0
    told = gave_up(HALF, setup=setup)
    assert "the budget of retries for this host is used up" in str(told.error)
    assert told.error.token is not None


def test_a_wait_that_is_too_long_is_told() -> None:
    limited = Answer(status=429, headers={"retry-after": "600"})
    told = gave_up(HALF, limited)
    assert "the vendor asks to wait 600 s" in str(told.error)
    assert told.error.token is not None


def test_a_key_that_failed_can_be_set_and_the_answer_gone_on_with() -> None:
    told = gave_up(HALF, Answer(status=401))
    assert str(told.error).endswith("or Client(api_key=...).")
    assert told.error.token is not None


def test_a_stopped_answer_that_the_server_has_kept_can_be_proven_whole() -> None:
    kept = numbered([*said("The sky."), frame(c.Stop("stop", "stop"))])
    adapter = Going(ways=("replay",))
    told = gave_up(
        Answer(kept, end="rst"), adapter=adapter, policies={"resume": Resume(attempts=1)}
    )
    done = numbered([frame(c.End())], 2)
    assert ask(Answer(done), token=told.error.token, adapter=adapter).error is None


# --- what nobody can go on with ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (chunks(c.Text("Look "), c.Item("search", {})), "the vendor's own tools"),
        (chunks(c.Text("Look "), *CALL), "a finished tool call"),
        (chunks(c.Text("a"), c.Text("b", choice=1)), "several choices"),
    ],
    ids=["items", "calls", "choices"],
)
def test_an_answer_of_which_nothing_may_be_asked_again_has_no_token(came: Answer, why: str) -> None:
    told = gave_up(came, REST)
    assert f"It cannot be gone on with: {why}" in str(told.error)
    assert told.error.token is None


@pytest.mark.parametrize("policies", [{}, {"resume": False}], ids=["on", "off"])
def test_an_adapter_without_a_way_gives_no_token(policies: dict[str, Any]) -> None:
    told = gave_up(HALF, adapter=Going(ways=()), policies=policies)
    assert "It cannot be gone on with: wire has no way to." in str(told.error)
    assert told.error.token is None


@pytest.mark.parametrize("policies", [{}, {"resume": False}], ids=["on", "off"])
def test_an_adapter_that_fails_to_ask_does_not_hide_what_broke_the_answer(
    policies: dict[str, Any],
) -> None:
    class Fails(Going):
        def prefix_request(self, request: Any) -> Any:
            raise KeyError("prefix")

    told = gave_up(HALF, adapter=Fails(ways=("prefix",)), policies=policies)
    assert isinstance(told.error, errors.TruncatedError)
    assert "prefix: the adapter failed to ask so: KeyError" in str(told.error)


def test_ways_that_the_server_refuses_are_told() -> None:
    told = gave_up(HALF, refusal(400, "no prefill here"))
    assert "prefix: the server refuses it; instruct: the server refuses it" in str(told.error)
    assert told.error.token is None


def test_what_the_vendor_refuses_in_mid_answer_is_not_gone_on_with() -> None:
    told = gave_up(Answer([*said("The sky", " is"), vendor_error("invalid_request_error")]))
    assert "It cannot be gone on with: the vendor refuses the request." in str(told.error)
    assert told.error.token is None


def test_a_model_that_begins_another_answer_is_no_defect_to_report() -> None:
    first = words("The sky is blue", " because of the air.", " So")
    again = ended("The sky is blue", " because it is not green.")
    told = gave_up(first, again)
    assert told.ways == ["prefix", "instruct"]
    assert "began another answer" in str(told.error)
    assert str(told.error).endswith("ask again, or take a larger one.")
    assert "recording" not in str(told.error)
    assert ask(ended(" So"), token=told.error.token).error is None  # the next may do it


def test_a_word_that_cannot_be_taken_back_is_no_other_answer() -> None:
    told = gave_up(words("The sky ", "b" * 30), ended("green today."), append_only=True)
    assert "another word than the half that had been shown" in str(told.error)
    assert told.error.token is not None


# --- garbage -------------------------------------------------------------------------------------


def test_garbage_in_mid_answer_may_be_an_accident_once() -> None:
    assert ask(GARBAGE, ended(" is blue.")).text == "The sky is blue."


def test_garbage_that_comes_again_is_not_paid_for_a_third_time() -> None:
    """Though each attempt brings something new."""
    more = [Answer([*said(f" {n} more"), b"data: {garbage\n\n"]) for n in range(9)]
    told = gave_up(GARBAGE, *more)
    assert len(told.urls) == 2
    assert isinstance(told.error, errors.ProtocolError)
    assert "the second time that what came could not be read" in str(told.error)


def test_garbage_does_not_use_up_what_a_broken_line_may_cost() -> None:
    assert ask(GARBAGE, words(" is blue"), words(" blue to"), ended(" today.")).error is None


# --- what did not begin --------------------------------------------------------------------------


def test_an_error_before_any_content_says_nothing_of_content() -> None:
    told = ask(words(), policies={"resume": Resume(attempts=1)})
    assert isinstance(told.error, errors.TruncatedError)
    assert not isinstance(told.error, errors.StreamInterrupted)
    assert "error.partial" not in str(told.error)
    assert str(told.error).endswith("Ask again for the whole.")


def test_what_is_told_while_the_answer_goes_on_gives_no_advice() -> None:
    [interrupted] = ask(HALF, REST).of("interrupted")
    assert interrupted.fault.message.endswith("puts behind a whole answer.")
