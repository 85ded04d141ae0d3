"""The laws hold, and catch what is broken, in every framing: the toy's answers in each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
import twists
from acme import Acme
from mutation import HERE, broken, toy_suite

from streamkit.adapter import Adapter, Decoder, Framing
from streamkit.messages import ChatRequest
from streamkit_contract_tests._case import Suite
from streamkit_contract_tests._wire import WIRES
from streamkit_contract_tests.laws import LAWS
from streamkit_contract_tests.recordings import BadRecording, load

SUFFIXES: dict[Framing, str] = {
    "sse": ".sse",
    "jsonl": ".jsonl",
    "json-array": ".json",
    "aws-event-stream": ".eventstream",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Framing, Path]:
    """The toy's recordings, written anew for each framing."""
    made = {}
    for framing, wire in WIRES.items():
        made[framing] = folder = tmp_path_factory.mktemp(framing)
        for name, case in toy_suite(Acme()).cases.items():
            expect = HERE / "recordings" / f"{name}.expect.json"
            expected = json.loads(expect.read_text("utf-8"))
            for call in expected.get("tool_calls", ()):
                call.pop("closed_by", None)
            (folder / expect.name).write_text(json.dumps(expected), "utf-8")
            suffix = SUFFIXES[framing] if case.is_stream else ".json"
            body = wire.body_of(case.frames) if case.is_stream else case.body
            (folder / f"{name}{suffix}").write_bytes(body)
    return made


def suite_of(adapter: Adapter, folder: Path, framing: Framing) -> Suite:
    pings = {
        "sse": 'data: {"t":"ping"}\n\n',
        "jsonl": '{"t":"ping"}\n',
        "json-array": ',{"t":"ping"}',
        "aws-event-stream": '@recording 1\n@aws {":event-type": ""}\n{"t":"ping"}\n',
    }
    return Suite(adapter, load(folder), keep_alives=(pings[framing],))


def test_every_framing_of_the_core_is_known_to_the_kit() -> None:
    assert set(WIRES) == set(SUFFIXES) == set(get_args(Framing))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("framing", ["jsonl", "json-array", "aws-event-stream"])
def test_the_right_adapter_keeps_every_law(
    framing: Framing, law: str, folders: dict[Framing, Path]
) -> None:
    suite = suite_of(Acme(framing=framing), folders[framing], framing)
    assert sum(case.is_stream for case in suite.cases.values()) == 5
    assert broken(law, suite) == []


class TrustsAClose(twists.Twisted):
    def decoder(self, request: ChatRequest) -> Decoder:
        return twists.Trusting(super().decoder(request))


class IsDeaf(twists.Twisted):
    def decoder(self, request: ChatRequest) -> Decoder:
        return twists.Deaf(super().decoder(request))


class LosesNow(twists.Twisted):
    def decoder(self, request: ChatRequest) -> Decoder:
        return twists.LosesPieces(super().decoder(request))


@pytest.mark.parametrize(
    ("law", "layer"), [("L02", LosesNow), ("L04", IsDeaf), ("L05", TrustsAClose)]
)
@pytest.mark.parametrize("framing", SUFFIXES)
def test_a_broken_adapter_is_caught(
    framing: Framing, law: str, layer: type[twists.Twisted], folders: dict[Framing, Path]
) -> None:
    suite = suite_of(layer(Acme(framing=framing)), folders[framing], framing)
    assert broken(law, suite)


@pytest.mark.parametrize("framing", SUFFIXES)
def test_the_ends_of_messages_are_where_the_core_finds_them_whole(
    framing: Framing, folders: dict[Framing, Path]
) -> None:
    wire = WIRES[framing]
    body = next(folders[framing].glob(f"tools{SUFFIXES[framing]}")).read_bytes()
    whole = [len(wire.frames(body[:n])) for n in range(len(body) + 1)]
    ends = [n for n in range(1, len(body) + 1) if whole[n] > whole[n - 1]]
    assert wire.ends(body) == ends


def test_a_recording_of_another_framing_than_the_adapters_is_an_error(
    folders: dict[Framing, Path],
) -> None:
    with pytest.raises(BadRecording, match="is of the framing 'jsonl', but the adapter's"):
        Suite(Acme(), load(folders["jsonl"]))


def test_a_recording_may_say_its_status_and_how_its_line_ended(tmp_path: Path) -> None:
    (tmp_path / "lost.sse").write_text(
        "@recording 1\n@status 200\n@header content-type: text/event-stream\n"
        'data: {"t":"say","d":"Hello"}\n\n@end lost\n',
        "utf-8",
    )
    expected = {"outcome": "truncated", "error": "connection_lost", "text": "Hello"}
    (tmp_path / "lost.expect.json").write_text(json.dumps(expected), "utf-8")
    suite = Suite(Acme(), load(tmp_path))
    assert broken("L01", suite) == []
    assert broken("L05", suite) == []


def test_a_recording_that_is_told_twice_must_be_told_alike(tmp_path: Path) -> None:
    (tmp_path / "busy.json").write_text(
        '@recording 1\n@status 429\n@header content-type: application/json\n{"error": {}}\n',
        "utf-8",
    )
    (tmp_path / "busy.expect.json").write_text('{"status": 500}', "utf-8")
    with pytest.raises(BadRecording, match=r"status is 429 in busy\.json, but 500 in busy\.expect"):
        load(tmp_path)
