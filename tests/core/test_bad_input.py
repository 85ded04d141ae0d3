"""What cannot be meant, or is meant otherwise: refused here, with the form to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from streamkit import (
    DocumentPart,
    ImagePart,
    MediaPart,
    Message,
    NamedTool,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    VendorTool,
    errors,
)
from streamkit.testing import Fake

SECRET = "hush-9Zq7w2"
LOOK = Tool(name="look")
ASK = Message.user("Hi")


def refusal(messages: Any = "Hi", model: str = "fake:any", **options: Any) -> str:
    fake = Fake("Hi")
    with fake.sync_client() as client, pytest.raises(errors.ConfigurationError) as caught:
        client.complete(model, messages, **options)
    assert fake.requests == []
    assert SECRET not in str(caught.value)
    return str(caught.value)


# --- nothing to send -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "messages",
    [
        "",
        [],
        [Message.user()],
        [Message.user("")],
        [Message.system("S")],
        [Message.system("S"), Message.user("", TextPart(text=""))],
        [{"role": "user", "content": []}],
    ],
    ids=repr,
)
def test_a_conversation_with_nothing_to_answer_is_refused(messages: Any) -> None:
    assert refusal(messages).startswith("messages is empty: give a prompt, or at least one message")


@pytest.mark.parametrize(
    "messages",
    [
        [Message.assistant("And so")],
        [Message.tool(ToolResult(call_id="c", content=""))],
        [Message.user(ImagePart(file_id="f"))],
        [Message.system("S"), ASK, Message.user("")],
    ],
    ids=repr,
)
def test_any_turn_with_content_is_something_to_answer(messages: Any) -> None:
    with Fake("Hi").sync_client() as client:
        assert client.complete("fake:any", messages).text == "Hi"


# --- media ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ImagePart, DocumentPart])
@pytest.mark.parametrize("data", ["not base64!!", "Hello, text", "aGk", "aGk=\naGk=", b"\x89PNG"])
def test_data_is_base64(kind: type[ImagePart], data: Any) -> None:
    with pytest.raises(ValidationError, match=rf"{kind.__name__}\.from_bytes\(") as caught:
        kind(data=data, media_type="image/png")
    assert "base64" in str(caught.value)
    with pytest.raises(ValidationError, match="not base64"):
        kind(url="data:image/png;base64,%%")


@pytest.mark.parametrize("url", ["/home/me/cat.png", "cat.png", "C:\\cat.png", "file:///cat.png"])
def test_a_file_is_no_url(url: str) -> None:
    with pytest.raises(ValidationError, match=r"read by ImagePart\.from_bytes\("):
        ImagePart(url=url)


@pytest.mark.parametrize(
    "url", ["https://e.com/a.png", "HTTP://e.com/a", "gs://b/a.png", "s3://b/a", "data:,Hi"]
)
def test_a_url_may_be_of_any_other_kind(url: str) -> None:
    assert ImagePart(url=url).url == DocumentPart(url=url).url == url


def test_media_in_an_answer_is_what_the_vendor_sent() -> None:
    assert MediaPart(data="cut in the mid", media_type="image/png").data == "cut in the mid"
    assert MediaPart(url="/files/1").url == "/files/1"


# --- tools ---------------------------------------------------------------------------------------


def test_a_named_tool_is_among_the_tools() -> None:
    choice = NamedTool(name="nope")
    said = refusal(tools=[LOOK], tool_choice=choice)
    assert said == "tool_choice names the tool 'nope', which is not among tools: look"
    assert "there are none" in refusal(tool_choice=choice)


@pytest.mark.parametrize(
    "options",
    [
        {"tools": [LOOK, VendorTool(payload={"type": "nope_2025"})]},
        {"extra_body": {"tools": [{"name": "nope"}]}},
    ],
)
def test_a_tool_in_the_vendors_own_words_may_have_any_name(options: dict[str, Any]) -> None:
    with Fake("Hi").sync_client() as client:
        client.complete("fake:any", "Hi", tool_choice=NamedTool(name="nope"), **options)


@pytest.mark.parametrize(("text", "fits"), [('{"a":2}', False), ("", False), ('{ "a": 1.0}', True)])
def test_a_call_says_the_same_in_both_of_its_forms(text: str, fits: bool) -> None:
    call = ToolCall(id="c1", name="look", arguments={"a": 1}, arguments_text=text)
    talk = [ASK, Message.assistant(call), Message.tool(ToolResult(call_id="c1", content="x"))]
    if fits:
        with Fake("Hi").sync_client() as client:
            client.complete("fake:any", talk)
    else:
        said = refusal(talk)
        assert said == "the arguments_text of the call 'c1' is not the JSON of its arguments"


# --- shapes of other libraries -------------------------------------------------------------------

PNG = {"type": "image_url", "image_url": {"url": f"https://e.com/{SECRET}"}}
CALL = {"id": "c", "type": "function", "function": {"name": SECRET, "arguments": "{}"}}


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ({"role": "developer", "content": SECRET}, "role 'developer' is 'system' here"),
        ({"role": "model", "content": SECRET}, "role 'model' is 'assistant' here"),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, "append response.message"),
        ({"role": "tool", "tool_call_id": "c", "content": SECRET}, "ToolResult(call_id=…"),
        ({"role": "user", "content": [{"type": "text", "text": "?"}, PNG]}, "ImagePart(url=…)"),
        ({"role": "user", "content": [{"type": "file", "file": {}}]}, "DocumentPart(url=…)"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, "MediaPart.from_bytes("),
        ({"role": "user", "content": [{"type": "input_text", "text": SECRET}]}, "TextPart(text=…)"),
        ({"role": "user", "content": [{"type": "image", "source": {}}]}, "ImagePart.from_bytes("),
        ({"role": "assistant", "content": [{"type": "tool_use", "id": "c"}]}, "ToolCall(id=…"),
        ({"role": "user", "content": [{"type": "tool_result"}]}, "ToolResult(call_id=…"),
        (SECRET, "Message.user(…)"),
        (("user", SECRET), "Message.user(…)"),
    ],
    ids=str,
)
def test_a_message_in_another_shape_is_shown_the_form(message: Any, form: str) -> None:
    said = refusal([ASK, message])
    assert said.startswith("the request is not valid: messages.1: ")
    assert form in said
    assert said.count("messages.1") == 1


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "Tool(name=…"),
        ({"tools": [{"name": "f", "input_schema": {}}]}, "VendorTool(payload={…})"),
        ({"tool_choice": "f", "tools": [LOOK]}, "NamedTool(name=…)"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "NamedTool(name=…)"),
        ({"response_format": {"type": "json_object"}}, "'json' or JsonSchema("),
        ({"response_format": {"type": "json_schema"}}, "JsonSchema(json_schema={…})"),
    ],
    ids=str,
)
def test_an_option_in_another_shape_is_shown_the_form(options: Any, form: str) -> None:
    said = refusal(**options)
    assert form in said
    assert len(said) < 220


def test_other_mistakes_are_said_as_they_are() -> None:
    assert "temperature: Input should be a valid number" in refusal(temperature="warm")
    assert "messages.0.role: Input should be 'system'" in refusal([{"role": "usr", "content": "x"}])


@pytest.mark.parametrize("messages", [5, None, 1.5])
def test_messages_of_another_type_are_refused(messages: Any) -> None:
    said = refusal(messages)
    assert said.startswith(f"messages is of type {type(messages).__name__}: give a prompt")


@pytest.mark.parametrize(
    ("model", "lacks"), [("fake:", "name"), ("gpt", "prefix"), (":m", "prefix")]
)
def test_a_model_id_has_both_halves(model: str, lacks: str) -> None:
    assert f"the model id {model!r} has no {lacks}: write vendor:model" in refusal(model=model)
