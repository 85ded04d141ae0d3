"""What generateContent may send beside the recordings: oddities of gateways, and broken pieces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.adapter import Frame
from streamkit.events import OpaqueEvent
from streamkit.messages import ChatRequest, Message
from streamkit.testing import Decoded, decode
from streamkit_gemini import Gemini

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.sse"))
SSE = {"content-type": "text/event-stream"}


def chunk(*parts: Any, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **candidate}]}


def read(*chunks: Any, **options: Any) -> Decoded:
    body = "".join(
        f"data: {c if isinstance(c, str) else json.dumps(c)}\r\n\r\n" for c in chunks
    ).encode()
    request = [Message.user("Hi")]
    return decode(Gemini(), body, headers=SSE, messages=request, **options)


def call(fin: str | None = None, **fields: Any) -> dict[str, Any]:
    return chunk({"functionCall": fields}, **({"finishReason": fin} if fin else {}))


def piece(path: str, fin: str | None = None, **value: Any) -> dict[str, Any]:
    return call(fin, partialArgs=[{"jsonPath": path, **value}], willContinue=True)


# --- when it is whole --------------------------------------------------------------------------


def test_a_finish_reason_with_every_chunk_is_one_stop_and_one_text() -> None:
    got = read(*(chunk({"text": t}, finishReason="STOP") for t in ("A", "B", "C")))
    assert (got.response.outcome, got.response.text, len(got.response.parts)) == (
        "complete",
        "ABC",
        1,
    )
    assert [e.type for e in got.events].count("choice.ended") == 1


def test_the_last_finish_reason_counts() -> None:
    got = read(
        chunk({"text": "A"}, finishReason="STOP"), chunk({"text": "B"}, finishReason="MAX_TOKENS")
    )
    assert (got.response.finish_reason, got.response.raw_finish_reason) == ("length", "MAX_TOKENS")


def test_content_behind_the_finish_reason_must_have_one_of_its_own() -> None:
    got = read(chunk({"text": "A"}, finishReason="STOP"), chunk({"text": "B"}))
    assert (got.response.outcome, got.response.text) == ("truncated", "AB")
    usage = {"usageMetadata": {"promptTokenCount": 3}}
    assert read(chunk({"text": "A"}, finishReason="STOP"), usage).response.outcome == "complete"


@pytest.mark.parametrize("reason", ["FINISH_REASON_UNSPECIFIED", "", 0, None])
def test_an_unspecified_reason_is_none(reason: Any) -> None:
    assert read(chunk({"text": "A"}, finishReason=reason)).response.outcome == "truncated"


def test_reasons_may_be_numbers_and_unknown_ones_are_other() -> None:
    got = read(chunk({"text": "A"}, finishReason=2))
    assert (got.response.finish_reason, got.response.raw_finish_reason) == ("length", "2")
    assert read(chunk({"text": "A"}, finishReason="NEW")).response.finish_reason == "other"


def test_every_candidate_asked_for_must_have_stopped() -> None:
    request = ChatRequest(model="m", messages=(Message.user("Hi"),), n=2)
    first = json.dumps({"candidates": [{"index": 0, "finishReason": "STOP"}]})
    second = json.dumps({"candidates": [{"index": 1, "finishReason": "STOP"}]})
    for frames, ends in (((first,), 0), ((first, second), 1)):
        decoder = Gemini().decoder(request)
        for data in frames:
            decoder.feed(Frame(data))
        assert len(decoder.close()) == ends


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_a_broken_connection_is_never_a_whole_answer(path: Path) -> None:
    """Only the end of the body says that nothing more comes."""
    got = decode(Gemini(), path.read_bytes(), headers=SSE, lost=True)
    assert got.response.outcome != "complete"


def test_sentinels_of_gateways_say_nothing() -> None:
    got = read(chunk({"text": "A"}, finishReason="STOP"), "[DONE]")
    assert got.response.outcome == "complete"
    assert not [e for e in got.events if isinstance(e, OpaqueEvent)]


def test_an_error_in_a_list_ends_the_answer() -> None:
    error = {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
    got = read(chunk({"text": "A"}), [{"error": {**error, "details": details}}], "{}")
    assert got.error is not None
    assert (got.error.__cause__ or got.error).retry_after == 7  # type: ignore[union-attr]
    assert got.response.text == "A"


# --- calls -------------------------------------------------------------------------------------


def test_calls_without_ids_get_some() -> None:
    got = read(
        chunk({"functionCall": {"name": "f", "args": {"a": "é"}}}, {"functionCall": {"name": "f"}}),
        chunk(finishReason="STOP"),
    )
    assert [(c.id, c.arguments) for c in got.response.tool_calls] == [
        ("call_0_0", {"a": "é"}),
        ("call_0_1", {}),
    ]
    assert got.response.finish_reason == "tool_call"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("$.a", "stringValue", "x"), ("$.a", "stringValue", "y")], {"a": "xy"}),
        ([("$.a", "numberValue", 2.0), ("$.b", "numberValue", 0.5)], {"a": 2, "b": 0.5}),
        ([("$.a.b.c", "boolValue", True), ("$.a.d", "nullValue", None)], None),
        (
            [("$.a.b.c", "boolValue", False), ("$.a.d", "nullValue", "NULL_VALUE")],
            {"a": {"b": {"c": False}, "d": None}},
        ),
        (
            [("$.a[0][0]", "numberValue", 1), ("$.a[0][1]", "numberValue", 2), ("$.a[1]", "x", 3)],
            None,
        ),
        (
            [
                ("$.a[0][0]", "numberValue", 1),
                ("$.a[1].b", "stringValue", 'q"\n'),
                ("$.c", "stringValue", ""),
            ],
            {"a": [[1], {"b": 'q"\n'}], "c": ""},
        ),
        ([('$["a.b"]', "numberValue", 1), ("$['it''s']", "numberValue", 1)], None),
        (
            [('$["a.b"]', "numberValue", 1), (r"$['it\'s']", "numberValue", 2)],
            {"a.b": 1, "it's": 2},
        ),
    ],
)
def test_arguments_in_pieces(pieces: list[tuple[str, str, Any]], expected: Any) -> None:
    """None: they cannot be read, so there is no call to run."""
    told = [piece(path, **{kind: value}) for path, kind, value in pieces if value is not None]
    if any(value is None for _, _, value in pieces):
        told.append(piece("$.a.d", nothing=1))
    got = read(call(name="f", willContinue=True), *told, call("STOP"))
    if expected is None:
        assert not got.response.tool_calls
        assert len(got.response.incomplete_tool_calls) == 1
        assert [e.kind for e in got.events if isinstance(e, OpaqueEvent)] == ["partialArgs"]
    else:
        assert [c.arguments for c in got.response.tool_calls] == [expected]


@pytest.mark.parametrize(
    "paths",
    [
        ("$.a", "$.b", "$.a"),  # back again
        ("$.a", "$.a.b"),  # a value inside a value
        ("$.a.b", "$.a[0]"),  # a list that is an object
        ("$.a[1]",),  # a list without a beginning
        ("$.a[0]", "$.a[2]"),
        ("$",),
        ("$[0]",),
        ("a",),
        ("$.a..b",),
        (None,),
        ("$" + ".a" * 300,),
    ],
)
def test_arguments_that_do_not_add_up_are_never_a_call(paths: tuple[Any, ...]) -> None:
    told = [piece(path, numberValue=1) for path in paths]
    got = read(call(name="f", willContinue=True), *told, call("STOP"))
    assert not got.response.tool_calls
    assert got.response.outcome == "complete"
    assert [e.kind for e in got.events if isinstance(e, OpaqueEvent)] == ["partialArgs"]


def test_a_finish_reason_with_every_chunk_closes_no_call_early() -> None:
    body = [
        call("STOP", name="f", willContinue=True),
        piece("$.a", "STOP", numberValue=1),
    ]
    for told in (body[:1], body):
        assert not read(*told, lost=True).response.tool_calls
    assert [c.arguments for c in read(*body).response.tool_calls] == [{"a": 1}]


def test_the_next_call_and_the_end_close_a_call_without_its_last_piece() -> None:
    got = read(
        call(name="f", willContinue=True),
        call(name="g", willContinue=True),
        piece("$.a", stringValue="x"),
        chunk(finishReason="STOP"),
    )
    assert [(c.name, c.arguments) for c in got.response.tool_calls] == [
        ("f", {}),
        ("g", {"a": "x"}),
    ]


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL"])
def test_a_cut_closes_no_call(reason: str) -> None:
    got = read(
        call(name="f", willContinue=True),
        piece("$.a", numberValue=1),
        chunk(finishReason=reason),
    )
    assert not got.response.tool_calls
    assert got.response.incomplete_tool_calls[0].arguments_text == '{"a":1'


def test_a_call_without_arguments_waits_for_the_model_to_stop_by_itself() -> None:
    for reason, ready in (("STOP", 1), ("MAX_TOKENS", 0)):
        got = read(call(name="f", args={}), chunk(finishReason=reason))
        assert len(got.response.tool_calls) == ready


def test_a_piece_of_no_call_is_for_the_caller_to_look_at() -> None:
    got = read(call(), piece("$.a", numberValue=1), chunk({"text": "A"}, finishReason="STOP"))
    assert [e.kind for e in got.events if isinstance(e, OpaqueEvent)] == ["functionCall"] * 2


# --- the rest ----------------------------------------------------------------------------------


def test_counts_that_gateways_lose_on_the_way_are_kept() -> None:
    got = read(
        {**chunk({"text": "A"}), "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 5}},
        {**chunk({"text": "B"}, finishReason="STOP"), "usageMetadata": {"candidatesTokenCount": 2}},
    )
    usage = got.response.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (9, 7, 5)
    assert usage.raw == {"promptTokenCount": 9, "thoughtsTokenCount": 5, "candidatesTokenCount": 2}


def test_the_newest_count_is_the_one_that_counts() -> None:
    first = {"promptTokenCount": 160, "totalTokenCount": 160}
    last = {"promptTokenCount": 70, "candidatesTokenCount": 12, "totalTokenCount": 82}
    got = read(
        {**chunk({"text": "A"}), "usageMetadata": first},
        {**chunk({"text": "B"}, finishReason="STOP"), "usageMetadata": last},
    )
    usage = got.response.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (70, 12, 82)


def test_sources_told_again_are_not_doubled() -> None:
    def grounding(*urls: str) -> dict[str, Any]:
        return {"groundingMetadata": {"groundingChunks": [{"web": {"uri": u}} for u in urls]}}

    got = read(
        chunk({"text": "A"}, **grounding("u1")),
        chunk({"text": "B"}, finishReason="STOP", **grounding("u1", "u2")),
        chunk(finishReason="STOP", **grounding("u1", "u2")),
    )
    assert [c.url for c in got.response.citations] == ["u1", "u2"]


def test_sources_told_one_list_after_the_other_are_all_told() -> None:
    """Two searches: the second list has other sources, or the same, numbered behind the first."""

    def grounding(url: str, *used: int) -> dict[str, Any]:
        support = {"segment": {"endIndex": 1, "text": "A"}, "groundingChunkIndices": [*used]}
        chunks = [{"web": {"uri": url}}]
        return {"groundingMetadata": {"groundingChunks": chunks, "groundingSupports": [support]}}

    for second in [grounding("u2", 1), grounding("u2", 0), grounding("u1", 1)]:
        got = read(chunk({"text": "A"}, **grounding("u1", 0)), chunk(finishReason="STOP", **second))
        url = second["groundingMetadata"]["groundingChunks"][0]["web"]["uri"]
        assert [c.url for c in got.response.citations] == ["u1", url]


def test_places_are_counted_in_the_part_that_holds_the_words() -> None:
    """Servers count bytes, and through the whole text where code stands between its parts."""
    support = {
        "segment": {"startIndex": 4, "endIndex": 9, "text": "blué"},
        "groundingChunkIndices": [0],
    }
    grounding = {
        "groundingChunks": [{"retrievedContext": {"uri": "u", "title": "t"}}],
        "groundingSupports": [support],
    }
    code = {"executableCode": {"code": "1", "language": "PYTHON"}}
    got = read(
        chunk({"text": "é."}, code, {"text": " blué"}),
        chunk(finishReason="STOP", groundingMetadata=grounding),
    )
    (citation,) = got.response.citations
    assert (citation.kind, citation.start, citation.end) == ("retrievedContext", 1, 5)
    assert got.response.parts[2].citations == (citation,)  # type: ignore[union-attr]


def test_a_place_that_does_not_hold_the_words_is_not_given() -> None:
    support = {"segment": {"endIndex": 3, "text": "red"}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [{"maps": {"uri": "u"}}], "groundingSupports": [support]}
    got = read(chunk({"text": "blue"}, finishReason="STOP", groundingMetadata=grounding))
    (citation,) = got.response.citations
    assert (citation.start, citation.end, citation.cited_text) == (None, None, "red")


def test_a_blocked_prompt_without_words_names_the_reason() -> None:
    got = read({"promptFeedback": {"blockReason": "SAFETY"}})
    assert (got.response.refusal, got.response.finish_reason) == ("SAFETY", "content_filter")
    rated = read({"promptFeedback": {"safetyRatings": []}}, chunk({"text": "A"}))
    assert (rated.response.refusal, rated.response.outcome) == (None, "truncated")
