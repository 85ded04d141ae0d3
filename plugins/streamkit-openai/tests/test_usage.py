"""What the counts of a usage object mean, where servers differ."""

from __future__ import annotations

import json

import pytest

from streamkit.testing import decode
from streamkit_openai import OpenAIChat


@pytest.mark.parametrize(
    ("counts", "output"),
    [
        ({"prompt_tokens": 20, "completion_tokens": 11, "total_tokens": 396}, 376),  # Grok on Azure
        ({"prompt_tokens": 20, "completion_tokens": 370, "total_tokens": 390}, 370),
        ({"prompt_tokens": 20, "completion_tokens": 370}, 370),
    ],
)
def test_the_total_tells_whether_output_tokens_leave_reasoning_out(
    counts: dict[str, int], output: int
) -> None:
    usage = counts | {"completion_tokens_details": {"reasoning_tokens": 365}}
    body = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode()
    got = decode(OpenAIChat("azure"), body, headers={"content-type": "text/event-stream"})
    assert got.response.usage is not None
    assert got.response.usage.output_tokens == output
