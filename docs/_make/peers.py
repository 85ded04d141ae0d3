"""How other libraries fare on a broken wire, from what was measured last."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.reliability.render import RESULTS, render, summary


def sections() -> dict[str, str]:
    return {"peers": render(_results())}


def readme_sections() -> dict[str, str]:
    return {"peers-in-short": summary(_results())}


def _results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return results
