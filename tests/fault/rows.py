"""The fault table: what a server does, and what a user of streamkit must get of it.

The tests play every row to every client; ``docs/generate.py`` prints the rows in the documentation.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from streamkit import errors
from streamkit.timeouts import Timeouts
from streamkit.values import Outcome
from tape_server import Answer

from .vendors import ARGUMENTS, WORDS, Vendor

KEY = "sk-planted-7Hq2bWkEd0sVnC4x"
"""The API key, which the vendors here repeat wherever they can. No error may."""

PROMPT = "Tell me, planted-prompt-93: why is the sky blue?"

Place = Literal["server", "closed port", "no such host", "untrusted", "not TLS"]
"""Where the base URL points."""

WHOLE = "".join(WORDS)
CUT = WORDS[0]
HALF_CALL = f"half a call, arguments {''.join(ARGUMENTS)[:-2]!r}"

CHUNKED = {"transfer-encoding": "chunked"}
GZIP = {"content-encoding": "gzip"}
JSON = {"content-type": "application/json"}
PLAIN = {"content-type": "text/plain"}
SOON = {"retry-after-ms": "1"}
MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    ``answers`` are the server's answers, the last for all further requests. ``read`` is the text
    that the loop over a stream yields, ``partial`` what `shown` says of the error's ``partial`` (of
    the response, if there is no error). ``requests`` is how often the request is sent. ``reused``:
    the connection serves the next stream; otherwise it is closed within half a second.

    All that is without `resume`. ``resumed`` is how many requests are sent with it, as by default,
    if each answer breaks so; where that is more than one, an answer that breaks once goes on.
    """

    name: str
    server: str
    answers: Callable[[Vendor], Sequence[Answer]]
    outcome: Outcome = "complete"
    error: type[errors.StreamkitError] | None = None
    read: str = WHOLE
    partial: str = ""
    requests: int = 1
    reused: bool = False
    place: Place = "server"
    timer: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    streams: int = 1
    resumed: int = 1

    @property
    def shown(self) -> str:
        return self.partial or (f"“{self.read}”" if self.read else "nothing")


def _body(
    pieces: Callable[[Vendor], Sequence[bytes | float]], **fields: Any
) -> Callable[[Vendor], Sequence[Answer]]:
    return lambda vendor: [Answer(pieces(vendor), **fields)]


def _cut(vendor: Vendor) -> list[bytes]:
    return vendor.said(*WORDS[:1])


def _whole(vendor: Vendor) -> list[bytes]:
    return vendor.whole()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _failing(status: int, type_: str, **headers: str) -> Callable[[Vendor], Answer]:
    """An error answer in the vendor's words, which repeat the key."""

    def answer(vendor: Vendor) -> Answer:
        body = vendor.refused(type_, f"no, {KEY}")
        sent = {**JSON, **headers, "x-request-id": "req_1"}
        return Answer([body], status=status, headers=sent, length="content-length")

    return answer


def _then_whole(first: Callable[[Vendor], Answer]) -> Callable[[Vendor], Sequence[Answer]]:
    return lambda vendor: [first(vendor), Answer(_whole(vendor))]


def _no_answers(_vendor: Vendor) -> Sequence[Answer]:
    return ()


# --- the line -------------------------------------------------------------------------------------


def _zipped(pieces: Sequence[bytes]) -> bytes:
    """The beginning of a gzip body, flushed so that all of the pieces can be read from it."""
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(b"".join(pieces)) + compressor.flush(zlib.Z_SYNC_FLUSH)


CONNECTING = (
    Row(
        "connection refused", "nobody listens at the port", _no_answers,
        "failed", errors.ConnectError, "", requests=4, place="closed port",
    ),
    Row(
        "DNS failure", "the host's name does not exist", _no_answers,
        "failed", errors.ConnectError, "", requests=4, place="no such host",
    ),
    Row(
        "TLS failure: certificate", "shows a certificate nobody has signed", _no_answers,
        "failed", errors.ConnectError, "", requests=4, place="untrusted",
    ),
    Row(
        "TLS failure: no TLS", "speaks plain HTTP where TLS is expected", _no_answers,
        "failed", errors.ConnectError, "", requests=4, place="not TLS",
    ),
    Row(
        "reset before headers", "reads the request, then resets",
        _body(lambda _: (), status=0, then="reset"),
        "failed", errors.ConnectionLostError, "", requests=4,
    ),
    Row(
        "closed before headers", "reads the request, then closes",
        _body(lambda _: (), status=0, then="close"),
        "failed", errors.ConnectionLostError, "", requests=4,
    ),
    Row(
        "reset before headers, once", "the same, but answers the second request",
        _then_whole(lambda _: Answer(status=0, then="reset")), requests=2, reused=True,
    ),
)  # fmt: skip

