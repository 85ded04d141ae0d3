"""The published JSON Schema of the events is frozen: readers in other languages rely on it."""

import json
from pathlib import Path

from pydantic import TypeAdapter

from streamkit import events
from streamkit.testing import decode

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "events.schema.json"


def test_published_schema_is_the_codes_own():
    """Regenerate: ``uv run python docs/generate.py``. Raise SCHEMA_VERSION; tell the changelog."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == events.json_schema()


def test_schema_version_is_in_the_changelog():
    assert f"schema version {events.SCHEMA_VERSION}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_event_of_a_stream_survives_json():
    adapter = TypeAdapter(events.Event)
    body = (
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
    decoded = decode("openai:any", body)
    assert [adapter.validate_json(adapter.dump_json(e)) for e in decoded.events] == decoded.events
