"""Events and responses as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from streamkit.errors import StreamkitError
from streamkit.events import Event
from streamkit.messages import ChatResponse
from streamkit.values import FaultInfo


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def event_data(event: Event) -> dict[str, Any]:
    """An event as plain data, as the published JSON Schema has it."""
    return {"type": event.type, **_adapter(Event).dump_python(event, mode="json")}


def response_data(response: ChatResponse, error: StreamkitError | None) -> dict[str, Any]:
    """A response as plain data, with its joined ``text`` and the ``error``, or None."""
    fault = error and _adapter(FaultInfo).dump_python(error.info(), mode="json")
    answer = response.model_dump(mode="json")
    return {"type": "response", "text": response.text, **answer, "error": fault}


def write_line(data: Mapping[str, Any]) -> None:
    """One line of JSON to stdout, at once.

    ASCII only: it survives any encoding of stdout, and half an emoji that a vendor sent.
    """
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()
