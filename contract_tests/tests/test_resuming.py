"""Replays: what an adapter that claims them must do, and how it could be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import twists
from mutation import HERE, broken

from streamkit.adapter import Adapter, Decoder, Frame, WireRequest
from streamkit.chunks import Chunk, Cursor, Text
from streamkit.messages import ChatRequest
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests.recordings import load
from streamkit_openai import OpenAIResponses

RECORDINGS = HERE.parents[1] / "plugins" / "streamkit-openai" / "tests" / "responses_recordings"
KEPT = {"extra_body": {"background": True}}


class Replaying(twists.Twisted):
    """The Responses adapter, with all that it says of going on."""

    def resume_by(self, request: ChatRequest):
        return self.real.resume_by(request)

    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:
        return self.real.replay_request(request, cursor)

    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:
        return self.real.poll_request(request, cursor)


class PollsAnyAnswer(Replaying):
    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:
        return self.real.poll_request(request, "resp_1:0")


class PollsWithoutAPause(Replaying):
    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:
        return replace(self.real.poll_request(request, cursor), poll_every=0.0)


class PollsOnce(Replaying):
    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:
        return replace(self.real.poll_request(request, cursor), poll_every=None)


class PollsNothing(Replaying):
    def poll_request(self, request: ChatRequest, cursor: str) -> WireRequest | None:
        return None


class ForgetsTheCursor(Replaying):
    def replay_request(self, request: ChatRequest, cursor: str) -> WireRequest:
        return self.real.replay_request(request, "resp_1:0")


class GivesNoCursor(Replaying):
    def decoder(self, request: ChatRequest) -> Decoder:
        class Silent(twists.TwistedDecoder):
            def twist(self, said: list[Chunk]) -> list[Chunk]:
                return [chunk for chunk in said if not isinstance(chunk, Cursor)]

        return Silent(super().decoder(request))


class TellsTwice(Replaying):
    def decoder(self, request: ChatRequest) -> Decoder:
        class Echo(twists.TwistedDecoder):
            """Reads a frame that came before as if it were new."""

            def __init__(self, real: Decoder) -> None:
                super().__init__(real)
                self.said: dict[str, list[Chunk]] = {}

            def feed(self, frame: Frame) -> Sequence[Chunk]:
                said = list(super().feed(frame))
                words = [chunk for chunk in said if isinstance(chunk, Text)]
                return (
                    said or self.said.get(frame.data, ()) if not words else self.keep(frame, said)
                )

            def keep(self, frame: Frame, said: list[Chunk]) -> list[Chunk]:
                self.said[frame.data] = said
                return said

        return Echo(super().decoder(request))


class SeesNoGap(Replaying):
    def decoder(self, request: ChatRequest) -> Decoder:
        class Blind(twists.TwistedDecoder):
            def twist(self, said: list[Chunk]) -> list[Chunk]:
                return [
                    c for c in said if getattr(c, "kind", "") not in ("connection_lost", "protocol")
                ]

        return Blind(super().decoder(request))


class OpaqueCursors(SeesNoGap):
    """Its vendor does not number events: nobody could see a gap."""

    def decoder(self, request: ChatRequest) -> Decoder:
        class Opaque(twists.TwistedDecoder):
            def twist(self, said: list[Chunk]) -> list[Chunk]:
                return [Cursor(f"{c.value}=") if isinstance(c, Cursor) else c for c in said]

        return Opaque(super().decoder(request))


def suite(adapter: Adapter) -> Suite:
    plain = [r for r in load(RECORDINGS) if r.expected.variant is None]
    return Suite(adapter, plain, replayed_with=KEPT)


@pytest.mark.parametrize("adapter", [Replaying, PollsNothing])
def test_an_adapter_that_replays_as_it_claims_keeps_the_law(adapter: type[Replaying]) -> None:
    assert broken("L21", suite(adapter(OpenAIResponses()))) == []


def test_no_gap_is_looked_for_in_events_that_are_not_numbered() -> None:
    assert broken("L21", suite(OpaqueCursors(OpenAIResponses()))) == []


@pytest.mark.parametrize(
    ("adapter", "told"),
    [
        (ForgetsTheCursor, "does not hold '77'"),
        (GivesNoCursor, "no recording gives a Cursor"),
        (TellsTwice, "the line broke behind frame"),
        (SeesNoGap, "never came"),
        (PollsAnyAnswer, "does not hold 'streamkit-probe'"),
        (PollsWithoutAPause, "poll_every=0.0"),
        (PollsOnce, "poll_every=None"),
    ],
)
def test_an_adapter_that_replays_wrongly_is_caught(adapter: type[Replaying], told: str) -> None:
    [(_, violation)] = broken("L21", suite(adapter(OpenAIResponses())))
    assert told in violation.what
