"""What a body may cost: one frame is bounded, and the work is linear in the bytes."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit._framing import framer, records
from streamkit.adapter import Frame, Framing
from streamkit.errors import ProtocolError

LIMIT = 20
FITS = b"data: " + b"x" * (LIMIT - 6)
TOO_LONG = FITS + b"x"
ENDS: dict[Framing, bytes] = {"sse": b"\n\n", "jsonl": b"\n"}
each_framing = pytest.mark.parametrize("framing", ["sse", "jsonl"])


def read(framing: Framing, *pieces: bytes) -> tuple[list[Frame], Frame | None]:
    """Every frame before the limit is met, which is a ProtocolError with those frames."""
    reader = framer(framing, max_bytes=LIMIT)
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += reader.feed(piece)
        return frames, reader.end()
    except ProtocolError as error:
        error.add_note(repr(frames))
        raise


@each_framing
def test_a_frame_of_the_limit_passes_at_every_split(framing: Framing) -> None:
    body = (FITS + ENDS[framing]) * 2 + FITS
    whole = read(framing, body)
    assert len(whole[0]) == 2
    assert whole[1] == whole[0][0]
    for at in range(len(body)):
        assert read(framing, body[:at], body[at:]) == whole, at
    assert read(framing, *(body[n : n + 1] for n in range(len(body)))) == whole


@each_framing
@pytest.mark.parametrize("ended", [True, False])
def test_a_longer_frame_is_refused_at_every_split_and_loses_no_frame_before_it(
    framing: Framing, ended: bool
) -> None:
    end = ENDS[framing]
    before = FITS + end + b"data: 2" + end
    expected = repr(read(framing, before)[0])
    body = before + TOO_LONG + (end + FITS + end if ended else b"")
    for at in range(len(body)):
        with pytest.raises(ProtocolError) as caught:
            read(framing, body[:at], body[at:])
        assert caught.value.__notes__ == [expected], at


@each_framing
def test_the_refusal_says_the_limit_what_came_and_what_raises_it(framing: Framing) -> None:
    reader = framer(framing, max_bytes=LIMIT)
    reader.feed(b"x" * 15)
    with pytest.raises(ProtocolError) as caught:
        reader.feed(b"x" * 15)
    words = str(caught.value)
    assert "limit of 20 bytes: 30 bytes" in words
    assert "Client(max_frame_bytes=...)" in words
    assert caught.value.retryable is False


@each_framing
def test_after_a_refusal_every_call_refuses(framing: Framing) -> None:
    reader = framer(framing, max_bytes=LIMIT)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            reader.feed(TOO_LONG + ENDS[framing])
    with pytest.raises(ProtocolError):
        reader.end()


@each_framing
def test_a_frame_without_an_end_is_refused_as_soon_as_the_limit_is_passed(framing: Framing) -> None:
    reader = framer(framing, max_bytes=1000)
    for _ in range(100):
        reader.feed(b"x" * 10)
    with pytest.raises(ProtocolError):
        reader.feed(b"x")


@each_framing
def test_the_limit_is_of_one_frame_and_not_of_a_piece_or_a_body(framing: Framing) -> None:
    body = (FITS + ENDS[framing]) * 1000
    assert len(read(framing, body)[0]) == 1000


def test_line_ends_do_not_count_towards_the_limit() -> None:
    for body in (b"\n" + FITS + b"\n", b"\n\n\n" + FITS + b"\n\n\n", b"\r\n" + FITS + b"\r\n\r\n"):
        for at in range(len(body)):
            frames, left = read("sse", body[:at], body[at:])
            assert [*frames, *([left] if left else [])] == [Frame("x" * 14)], (body, at)


class Counted(bytearray):
    """A bytearray that counts the bytes it appends, searches, copies out and moves."""

    work = 0

    def __iadd__(self, other: Any) -> Counted:  # type: ignore[override,misc]
        Counted.work += len(other)
        super().__iadd__(other)
        return self

    def rfind(self, sub: Any, start: Any = 0, *end: Any) -> int:
        Counted.work += len(self) - start
        return super().rfind(sub, start, *end)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Counted.work += len(found)
        return found

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        Counted.work += len(self)

    def partition(self, sep: Any) -> Any:
        Counted.work += len(self)
        return super().partition(sep)

    def split(self, *args: Any) -> Any:
        Counted.work += len(self)
        return super().split(*args)


def work(framing: Framing, body: bytes, step: int) -> float:
    """Bytes touched per byte of the body, read in pieces of ``step``."""
    Counted.work = 0
    reader = framer(framing)
    frames = [f for n in range(0, len(body), step) for f in reader.feed(body[n : n + step])]
    assert sum(len(frame.data) for frame in frames) > len(body) / 2
    return Counted.work / len(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda n: b"data: " + b"x" * n, id="one-line"),
        pytest.param(lambda n: b"data: xxxxxxx\n" * (n // 14), id="many-lines"),
        pytest.param(lambda n: b"data: xxxxxxx\r\n" * (n // 15), id="crlf"),
        pytest.param(lambda n: b"data: xxxxxxxxx\n\n" * (n // 17), id="many-events"),
    ],
)
@each_framing
def test_the_work_is_linear_in_the_bytes(
    framing: Framing, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte is touched a few times, no more often in a body twice as long."""
    monkeypatch.setattr(records, "bytearray", Counted, raising=False)
    for step in (7, 100):
        once, twice = (work(framing, body(n) + ENDS[framing], step) for n in (50_000, 100_000))
        assert 1 < twice < 6
        assert twice < once * 1.05


@each_framing
def test_reading_on_near_the_limit_is_linear_too(
    framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "bytearray", Counted, raising=False)
    Counted.work = 0
    reader = framer(framing, max_bytes=50_000)
    for _ in range(50_000):
        reader.feed(b"x")
    with pytest.raises(ProtocolError):
        reader.feed(b"x")
    assert 50_000 < Counted.work < 300_000
