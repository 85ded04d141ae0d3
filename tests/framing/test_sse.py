r"""Server-sent events: what the standard says of each byte sequence, at every split.

The vectors are those of the WHATWG standard (HTML, section 9.2.6) and of the web-platform-tests'
``eventsource/format-*`` that are about bytes, and vendors' habits. Each is a body, the frames it
gives, and the frame that its end leaves over.
"""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamkit._framing import framer, sse
from streamkit.adapter import Frame

BOM = b"\xef\xbb\xbf"
LONG = b"x" * 2048
HELLO = Frame("hello", id="1")

VECTORS: dict[str, tuple[bytes, list[Frame], Frame | None]] = {
    # The standard's own examples.
    "standard-three-lines": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Frame("YHOO\n+2\n10")], None),
    "standard-ids": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
        b"data:  third event\n\n",
        [Frame("first event", id="1"), Frame("second event", id=""), Frame(" third event", id="")],
        None,
    ),
    "standard-last-block": (b"data\n\ndata\ndata\n\ndata:", [Frame(""), Frame("\n")], Frame("")),
    "standard-space": (b"data:test\n\ndata: test\n\n", [Frame("test"), Frame("test")], None),
    "standard-named": (
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        [Frame("73857293", "add"), Frame("2153", "remove"), Frame("113411", "add")],
        None,
    ),
    "named-alike": (
        b"event: a\ndata: 1\n\nevent: a\ndata:  2\n\nevent: a\ndata:3\n\nevent: a\ndata:\n\n"
        b"event: a\ndata: 4\ndata: 5\n\nevent: a\ndata: 6\nevent: b\n\nevent: ab\ndata: 7\n\n"
        b"data: 8\n\nevent:c\ndata: 9\n\nevent: message\ndata: 10\n\nevent: message\ndata: 11\n\n"
        b"event: d\ndata: 12\nid: 1\n\nevent: d\ndata: 13\n\n",
        [
            *(Frame("1", "a"), Frame(" 2", "a"), Frame("3", "a"), Frame("", "a")),
            *(Frame("4\n5", "a"), Frame("6", "b"), Frame("7", "ab"), Frame("8"), Frame("9", "c")),
            *(Frame("10"), Frame("11"), Frame("12", "d", "1"), Frame("13", "d", "1")),
        ],
        None,
    ),
    # web-platform-tests, eventsource/format-*.
    "bom": (
        BOM + b"data:1\n\n" + BOM + b"data:2\n\ndata:3\n\n",
        [Frame("1"), Frame("3")],
        None,
    ),
    "bom-2": (BOM + BOM + b"data:1\n\ndata:2\n\ndata:3\n\n", [Frame("2"), Frame("3")], None),
    "comments": (
        b"data:1\r:\0\n:\r\ndata:2\n:" + LONG + b"\rdata:3\n:data:fail\r:" + LONG + b"\ndata:4\n\n",
        [Frame("1\n2\n3\n4")],
        None,
    ),
    "data-before-final-empty-line": (
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2",
        [Frame("test1")],
        Frame("test2", id="test"),
    ),
    "field-data": (
        b"data:\n\ndata\ndata\n\ndata:test\n\n",
        [Frame(""), Frame("\n"), Frame("test")],
        None,
    ),
    "field-event": (
        b"event:test\ndata:x\n\ndata:x\n\n",
        [Frame("x", "test"), Frame("x")],
        None,
    ),
    "field-event-empty": (b"event: \ndata:data\n\n", [Frame("data")], None),
    "field-id": (
        b"data: a\n\ndata: hello\nid: 1\n\ndata: hello\n\nid: 2\n\ndata: b\n\nid:\ndata: c\n\n",
        [Frame("a"), HELLO, HELLO, Frame("b", id="2"), Frame("c", id="")],
        None,
    ),
    "field-id-null": (
        b"id: 1\n\nid: \0\0\ndata: hello\n\nid: x\0\ndata: hello\n\nid: \0x\ndata: hello\n\n"
        b"id: x\0x\ndata: hello\n\nid:  \0\ndata: hello\n\n",
        [HELLO] * 5,
        None,
    ),
    "field-parsing": (
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\r"
        b"data:\r\n data:32\ndata:4\n\n",
        [Frame("\0\n 2\n1\n3\n\n4")],
        None,
    ),
    "field-retry": (b"retry:3000\ndata:x\n\n", [Frame("x")], None),
    "field-retry-bogus": (b"retry:3000\nretry:1000x\ndata:x\n\n", [Frame("x")], None),
    "field-retry-empty": (b"retry\ndata:test\n\n", [Frame("test")], None),
    "field-unknown": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        [Frame("test\n\ntest")],
        None,
    ),
    "leading-space": (b"data:\ttest\rdata: \ndata:test\n\n", [Frame("\ttest\n\ntest")], None),
    "newlines": (b"data:test\r\ndata\ndata:test\r\n\r", [Frame("test\n\ntest")], None),
    "null-character": (b"data:\0\n\n\n\n", [Frame("\0")], None),
    "utf-8": ("data:ok…\n\n".encode(), [Frame("ok…")], None),
    # What httpx-sse as it stands gets wrong, and other corners.
    "nothing": (b"", [], None),
    "half-a-bom": (BOM[:2], [], None),
    "bom-alone": (BOM, [], None),
    "bom-then-blank-lines": (BOM + b"\n\n\ndata: a\n\n", [Frame("a")], None),
    "bom-after-a-blank-line": (b"\n" + BOM + b"data: a\n\ndata: b\n\n", [Frame("b")], None),
    "no-ghosts-after-an-id": (
        b"id: 1\ndata: hello\n\n\n\n: ping\n\n: ping\n: pong\n\nevent: ping\n\nid: 1\n\n",
        [HELLO],
        None,
    ),
    "no-name-carried-over": (b"event: ping\n\ndata: x\n\n", [Frame("x")], None),
    "the-default-type-named": (
        b"event: message\ndata: a\n\nevent: message\nid: 1\ndata: hello\n\n",
        [Frame("a"), HELLO],
        None,
    ),
    "name-after-data": (b"data: a\nevent: b\n\n", [Frame("a", "b")], None),
    "last-name-wins": (b"event: a\nevent: b\ndata: c\n\n", [Frame("c", "b")], None),
    "name-with-spaces": (b"event:  a \ndata:  b \n\n", [Frame(" b ", " a ")], None),
    "field-names-are-exact": (b"data : a\n\nDATA: a\n\n data: a\n\ndata\0: a\n\n", [], None),
    "one-space-is-dropped": (
        b"\ndata:  a\n\n\ndata: b\n\n\ndata:c\n\ndata:  d",
        [Frame(" a"), Frame("b"), Frame("c")],
        Frame(" d"),
    ),
    "colons-in-the-value": (b"event: a:b\ndata: c: d\n\n", [Frame("c: d", "a:b")], None),
    "id-keeps-spaces": (
        b"id:  a \ndata: b\n\ndata: c\nretry: 1\n\n",
        [Frame("b", id=" a "), Frame("c", id=" a ")],
        None,
    ),
    "unicode-line-ends-are-text": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\n".encode(),
        [Frame("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg")],
        None,
    ),
    "invalid-utf-8": (
        b"data: a\xffb\xe2\x80\n\nevent: \xc3\nid: \xe2\ndata: \xf0\x9f\n\ndata: \xe2\x80",
        [Frame("a\ufffdb\ufffd"), Frame("\ufffd", "\ufffd", "\ufffd")],
        Frame("\ufffd", id="\ufffd"),
    ),
    "emoji": ("id: 👩‍🚀\ndata: 👋🏽\n\n".encode(), [Frame("👋🏽", id="👩‍🚀")], None),
    "many-blank-lines": (
        b"\n\n\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n",
        [Frame("a"), Frame("b")],
        None,
    ),
    "end-with-line-end": (b"data: a\n\nevent: b\ndata: c\n", [Frame("a")], Frame("c", "b")),
    "end-without-line-end": (b"data: a\n\nevent: b\ndata: c", [Frame("a")], Frame("c", "b")),
    "end-in-a-field-name": (b"data: a\n\nevent: b\ndat", [Frame("a")], None),
    "end-in-a-comment": (b"data: a\n\n: pi", [Frame("a")], None),
    "end-without-data": (b"data: a\n\nevent: b\nid: 1\n", [Frame("a")], None),
    # Vendors. The error line is llama-box's (gpustack), recorded.
    "done": (
        b'data: {"a":1}\n\ndata: [DONE]\n\n',
        [Frame('{"a":1}'), Frame("[DONE]")],
        None,
    ),
    "openrouter-comment": (
        b': OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: {"a":1}\n\n',
        [Frame('{"a":1}')],
        None,
    ),
    "dashscope": (
        b'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"a":1}\n\n',
        [Frame('{"a":1}', "result", "1")],
        None,
    ),
    "error-field": (
        b'data: a\n\nerror: {"code":500,"message":"m"}\n\ndata: [DONE]\n\n',
        [Frame("a"), Frame('{"code":500,"message":"m"}', "error"), Frame("[DONE]")],
        None,
    ),
    "error-field-after-an-id": (
        b'id: 1\n\nerror: {"a":1}\n\n',
        [Frame('{"a":1}', "error", "1")],
        None,
    ),
    "error-field-cut": (b'data: a\n\nerror: {"a":1}', [Frame("a")], Frame('{"a":1}', "error")),
    "error-field-with-comment": (b': hm\noops:{"a": 1}\n\n', [Frame('{"a": 1}', "oops")], None),
    "unknown-field-without-object": (
        b"error: 5\n\nerror: [{}]\n\nerror: {a}\n\nerror\n\n",
        [],
        None,
    ),
    "unknown-field-with-more": (
        b'error: {"a":1}\nerror: {"a":1}\n\nevent: x\nerror: {"a":1}\n\nretry: {"a":1}\n\n',
        [],
        None,
    ),
    "unknown-field-with-data": (b'error: {"a":1}\ndata: b\n\n', [Frame("b")], None),
    "bare-json": (
        b'data: a\n\n{"error":{"code":503}}\n\n: hm\n[{"error":{}}]\n\n',
        [Frame("a"), Frame('{"error":{"code":503}}'), Frame('[{"error":{}}]')],
        None,
    ),
    "bare-json-over-lines": (
        b'data: a\n\n{\n  "error": {\n    "code": 503\n  }\n}\n',
        [Frame("a")],
        Frame('{\n  "error": {\n    "code": 503\n  }\n}'),
    ),
    "bare-json-cut": (b'data: a\n\n{\n  "error": {\n', [Frame("a")], None),
    "bare-text": (b'oops\n\n"oops"\n\n503\n\n[DONE]\n\n', [], None),
}