CUTS = (
    Row(
        "cut inside a chunk", "ends the connection within a chunk of the transfer coding",
        _body(
            lambda v: [*(_chunk(p) for p in _cut(v)), _chunk(v.word(WORDS[1]))[:30]],
            headers=CHUNKED, length="as-is", then="close",
        ),
        "truncated", errors.ConnectionLostError, CUT, resumed=3,
    ),
    Row(
        "cut between events", "ends the connection behind an event",
        _body(_cut, ended=False, then="close"),
        "truncated", errors.ConnectionLostError, CUT, resumed=3,
    ),
    Row(
        "cut in a UTF-8 character", "ends the connection behind the first byte of “ü”",
        _body(
            lambda v: [*_cut(v), v.word("für").partition("ü".encode())[0] + "ü".encode()[:1]],
            ended=False, then="close",
        ),
        "truncated", errors.ConnectionLostError, CUT, resumed=3,
    ),
    Row(
        "clean end in a UTF-8 character", "the same, and the body ends as it should",
        _body(lambda v: [*_cut(v), v.word("für").partition("ü".encode())[0] + "ü".encode()[:1]]),
        "truncated", errors.TruncatedError, CUT, reused=True, resumed=3,
    ),
    Row(
        "reset in mid-stream", "resets behind an event", _body(_cut, then="reset"),
        "truncated", errors.ConnectionLostError, CUT, resumed=3,
    ),
    Row(
        "clean end, no end mark", "ends the body in good form behind some words", _body(_cut),
        "truncated", errors.TruncatedError, CUT, reused=True, resumed=3,
    ),
    Row(
        "clean end behind the finish reason", "all but the end mark comes",
        _body(lambda v: v.whole()[:-1]),
        "truncated", errors.TruncatedError, WHOLE, reused=True,
    ),
    Row(
        "clean end of the connection, no end mark", "says how long the body is by closing",
        _body(_cut, length="until-close"),
        "truncated", errors.TruncatedError, CUT, resumed=3,
    ),
    Row(
        "clean end in mid-event", "ends the body in good form within an event",
        _body(lambda v: [*_cut(v), v.word(WORDS[1])[:40]]),
        "truncated", errors.TruncatedError, CUT, reused=True, resumed=3,
    ),
    Row(
        "clean end in a tool call", "the arguments stop within their JSON",
        _body(lambda v: [*_cut(v), *v.tool()[:-1], v.tool()[-1].replace(b'\\"}', b"")]),
        "truncated", errors.TruncatedError, CUT, f"“{CUT}”, {HALF_CALL}", reused=True, resumed=3,
    ),
    Row(
        "last blank line missing", "the end mark's event is not terminated",
        _body(lambda v: [b"".join(_whole(v))[:-2]]), reused=True,
    ),
    Row(
        "clean end within the end mark", "the last event is cut short",
        _body(lambda v: [b"".join(_whole(v))[:-6]]),
        "truncated", errors.TruncatedError, WHOLE, reused=True,
    ),
    Row(
        "content-length too long", "ends the connection before that many bytes",
        _body(_cut, length="content-length", ended=False, then="close"),
        "truncated", errors.ConnectionLostError, CUT, resumed=3,
    ),
    Row(
        "content-length too short", "says fewer bytes than it has, so the end mark is lost",
        lambda v: [Answer(
            [b"".join(_whole(v))],
            headers={"content-length": str(len(b"".join(_cut(v))))}, length="as-is", then="close",
        )],
        "truncated", errors.TruncatedError, CUT, resumed=3,
    ),
    Row(
        "gzip body cut", "compresses unasked, and ends within the compressed data",
        _body(lambda v: [_zipped(_cut(v))], headers=GZIP),
        "truncated", errors.TruncatedError, CUT, reused=True, resumed=3,
    ),
    Row(
        "gzip body garbled", "compresses unasked, and a byte is wrong",
        _body(lambda v: [_zipped(_cut(v)), 0.05, b"\xff" * 40], headers=GZIP, then="stall"),
        "failed", errors.ProtocolError, CUT, resumed=2,
    ),
)  # fmt: skip


# --- the vendor -----------------------------------------------------------------------------------

HTML = f"<html><title>502</title>Bad gateway for {KEY}</html>".encode()

