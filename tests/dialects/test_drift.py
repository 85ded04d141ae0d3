"""`streamkit drift` names what a vendor changed, and nothing that it did not."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from streamkit._plugins import installed
from streamkit.cli._known import Finding, Known, shipped
from streamkit.cli._traced import tracing
from streamkit.cli.drift import words_of
from streamkit.errors import ConfigurationError
from streamkit.testing import Recording, decode
from tests.cli.program import run
from tests.dialects.takers import PLUGINS, TYPES
from tests.dialects.test_corpus import CASES as CASES_OF_THE_WILD
from tests.dialects.test_corpus import FOLDER, prefix_of


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
INVENTIONS = {"unknown", "new_things", "mcp_and_new_blocks", "other_chunks"}
"""Recordings made to hold what no vendor sends."""
FREE_OF_FORM = re.compile(
    r"(^|\.)(input|args|arguments|input_schema|json|document|tool_output|connectors|info"
    r"|perf_metrics|serverToolUsage|content_filter_results\.violence|toolResponse\.response)$"
    r"|(^|\.)(tiers|inputAssessment)(\.|$)"
)
"""Objects in which keys are data."""
STILL_NEWS = {
    "choices[].delta.name",
    "choices[].trace_details",
    "usage.prompt_token_details",
    "content_block.content.abort_reason",
    "error.code = unknown-error",
}
DIALECTS = pytest.mark.parametrize("case", CASES, ids=lambda case: case.adapter)
_BYTES = re.compile(r'"bytes":"([^"]*)"')


def source(case: Case) -> str:
    """The recording, with what is base64 in it as text."""
    text = case.path.read_text("utf-8")
    if case.adapter != "bedrock-anthropic":
        return text
    return _BYTES.sub(lambda m: f'"bytes":"{b64decode(m[1]).decode()}"', text)


def grown(text: str) -> Iterator[tuple[str, str]]:
    """The recording with one key more, for each object in each frame, and the object's path."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        begin = line[: line.find("{")]
        if begin.strip() not in ("", "data:") or "{" not in line:
            continue
        frame = event = json.loads(line[len(begin) :])
        if packed := frame.get("bytes"):
            event = json.loads(b64decode(packed))
        for at, found in objects("", event):
            found["aurora"] = 1
            if packed:
                frame["bytes"] = b64encode(json.dumps(event).encode()).decode()
            longer = f"{begin}{json.dumps(frame)}"
            yield at, "\n".join([*lines[:number], longer, *lines[number + 1 :]])
            del found["aurora"]


