"""A JSON array: each element is a frame as soon as it is whole, at every split."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit._framing import framer
from streamkit.errors import ProtocolError

BOM = b"\xef\xbb\xbf"

VECTORS: dict[str, tuple[bytes, list[str], str | None]] = {
    "nothing": (b"", [], None),
    "empty": (b"[]", [], None),
    "as-gemini-sends-it": (
        b'[{\n  "a": [1, {"b": 2}]\n}\n,\r\n{\n  "c": "]}"\n}\n]\n',
        ['{\n  "a": [1, {"b": 2}]\n}', '{\n  "c": "]}"\n}'],
        None,
    ),
    "object-alone": (b'{\n "error": {"code": 429}\n}\n', ['{\n "error": {"code": 429}\n}'], None),
    "error-in-a-list": (b'[{"error": {"code": 429}}]', ['{"error": {"code": 429}}'], None),
    "scalars": (b'[1, "two", null , [3,[4]], {}]', ["1", '"two"', "null", "[3,[4]]", "{}"], None),
    "brackets-in-strings": (
        b'[{"a":"\\"}],{["},{"\\\\":"["}]',
        ['{"a":"\\"}],{["}', '{"\\\\":"["}'],
        None,
    ),
    "cut-after-an-element": (b'[{"a":1}\n,', ['{"a":1}'], None),
    "cut-in-an-element": (b'[{"a":1},{"b"', ['{"a":1}'], '{"b"'),
    "cut-in-a-string": (b'[{"a":1},{"b\\', ['{"a":1}'], '{"b\\'),
    "bom": (BOM + b'[{"a":1}]', ['{"a":1}'], None),
    "bom-alone": (BOM, [], None),
    "half-a-bom": (BOM[:2], [], "\ufffd"),
    "no-json": (b"<html>Bad gateway</html>", [], "<html>Bad gateway</html>"),
    "characters": ('[{"a":"👩‍🚀\u2028"}]'.encode(), ['{"a":"👩‍🚀\u2028"}'], None),
    "invalid-utf-8": (b'[{"a":"\xff"}]', ['{"a":"\ufffd"}'], None),
}


def read(*pieces: bytes, limit: int = 2**20) -> tuple[list[str], str | None]:
    cut = framer("json-array", max_bytes=limit)
    found = [frame.data for piece in pieces for frame in cut.feed(piece)]
    left = cut.end()
    return found, left and left.data


@pytest.mark.parametrize(("body", "elements", "left"), VECTORS.values(), ids=VECTORS.keys())
def test_vector_reads_the_same_at_every_split(
    body: bytes, elements: list[str], left: str | None
) -> None:
    assert read(body) == (elements, left)
    for at in range(len(body) + 1):
        assert read(body[:at], body[at:]) == (elements, left), at
    assert read(*(body[n : n + 1] for n in range(len(body)))) == (elements, left)


def test_an_object_does_not_wait_for_the_comma_behind_it() -> None:
    cut = framer("json-array")
    assert [frame.data for frame in cut.feed(b'[{"a":1}')] == ['{"a":1}']
    assert cut.feed(b"\n,\r\n") == []
    assert [frame.data for frame in cut.feed(b'{"b":2}')] == ['{"b":2}']
    assert cut.feed(b"]") == []
    assert cut.end() is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(values, max_size=6),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.lists(st.integers(0, 400), max_size=8),
)
def test_any_array_gives_back_its_elements(
    array: list[Any], indent: int | None, escaped: bool, cuts: list[int]
) -> None:
    body = json.dumps(array, indent=indent, ensure_ascii=escaped).encode("utf-8", "replace")
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    found, left = read(*(body[a:b] for a, b in itertools.pairwise(edges)))
    assert [json.loads(text) for text in found] == json.loads(body)
    assert left is None


def test_an_element_beyond_the_limit_is_an_error_after_those_before_it() -> None:
    body = b'[{"a":1},{"b":"' + b"x" * 100
    cut = framer("json-array", max_bytes=50)
    assert [frame.data for frame in cut.feed(body)] == ['{"a":1}']
    for more in (b"x", b'"},{"c":3}', b""):
        with pytest.raises(ProtocolError, match=r"limit of 50 bytes.*max_frame_bytes"):
            cut.feed(more)


def test_a_finished_element_beyond_the_limit_is_no_frame_either() -> None:
    cut = framer("json-array", max_bytes=50)
    body = b'[{"a":1},{"b":"' + b"x" * 100 + b'"},{"c":3}]'
    assert [frame.data for frame in cut.feed(body)] == ['{"a":1}']
    with pytest.raises(ProtocolError, match="limit of 50 bytes"):
        cut.end()


def test_many_small_elements_pass_a_small_limit() -> None:
    body = b"[" + b",".join(b'{"n":%d}' % n for n in range(1000)) + b"]"
    assert len(read(body, limit=20)[0]) == 1000