ANSWERS = (
    Row(
        "429, then 200", "sends the limit once",
        _then_whole(_failing(429, "rate_limit_error", **SOON)),
        requests=2, reused=True,
    ),
    Row(
        "503, then 200", "is overloaded once",
        _then_whole(_failing(503, "overloaded_error", **SOON)),
        requests=2, reused=True,
    ),
    Row(
        "529, then 200", "is overloaded once",
        _then_whole(_failing(529, "overloaded_error", **SOON)),
        requests=2, reused=True,
    ),
    Row(
        "500 every time", "fails", lambda v: [_failing(500, "api_error")(v)],
        "failed", errors.ServerError, "", requests=4, reused=True,
    ),
    Row(
        "401", "does not know the key, and repeats it",
        lambda v: [_failing(401, "authentication_error")(v)],
        "failed", errors.AuthenticationError, "", reused=True,
    ),
    Row(
        "400 with a body", "explains, and repeats the key",
        lambda v: [_failing(400, "invalid_request_error")(v)],
        "failed", errors.InvalidRequestError, "", reused=True,
    ),
    Row(
        "HTML with status 200", "a proxy answers in the vendor's place",
        _body(lambda _: [HTML], headers={"content-type": "text/html"}),
        "failed", errors.ProtocolError, "", reused=True,
    ),
    Row(
        "wrong content type, no stream", "sends plain text with status 200",
        _body(lambda _: [f"no healthy upstream {KEY}".encode()], headers=PLAIN),
        "failed", errors.ProtocolError, "", reused=True,
    ),
    Row(
        "wrong content type, a JSON answer", "ignores that a stream was asked for",
        _body(lambda _: [f'{{"choices": [], "key": "{KEY}"}}'.encode()], headers=JSON),
        "failed", errors.ProtocolError, "", reused=True,
    ),
    Row(
        "wrong content type, yet a stream", "calls the stream plain text",
        _body(_whole, headers=PLAIN), reused=True,
    ),
    Row(
        "malformed JSON in one event", "one event holds no JSON",
        _body(lambda v: [*_cut(v), f"data: {{{KEY}\n\n".encode(), v.word(WORDS[1])], then="stall"),
        "failed", errors.ProtocolError, CUT, resumed=2,
    ),
    Row(
        "in-band error", "reports a failure behind some words",
        _body(lambda v: [*_cut(v), v.failed("api_error", f"broken, {KEY}")], then="stall"),
        "failed", errors.ServerError, CUT, resumed=3,
    ),
    Row(
        "in-band error before content, once", "reports an overload, then answers",
        _then_whole(
            lambda v: Answer([v.failed("overloaded_error", f"busy, {KEY}")], then="stall")
        ),
        requests=2, reused=True,
    ),
    Row(
        "unknown event types and fields", "sends what no adapter knows",
        _body(lambda v: [*_cut(v), *v.strange(), v.word(WORDS[1]), *v.stopped()]), reused=True,
    ),
)  # fmt: skip

# --- time and size --------------------------------------------------------------------------------

TIMES = (
    Row(
        "endless pings", "sends keep-alives and nothing else",
        _body(lambda v: [*v.began(), *[b": ping\n\n", 0.02] * 200], then="stall"),
        "truncated", errors.StreamTimeoutError, "", requests=4, timer="first_content",
        options={"timeouts": Timeouts(first_content=0.2)},
    ),
    Row(
        "stall behind words", "says nothing more", _body(_cut, then="stall"),
        "truncated", errors.StreamTimeoutError, CUT, timer="no_bytes",
        options={"timeouts": Timeouts(no_bytes=0.2)}, resumed=3,
    ),
    Row(
        "stall behind words, with pings", "keeps the connection alive, and says nothing more",
        _body(lambda v: [*_cut(v), *[b": ping\n\n", 0.02] * 200], then="stall"),
        "truncated", errors.StreamTimeoutError, CUT, timer="no_content",
        options={"timeouts": Timeouts(no_content=0.2)}, resumed=3,
    ),
    Row(
        "slow but steady reasoning", "thinks for three times as long as any timer waits",
        _body(
            lambda v: [
                *v.began(),
                *(step for piece in v.thoughts(*["Hm. "] * 15) for step in (piece, 0.1)),
                *v.opened(), *map(v.word, WORDS), *v.stopped(),
            ],
        ),
        partial=f"reasoning, “{WHOLE}”", reused=True,
        options={"timeouts": Timeouts(first_content=0.5, no_bytes=0.5, no_content=0.5)},
    ),
)  # fmt: skip


def _huge(vendor: Vendor) -> list[bytes]:
    body = b"".join(vendor.whole("x" * 10 * MEGABYTE))
    return [body[at : at + 100] for at in range(0, len(body), 100)]


SIZES = (
    Row(
        "10 MB in one line, in pieces of 100 bytes", "sends a very long event",
        _body(_huge), read="x" * 10 * MEGABYTE, reused=True,
    ),
    Row(
        "the same, `max_frame_bytes=1_000_000`", "sends a very long event", _body(_huge),
        "failed", errors.ProtocolError, "", options={"max_frame_bytes": MEGABYTE},
    ),
)  # fmt: skip

# --- what is no fault -----------------------------------------------------------------------------


def _with_ends(vendor: Vendor, end: bytes) -> list[bytes]:
    return [piece.replace(b"\n", end) for piece in _whole(vendor)]


SOUND = (
    Row(
        "byte by byte", "sends every byte on its own",
        _body(lambda v: [bytes([byte]) for byte in b"".join(_whole(v))]), reused=True,
    ),
    Row("LF", "ends lines so", _body(lambda v: _with_ends(v, b"\n")), reused=True),
    Row("CR", "ends lines so", _body(lambda v: _with_ends(v, b"\r")), reused=True),
    Row("CRLF", "ends lines so", _body(lambda v: _with_ends(v, b"\r\n")), reused=True),
    Row(
        "BOM", "begins with a byte-order mark",
        _body(lambda v: [b"\xef\xbb\xbf", *_whole(v)]), reused=True,
    ),
    Row("two streams at once on one client", "answers", _body(_whole), streams=2, reused=True),
    Row("200 streams at once on one client", "answers", _body(_whole), streams=200, reused=True),
)  # fmt: skip

ROWS = (*CONNECTING, *CUTS, *ANSWERS, *TIMES, *SIZES, *SOUND)
