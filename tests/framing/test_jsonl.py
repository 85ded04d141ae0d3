"""JSON lines: LF alone ends a line, at every split."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit._framing import framer
from streamkit.adapter import Frame

BOM = b"\xef\xbb\xbf"

VECTORS: dict[str, tuple[bytes, list[str], str | None]] = {
    "nothing": (b"", [], None),
    "lines": (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}'], None),
    "last-line-without-lf": (b'{"a":1}\n{"b":2}', ['{"a":1}'], '{"b":2}'),
    "last-line-cut": (b'{"a":1}\n{"b', ['{"a":1}'], '{"b'),
    "last-line-with-cr": (b'{"a":1}\r', [], '{"a":1}'),
    "crlf": (b'{"a":1}\r\n{"b":2}\r\n', ['{"a":1}', '{"b":2}'], None),
    "cr-ends-no-line": (b'{"a":\r1}\n', ['{"a":\r1}'], None),
    "blank-lines": (b'\n\r\n \t\n{"a":1}\n\n\n{"b":2}\n \n', ['{"a":1}', '{"b":2}'], None),
    "space-around": (b' {"a": 1}\t\n', ['{"a": 1}'], None),
    "unicode-line-ends-are-text": (
        '{"a":"\u2028\u2029\x85\x0b\x0c\x1c"}\n\x85\n'.encode(),
        ['{"a":"\u2028\u2029\x85\x0b\x0c\x1c"}', "\x85"],
        None,
    ),
    "bom": (BOM + b'{"a":1}\n' + BOM + b"2\n", ['{"a":1}', "\ufeff2"], None),
    "bom-alone": (BOM, [], None),
    "bom-and-no-lf": (BOM + b"1", [], "1"),
    "split-characters": ('{"a":"👩‍🚀…"}\n'.encode(), ['{"a":"👩‍🚀…"}'], None),
    "invalid-utf-8": (b'{"a":"\xff\xe2\x80"}\n', ['{"a":"\ufffd\ufffd"}'], None),
    "cut-in-a-character": (b'{"a":"\xe2\x80', [], '{"a":"\ufffd'),
}


def read(*pieces: bytes) -> tuple[list[str], str | None]:
    reader = framer("jsonl")
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    left = reader.end()
    assert all(frame == Frame(frame.data) for frame in frames)
    return [frame.data for frame in frames], left and left.data


vectors = pytest.mark.parametrize(("body", "lines", "left"), VECTORS.values(), ids=VECTORS.keys())


@vectors
def test_vector_reads_the_same_at_every_split(
    body: bytes, lines: list[str], left: str | None
) -> None:
    assert read(body) == (lines, left)
    for at in range(len(body) + 1):
        assert read(body[:at], body[at:]) == (lines, left), at
    assert read(*(body[n : n + 1] for n in range(len(body)))) == (lines, left)


def test_a_line_is_given_with_the_piece_that_completes_it() -> None:
    reader = framer("jsonl")
    assert reader.feed(b'{"a"') == []
    assert reader.feed(b":1}\r") == []
    assert reader.feed(b"\n2\n3") == [Frame('{"a":1}'), Frame("2")]
    assert reader.feed(b"") == []
    assert reader.end() == Frame("3")
    assert reader.end() is None


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)
JSON = st.one_of(
    st.integers(),
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(JSON, max_size=5),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.lists(st.integers(min_value=0, max_value=2**16), max_size=6),
)
def test_values_written_one_a_line_are_read_back(
    values: list[object], line_end: str, cuts: list[int]
) -> None:
    body = "".join(json.dumps(value, ensure_ascii=False) + line_end for value in values).encode()
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    lines, left = read(*(body[a:b] for a, b in pairwise(edges)))
    assert [json.loads(line) for line in lines] == values
    assert left is None
