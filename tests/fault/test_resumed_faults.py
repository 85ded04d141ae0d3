"""The fault table's broken answers with `resume`, as it is by default: what the loop then reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
import tenacity

from streamkit import Retry
from streamkit.errors import StreamInterrupted
from tape_server import Answer, TapeServer

from .readers import BACKENDS, Reader, Seen
from .rows import CUT, KEY, PROMPT, ROWS, SIZES, WHOLE, Row
from .vendors import OPENAI

AT_ONCE = Retry(wait=tenacity.wait_none())
BROKEN = [row for row in ROWS if row.error is not None and row.read]

each_backend = pytest.mark.parametrize("backend", BACKENDS)


def read(server: TapeServer, backend: str, row: Row, answers: Sequence[Answer]) -> Seen:
    server.play(*answers)
    reader = Reader("openai:any", PROMPT, 1, lambda: None)
    url = {"openai": server.url + OPENAI.path}
    [seen] = reader.read(
        backend, again=False, api_key={"openai": KEY}, base_url=url, retry=AT_ONCE, **row.options
    )
    assert seen.snapshot.text == seen.text
    assert KEY not in seen.words()
    return seen


@each_backend
@pytest.mark.parametrize("row", BROKEN, ids=[row.name for row in BROKEN])
def test_an_answer_that_breaks_whenever_it_is_asked_for(
    server: TapeServer, backend: str, row: Row
) -> None:
    """The same error as at the first time, with the same words, and a token to go on from."""
    seen = read(server, backend, row, row.answers(OPENAI))
    assert row.error is not None
    assert isinstance(seen.error, row.error)
    assert isinstance(seen.error, StreamInterrupted)
    assert seen.snapshot.outcome == row.outcome
    assert seen.text == row.read
    assert len(server.requests) == row.resumed
    assert Counter(x.type for x in seen.events)["interrupted"] == row.resumed - 1
    assert seen.error.attempts == row.resumed
    assert (seen.error.token is not None) is (row.resumed > 1)


GOING_ON = [row for row in BROKEN if row.resumed > 1]


@each_backend
@pytest.mark.parametrize("row", GOING_ON, ids=[row.name for row in GOING_ON])
def test_an_answer_that_breaks_once_goes_on(server: TapeServer, backend: str, row: Row) -> None:
    rest = Answer(OPENAI.whole(WHOLE.removeprefix(CUT)))
    seen = read(server, backend, row, [*row.answers(OPENAI), rest])
    assert seen.error is None
    assert seen.snapshot.outcome == "complete"
    assert seen.text == WHOLE
    assert len(server.requests) == 2
    told = Counter(event.type for event in seen.events)
    assert (told["interrupted"], told["resumed"]) == (1, 1)
    assert told["rewound"] == ("half a call" in row.shown)


HERE = [row for row in ROWS if row.place == "server" and row.streams == 1 and row not in SIZES]
UNCHANGED = [row for row in HERE if row.resumed == 1 and row not in BROKEN]


@pytest.mark.parametrize("row", UNCHANGED, ids=[row.name for row in UNCHANGED])
def test_nothing_else_is_different(server: TapeServer, row: Row) -> None:
    seen = read(server, "sync", row, row.answers(OPENAI))
    assert seen.snapshot.outcome == row.outcome
    assert isinstance(seen.error, row.error or type(None))
    assert seen.text == row.read
    assert len(server.requests) == row.requests
