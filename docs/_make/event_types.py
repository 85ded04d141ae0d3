"""The events, from their classes and their JSON Schema, and a stream of them as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import TypeAdapter

from _make.markdown import prose, table
from streamkit import events
from streamkit.events import Event
from streamkit.testing import decode

# What a field means, where the event's own words do not say it already. `Event.field` wins.
MEANING = {
    "text": "what to append",
    "StreamStarted.model": "the id as asked for, with its prefix",
    "StreamStarted.dialect": "the wire format, such as `openai-chat`",
    "AttemptStarted.attempt": "counts from 1",
    "Interrupted.attempt": "which attempt failed",
    "Interrupted.fault": "what went wrong, as in `error.info()`",
    "Interrupted.delivered": "characters of text and reasoning shown so far",
    "Interrupted.retry_in": "seconds until the next attempt",
    "Resumed.strategy": "how the answer was gone on with",
    "Resumed.fidelity": "how faithful that is",
    "Resumed.part": "the index of the part that goes on",
    "Resumed.offset": "characters of the part that stand before what comes",
    "Rewound.part": "the index of the part",
    "Rewound.length": "how many of its last characters to take back",
    "Rewound.dropped": "whether the whole part is taken back",
    "Rewound.choice": "which of the `n` answers",
    "ResponseInfo.id": "the vendor's id of the answer",
    "ResponseInfo.model": "the model that serves it, in the vendor's words",
    "Notice.level": "`warning`: something asked for is not honoured",
    "Notice.code": "for programs",
    "Notice.message": "for people",
    "Notice.data": "`what` names the option or part",
    "SafetyReported.scope": "what was looked at: `input` or `output`",
    "SafetyReported.blocked": "whether the filter held something back",
    "SafetyReported.choice": "which of the `n` answers",
    "SafetyReported.data": "as received",
    "UsageUpdated.usage": "token counts; [usage](responses.md#usage)",
    "OpaqueEvent.kind": "the vendor's name for it",
    "OpaqueEvent.data": "as received",
    "ChoiceEnded.choice": "which of the `n` answers",
    "ChoiceEnded.finish_reason": "the common word",
    "ChoiceEnded.raw_finish_reason": "the vendor's word",
    "StreamEnded.outcome": "[how the stream ended](errors.md#outcomes)",
    "StreamEnded.finish_reason": "why choice 0 stopped, if it did",
    "StreamEnded.attempts": "how often it was tried, without a connection too",
    "StreamEnded.timings": "seconds; [timings](responses.md#timings)",
    "StreamEnded.usage": "the last token counts",
    "StreamEnded.fault": "what went wrong",
    "PartStarted.kind": "what the part is",
    "PartStarted.id": "of a tool call or provider item",
    "PartStarted.name": "of a tool or provider item",
    "TextDelta.logprobs": "as the vendor sent them, if asked for",
    "MediaDelta.data": "base64 text",
    "CitationAdded.citation": "the source",
    "ToolCallReady.call": "id, name, parsed arguments",
    "PartEnded.content": "the whole part; [parts](responses.md#parts)",
}

# A body as OpenAI sends it: enough to show one of each event that an ordinary answer has.
SAMPLE = b"""\
data: {"id":"c1","model":"gpt-5","choices":[{"index":0,"delta":{"content":"Blue"}}]}

data: {"id":"c1","model":"gpt-5","choices":[{"index":0,"delta":{"content":" light."}}]}

data: {"id":"c1","model":"gpt-5","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}

data: [DONE]

"""


def sections() -> dict[str, str]:
    kinds = get_args(get_args(Event)[0])
    names = [kind.__name__ for kind in kinds]
    life, parts = kinds[: names.index("PartStarted")], kinds[names.index("PartStarted") :]
    return {
        "sample": f"```json\n{sample()}\n```",
        "parts": "\n\n".join(_entries(parts)),
        "life": "\n\n".join(_entries(life)),
    }


def sample() -> str:
    """The stream that `SAMPLE` becomes, as ``streamkit ask --json`` prints it, without nulls."""
    adapter: TypeAdapter[Any] = TypeAdapter(Event)
    decoded = decode("openai:gpt-5", SAMPLE)
    assert decoded.error is None
    found = (adapter.dump_python(e, mode="json", exclude_none=True) for e in decoded.events)
    return "\n".join(json.dumps({"type": data.pop("type"), **data}) for data in found)


def _entries(kinds: tuple[Any, ...]) -> Iterator[str]:
    schemas = events.json_schema()["$defs"]
    for kind in kinds:
        name = kind.__name__
        schema = schemas[name]
        common = {"seq", "type"}
        if "part" in schema["properties"]:
            common |= {"part", "choice"}
        rows = [
            (f"`{field}`", _json_type(shape), MEANING.get(f"{name}.{field}") or MEANING[field])
            for field, shape in schema["properties"].items()
            if field not in common
        ]
        yield f"### {name}\n\n`{schema['properties']['type']['const']}` · {prose(kind.__doc__)}"
        if rows:
            yield table(("field", "JSON", "meaning"), rows)


def _json_type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_json_type(option) for option in shape["anyOf"])
    if "enum" in shape:
        return " · ".join(f"`{word}`" for word in shape["enum"])
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "discriminator" in shape:
        return "a part"
    return str(shape.get("type", "any"))