def read(*pieces: bytes) -> tuple[list[Frame], Frame | None]:
    reader = framer("sse")
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    return frames, reader.end()


def value_of(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def reference(body: bytes, *, deviate: bool = True) -> tuple[list[Frame], Frame | None]:
    """The standard's algorithm in plain steps, on the whole body at once.

    With ``deviate`` a lone unknown field that holds a JSON object is a frame, as it is for us, and
    so is a JSON object or array without any field.
    """
    text = body.decode("utf-8", "replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    *lines, tail = re.split("\r\n|\r|\n", text)
    frames: list[Frame] = []
    data, event, seen = "", "", list[str]()
    last_id = None

    def dispatch(into: list[Frame]) -> None:
        nonlocal data, event, seen
        if data:
            into.append(Frame(data[:-1], "" if event == "message" else event, last_id))
        elif deviate:
            bare = "\n".join(seen)
            name, _, value = bare.partition(":")
            if isinstance(value_of(bare), dict | list):
                into.append(Frame(bare, "", last_id))
            elif (
                len(seen) == 1
                and name not in ("event", "id", "retry")
                and isinstance(value_of(value), dict)
            ):
                into.append(Frame(value.removeprefix(" "), name, last_id))
        data, event, seen = "", "", []

    def process(line: str) -> None:
        nonlocal data, event, last_id
        if line.startswith(":"):
            return
        name, value = line.split(":", 1) if ":" in line else (line, "")
        if value.startswith(" "):
            value = value[1:]
        seen.append(line)
        if name == "data":
            data += value + "\n"
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value and (value or last_id is not None):
            last_id = value

    for line in lines:
        if line:
            process(line)
        else:
            dispatch(frames)
    if tail:
        process(tail)
    left: list[Frame] = []
    dispatch(left)
    return frames, left[0] if left else None


def pieces_of(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[a:b] for a, b in pairwise(edges)]


vectors = pytest.mark.parametrize(("body", "frames", "left"), VECTORS.values(), ids=VECTORS.keys())


@vectors
def test_vector(body: bytes, frames: list[Frame], left: Frame | None) -> None:
    assert read(body) == (frames, left)


@vectors
def test_vector_reads_the_same_at_every_split(
    body: bytes, frames: list[Frame], left: Frame | None
) -> None:
    for at in range(len(body) + 1):
        assert read(body[:at], body[at:]) == (frames, left), at
    assert read(*(body[n : n + 1] for n in range(len(body)))) == (frames, left)


@vectors
@pytest.mark.parametrize("line_end", [b"\r", b"\r\n"], ids=["cr", "crlf"])
def test_vector_reads_the_same_with_other_line_ends(
    body: bytes, frames: list[Frame], left: Frame | None, line_end: bytes
) -> None:
    body = re.sub(rb"\r\n|\r|\n", line_end, body)
    assert read(body) == (frames, left)
    assert read(*(body[n : n + 1] for n in range(len(body)))) == (frames, left)


@vectors
def test_the_reference_agrees_with_the_vector(
    body: bytes, frames: list[Frame], left: Frame | None
) -> None:
    assert reference(body) == (frames, left)


def test_all_mixes_of_line_ends_end_an_event() -> None:
    ends = [b"\n", b"\r", b"\r\n"]
    for first in ends:
        for second in ends:
            if first + second == b"\r\n":
                continue  # one line end
            body = b"data: a" + first + second + b"data: b" + first + second
            assert read(body) == ([Frame("a"), Frame("b")], None), body


def test_an_event_is_given_as_soon_as_its_blank_line_begins() -> None:
    """A CR that may be half of a CRLF delays nothing, and its LF is no line of its own."""
    reader = framer("sse")
    assert reader.feed(b"data: a\r\r") == [Frame("a")]
    assert reader.feed(b"\ndata: b\r") == []
    assert reader.feed(b"") == []
    assert reader.feed(b"\n") == []
    assert reader.feed(b"\r") == [Frame("b")]
    assert reader.feed(b"\n") == []
    assert reader.feed(b"data: c\n\r") == [Frame("c")]
    assert reader.feed(b"\r\n\ndata: d\n\n") == [Frame("d")]
    assert reader.end() is None


def test_an_event_is_given_with_the_piece_that_completes_it() -> None:
    body = b"data: a\n\nevent: b\ndata: c\n\n"
    reader = framer("sse")
    given = [reader.feed(body[n : n + 1]) for n in range(len(body))]
    assert [n for n, frames in enumerate(given) if frames] == [8, len(body) - 1]


def test_the_end_is_told_once() -> None:
    reader = framer("sse")
    reader.feed(b"data: a")
    assert reader.end() == Frame("a")
    assert reader.end() is None


def test_a_deeply_nested_value_of_an_unknown_field_is_survived() -> None:
    assert read(b'error: {"a":' + b"[" * 100_000 + b"\n\ndata: b\n\n") == ([Frame("b")], None)


def test_an_unknown_framing_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown framing: 'xml'"):
        framer("xml")  # type: ignore[arg-type]


WORDS = st.sampled_from(
    [
        *(b"data", b"event", b"id", b"retry", b"error", b"Data", b"message"),
        *(b"data:", b"data: ", b"event: ", b"id: ", b":", b" ", b"\0", b"x", b"[DONE]"),
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n"),
        *(BOM, "é".encode(), "\u2028".encode(), b"\xe2", b"\x80", b"\xff"),
        *(b'{"a":1}', b'error: {"a":1}', b"data: a\n\n", b"event: b\ndata: c\n\n"),
    ]
)
BODIES = st.lists(WORDS | st.binary(max_size=2), max_size=30).map(b"".join)
CUTS = st.lists(st.integers(min_value=0, max_value=2**16), max_size=8)


@settings(deadline=None, derandomize=True, max_examples=1500)
@given(BODIES, CUTS)
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 10])
@example(BOM + b"data: a\n\n", [1, 2])
def test_any_bytes_read_as_the_standard_says(body: bytes, cuts: list[int]) -> None:
    assert read(*pieces_of(body, cuts)) == reference(body)


LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
SPACE = st.sampled_from(["", " ", "  "])
PLAIN = st.one_of(
    st.builds("data:{}{}".format, SPACE, LINE),
    st.builds("event:{}{}\ndata:{}{}".format, SPACE, LINE | st.just("message"), SPACE, LINE),
)


def read_by_httpx_sse(body: bytes) -> list[Frame]:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    return [
        Frame(event.data, "" if event.event == "message" else event.event, event.id or None)
        for event in EventSource(response).iter_sse()
    ]


@settings(deadline=None, derandomize=True, max_examples=500)
@given(PLAIN)
@example("data:")
@example("event:\ndata:")
@example("event: a\ndata: b\ndata: c")
def test_the_fast_path_reads_as_httpx_sse_does(block: str) -> None:
    body = block.encode() + b"\n\n"
    assert read(body) == (read_by_httpx_sse(body), None)


NAME = st.sampled_from(["data", "event", "id", "retry", "", "other"])
FIELD = st.one_of(NAME.filter(bool), st.builds("{}:{}{}".format, NAME, SPACE, LINE))


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.lists(FIELD, max_size=3), PLAIN, st.lists(FIELD, max_size=2))
def test_any_block_with_data_reads_as_httpx_sse_does(
    before: list[str], plain: str, after: list[str]
) -> None:
    body = "\n".join([*before, plain, *after, "", ""]).encode()
    assert read(body) == (read_by_httpx_sse(body), None)


