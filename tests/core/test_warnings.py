"""What was not honoured as asked is said in the answer, not in events alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamkit import Resume, errors
from streamkit import chunks as c
from streamkit.adapter import INSTRUCT, ResumeBy, WireRequest
from streamkit.messages import ChatRequest, ChatResponse
from streamkit.sync import Client
from streamkit.values import Warned
from tape_server import Answer, TapeServer
from wire import DONE, STOP, Wire, frame, said, whole

NO_SEED = Warned("option_ignored", "seed", "wire has no seed: it was not sent")


def test_an_answer_says_what_was_not_honoured(server: TapeServer) -> None:
    server.play(Answer(whole("Hi")))
    with Client(adapters=[Wire(server.url)]) as client:
        with client.stream("wire:any", "Hi", seed=7) as stream:
            next(stream)
            assert stream.snapshot.warnings == (NO_SEED,)
        response = client.complete("wire:any", "Hi", seed=7)
        assert client.complete("wire:any", "Hi").warnings == ()
    assert response.warnings == (NO_SEED,)
    assert ChatResponse.model_validate_json(response.model_dump_json()) == response


def test_half_a_character_is_told_in_the_answer_too(server: TapeServer) -> None:
    server.play(Answer([frame(c.Reasoning("\ud83d")), frame(c.Text("Hi")), STOP, DONE]))
    with Client(adapters=[Wire(server.url)]) as client:
        [warned] = client.complete("wire:any", "Hi").warnings
    assert (warned.code, warned.what) == ("half_character", "reasoning")


class Curt(Wire):
    """Its warnings name no option."""

    def request(self, request: ChatRequest) -> WireRequest:
        warnings = (Warned("option_ignored", "stop", "not here"),)
        return replace(super().request(request), warnings=warnings)


def test_strict_names_each_option_once(server: TapeServer) -> None:
    client = Client(adapters=[Curt(server.url)], strict=True)
    with client, pytest.raises(errors.UnsupportedError) as caught:
        client.complete("wire:any", "Hi", seed=7, stop="x")
    said = "wire:any: wire has no seed: it was not sent; stop: not here (strict=True)"
    assert str(caught.value) == said


class Instructed(Wire):
    """An answer that breaks can be gone on with."""

    def resume_by(self, request: ChatRequest) -> tuple[ResumeBy, ...]:
        return (INSTRUCT,)


def test_an_answer_that_breaks_keeps_its_warnings_through_its_token(server: TapeServer) -> None:
    server.play(Answer(said("The sky", " is", " blue"), ended=False, then="close"))
    with Client(adapters=[Instructed(server.url)], resume=Resume(attempts=1)) as client:
        with pytest.raises(errors.StreamInterrupted) as caught:
            client.complete("wire:any", "Hi", seed=7)
        assert caught.value.partial is not None
        assert caught.value.partial.warnings == (NO_SEED,)
        with client.resume(caught.value.token or "") as stream:
            assert stream.snapshot.warnings == (NO_SEED,)
