"""Both dialects of Bedrock keep the contract."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any, ClassVar

from streamkit_bedrock import Bedrock, BedrockAnthropic
from streamkit_contract_tests import AdapterContract

CLAUDE = "us.anthropic.claude-sonnet-4-6"


def chunk(event: dict[str, Any]) -> str:
    """A message of the event stream with one of Anthropic's events, as recordings hold it."""
    data = b64encode(json.dumps(event, separators=(",", ":")).encode()).decode()
    return f'@recording 1\n@aws chunk\n{{"bytes":"{data}"}}\n'


def empty_input(index: int) -> str:
    """What the input of every call begins with."""
    delta = {"type": "input_json_delta", "partial_json": ""}
    return chunk({"type": "content_block_delta", "index": index, "delta": delta})


class TestBedrock(AdapterContract):
    contract = 1
    adapter = Bedrock()
    recordings = Path(__file__).parent / "recordings"
    model = CLAUDE
    padding_fields = ("p",)
    deviations: ClassVar = {
        "L11[image_failed]": "the format of an image that was not drawn is of no use to anybody",
    }


class TestBedrockAnthropic(AdapterContract):
    contract = 1
    adapter = BedrockAnthropic()
    recordings = Path(__file__).parent / "invoke_recordings"
    model = CLAUDE
    padding_fields = ("p",)
    keep_alives = (chunk({"type": "ping"}), empty_input(1), empty_input(2))
