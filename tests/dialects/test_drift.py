"""`streamkit drift` names what a vendor changed, and nothing that it did not."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from streamkit.cli._traced import tracing
from streamkit.testing import Recording, decode
from tests.cli.program import run
from tests.dialects.takers import PLUGINS, TYPES


@dataclass(frozen=True)
class Case:
    """One dialect: a recording of it, and a place in it for each sort of news."""

    adapter: str
    file: str
    event: str
    """Put before the last frame of the recording that holds ``before``."""
    before: str
    field: tuple[str, str]
    """An object's beginning, and the path at which a new key in it is."""
    value: tuple[str, str]
    """What stands around a word, up to its end, and the path."""
    values_file: str = ""
    """Where the word is, if not in ``file``."""

    @property
    def path(self) -> Path:
        return PLUGINS / f"streamkit-{self.file}"


SSE_EVENT = 'event: aurora.seen\ndata: {"type": "aurora.seen", "colour": "green"}\n\n'
CASES = [
    Case(
        "openai", "openai/tests/recordings/openai_text.sse",
        SSE_EVENT, 'data: {"id"', ('"delta":{', "choices[].delta"),
        ('"finish_reason":"stop"', "choices[].finish_reason"),
    ),
    Case(
        "openai-responses", "openai/tests/responses_recordings/text.sse",
        SSE_EVENT, "event: response.output_text.done", ('"response": {', "response"),
        ('"item": {"id": "msg_1", "type": "message"', "item.type"),
    ),
    Case(
        "anthropic", "anthropic/tests/recordings/text.sse",
        SSE_EVENT, "event: message_delta", ('"delta": {', "delta"),
        ('"stop_reason": "end_turn"', "delta.stop_reason"),
    ),
    Case(
        "ollama", "ollama/tests/recordings/text.jsonl",
        '{"aurora":"green"}\n', '{"model"', ('"message":{', "message"),
        ('"done_reason":"stop"', "done_reason"),
    ),
    Case(
        "cohere", "cohere/tests/recordings/text.sse",
        SSE_EVENT, "event: message-end", ('"delta":{"finish', "delta"),
        ('"finish_reason":"COMPLETE"', "delta.finish_reason"),
    ),
    Case(
        "mistral", "mistral/tests/recordings/text.sse",
        SSE_EVENT, 'data: {"id"', ('"delta":{', "choices[].delta"),
        ('"finish_reason":"stop"', "choices[].finish_reason"),
    ),
    Case(
        "mistral-conversations", "mistral/tests/conversations_recordings/text.sse",
        SSE_EVENT, "event: conversation.response.done", ('"usage":{', "usage"),
        ('"content":{"type":"thinking"', "content.type"),
        "mistral/tests/conversations_recordings/thinking.sse",
    ),
    Case(
        "gemini", "gemini/tests/recordings/text.sse",
        SSE_EVENT, 'data: {"candidates"', ('"content":{', "candidates[].content"),
        ('"finishReason":"STOP"', "candidates[].finishReason"),
    ),
    Case(
        "gemini-interactions", "gemini/tests/interactions_recordings/text.sse",
        'event: aurora.seen\ndata: {"event_type": "aurora.seen"}\n\n', "event: step.stop",
        ('"interaction":{', "interaction"), ('"status":"completed"', "interaction.status"),
    ),
    Case(
        "vertex-anthropic", "gemini/tests/vertex_recordings/text.sse",
        SSE_EVENT, "event: message_delta", ('"delta": {', "delta"),
        ('"stop_reason": "end_turn"', "delta.stop_reason"),
    ),
    Case(
        "bedrock", "bedrock/tests/recordings/text.aws",
        '@aws aurora\n{"colour":"green"}\n', "@aws messageStop", ('"delta":{', "delta"),
        ('"stopReason":"end_turn"', "stopReason"),
    ),
    Case(
        "bedrock-anthropic", "bedrock/tests/invoke_recordings/text.aws",
        '@aws chunk\n{"bytes":"{"type": "aurora.seen"}"}\n', "@aws chunk", ('"delta":{', "delta"),
        ('"stop_reason":"end_turn"', "delta.stop_reason"),
    ),
]  # fmt: skip
DIALECTS = pytest.mark.parametrize("case", CASES, ids=lambda case: case.adapter)
_BYTES = re.compile(r'"bytes":"([^"]*)"')


def source(case: Case) -> str:
    """The recording, with what is base64 in it as text."""
    text = case.path.read_text("utf-8")
    if case.adapter != "bedrock-anthropic":
        return text
    return _BYTES.sub(lambda m: f'"bytes":"{b64decode(m[1]).decode()}"', text)