def test_httpx_sse_reads_the_blocks_that_are_not_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads a block cannot be seen in the frames, so its door is watched."""
    seen: list[str] = []

    def watched(response: httpx.Response) -> EventSource:
        seen.append(response.text)
        return EventSource(response)

    monkeypatch.setattr(sse, "EventSource", watched)
    read(b"data: a\n\nevent: b\ndata:c\n\n: ping\n\n\n\n")
    assert seen == []
    assert read(b"id: 1\ndata: hello\n\ndata: a\ndata: b\n\n")[0] == [
        HELLO,
        Frame("a\nb", id="1"),
    ]
    assert len(seen) == 2


ROOT = Path(__file__).parents[2]


def recordings() -> list[Path]:
    """Recorded bodies: the plugins' own, and those of ``../shared/corpus`` where it is there."""
    corpus = ROOT.parent / "shared" / "corpus" / "raw"
    if not corpus.is_dir():
        print("../shared/corpus is not there: only the plugins' recordings are read")
    return [*ROOT.glob("plugins/*/tests/recordings/**/*.sse"), *corpus.glob("**/*.sse")]


def test_recordings_read_as_the_standard_and_httpx_sse_do() -> None:
    dice = random.Random(0)
    for path in recordings():
        body = path.read_bytes()
        whole = read(body)
        assert whole == reference(body), path
        assert read(*pieces_of(body, dice.choices(range(2**16), k=50))) == whole, path
        by_standard = [frame for frame in reference(body, deviate=False)[0] if frame.data]
        assert [frame for frame in read_by_httpx_sse(body) if frame.data] == by_standard, path
