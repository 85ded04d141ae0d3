"""Media in many pieces, read at any time."""

from __future__ import annotations

from collections import deque

from streamkit import chunks as c
from streamkit._draft import Draft
from streamkit.messages import MediaPart


def test_media_in_many_pieces_is_whole_however_often_it_is_read() -> None:
    draft = Draft(deque(), "wire")
    for _ in range(3000):
        draft.apply(c.Media("audio/pcm", "QUJD"))
    assert draft.choices[0].parts[0].text == "QUJD" * 3000
    part = draft.response(None).parts[0]
    assert isinstance(part, MediaPart)
    assert part.data == "QUJD" * 3000