def drift(case: Case, tmp_path: Path, text: str) -> tuple[int, list[tuple[str, ...]]]:
    """What is told of the altered recording, where the one it was made of is known."""
    if case.adapter == "bedrock-anthropic":
        inner = re.compile(r'"bytes":"(\{.*?\})"(?=[,}]\S*$)', re.MULTILINE)
        text = inner.sub(lambda m: f'"bytes":"{b64encode(m[1].encode()).decode()}"', text)
    new = tmp_path / f"new{case.path.suffix}"
    new.write_text(text, "utf-8")
    ran = run("drift", case.adapter, str(new), "--known", str(case.path), "--json")
    assert not ran.err
    assert all(line["files"] == [str(new)] for line in ran.lines)
    told = [(line["kind"], line["where"], line.get("value", "")) for line in ran.lines]
    return ran.code, told


@DIALECTS
def test_a_recording_told_against_itself_holds_no_news(case: Case, tmp_path: Path) -> None:
    assert drift(case, tmp_path, source(case)) == (0, [])


@DIALECTS
def test_a_new_event_is_named(case: Case, tmp_path: Path) -> None:
    head, before, tail = source(case).rpartition(case.before)
    assert before
    code, told = drift(case, tmp_path, head + case.event + before + tail)
    names = {"ollama": "line", "bedrock": "aurora"}
    name = names.get(case.adapter, "aurora.seen")
    assert (code, told) == (1, [("event", name, "")])


@DIALECTS
def test_a_new_field_is_named_with_its_path(case: Case, tmp_path: Path) -> None:
    beginning, path = case.field
    text = source(case)
    assert beginning in text
    at = text.rindex(beginning) + beginning.index("{") + 1
    comma = "" if text[at] == "}" else ","
    code, told = drift(case, tmp_path, f'{text[:at]}"aurora":{{"seen":true}}{comma}{text[at:]}')
    assert (code, told) == (1, [("field", f"{path}.aurora", "")])


@DIALECTS
def test_a_new_value_is_named_with_its_path(case: Case, tmp_path: Path) -> None:
    case = replace(case, file=case.values_file or case.file)
    written, path = case.value
    head, found, tail = source(case).partition(written)
    assert found
    key, _, _ = written.removesuffix('"').rpartition('"')
    code, told = drift(case, tmp_path, f'{head}{key}"polar"{tail}')
    assert (code, told) == (1, [("value", path, "polar")])


def test_what_is_told_is_readable_and_its_files_are_named() -> None:
    folder = PLUGINS / "streamkit-anthropic/tests/recordings"
    ran = run("drift", "anthropic", str(folder))
    assert ran.code == 1
    rows = [re.split(r"\s{2,}", line) for line in ran.out.splitlines()]
    assert ["event", "weather_report", str(folder / "mcp_and_new_blocks.sse")] in rows
    assert [
        "value",
        "content_block.type = hologram",
        str(folder / "mcp_and_new_blocks.sse"),
    ] in rows
    assert ran.out == run("drift", "anthropic:claude-9", str(folder)).out


def test_a_folder_against_itself_is_known() -> None:
    folder = str(PLUGINS / "streamkit-gemini/tests/recordings")
    ran = run("drift", "gemini", folder, "--known", folder)
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"gemini knows every word of \d+ recordings\n", ran.out)


def test_the_arguments_of_a_call_and_the_body_of_an_error_are_nobodys_news(tmp_path: Path) -> None:
    call = {"function": {"name": "look", "arguments": {"type": "aurora", "seen": {"at": "sky"}}}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    line = {"model": "m", "message": message, "done": True, "done_reason": "stop"}
    (tmp_path / "call.jsonl").write_text(json.dumps(line) + "\n")
    refused = '@recording 1\n@status 429\n@header content-type: application/json\n{"aurora": 1}\n'
    (tmp_path / "refused.json").write_text(refused)
    ran = run("drift", "ollama", str(tmp_path))
    assert (ran.code, ran.out) == (0, "ollama knows every word of 1 recording\n")


@pytest.mark.parametrize("body", [b"", b"<html>no such page</html>", None])
def test_what_was_not_read_is_not_taken_for_no_news(tmp_path: Path, body: bytes | None) -> None:
    """An empty file, one of something else, and a folder without any."""
    file = tmp_path if body is None else tmp_path / "page.sse"
    if body is not None:
        file.write_bytes(body)
    ran = run("drift", "anthropic", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"error: {file} holds no answer that anthropic reads\n"


@DIALECTS
def test_watching_changes_nothing_of_what_is_read(case: Case) -> None:
    for path in case.path.parent.glob(f"*{case.path.suffix}"):
        recording = Recording.load(path)
        model, headers = f"{case.adapter}:any", {"content-type": TYPES[path.suffix]}
        plain = decode(model, recording.body, headers=headers)
        with tracing() as given:
            watched = decode(model, recording.body, headers=headers)
        assert given or not plain.response.text
        assert watched.response.choices == plain.response.choices
        assert watched.response.vendor == plain.response.vendor
        assert [e.type for e in watched.events] == [e.type for e in plain.events]
