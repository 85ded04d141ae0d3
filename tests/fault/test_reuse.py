"""A connection that is kept serves the next stream as a new one would."""

from __future__ import annotations

import pytest

from tape_server import Answer, TapeServer

from .readers import BACKENDS, Reader
from .rows import KEY
from .vendors import OPENAI


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_that_begins_late_is_waited_for_on_a_kept_connection(
    server: TapeServer, backend: str
) -> None:
    """Later than the last bytes of the answer before were waited for."""
    server.play(Answer(OPENAI.whole()), Answer(OPENAI.whole(), delay=0.4))
    reader = Reader("openai:any", "Hi", 1, lambda: None)
    base_url = {"openai": server.url + OPENAI.path}
    reader.read(backend, again=True, api_key={"openai": KEY}, base_url=base_url)
    assert len(server.requests) == 2
    assert server.connections == 1
