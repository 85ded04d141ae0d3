"""What `streamkit.reading` and `streamkit.writing` give to adapters."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import reading
from streamkit.adapter import Endpoint, Warned
from streamkit.messages import (
    ChatRequest,
    ImagePart,
    IncompleteToolCall,
    JsonSchema,
    Message,
    Part,
    ProviderItem,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
)
from streamkit.writing import (
    EFFORTS,
    Warnings,
    arguments_of,
    arguments_text_of,
    described_schema,
    function_tool,
    goes_back,
    merged,
    nearest_effort,
    put,
    refused,
    renamed,
    results_apart,
    row_of,
    tier_among,
    without_none,
    words_of,
)

ODD = (None, True, 0, 1.5, 7.0, "", "x", [], [1], {}, {"a": 1})


def test_reading_never_raises_and_keeps_only_what_is_of_the_type() -> None:
    assert [reading.text(x) for x in ODD if reading.text(x)] == ["x"]
    assert [reading.mapping(x) for x in ODD if reading.mapping(x)] == [{"a": 1}]
    assert [reading.items(x) for x in ODD if reading.items(x)] == [[1]]
    assert [reading.entries(x) for x in (None, {"a": 1}, [1, 2])] == [[], [{"a": 1}], [1, 2]]
    assert [n for x in ODD if (n := reading.count(x)) is not None] == [0, 7]


def test_the_rest_is_what_is_neither_known_nor_null() -> None:
    fields = {"known": 1, "new": 0, "null": None, "empty": ""}
    assert reading.rest(fields, {"known"}) == {"new": 0, "empty": ""}


def test_a_warning_is_told_once_and_in_order() -> None:
    warnings = Warnings((Warned("option_ignored", "n", "before"),))
    for _ in range(2):
        warnings.adjusted("stop", "shortened")
        warnings.dropped(TextPart(text="x"), "why")
    assert [(w.code, w.what) for w in warnings] == [
        ("option_ignored", "n"),
        ("option_adjusted", "stop"),
        ("part_dropped", "text"),
    ]


def test_results_are_turns_of_their_own_and_what_stood_beside_them_is_the_users() -> None:
    result, note = ToolResult(call_id="1", content="a"), TextPart(text="note")
    messages = (
        Message.system("s"),
        Message(role="tool", content=(note, result)),
        Message(role="user", content=(result, note)),
        Message.assistant("b"),
    )
    assert [(role, [p.type for p in parts]) for role, parts in results_apart(messages)] == [
        ("system", ["text"]),
        ("tool", ["tool_result"]),
        ("user", ["text"]),
        ("tool", ["tool_result"]),
        ("user", ["text"]),
        ("assistant", ["text"]),
    ]


def test_results_come_in_the_order_of_the_calls_before_for_a_vendor_without_ids() -> None:
    def call(id_: str) -> ToolCall:
        return ToolCall(id=id_, name="look", arguments={}, arguments_text="{}")

    def turns(*, in_order: bool) -> list[str]:
        return [
            part.call_id
            for _, parts in results_apart(messages, in_order=in_order)
            for part in parts
            if isinstance(part, ToolResult)
        ]

    messages = (
        Message.assistant(call("x"), call("y")),
        Message.tool(ToolResult(call_id="y", content="2"), ToolResult(call_id="x", content="1")),
        Message.assistant(call("y"), call("x")),
        Message.tool(ToolResult(call_id="x", content="2"), ToolResult(call_id="y", content="1")),
    )
    assert turns(in_order=False) == ["y", "x", "x", "y"]
    assert turns(in_order=True) == ["x", "y", "y", "x"]


def item(**changes: Any) -> ProviderItem:
    fields: dict[str, Any] = {"dialect": "acme", "kind": "search", "payload": {"a": 1}}
    return ProviderItem(**(fields | changes))


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (TextPart(text="x"), None),
        (item(), None),
        (ReasoningPart(text="x", scheme="acme", signature="s"), None),
        (item(dialect="other"), "other means nothing to acme"),
        (item(complete=False), "cut"),
        (item(payload={}), "cut"),
        (ReasoningPart(text="x", scheme="acme", closed=False), "cut"),
        (ReasoningPart(text="x", scheme="other:7"), "signed for other"),
        (ReasoningPart(text="x"), "acme takes back only reasoning that it signed"),
        (IncompleteToolCall(id="1", name="t", arguments_text="", reason="cut"), "cut"),
    ],
)
def test_what_cannot_go_back_is_told_with_the_reason(part: Part, why: str | None) -> None:
    warnings = Warnings()
    assert goes_back(part, warnings, dialect="acme", schemes=("acme",)) is (why is None)
    told = [(w.code, w.what, why in w.message) for w in warnings if why]
    assert told == ([("part_dropped", part.type, True)] if why else [])


def test_unsigned_reasoning_goes_where_it_is_read() -> None:
    unsigned = ReasoningPart(text="x")
    assert goes_back(unsigned, Warnings(), dialect="acme", schemes=(None,))


def test_a_refused_part_is_named_in_words() -> None:
    result = ToolResult(call_id="1", content="")
    said = "Acme takes no tool result in a message of role 'assistant'"
    assert str(refused(result, "Acme", "assistant")) == said
    assert str(refused(result, "Acme", "assistant", "say it")) == f"{said}: say it"


def test_words_are_joined_only_if_there_is_nothing_else() -> None:
    a, b = TextPart(text="a"), TextPart(text="b")
    assert words_of((a, b)) == "ab"
    assert words_of("ab") == "ab"
    assert words_of(()) == ""
    assert words_of((a, ImagePart(url="https://example.com/x.png"))) is None


def test_arguments_are_an_object_also_for_free_text() -> None:
    call = ToolCall(id="1", name="t", arguments={"a": 1}, arguments_text='{"a":1}')
    free = ToolCall(id="1", name="t", arguments=None, arguments_text="Zug", kind="custom")
    empty = ToolCall(id="1", name="t", arguments={}, arguments_text="")
    assert [arguments_of(c) for c in (call, free, empty)] == [{"a": 1}, {"input": "Zug"}, {}]
    assert [arguments_text_of(c) for c in (call, free, empty)] == [
        '{"a":1}',
        '{"input": "Zug"}',
        "{}",
    ]


def request(**options: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message.user("Hi"),), **options)


def test_options_are_renamed_where_they_are_set() -> None:
    names = {"max_tokens": "limit", "stop": "stops", "seed": "seed", "top_p": "p"}
    asked = request(max_tokens=0, stop=("a",), top_p=None)
    assert renamed(asked, names) == {"limit": 0, "stops": ["a"]}


@pytest.mark.parametrize(
    ("levels", "sent"),
    [
        (("none", "low", "high"), ["none", "low", "low", "low", "high", "high", "high"]),
        (("low", "max"), ["low", "low", "low", "low", "low", "low", "max"]),
        (("high",), ["high"] * 7),
    ],
)
def test_an_effort_becomes_the_next_one_down_and_none_only_if_asked(
    levels: tuple[str, ...], sent: list[str]
) -> None:
    warnings = Warnings()
    assert [nearest_effort(asked, levels, warnings, "m") for asked in EFFORTS] == sent
    assert len(list(warnings)) == len([e for e in EFFORTS if e not in levels])


def test_a_service_tier_that_is_not_there_becomes_the_first() -> None:
    warnings = Warnings()
    assert tier_among(("auto", "flex"), "flex", warnings, "Acme") == "flex"
    assert list(warnings) == []
    assert tier_among(("auto", "flex"), "priority", warnings, "Acme") == "auto"
    assert [w.message for w in warnings] == [
        "service_tier: Acme has no tier 'priority': 'auto' is sent"
    ]


def test_a_tool_as_a_function() -> None:
    tool = Tool(name="t", description="d", parameters={"type": "object"}, strict=True)
    fields = {"name": "t", "description": "d", "parameters": {"type": "object"}}
    assert function_tool(tool)["function"] == {**fields, "strict": True}
    assert function_tool(tool, strict=False) == {"type": "function", "function": fields}
    assert function_tool(VendorTool(payload={"x": 1})) == {"x": 1}


def test_a_description_goes_into_the_schema() -> None:
    schema = {"type": "object"}
    assert described_schema(JsonSchema(json_schema=schema)) == schema
    told = described_schema(JsonSchema(json_schema=schema, description="d"))
    assert told == {"description": "d", "type": "object"}


def test_bodies_are_built_by_path_and_share_nothing_with_the_request() -> None:
    fields: dict[str, Any] = {"a": {"x": 1}}
    put(fields, "a.b.c", 2)
    put(fields, "d", 3)
    assert fields == {"a": {"x": 1, "b": {"c": 2}}, "d": 3}
    assert without_none({"a": None, "b": 0}) == {"b": 0}
    asked = request(extra_body={"d": {"y": []}})
    body = merged(fields, asked)
    assert body == {"a": fields["a"], "d": {"y": []}}
    body["d"]["y"].append(1)
    body["a"].clear()
    assert asked.extra_body == {"d": {"y": []}}
    assert fields["a"]


@pytest.mark.parametrize(
    ("extra", "body"),
    [
        ({"o": {"b": 3}}, {"o": {"a": 1, "b": 3, "l": [1]}}),
        ({"o": {"in": {"x": None}}}, {"o": {"a": 1, "b": 2, "l": [1], "in": {"x": None}}}),
        ({"o": {"l": [2]}}, {"o": {"a": 1, "b": 2, "l": [2]}}),
        ({"o": {}}, {"o": {"a": 1, "b": 2, "l": [1]}}),
        ({"o": None}, {"o": None}),
        ({"t": {"type": "x", "w": 2}}, {"t": {"type": "x", "v": 1, "w": 2}}),
        ({"t": {"type": "y", "w": 2}}, {"t": {"type": "y", "w": 2}}),
        ({"t": {"w": 2}}, {"t": {"type": "x", "v": 1, "w": 2}}),
    ],
    ids=repr,
)
def test_extra_body_is_merged_object_by_object(extra: dict[str, Any], body: dict[str, Any]) -> None:
    """Fields of another ``type`` would not fit, so such an object is taken whole."""
    fields = {"o": {"a": 1, "b": 2, "l": [1]}, "t": {"type": "x", "v": 1}}
    assert merged(fields, request(extra_body=extra)) == {**fields, **body}


@pytest.mark.parametrize(
    ("model", "row"),
    [
        ("opus-4", 1),
        ("us.acme.opus-4-1-20250805", 2),
        ("arn:aws:bedrock:x/opus-4", 1),
        ("ft:opus-4:me", 1),
        ("magnopus-4", 0),
        ("magnopus-4-opus-4", 1),
        ("", 0),
    ],
)
def test_the_row_of_a_model_is_that_of_the_longest_name(model: str, row: int) -> None:
    assert row_of(model, {"opus-4": 1, "opus-4-1": 2}, 0) == row


def test_an_address_given_by_hand_gets_only_the_key_given_with_it() -> None:
    vendor = Endpoint(
        base_url="https://acme.example", base_url_env=("ACME_URL",), key_env=("ACME_KEY",)
    )
    assert vendor.at(None, "k") == Endpoint(
        base_url="https://acme.example",
        base_url_env=("ACME_URL",),
        key_env=("ACME_KEY",),
        api_key="k",
    )
    by_hand = vendor.at("http://localhost", None)
    assert by_hand.base_url == "http://localhost"
    assert (by_hand.base_url_env, by_hand.key_env, by_hand.key_required) == ((), (), False)
