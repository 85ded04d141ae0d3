from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


def render(f: dict[str, Any]) -> str:
    return str(f["delay"])
