"""What is said of things in an answer that are neither its words nor its reasoning."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import chunks as c
from streamkit.cli._output import Screen
from streamkit.cli._play import play
from streamkit.testing import Fake, Stop
from streamkit.values import Citation, FinishReason


def shown(capsys: pytest.CaptureFixture[str], *script: Any) -> tuple[str, list[str]]:
    """stdout, and the lines of stderr."""
    with Fake(script).sync_client() as client, client.stream("fake:any", "x") as stream:
        assert play(stream, Screen()) is None
    out, err = capsys.readouterr()
    return out, err.splitlines()


@pytest.mark.parametrize(
    ("chunk", "line"),
    [
        (c.Notice("slow_lane"), "slow_lane"),
        (c.Notice("slow_lane", "this took\nthe slow lane"), "this took the slow lane"),
        (c.Safety("prompt", blocked=True), "the vendor's safety filter blocked the prompt"),
        (
            c.Item("web_search_call", {}, name="web_search"),
            "web_search (run by the vendor; --json shows it)",
        ),
        (c.Item("compaction", {}), "compaction (run by the vendor; --json shows it)"),
        (c.Media("image/png", "aGk="), "image/png: --json holds it"),
        (c.Media("image/png", url="https://x.test/a.png"), "image/png: https://x.test/a.png"),
        (c.Text("other", choice=1), "the first of 2 answers; --json has them all"),
    ],
)
def test_it_is_one_dim_line_on_stderr(
    capsys: pytest.CaptureFixture[str], chunk: c.Chunk, line: str
) -> None:
    out, lines = shown(capsys, "Hello ", chunk, "you")
    assert out == "Hello you\n"
    assert lines[0] == line
    assert lines[-1].startswith("first text after ")


@pytest.mark.parametrize(
    "chunk", [c.Safety("answer", blocked=False), c.Opaque("new_thing"), c.Meta(id="x")]
)
def test_what_a_reader_does_not_need_is_not_said(
    capsys: pytest.CaptureFixture[str], chunk: c.Chunk
) -> None:
    _, lines = shown(capsys, "Hello", chunk)
    assert len(lines) == 1


def test_sources_are_listed_once_each_below_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (c.Cited(Citation(url=f"https://{x}.test")) for x in "ab")
    _, lines = shown(capsys, "Hello", first, second, first)
    assert lines[:2] == ["source: https://a.test", "source: https://b.test"]


@pytest.mark.parametrize("reason", ["length", "content_filter", "pause", "error"])
def test_a_stop_that_a_reader_would_wonder_about_is_explained(
    capsys: pytest.CaptureFixture[str], reason: FinishReason
) -> None:
    _, lines = shown(capsys, "Hello", Stop(reason))
    assert "stopped" in lines[0] or "paused" in lines[0]


def test_reasoning_between_words_does_not_reach_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    out, lines = shown(capsys, "One", c.Reasoning("hm"), " two", c.Reasoning(""), c.Text(""))
    assert out == "One two\n"
    assert lines[0] == "hm"


def test_an_answer_of_nothing_has_no_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == ("", [])
