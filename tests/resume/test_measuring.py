"""What measures resuming on the real model sees what it is there to see."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from tests.core.tape_server import Answer, TapeServer

sys.path.append(str(Path(__file__).parents[2]))
from benchmarks.resume.proxy import HOWS, Cut, How, cutting_proxy
from benchmarks.resume.render import silently_short
from benchmarks.resume.seams import doubt
from benchmarks.resume.wire import said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The sky is| blue and wide.", None),
        ("The sky is|blue and wide.", "letter joined to letter"),
        ("The sky is| is blue.", "doubled: is"),
        ("The sky is blue| The sky is blue today.", "doubled: the sky is blue"),
        ("It scatt| scatters light.", "half a word, then the whole"),
        ("It is.|So it is.", "no space"),
        ("It is | so.", "two spaces"),
        ("空は青い。|それは", None),
    ],
)
def test_a_bad_seam_is_doubted(text: str, found: str | None) -> None:
    at = text.index("|")
    assert doubt(text.replace("|", ""), at, "prose", []) == found


def test_a_word_that_one_attempt_said_whole_is_not_doubted() -> None:
    assert doubt("It scatters light.", 7, "prose", ["It scat", "It scatters li"]) is None
    assert doubt("It scatters light.", 7, "prose", ["It scat", "ters light."]) is not None


@pytest.mark.parametrize("how", HOWS)
def test_the_proxy_passes_on_so_many_bytes_and_breaks_the_line(
    server: TapeServer, how: How
) -> None:
    server.play(Answer([b"data: one\n\n", b"data: two\n\n"]))
    with cutting_proxy(server.url) as proxy, httpx.Client(timeout=5) as http:
        assert http.post(proxy.url, json={}).content == b"data: one\n\ndata: two\n\n"
        proxy.forget(lambda: Cut(14, how))
        got, broken = b"", False
        with http.stream("POST", proxy.url, json={}) as response:
            try:
                for data in response.iter_raw():
                    got += data
            except (httpx.RemoteProtocolError, httpx.ReadError):
                broken = True
        assert broken == (how != "clean")
        assert got == b"data: one\n\ndat" or how == "rst"
        assert [bytes(body) for body in proxy.bodies] == [b"data: one\n\ndat"]
        assert proxy.cuts == [Cut(14, how)]


def test_words_are_read_from_both_dialects_and_not_from_a_cut_event() -> None:
    chat = b'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n'
    messages = (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":" two"}}\n\n'
    )
    assert said(chat + messages + b"data: [DONE]\n\n" + chat[:-20]) == "one two"


@pytest.mark.parametrize(
    ("change", "short"),
    [
        ({}, False),
        ({"identical": False, "differs": {"at": 7}}, False),
        ({"identical": False, "differs": {"at": 10}}, True),
        ({"finish": None}, True),
        ({"reader_has_it": False}, True),
        ({"finish": None, "error": "TruncatedError", "outcome": "truncated"}, False),
    ],
)
def test_an_answer_that_ends_early_without_an_error_counts_as_short(
    change: dict[str, object], short: bool
) -> None:
    case = {
        "error": None,
        "outcome": "complete",
        "finish": "stop",
        "characters": 10,
        "reader_has_it": True,
        "identical": True,
    }
    assert silently_short(case | change) is short