def objects(path: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    match value:
        case dict():
            yield path, value
            for key, inner in list(value.items()):
                yield from objects(f"{path}.{key}" if path else key, inner)
        case list():
            for inner in value:
                yield from objects(f"{path}[]", inner)


def drift(case: Case, tmp_path: Path, text: str) -> tuple[int, list[tuple[str, ...]]]:
    """What is told of the altered recording, with no other word known than the plugin's."""
    if case.adapter == "bedrock-anthropic":
        inner = re.compile(r'"bytes":"(\{.*?\})"(?=[,}]\S*$)', re.MULTILINE)
        text = inner.sub(lambda m: f'"bytes":"{b64encode(m[1].encode()).decode()}"', text)
    new = tmp_path / f"new{case.path.suffix}"
    new.write_text(text, "utf-8")
    ran = run("drift", case.adapter, str(new), "--json")
    assert not ran.err
    assert all(line["files"] == [str(new)] for line in ran.lines)
    told = [(line["kind"], line["where"], line.get("value", "")) for line in ran.lines]
    return ran.code, told


@DIALECTS
def test_an_ordinary_answer_is_no_news(case: Case, tmp_path: Path) -> None:
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
def test_a_new_field_is_named_wherever_it_comes(case: Case, tmp_path: Path) -> None:
    """In each object of each recording, but those that are free of form: arguments and the like."""
    adapter = installed().adapter(case.adapter)
    told: set[str] = set()
    silent: set[str] = set()
    for recording in sorted(case.path.parent.iterdir()):
        if recording.suffix not in TYPES or recording.stem in INVENTIONS:
            continue
        for at, body in grown(recording.read_text("utf-8")):
            if at not in told:
                new = tmp_path / recording.name
                new.write_text(body, "utf-8")
                words = words_of(adapter, new)
                news = words.news(shipped(adapter)) if words else set()
                where = Finding("field", f"{at}.aurora" if at else "aurora")
                (told if where in news else silent).add(at)
    assert {at for at in silent - told if not FREE_OF_FORM.search(at)} == set()
    assert len(told) > 3


@DIALECTS
def test_a_new_value_is_named_with_its_path(case: Case, tmp_path: Path) -> None:
    case = replace(case, file=case.values_file or case.file)
    written, path = case.value
    head, found, tail = source(case).partition(written)
    assert found
    key, _, _ = written.removesuffix('"').rpartition('"')
    code, told = drift(case, tmp_path, f'{head}{key}"polar"{tail}')
    assert (code, told) == (1, [("value", path, "polar")])


@pytest.mark.parametrize(
    ("adapter", "file", "written", "where"),
    [
        ("anthropic", "anthropic/tests/recordings/text.sse", '"type": "text_delta"', "delta.type"),
        (
            "cohere", "cohere/tests/recordings/text.sse",
            '"type":"text"', "delta.message.content.type",
        ),
        (
            "gemini-interactions", "gemini/tests/interactions_recordings/text.sse",
            '"type":"text"', "delta.type",
        ),
        # An enumeration by known.txt alone: the adapter never asks for it.
        (
            "gemini", "gemini/tests/recordings/text.sse",
            '"role":"model"', "candidates[].content.role",
        ),
        (
            "openai-responses", "openai/tests/responses_recordings/web_search.sse",
            '"status": "completed"', "item.status",
        ),
    ],
)  # fmt: skip
def test_a_new_kind_of_delta_and_of_what_is_only_listed_is_named(
    adapter: str, file: str, written: str, where: str, tmp_path: Path
) -> None:
    text = (PLUGINS / f"streamkit-{file}").read_text("utf-8")
    assert written in text
    new = tmp_path / "new.sse"
    new.write_text(text.replace(written, f'{written.rpartition(":")[0]}:"polar"'), "utf-8")
    ran = run("drift", adapter, str(new), "--json")
    assert ran.code == 1
    told = [(line["kind"], line["where"], line.get("value")) for line in ran.lines]
    assert ("value", where, "polar") in told


@DIALECTS
def test_of_the_plugins_recordings_only_inventions_are_news(case: Case) -> None:
    """So whoever adds a recording says in known.txt what it brings."""
    ran = run("drift", case.adapter, str(case.path.parent), "--json")
    assert ran.err == ""
    holders = {Path(file).stem for line in ran.lines for file in line["files"]}
    assert holders == {p.stem for p in case.path.parent.iterdir() if p.stem in INVENTIONS}


def test_ordinary_answers_of_the_wild_are_no_news() -> None:
    """Where the collection of recordings is at hand: of 400, four hold news."""
    news = set()
    for case in CASES_OF_THE_WILD:
        adapter = installed().adapter(prefix_of(case))
        words = words_of(adapter, FOLDER / case["file"])
        news |= {str(finding) for finding in words.news(shipped(adapter))} if words else set()
    assert news == (STILL_NEWS if CASES_OF_THE_WILD else set())


def test_what_is_told_is_a_line_for_known_txt() -> None:
    folder = PLUGINS / "streamkit-anthropic/tests/recordings"
    lines = run("drift", "anthropic", str(folder)).out.splitlines()
    accepted = Known(Finding.parse(line) for line in lines)
    assert len(lines) == 3
    assert Finding("event", "weather_report") in accepted
    assert Finding("value", "content_block.type", "hologram") in accepted
    assert Finding("value", "content_block.type", "aurora") not in accepted


def test_a_listed_event_is_looked_into(tmp_path: Path) -> None:
    """Anthropic's recordings through Bedrock end with a frame that has no type."""
    text = (PLUGINS / "streamkit-anthropic/tests/recordings/bedrock_metrics.sse").read_text()
    written = '{"amazon-bedrock-invocationMetrics"'
    assert written in text
    (tmp_path / "new.sse").write_text(text.replace(written, f'{{"aurora": 1, {written[1:]}'))
    ran = run("drift", "anthropic", str(tmp_path / "new.sse"), "--json")
    assert [(line["kind"], line["where"]) for line in ran.lines] == [("field", "aurora")]


def test_a_field_of_any_name_can_be_listed() -> None:
    known = Known([Finding.parse("field  a[].document.*  (the user's own)")])
    assert Finding("field", "a[].document.colour") in known
    assert Finding("field", "a[].colour") not in known


@pytest.mark.parametrize("line", ["field", "value  a.b", "field  a.b = c", "word  a.b", "a.b"])
def test_a_line_that_is_none_is_named_with_its_place(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"aurora{uuid4().hex}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "adapter.py").write_text(
        "from streamkit_ollama import OllamaChat\n\n\nclass Aurora(OllamaChat):\n    pass\n"
    )
    (package / "known.txt").write_text(f"# ours\n\nfield  seen\n{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    adapter = import_module(f"{package.name}.adapter").Aurora()
    with pytest.raises(ConfigurationError, match=f"known.txt, line 4 is neither .*{line!r}"):
        shipped(adapter)
    (package / "known.txt").write_text("field  seen\n")
    known = shipped(adapter)
    assert Finding("field", "seen") in known
    assert Finding("field", "remote_model") in known, "of the adapter that it is made from"


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
